//! What goes wrong between us and the server, and what of it is told to whom.

use std::{error::Error, time::Duration};

use async_nats::jetstream::{ErrorCode, response::Response};
use serde::de::DeserializeOwned;
use tracing::{debug, info, warn};

use crate::{bus::BusError, error::Chain};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// It was not sent.
    #[error("there is no connection to the server")]
    Unsent,
    /// Nobody listens on its subject.
    #[error("nobody answers: no stream or consumer of this kind, or no JetStream, or no leader")]
    Nobody,
    /// It was sent, and the connection was lost.
    #[error("the connection was lost")]
    Lost,
    /// It was sent, and no answer came.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// The client would not send it.
    #[error("the request was not accepted")]
    Unfit(#[source] Box<dyn Error + Send + Sync>),
}

/// Why `JetStream` did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// It did not answer.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// It said no.
    #[error(transparent)]
    Refused(#[from] async_nats::jetstream::Error),
    /// It said what nobody understands.
    #[error("an answer is not understood")]
    Garbled(#[source] serde_json::Error),
}

/// An answer of `JetStream`, or its error.
pub(super) fn understood<V: DeserializeOwned>(payload: &[u8]) -> Result<V, ApiError> {
    match serde_json::from_slice(payload).map_err(ApiError::Garbled)? {
        Response::Ok(answer) => Ok(answer),
        Response::Err { error } => Err(error.into()),
    }
}

/// Tells people once, and not at each attempt, that something is out of reach.
pub(super) struct Complaint {
    what: String,
    made: bool,
}

impl Complaint {
    pub(super) fn about(what: impl Into<String>) -> Self {
        Self { what: what.into(), made: false }
    }

    pub(super) fn make(&mut self, error: &BusError) {
        let (what, error) = (&self.what, Chain(error));
        if self.made {
            debug!(%what, %error, "{what} is still out of reach.");
        } else {
            warn!(%what, %error, "{what} is out of reach: trying again.");
        }
        self.made = true;
    }

    pub(super) fn over(self) {
        if self.made {
            info!(what = %self.what, "{} is in reach again.", self.what);
        }
    }
}

impl Unanswered {
    /// As an error of the bus.
    pub(super) fn while_doing(self, operation: impl Into<String>) -> BusError {
        let operation = operation.into();
        match self {
            Self::Unfit(source) => BusError::Refused { operation, source },
            Self::Unsent | Self::Nobody | Self::Lost | Self::Late(_) => {
                BusError::Unreachable { operation, source: self.into() }
            }
        }
    }
}

impl ApiError {
    /// Whether it was refused with this code.
    pub(super) fn is(&self, code: ErrorCode) -> bool {
        matches!(self, Self::Refused(error) if error.error_code() == code)
    }

    /// As an error of the bus.
    pub(super) fn while_doing(self, operation: impl Into<String>) -> BusError {
        let operation = operation.into();
        match self {
            Self::Unanswered(error) => error.while_doing(operation),
            Self::Garbled(source) => BusError::Refused { operation, source: source.into() },
            Self::Refused(error) if OUT_OF_SPACE.contains(&error.error_code()) => {
                BusError::Storage { operation, source: error.into() }
            }
            // 503 in any form: no leader yet, offline, restarting. It passes.
            Self::Refused(error)
                if error.code() == 503 || PASSING.contains(&error.error_code()) =>
            {
                BusError::Unreachable { operation, source: error.into() }
            }
            Self::Refused(error) => BusError::Refused { operation, source: error.into() },
        }
    }
}

/// Refusals for want of space.
const OUT_OF_SPACE: [ErrorCode; 6] = [
    ErrorCode::STREAM_STORE_FAILED,
    ErrorCode::INSUFFICIENT_RESOURCES,
    ErrorCode::STORAGE_RESOURCES_EXCEEDED,
    ErrorCode::MEMORY_RESOURCES_EXCEEDED,
    ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
    ErrorCode::TEMP_STORAGE_FAILED,
];

/// Refusals that a cluster gives while it makes up its mind, or servers of it are gone or older
/// than others.
const PASSING: [ErrorCode; 10] = [
    ErrorCode::CLUSTER_NO_PEERS,
    ErrorCode::STREAM_NOT_FOUND,
    ErrorCode::STREAM_OFFLINE,
    ErrorCode::STREAM_OFFLINE_REASON,
    ErrorCode::CONSUMER_NOT_FOUND,
    ErrorCode::CONSUMER_OFFLINE,
    ErrorCode::CONSUMER_OFFLINE_REASON,
    ErrorCode::STREAM_EXPECTED_LAST_SEQ_PER_SUBJECT_NOT_READY,
    ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT,
    ErrorCode::STREAM_TOO_MANY_REQUESTS,
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refusal(code: u64, error: u64) -> BusError {
        let error = json!({ "code": code, "err_code": error, "description": "as the server says" });
        let answer = json!({ "error": error }).to_string();
        understood::<Value>(answer.as_bytes()).unwrap_err().while_doing("ask")
    }

    #[test]
    fn what_a_cluster_refuses_for_want_of_servers_passes() {
        for (code, error) in [
            (400, 10_005),
            (500, 10_118),
            (500, 10_119),
            (500, 10_194),
            (500, 10_195),
            (503, 10_008),
        ] {
            let refusal = refusal(code, error);
            assert!(refusal.is_transient(), "{error}: {refusal:?}");
        }
    }

    #[test]
    fn what_a_server_does_not_know_or_want_does_not_pass() {
        for (code, error) in [(400, 10_003), (400, 10_074), (500, 10_052)] {
            let refusal = refusal(code, error);
            assert!(matches!(refusal, BusError::Refused { .. }), "{error}: {refusal:?}");
        }
    }
}
