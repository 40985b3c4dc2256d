//! `/verify`: where the link in a mail leads. It needs no token of the API: the link is the proof.
//!
//! Looking changes nothing, because scanners of mail follow every link; only the button verifies.

mod page;

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Query, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use chassis::error::Chain;
use proto::subject::Entity;
use serde::Deserialize;
use tracing::{info, warn};

use self::page::{Page, Say};
use super::{Api, Shared};
use crate::{
    domain::{
        inventory::{
            Actor,
            contact::{Command, Contact, EMAIL, Refusal},
        },
        language::Language,
        verification::{Claim, InvalidLink},
    },
    shell::{
        page::viewer::wanted,
        store::{Order, StoreError},
        verifier::PAGE,
    },
};

/// Bytes of a body: one token.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// The page and its button.
pub(super) fn router() -> Router<Arc<Api>> {
    let page = get(show).post(verify).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new().route(&format!("/{PAGE}"), page)
}

/// What a link carries.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

async fn show(
    State(api): Shared,
    headers: HeaderMap,
    link: Result<Query<Link>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let token = link.map(|Query(link)| link.token).unwrap_or_default();
    page(&api, &headers, &token, |known| match &known.state {
        Standing::Open => Say::Ask,
        Standing::Verified => Say::Already,
        Standing::Moved => Say::Moved,
    })
}

async fn verify(
    State(api): Shared,
    headers: HeaderMap,
    link: Result<Form<Link>, axum::extract::rejection::FormRejection>,
) -> Response {
    let token = link.map(|Form(link)| link.token).unwrap_or_default();
    let said = match api.verifier.read(&token) {
        Ok(claim) => order(&api, &claim).await,
        Err(invalid) => Say::of(invalid),
    };
    page(&api, &headers, &token, |_| said)
}

/// Where the mailbox of a link stands.
enum Standing {
    /// It is to be verified.
    Open,
    /// It is.
    Verified,
    /// It is not the contact's any more.
    Moved,
}

/// What is known of the contact of a link.
struct Known {
    name: String,
    language: Option<Language>,
    state: Standing,
}

fn known(api: &Api, claim: &Claim) -> Known {
    api.look(|board| {
        let card = board.contact(&claim.contact()).and_then(|kept| kept.entity.card());
        let mailbox = card.and_then(|card| card.address(EMAIL));
        let state = match mailbox.filter(|mailbox| mailbox.address == claim.address()) {
            None => Standing::Moved,
            Some(mailbox) if mailbox.verified => Standing::Verified,
            Some(_) => Standing::Open,
        };
        let name = card.map(|card| card.name().to_owned()).unwrap_or_default();
        let language = card.and_then(|card| Language::of(card.language()));
        Known { name, language, state }
    })
}

/// The page for a link; what it says of one that opens something is up to the caller.
fn page(api: &Api, headers: &HeaderMap, token: &str, say: impl Fn(&Known) -> Say) -> Response {
    match api.verifier.read(token) {
        Ok(claim) => {
            let known = known(api, &claim);
            let language = known.language.unwrap_or_else(|| wanted(headers));
            let say = say(&known);
            let (name, address) = (known.name.as_str(), claim.address());
            Page { language, say, name, address, token }.answer()
        }
        Err(invalid) => {
            let (language, say) = (wanted(headers), Say::of(invalid));
            Page { language, say, name: "", address: "", token: "" }.answer()
        }
    }
}

async fn order(api: &Api, claim: &Claim) -> Say {
    let id = claim.contact();
    let known = api.look(|board| board.contact(&id).cloned()).unwrap_or_default();
    let order = Order::<Contact> {
        entity: Entity::Contact(id),
        known,
        seen: None,
        actor: Actor::System,
        command: Command::Verify(claim.address().to_owned()),
    };
    match api.store.carry_out(order).await {
        Ok(stored) if stored.changed => {
            info!(contact.id = %id, "A mailbox of the contact `{id}` was verified.");
            Say::Done
        }
        Ok(_) => Say::Already,
        Err(StoreError::Refused(
            Refusal::Absent | Refusal::Moved | Refusal::NothingToKeep { .. },
        )) => Say::Moved,
        Err(error) => {
            warn!(contact.id = %id, error = %Chain(&error), "A mailbox of `{id}` is not verified.");
            Say::NotNow
        }
    }
}

impl Say {
    fn of(invalid: InvalidLink) -> Self {
        match invalid {
            InvalidLink::Garbled => Self::Garbled,
            InvalidLink::Expired => Self::Expired,
        }
    }
}
