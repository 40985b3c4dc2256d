//! The whole system in one process, under a virtual clock, with faults by seed.
