//! The door: signing in and out, and following a one-time link.
//!
//! Whoever comes here is a stranger, so that no form carries the token of a session; by where the
//! browser says it comes from, it must still be one of ours, or any page could sign somebody in.
//! The way through a provider is in [`openid`].

pub mod openid;

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    form::{Own, Slip},
    frame,
    prose::Prose,
    viewer::{NEXT, SIGN_IN, Viewer, local, wanted},
    words::Words,
};
use crate::{
    domain::session::{Invalid, Purpose},
    shell::{
        entry::{
            Denied, Presented,
            link::{Opened, Unfollowed},
            seconds,
        },
        http::{Api, Known, Shared, peer::Peer, problem::Problem},
        session::Stranger,
    },
};

/// What an address of these pages carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    next: String,
    token: String,
    /// Whether a form was sent in vain.
    undone: String,
}

/// The sign-in.
#[derive(Template)]
#[template(path = "door/sign_in.html")]
struct SignIn {
    words: Words,
    title: String,
    name: String,
    next: String,
    alarm: Option<String>,
    /// Whether a password opens the door.
    password: bool,
    /// What people call the provider, if there is one.
    provider: Option<String>,
}

/// Whoever has signed out is signed out at the provider next. A page, and no redirect: browsers
/// hold the pages' policy `form-action 'self'` against where a form is led on to.
#[derive(Template)]
#[template(path = "door/signed_out.html")]
struct SignedOut {
    words: Words,
    title: String,
    onward: String,
    /// What people call the provider.
    provider: String,
}

/// Where a one-time link leads.
#[derive(Template)]
#[template(path = "door/welcome.html")]
struct Welcome {
    words: Words,
    title: String,
    alarm: Option<Prose>,
    form: Option<Form>,
}

/// What is entered there.
struct Form {
    token: String,
    name: String,
    /// Whether the name is that of the account that the link is for.
    fixed: bool,
    intro: &'static str,
}

/// Shows the sign-in; whoever is signed in already goes on.
pub(super) async fn ask(
    State(api): Shared,
    Extension(Known(entered)): Extension<Known>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Asked { next, undone, .. } = asked.map(|Query(asked)| asked).unwrap_or_default();
    if Viewer::of(&headers, &api).is_ok() {
        return Redirect::to(local(&next).unwrap_or("/")).into_response();
    }
    let words = Words(wanted(&headers));
    let is_over = entered == Err(Stranger::Over);
    let alarm =
        if undone.is_empty() { is_over.then_some("door-over") } else { Some("door-undone") };
    let alarm = alarm.map(|key| words.say(key).into_owned());
    frame::answer(&SignIn { next, alarm, ..SignIn::new(&api, words) })
}

/// Lets somebody in, or says no.
pub(super) async fn sign_in(
    State(api): Shared,
    peer: Peer,
    headers: HeaderMap,
    Slip(fields): Slip,
) -> Response {
    // As it was typed: a password may begin with a space.
    let (name, password) = (fields.text("name"), fields.exact("password"));
    match api.entry.sign_in(Presented { name, password, address: peer.address }).await {
        Ok(cookie) => entered(local(fields.text(NEXT)).unwrap_or("/"), cookie),
        Err(denied) => {
            let words = Words(wanted(&headers));
            let alarm = Some(said(&denied, words));
            let (name, next) = (name.to_owned(), fields.text(NEXT).to_owned());
            let page = SignIn { name, next, alarm, ..SignIn::new(&api, words) };
            refused(&denied, frame::answer(&page))
        }
    }
}

/// Ends the session that asks, and leads on to where the provider ends its own.
pub(super) async fn sign_out(
    State(api): Shared,
    Extension(Known(entered)): Extension<Known>,
    own: Result<Own, Response>,
) -> Response {
    let Some(session) = entered.ok().and_then(|entrance| entrance.session) else {
        return Redirect::to(SIGN_IN).into_response();
    };
    let words = match own {
        Ok(Own(submitted)) => Words(submitted.viewer.language),
        Err(refused) => return refused,
    };
    let cookie = match api.entry.sign_out(&session).await {
        Ok(cookie) => cookie,
        Err(denied) => return Problem::denied(&denied).into_response(),
    };
    let Some(onward) = api.entry.beyond(&session).await else {
        return self::entered(SIGN_IN, cookie);
    };
    let title = words.say("door-out").into_owned();
    let provider = SignIn::new(&api, words).provider.unwrap_or_default();
    let page = frame::answer(&SignedOut { words, title, onward: onward.into(), provider });
    ([(header::SET_COOKIE, cookie)], page).into_response()
}

/// Shows where a one-time link leads. Looking changes nothing: chat programs follow every link.
pub(super) async fn welcome(
    State(api): Shared,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let token = asked.map(|Query(asked)| asked.token).unwrap_or_default();
    match api.entry.open(&token) {
        Ok(opened) => page(&headers, Form::of(&api, &opened, &token, ""), None),
        Err(unfollowed) => closed(&headers, &unfollowed),
    }
}

