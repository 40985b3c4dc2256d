//! The bus on JetStream.
