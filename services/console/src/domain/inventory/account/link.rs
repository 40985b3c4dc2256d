//! One-time links: which were made for an account, and whether one was used. What a link opens is
//! sealed in the link itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::decider::Decider;
use proto::{
    id::{AccountId, LinkId},
    v1::{LinkUsed, inventory_event::Event},
};

use crate::domain::inventory::Ordered;

/// The links that were ever made for one account. Also those that open nothing any more: whoever
/// asks for one again is to get no other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    made: BTreeMap<LinkId, Made>,
    /// The generation that the account had when it was last added.
    begun_at: u64,
}

/// How a link was made, so that it can be sealed again as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// When it ends.
    pub expires_at: Timestamp,
    /// The generation that its account had.
    pub generation: u64,
}

impl Links {
    /// One of them.
    pub fn get(&self, id: &LinkId) -> Option<&Made> {
        self.made.get(id)
    }

    /// The ids of all.
    pub fn ids(&self) -> impl Iterator<Item = &LinkId> {
        self.made.keys()
    }

    /// Whether a link was made since the account was last added.
    pub fn is_recent(&self, made: &Made) -> bool {
        made.generation >= self.begun_at
    }

    /// Knows that the account was added with a generation.
    pub(super) fn begin_at(&mut self, generation: u64) {
        self.begun_at = generation;
    }

    /// Knows that a link was made.
    pub(super) fn add(&mut self, id: LinkId, expires_at: Timestamp, generation: u64) {
        self.made.insert(id, Made { expires_at, generation });
    }
}

/// What stands in the inventory of one link: nothing, until it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    used_for: Option<AccountId>,
}

impl Link {
    /// Whether it opens nothing any more.
    pub fn is_used(self) -> bool {
        self.used_for.is_some()
    }
}

/// Uses the link to set the password of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use(pub AccountId);

/// It was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used(pub AccountId);

/// It was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link was used already")]
pub struct UsedBefore;

impl Decider for Link {
    type Command = Use;
    type Event = Used;
    type Refusal = UsedBefore;

    fn decide(&self, Use(account): Use) -> Result<Vec<Used>, UsedBefore> {
        if self.is_used() { Err(UsedBefore) } else { Ok(vec![Used(account)]) }
    }

    fn evolve(&mut self, Used(account): &Used) {
        self.used_for = Some(*account);
    }
}

impl Ordered for Link {
    fn write(Used(account): &Used) -> Event {
        Event::LinkUsed(LinkUsed { account_id: account.to_string() })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<Used> {
        match event {
            Event::LinkUsed(used) => used.account_id.parse().ok().map(Used),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

    #[test]
    fn a_link_is_used_once() {
        let (ada, bob) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        given::<Link>(&[]).when(Use(ada)).then(&[Used(ada)]);
        given::<Link>(&[Used(ada)]).when(Use(ada)).then_refused(&UsedBefore);
        given::<Link>(&[Used(ada)]).when(Use(bob)).then_refused(&UsedBefore);
        assert_eq!(Link::read(&Link::write(&Used(ada))), Some(Used(ada)));
    }
}
