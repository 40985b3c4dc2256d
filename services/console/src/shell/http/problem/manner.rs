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

    /// A body of a media type that is not taken.
    pub fn media_type(want: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "urn:certherald:problem:media-type",
            "The media type is not taken here",
            format!("send {want}"),
        )
    }

    /// A body that is too long.
    pub fn too_large(max: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:certherald:problem:too-large",
            "The request is too large",
            format!("a body may have {max} bytes"),
        )
    }

    /// A path that nothing answers on.
    pub fn nothing_here() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:certherald:problem:absent",
            "It is not there",
            "nothing answers on this path; see /api/v1/openapi.json",
        )
    }

    /// A method that the path does not know.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "urn:certherald:problem:method",
            "The method is not allowed here",
            "this path knows other methods; see /api/v1/openapi.json",
        )
    }
}
