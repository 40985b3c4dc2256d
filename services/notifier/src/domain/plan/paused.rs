//! What waits for an address that is out of order: the inbox says so, and it is given up after as
//! long as anything is tried.

use jiff::Timestamp;

use super::{ThreadKey, World};
use crate::domain::{
    excuse::Excuse,
    thread::{
        Command, Thread,
        open::{self, Open},
        step::Cause,
    },
    wording::Undelivered,
};

/// The inbox of a contact, as far as it is of interest to one thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inbox<'a> {
    /// What it was told of the same domain.
    pub of_domain: Option<&'a Thread>,
    /// What it was told of no domain.
    pub apart: Option<&'a Thread>,
}

/// What an address that is out of order means for a delivery.
pub(super) enum Paused<'a> {
    /// It goes.
    No,
    /// It waits, and the inbox has not said so: why.
    Unexcused(&'a str),
    /// It waits, at most until an instant.
    Until(Timestamp),
    /// It has waited for too long.
    TooLong(Command),
}

/// Whether what has this cause waits. What a person asks for goes all the same: it may show that
/// the address is well again.
fn holds(cause: Cause) -> bool {
    match cause {
        Cause::Test | Cause::Verification => false,
        Cause::Event
        | Cause::Reminder
        | Cause::Escalation
        | Cause::Again
        | Cause::ChannelBroken
        | Cause::Unspecified => true,
    }
}

/// Judges a delivery that is to be sent now.
pub(super) fn judge<'a>(open: &Open, key: &ThreadKey, world: World<'a>) -> Paused<'a> {
    let Some(pause) = world.pause.filter(|_| holds(open.cause)) else { return Paused::No };
    if !is_excused(open, key, world) {
        return Paused::Unexcused(&pause.reason);
    }
    match open.waits_until() {
        until if until > world.now => Paused::Until(until),
        _ => {
            let reason = open::given_up(&pause.reason);
            Paused::TooLong(Command::GiveUp { id: open.id, reason, at: world.now })
        }
    }
}

/// Whether the inbox says that it waits.
fn is_excused(open: &Open, key: &ThreadKey, world: World<'_>) -> bool {
    let is_in_inbox = world.people.is_in_inbox(&open.news, key.contact);
    let excuse = Excuse::of(key, open.id, Undelivered::Waiting, is_in_inbox, world.now);
    let Inbox { of_domain, apart } = world.inbox;
    let inbox = if excuse.domain.is_some() { of_domain } else { apart };
    inbox.is_some_and(|inbox| inbox.has_met(excuse.id))
}
