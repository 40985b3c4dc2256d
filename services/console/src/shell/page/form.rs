//! What a form sends: fields that may stand several times, from somebody who may order, and from a
//! page of ours.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts, Multipart, Request, multipart::MultipartError},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::viewer::Viewer;
use crate::{
    domain::{
        inventory::{Actor, Invalid, token::Role},
        want::Asked,
    },
    shell::{
        http::{Api, BODY_BYTES_MAX, extract, problem::Problem},
        session::Who,
    },
};

/// Name of the field that shows that a form is of a page of ours.
pub const CSRF: &str = "csrf";

/// Name of the field with the version of what the form was made of.
const VERSION: &str = "version";

/// A form, sent by somebody who may change things.
#[derive(Debug)]
pub struct Submitted {
    /// Who sent it.
    pub viewer: Viewer,
    /// What stands in it.
    pub fields: Fields,
}

/// A form about one's own account, sent by anybody who is signed in.
#[derive(Debug)]
pub struct Own(pub Submitted);

/// A form that may carry files, sent by somebody who may change things. A file is a field like any
/// other: its text.
#[derive(Debug)]
pub struct Uploaded(pub Submitted);

/// A short form, sent by somebody who need not be known.
#[derive(Debug)]
pub struct Slip(pub Fields);

/// Bytes of a [`Slip`]: a name, a password twice, a one-time link, and where to go on to.
const SLIP_BYTES_MAX: usize = 16 * 1024;
/// Fields of a form: the boxes of the longest page, and what stands beside them.
const FIELDS_MAX: usize = 1_024;
/// Fields of a form with files: more than any form of ours has.
const PARTS_MAX: usize = 64;

/// The fields of a form, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Submitted {
    /// How what it orders is signed.
    pub fn actor(&self) -> Actor {
        self.viewer.caller.actor()
    }
}

impl Fields {
    /// Reads a body of type `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    ///
    /// When there are too many.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let fields = form_urlencoded::parse(body).into_owned().take(FIELDS_MAX + 1);
        let fields: Vec<_> = fields.collect();
        if fields.len() > FIELDS_MAX {
            return Err(Problem::crowded(FIELDS_MAX));
        }
        Ok(Self(fields))
    }

    /// Gathers fields.
    pub fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The text of a field without the space around it; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        let named = self.0.iter().find(|(have, _)| have == name);
        named.map_or("", |(_, value)| value.trim())
    }

    /// The text of a field as it was typed; empty if it is not there.
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    /// The text of a field, unless it is empty.
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Every value of a field.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let named = self.0.iter().filter(move |(have, _)| have == name);
        named.map(|(_, value)| value.trim())
    }

    /// Whether a box is ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(have, _)| have == name)
    }

    /// The version of what the form was made of: what has changed since is not overwritten.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn version(&self) -> Result<u64, Problem> {
        let text = self.text(VERSION);
        let invalid = || Problem::invalid(vec![Invalid::new(VERSION, text, Asked::FormVersion)]);
        text.parse().map_err(|_| invalid())
    }

    /// Whether it is of a page that was made for this viewer.
    ///
    /// # Errors
    ///
    /// When it may come from elsewhere.
    pub fn sent_from_a_page_of(&self, viewer: &Viewer) -> Result<(), Problem> {
        let fits = self.text(CSRF).as_bytes().ct_eq(viewer.csrf.as_bytes());
        if bool::from(fits) { Ok(()) } else { Err(Problem::foreign_form()) }
    }
}

impl FromRequest<Arc<Api>> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let viewer = Viewer::from_request_parts(&mut parts, api).await?;
        let request = Request::from_parts(parts, body);
        let needed = Role::Editor;
        Self::read(viewer, request, needed, api).await.map_err(Problem::into_response)
    }
}

impl FromRequest<Arc<Api>> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let viewer = Viewer::from_request_parts(&mut parts, api).await?;
        let request = Request::from_parts(parts, body);
        let read = async {
            from_our_page(&viewer, &request, api)?;
            let fields = parts_of(request, api).await?;
            Submitted::admitted(viewer, fields, Role::Editor).map(Self)
        };
        read.await.map_err(Problem::into_response)
    }
}

/// The fields of a form with files.
async fn parts_of(request: Request, api: &Arc<Api>) -> Result<Fields, Problem> {
    if !extract::is(request.headers(), "multipart/form-data") {
        return Err(Problem::media_type("multipart/form-data"));
    }
    let parts = Multipart::from_request(request, api).await;
    let mut parts = parts.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|error| unread(&error))? {
        if fields.len() == PARTS_MAX {
            return Err(Problem::crowded(PARTS_MAX));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|error| unread(&error))?;
        let text = String::from_utf8(bytes.into())
            .map_err(|error| Problem::malformed(format!("`{name}` is not UTF-8: {error}")))?;
        fields.push((name, text));
    }
    Ok(Fields::of(fields))
}

fn unread(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large(BODY_BYTES_MAX)
    } else {
        Problem::malformed(error.body_text())
    }
}

impl FromRequest<Arc<Api>> for Slip {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Response> {
        let read = async {
            api.entry.gate.is_ours(request.headers()).map_err(Problem::stranger)?;
            Fields::read(&extract::bytes_within(SLIP_BYTES_MAX, request, api).await?).map(Self)
        };
        read.await.map_err(Problem::into_response)
    }
}

impl FromRequest<Arc<Api>> for Own {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let viewer = Viewer::from_request_parts(&mut parts, api).await?;
        let request = Request::from_parts(parts, body);
        let read = Submitted::read(viewer, request, Role::Viewer, api).await;
        read.map(Self).map_err(Problem::into_response)
    }
}

impl Submitted {
    async fn read(
        viewer: Viewer,
        request: Request,
        needed: Role,
        api: &Arc<Api>,
    ) -> Result<Self, Problem> {
        from_our_page(&viewer, &request, api)?;
        if !extract::is(request.headers(), "application/x-www-form-urlencoded") {
            return Err(Problem::media_type("application/x-www-form-urlencoded"));
        }
        let fields = Fields::read(&extract::bytes(request, api).await?)?;
        Self::admitted(viewer, fields, needed)
    }

    fn admitted(viewer: Viewer, fields: Fields, needed: Role) -> Result<Self, Problem> {
        fields.sent_from_a_page_of(&viewer)?;
        if viewer.caller.role < needed {
            return Err(Problem::forbidden(needed));
        }
        Ok(Self { viewer, fields })
    }
}

/// Whether the browser says that a page of ours sent this.
fn from_our_page(viewer: &Viewer, request: &Request, api: &Api) -> Result<(), Problem> {
    match viewer.caller.who {
        Who::Account(_) => api.entry.gate.is_ours(request.headers()).map_err(Problem::stranger),
        Who::Token(_) => Ok(()),
    }
}

/// Where to go once a form is done with: a page that says so. `notice` is a key among the messages
/// `notice-…`.
pub fn done(path: &str, notice: &str) -> Response {
    let mark = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{mark}notice={notice}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_may_stand_several_times() {
        let fields = Fields::read(b"domain=a&domain=b%20&note=+x+&empty=").unwrap();
        assert_eq!(fields.all("domain").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.text("note"), "x");
        assert_eq!((fields.given("empty"), fields.given("absent")), (None, None));
        assert!(fields.has("empty") && !fields.has("absent"));
    }

    #[test]
    fn no_form_has_more_fields_than_the_longest_page_has_boxes() {
        assert!(Fields::read("a&".repeat(FIELDS_MAX).as_bytes()).is_ok());
        let problem = Fields::read("a&".repeat(FIELDS_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    }
}
