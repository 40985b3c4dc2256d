//! How the API says no: `application/problem+json` (RFC 9457).

mod manner;
mod refusal;

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::{
    bus::{AppendError, BusError},
    error::Chain,
    seal::SealError,
};
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

use crate::{
    domain::{
        intake::{Refused, Unreadable},
        inventory::{Invalid, token::Role},
        refusal::{Door, Full, Refusal, Slow, Thing, Trouble},
        want::Want,
    },
    shell::{
        entry::{Denied, seconds},
        session::Stranger,
        store::StoreError,
        verifier::SendError,
    },
};

/// How long whoever is refused for lack of a bus should wait.
const UNAVAILABLE_SECONDS: u32 = 2;

/// What went wrong, and what is allowed instead.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:certherald:problem:invalid",
    "title": "A value is not allowed",
    "status": 422,
    "detail": "interval_seconds: `5`: want 60 (1 minute) to 604800 (7 days)",
    "errors": [{ "field": "interval_seconds", "value": "5", "want": "60 (1 minute) to 604800 (7 days)" }]
}))]
pub struct Problem {
    /// Names the kind of problem; the same for all of its kind.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, for people.
    #[schema(value_type = String)]
    detail: Box<Refusal>,
    /// Each value that is not allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Each line of a list that is not allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Line>,
    /// When it may be tried again; said in a header.
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
}

/// A value that is not allowed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it stands; `rungs[2]` is the third of several.
    pub field: String,
    /// What stands there, shortened.
    pub value: String,
    /// What is allowed.
    #[schema(value_type = String)]
    pub want: Want,
}

/// A line of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Line {
    /// Counted from 1.
    pub line: usize,
    /// What stands there, shortened.
    pub text: String,
    /// What is wrong, or was ignored.
    #[schema(value_type = String)]
    pub reason: Refusal,
}

