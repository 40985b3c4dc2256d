//! What a form sends: fields that may stand several times, from somebody who may order, and from a
//! page of ours.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Redirect, Response},
};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::viewer::Viewer;
use crate::{
    domain::inventory::{Actor, token::Role},
    shell::{
        http::{Api, extract, problem::Problem},
        session::Who,
    },
};

/// Name of the field that shows that a form is of a page of ours.
pub const CSRF: &str = "csrf";

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
    pub fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
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
        if let Who::Account(_) = viewer.caller.who {
            api.entry.gate.is_ours(request.headers()).map_err(Problem::stranger)?;
        }
        if !extract::is(request.headers(), "application/x-www-form-urlencoded") {
            return Err(Problem::media_type("application/x-www-form-urlencoded"));
        }
        let fields = Fields::read(&extract::bytes(request, api).await?);
        fields.sent_from_a_page_of(&viewer)?;
        if viewer.caller.role < needed {
            return Err(Problem::forbidden(needed));
        }
        Ok(Self { viewer, fields })
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
        let fields = Fields::read(b"domain=a&domain=b%20&note=+x+&empty=");
        assert_eq!(fields.all("domain").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.text("note"), "x");
        assert_eq!((fields.given("empty"), fields.given("absent")), (None, None));
        assert!(fields.has("empty") && !fields.has("absent"));
    }
}
