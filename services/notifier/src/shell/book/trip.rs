//! What goes on its way: a letter, and what must be known of it when it comes back.

use std::sync::Arc;

use chassis::{error::Chain, seal::SealError};
use jiff::Timestamp;
use proto::{
    id::{ContactId, DeliveryId},
    v1::delivery_dropped::Why,
};
use tracing::warn;

use super::{Book, Next, Page};
use crate::{
    domain::{
        audience::People,
        news::News,
        plan::{self, Plan, Sending, ThreadKey, World},
        thread::{
            Command,
            open::Urgency,
            step::{Cause, Enclosure},
        },
        wording::{self, Brief, Letter},
    },
    shell::channel::Parcel,
};

/// A sending, with what must be known if it fails for good.
#[derive(Debug)]
pub struct Trip {
    /// What is sent.
    pub parcel: Parcel,
    /// The news in it.
    pub news: Arc<News>,
    /// What asked for it.
    pub cause: Cause,
    /// How soon it is to be told.
    pub urgency: Urgency,
    /// Since when it is due.
    pub due_at: Timestamp,
    /// Whether the inbox is told of these news in any case.
    pub is_in_inbox: bool,
    /// Whether it must not travel with others.
    pub is_alone: bool,
}

impl Book {
    /// What is to be done about a thread now. What is due until an instant may go with others.
    pub fn next(&self, key: &ThreadKey, now: Timestamp, together_until: Timestamp) -> Next {
        let next = |plan: Plan<'_>, page: &Page, people: People<'_>| {
            let trip = |sending, next: &dyn Fn(Box<Trip>) -> Next| match self
                .trip(sending, key, people, now)
            {
                Ok(trip) => next(Box::new(Trip { is_alone: page.is_alone, ..trip })),
                Err(command) => Next::Record(*command),
            };
            match plan {
                Plan::Record(command) => Next::Record(command),
                Plan::Rest(until) => Next::Rest(until),
                Plan::Send(sending) => trip(sending, &Next::Send),
                Plan::Excuse(sending, reason) => {
                    trip(sending, &|trip| Next::Excuse(trip, reason.to_owned()))
                }
            }
        };
        self.planned(key, now, together_until, next).unwrap_or(Next::Rest(None))
    }

    /// Whether a delivery that was to be sent still is.
    pub fn still_goes(
        &self,
        key: &ThreadKey,
        delivery: DeliveryId,
        now: Timestamp,
        together_until: Timestamp,
    ) -> bool {
        let goes = |plan: Plan<'_>, _: &Page, _: People<'_>| match plan {
            Plan::Send(sending) => sending.open.id == delivery,
            Plan::Record(_) | Plan::Rest(_) | Plan::Excuse(..) => false,
        };
        self.planned(key, now, together_until, goes).unwrap_or(false)
    }

    /// Does something with what is to be done about a thread, if it is known.
    fn planned<T>(
        &self,
        key: &ThreadKey,
        now: Timestamp,
        together_until: Timestamp,
        then: impl FnOnce(Plan<'_>, &Page, People<'_>) -> T,
    ) -> Option<T> {
        let pages = self.pages.lock();
        let page = pages.threads.get(key)?;
        let people = self.people(&pages);
        let recipient = key.recipient();
        let mended = pages.mended(key.contact, &page.known.state);
        let world = World {
            people,
            anomalies: &pages.anomalies,
            now,
            together_until,
            well_since: pages.roads.well_since(&recipient),
            pause: pages.roads.pause(&recipient, &pages.roster),
            inbox: pages.inbox(key),
            mended: &mended,
        };
        Some(then(plan::plan(&page.known.state, key, world), page, people))
    }

    /// Several letters to one contact in one, under the id of a delivery.
    pub fn digest(&self, contact: &ContactId, letters: &[&Letter], lead: DeliveryId) -> Letter {
        // Others need the lock while this is composed.
        let contact = self.pages.lock().roster.contact(contact).cloned();
        match (contact, letters) {
            (Some(contact), _) => wording::digest(letters, &contact, &self.config.letterhead, lead),
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
        let link = self.link(&open.enclosure).map_err(|error| {
            warn!(delivery.id = %open.id, error = %Chain(&error), "A link cannot be opened.");
            Box::new(Command::Drop { id: open.id, why: Why::NoAddress, at: now })
        })?;
        let broken_channel = match &open.enclosure {
            Enclosure::BrokenChannel(broken) => Some(broken),
            Enclosure::Nothing | Enclosure::Link(_) => None,
        };
        let brief = Brief {
            delivery: open.id,
            news: &open.news,
            cause: open.cause,
            reminder: open.reminder,
            contact: sending.contact,
            owner_note: sending.owner_note,
            roots: &sending.roots,
            link: link.as_deref(),
            broken_channel,
            now,
        };
        Ok(Trip {
            is_alone: false,
            is_in_inbox: people.is_in_inbox(&open.news, key.contact),
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
                broken_channel: broken_channel.cloned(),
                roots: sending.roots,
            },
        })
    }

    /// The link of a verification.
    fn link(&self, enclosure: &Enclosure) -> Result<Option<String>, SealError> {
        let Enclosure::Link(sealed) = enclosure else { return Ok(None) };
        let link = self.config.seal.open(sealed)?;
        Ok(Some(String::from_utf8_lossy(&link).into_owned()))
    }
}
