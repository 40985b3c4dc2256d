//! How the API says no to the manner in which it is asked.

use axum::http::StatusCode;

use super::Problem;
use crate::domain::refusal::{Manner, Refusal};

impl Problem {
    /// What cannot be read, in the words of whoever tried.
    pub fn malformed(words: impl Into<String>) -> Self {
        Self::not_understood(Manner::Malformed(words.into()))
    }

    /// A form of too many fields.
    pub fn crowded(max: usize) -> Self {
        Self::not_understood(Manner::TooManyFields(max))
    }

    /// A request that is not understood.
    pub(super) fn not_understood(why: impl Into<Refusal>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "urn:certherald:problem:malformed",
            "The request is not understood",
            why,
        )
    }

    /// A key under which something else was asked.
    pub fn reused_key() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:certherald:problem:reused-key",
            "The key was used before",
            Manner::ReusedKey,
        )
    }

    /// No media type that is accepted is answered.
    pub fn not_acceptable(have: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "urn:certherald:problem:not-acceptable",
            "No media type that is accepted is answered",
            Manner::NotAcceptable(have.to_owned()),
        )
    }

    /// A body of a media type that is not taken.
    pub fn media_type(want: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "urn:certherald:problem:media-type",
            "The media type is not taken here",
            Manner::MediaType(want.to_owned()),
        )
    }

    /// A body that is too long.
    pub fn too_large(max: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:certherald:problem:too-large",
            "The request is too large",
            Manner::TooLarge(max),
        )
    }

    /// A path that nothing answers on.
    pub fn nothing_here() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:certherald:problem:absent",
            "It is not there",
            Manner::NothingHere,
        )
    }

    /// A method that the path does not know.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "urn:certherald:problem:method",
            "The method is not allowed here",
            Manner::Method,
        )
    }
}
