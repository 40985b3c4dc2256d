//! Prints the figures that are promised, beside what they are compared with.