impl From<Refused> for Line {
    fn from(Refused { line, text, reason }: Refused) -> Self {
        Self { line, text, reason }
    }
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Refusal>,
    ) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: Box::new(detail.into()),
            errors: vec![],
            rejected: vec![],
            retry_after_seconds: None,
        }
    }

    /// Values that are not allowed.
    pub fn invalid(mistakes: Vec<Invalid>) -> Self {
        let named = |Invalid { field, value, want }| FieldError { field, value, want };
        Self {
            errors: mistakes.iter().cloned().map(named).collect(),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "urn:certherald:problem:invalid",
                "A value is not allowed",
                Refusal::Invalid(mistakes),
            )
        }
    }

    /// A list in which no line is good.
    pub fn all_rejected(rejected: Vec<Line>) -> Self {
        let detail = match rejected.as_slice() {
            [only] => only.reason.clone(),
            several => Refusal::NoLine(several.len()),
        };
        Self {
            rejected,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "urn:certherald:problem:all-rejected",
                "No line can be used",
                detail,
            )
        }
    }

    /// A list that is not read at all.
    pub fn unreadable(unreadable: Unreadable) -> Self {
        Self::not_understood(Refusal::Unreadable(unreadable))
    }

    /// Something that is not there.
    pub fn absent(what: Thing, id: &str) -> Self {
        let id: String = id.chars().filter(|c| !c.is_control()).take(80).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:certherald:problem:absent",
            "It is not there",
            Refusal::Absent { what, id },
        )
    }

    /// What was asked does not fit to what is.
    pub fn conflict(detail: impl Into<Refusal>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "urn:certherald:problem:conflict",
            "It does not fit to what is",
            detail,
        )
    }

    /// There is no room for more.
    pub fn full(full: Full) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "urn:certherald:problem:full", "Too many", full)
    }

    /// It was asked a moment ago.
    fn too_soon(detail: Door, wait: Duration) -> Self {
        let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "urn:certherald:problem:too-soon");
        let problem = Self::new(status, kind, "Too soon", detail);
        // Rounded up: whoever waits so long is not refused again.
        Self { retry_after_seconds: u32::try_from(seconds(wait)).ok(), ..problem }
    }

    /// A link that was not sent.
    pub fn of_link(error: SendError) -> Self {
        match error {
            SendError::TooSoon { wait } => Self::too_soon(Door::LinkSent, wait),
            SendError::Seal(_) => Self::unavailable(Chain(&error).to_string()),
            SendError::Append(error) => Self::append(&error),
        }
    }

    /// A secret that cannot be sealed.
    pub fn seal(error: &SealError) -> Self {
        Self::unavailable(Chain(error).to_string())
    }

    /// Nobody is known to ask, or the request is not theirs.
    pub fn stranger(stranger: Stranger) -> Self {
        let nobody = |door: Door| {
            let kind = "urn:certherald:problem:stranger";
            Self::new(StatusCode::UNAUTHORIZED, kind, "A token is needed", door)
        };
        let elsewhere = |door: Door| {
            let kind = "urn:certherald:problem:cross-site";
            Self::new(StatusCode::FORBIDDEN, kind, "The request is not of this console", door)
        };
        match stranger {
            Stranger::Silent => nobody(Door::Silent),
            Stranger::Unknown => nobody(Door::Unknown),
            Stranger::Over => nobody(Door::Over),
            Stranger::Elsewhere => elsewhere(Door::Elsewhere),
            Stranger::Unproven => elsewhere(Door::Unproven),
        }
    }

    /// Somebody was not let in.
    pub fn denied(denied: &Denied) -> Self {
        match denied {
            Denied::Wrong => Self::new(
                StatusCode::UNAUTHORIZED,
                "urn:certherald:problem:stranger",
                "Not let in",
                Door::Wrong,
            ),
            Denied::Closed => Self::new(
                StatusCode::FORBIDDEN,
                "urn:certherald:problem:forbidden",
                "Not let in",
                Door::PasswordsClosed,
            ),
            Denied::TooOften { wait } => Self::too_soon(Door::TooOften(seconds(*wait)), *wait),
            Denied::NotNow(reason) => Self::unavailable(reason.clone()),
        }
    }

    /// A password that was not changed: whoever asks is known, so that it is no matter of signing
    /// in.
    pub fn kept_password(denied: &Denied) -> Self {
        match denied {
            Denied::Wrong => Self::conflict(Door::OtherPassword),
            Denied::Closed | Denied::TooOften { .. } | Denied::NotNow(_) => Self::denied(denied),
        }
    }

    /// Whoever asks may not.
    pub fn forbidden(needed: Role) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "urn:certherald:problem:forbidden",
            "The role does not allow this",
            Door::Role(needed),
        )
    }

    /// A form that is of no page that was made for whoever sends it.
    pub fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "urn:certherald:problem:foreign-form",
            "The form is not of a page of yours",
            Door::ForeignForm,
        )
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong this time, for people.
    pub fn detail(&self) -> &Refusal {
        &self.detail
    }

    /// Each value that is not allowed.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Each line of a list that is not allowed.
    pub fn rejected(&self) -> &[Line] {
        &self.rejected
    }

    /// What is wrong, where it stands beside a line of a list.
    pub fn into_refusal(self) -> Refusal {
        *self.detail
    }

    /// The bus does not do its part.
    pub fn bus(error: &BusError) -> Self {
        Self::unavailable(Chain(error).to_string())
    }

    /// A record cannot be stored.
    pub fn append(error: &AppendError) -> Self {
        match error {
            AppendError::TooLarge { .. } => Self::malformed(Chain(error).to_string()),
            AppendError::Outrun { .. }
            | AppendError::Outstanding { .. }
            | AppendError::Silent { .. }
            | AppendError::Failed { .. } => Self::unavailable(Chain(error).to_string()),
        }
    }

    /// The bus takes too long.
    pub fn slow(what: Slow) -> Self {
        Self::troubled(Trouble::Slow(what))
    }

    /// It cannot be done now, and may be later.
    fn unavailable(detail: String) -> Self {
        Self::troubled(Trouble::Unavailable(detail))
    }

    fn troubled(trouble: Trouble) -> Self {
        let detail = Refusal::Trouble(trouble);
        error!(error = %detail, "A request could not be answered.");
        let (status, kind) =
            (StatusCode::SERVICE_UNAVAILABLE, "urn:certherald:problem:unavailable");
        let problem = Self::new(status, kind, "Not now", detail);
        Self { retry_after_seconds: Some(UNAVAILABLE_SECONDS), ..problem }
    }

    /// A broken invariant.
    pub fn bug() -> Self {
        error!("A request ran into a bug.");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "urn:certherald:problem:bug",
            "A bug of certherald",
            Trouble::Bug,
        )
    }

    /// An order that was not stored.
    pub fn of<R: Into<Self>>(error: StoreError<R>) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Changed { seen, now } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "urn:certherald:problem:changed",
                "It has changed since",
                Refusal::Changed { seen, now },
            ),
            StoreError::Contended { subject } => Self::conflict(Refusal::Contended(subject)),
            StoreError::Append(error) => Self::append(&error),
            StoreError::Load { source, .. } => Self::bus(&source),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after_seconds);
        let mut response = (status, Json(&self)).into_response();
        // For whoever shows it in another form.
        response.extensions_mut().insert(Arc::new(self));
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
