//! The bus in this process, on redb.
