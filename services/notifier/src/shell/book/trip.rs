//! What goes on its way: a letter, and what must be known of it when it comes back.

use chassis::{error::Chain, seal::SealError};
use jiff::Timestamp;
use proto::{
    id::{ContactId, DeliveryId},
    v1::delivery_dropped::Why,
};
use tracing::warn;

use super::{Book, Trip, inbox};
use crate::{
    domain::{
        audience::{People, Recipient},
        plan::{Sending, ThreadKey},
        thread::{Command, open::Open, step::Cause},
        wording::{self, Brief, Letter},
    },
    shell::channel::Parcel,
};

impl Book {
    /// Several letters to one contact in one, under the id of a delivery.
    pub fn digest(&self, contact: &ContactId, letters: &[&Letter], lead: DeliveryId) -> Letter {
        let pages = self.pages.lock();
        match (pages.roster.contact(contact), letters) {
            (Some(contact), _) => wording::digest(letters, contact, &self.config.letterhead, lead),
            (None, [first, ..]) => (*first).clone(),
            (None, []) => unreachable!("a digest is made of letters"),
        }
    }

    pub(super) fn trip(
        &self,
        sending: Sending<'_>,
        key: &ThreadKey,
        people: People<'_>,
        now: Timestamp,
    ) -> Result<Trip, Box<Command>> {
        let open = sending.open;
        let link = self.link(open).map_err(|error| {
            warn!(delivery.id = %open.id, error = %Chain(&error), "A link cannot be opened.");
            Box::new(Command::Drop { id: open.id, why: Why::NoAddress, at: now })
        })?;
        let brief = Brief {
            delivery: open.id,
            news: &open.news,
            cause: open.cause,
            reminder: open.reminder,
            contact: sending.contact,
            owner_note: sending.owner_note,
            roots: &sending.roots,
            link: link.as_deref(),
            now,
        };
        let inbox = Recipient { contact: key.contact, channel: inbox() };
        Ok(Trip {
            is_alone: false,
            is_in_inbox: people.terms(&open.news, &inbox, Cause::Event).is_ok(),
            news: open.news.clone(),
            cause: open.cause,
            urgency: open.urgency(),
            due_at: open.due_at,
            parcel: Parcel {
                delivery: open.id,
                attempt: open.attempts + 1,
                at: now,
                name: sending.contact.name.clone(),
                address: sending.address,
                letter: wording::compose(&brief, &self.config.letterhead),
                news: vec![open.news.clone()],
                roots: sending.roots,
            },
        })
    }

    /// The link of a verification.
    fn link(&self, open: &Open) -> Result<Option<String>, SealError> {
        if open.sealed_link.is_empty() {
            return Ok(None);
        }
        let link = self.config.seal.open(&open.sealed_link)?;
        Ok(Some(String::from_utf8_lossy(&link).into_owned()))
    }
}