/// Follows a one-time link.
pub(super) async fn follow(
    State(api): Shared,
    peer: Peer,
    headers: HeaderMap,
    Slip(fields): Slip,
) -> Response {
    let (token, name) = (fields.text("token"), fields.text("name"));
    let opened = match api.entry.open(token) {
        Ok(opened) => opened,
        Err(unfollowed) => return closed(&headers, &unfollowed),
    };
    let form = || Form::of(&api, &opened, token, name);
    let words = Words(wanted(&headers));
    let password = fields.exact("password");
    if password != fields.exact("again") {
        let alarm = words.say("door-differ").into_owned();
        return page(&headers, form(), Some((StatusCode::UNPROCESSABLE_ENTITY, alarm)));
    }
    match api.entry.follow(token, (name, password), peer.address).await {
        Ok(cookie) => entered("/", cookie),
        Err(Unfollowed::Mistakes(mistakes)) => {
            let named = mistakes.iter().map(|mistake| {
                let want = mistake.want.in_language(words.language());
                let field = words.token("door", &mistake.field);
                words.filled("door-wrong-field", [("field", field.into()), ("value", want.into())])
            });
            let named: Vec<_> = named.collect();
            let alarm = (StatusCode::UNPROCESSABLE_ENTITY, named.join(" "));
            page(&headers, form(), Some(alarm))
        }
        Err(Unfollowed::Denied(denied)) => {
            let alarm = (StatusCode::OK, said(&denied, words));
            refused(&denied, page(&headers, form(), Some(alarm)))
        }
        Err(unfollowed @ (Unfollowed::Invalid(_) | Unfollowed::Spent)) => {
            closed(&headers, &unfollowed)
        }
    }
}

impl SignIn {
    fn new(api: &Api, words: Words) -> Self {
        let ways = &api.entry.ways;
        Self {
            words,
            title: words.say("door-title").into_owned(),
            name: String::new(),
            next: String::new(),
            alarm: None,
            password: ways.password,
            provider: ways.openid.as_ref().map(|provider| provider.settings().label()),
        }
    }
}

impl Form {
    fn of(api: &Arc<Api>, opened: &Opened, token: &str, name: &str) -> Self {
        let invited = api.entry.invited(opened);
        let intro = match opened.purpose {
            Purpose::First => "first",
            Purpose::Reset => "reset",
            Purpose::Of(_, _) => "invited",
        };
        let fixed = invited.is_some();
        let name = invited.unwrap_or_else(|| name.to_owned());
        Self { token: token.to_owned(), name, fixed, intro }
    }
}

fn page(headers: &HeaderMap, form: Form, alarm: Option<(StatusCode, String)>) -> Response {
    let words = Words(wanted(headers));
    let title = words.say("door-welcome").into_owned();
    let (status, alarm) =
        alarm.map_or((StatusCode::OK, None), |(status, text)| (status, Some(Prose::new(text))));
    (status, frame::answer(&Welcome { words, title, alarm, form: Some(form) })).into_response()
}

/// The page of a link that opens nothing.
fn closed(headers: &HeaderMap, unfollowed: &Unfollowed) -> Response {
    let words = Words(wanted(headers));
    let key = match unfollowed {
        Unfollowed::Invalid(Invalid::Expired) => "door-expired",
        Unfollowed::Spent => "door-spent",
        Unfollowed::Invalid(Invalid::Garbled) | Unfollowed::Mistakes(_) | Unfollowed::Denied(_) => {
            "door-garbled"
        }
    };
    let title = words.say("door-welcome").into_owned();
    let alarm = Some(Prose::new(words.say(key)));
    let page = frame::answer(&Welcome { words, title, alarm, form: None });
    (StatusCode::GONE, page).into_response()
}

/// What is said to whoever was not let in.
pub(super) fn said(denied: &Denied, words: Words) -> String {
    let said = match denied {
        Denied::Wrong => words.say("door-wrong"),
        Denied::Closed => words.say("door-closed"),
        Denied::TooOften { wait } => {
            words.count("door-too-often", usize::try_from(seconds(*wait)).unwrap_or(usize::MAX))
        }
        Denied::NotNow(_) => words.say("door-not-now"),
    };
    said.into_owned()
}

/// The page with the status and the headers of the refusal.
fn refused(denied: &Denied, mut page: Response) -> Response {
    let problem = Problem::denied(denied);
    *page.status_mut() = problem.status();
    if let Denied::TooOften { wait } = denied {
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds(*wait)));
    }
    page
}

/// On to a page, with a session that is set or removed.
pub(super) fn entered(path: &str, cookie: HeaderValue) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(path)).into_response()
}
