//! How the bus says no.

use std::{error::Error, io, time::Duration};

/// Why an append did not complete.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Someone else appended first. Load the entity again and decide again.
    #[error("{subject} is not at version {expected}: someone else appended first")]
    Outrun {
        /// The subject.
        subject: String,
        /// The version that was expected.
        expected: u64,
    },
    /// A message of this subject is outstanding on a work queue.
    #[error("{subject} has a message outstanding")]
    Outstanding {
        /// The subject.
        subject: String,
    },
    /// It will never fit.
    #[error("a message for {subject} has {bytes} bytes: at most {max} are allowed")]
    TooLarge {
        /// The subject.
        subject: String,
        /// Its bytes, headers included.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// No answer came. The append may have happened: append it again with the same id.
    #[error("no answer for {subject} within {waited:?}")]
    Silent {
        /// The subject.
        subject: String,
        /// How long the answer was waited for.
        waited: Duration,
    },
    /// The bus refused or failed, and nothing was appended.
    #[error("cannot append to {subject}")]
    Failed {
        /// The subject.
        subject: String,
        /// What went wrong.
        source: BusError,
    },
}

impl AppendError {
    /// Whether the same append may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Outrun { .. } | Self::TooLarge { .. } => false,
            Self::Outstanding { .. } | Self::Silent { .. } => true,
            Self::Failed { source, .. } => source.is_transient(),
        }
    }
}

/// Why the bus did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// It could not be reached, or did not answer in time.
    #[error("{operation}: the bus is not reachable")]
    Unreachable {
        /// What was being done.
        operation: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It answered with an error.
    #[error("{operation}: the bus refused")]
    Refused {
        /// What was being done.
        operation: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Its storage failed; a full disk, most likely.
    #[error("{operation}: the bus could not store")]
    Storage {
        /// What was being done.
        operation: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It was shut down.
    #[error("the bus is closed")]
    Closed,
}

impl BusError {
    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Storage { .. } => true,
            Self::Refused { .. } | Self::Closed => false,
        }
    }

    /// A storage error of an operation.
    pub fn storage(operation: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Storage { operation: operation.into(), source: Box::new(source.into()) }
    }
}
