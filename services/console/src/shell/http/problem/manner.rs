//! How the API says no to the manner in which it is asked.

use axum::http::StatusCode;

use super::Problem;

impl Problem {
    /// A key under which something else was asked.
    pub fn reused_key() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:certherald:problem:reused-key",
            "The key was used before",
            "Idempotency-Key: something else was asked under it: use another for another request",
        )
    }

    /// No media type that is accepted is answered.
    pub fn not_acceptable(have: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "urn:certherald:problem:not-acceptable",
            "No media type that is accepted is answered",
            format!("this answers {have}"),
        )
    }
}
