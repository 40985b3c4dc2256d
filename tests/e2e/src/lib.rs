//! One file per promise to a user, in `tests/`. There is nothing to use here.
