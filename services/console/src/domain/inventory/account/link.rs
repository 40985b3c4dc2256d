//! One one-time link: whether it was used. What it opens is sealed in the link itself.

use kernel::decider::Decider;
use proto::{
    id::AccountId,
    v1::{LinkUsed, inventory_event::Event},
};

use crate::domain::inventory::Ordered;

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

    fn read(event: &Event) -> Option<Used> {
        match event {
            Event::LinkUsed(used) => used.account_id.parse().ok().map(Used),
            Event::DomainAdded(_)
            | Event::DomainOptionsChanged(_)
            | Event::DomainEnabled(_)
            | Event::DomainDisabled(_)
            | Event::DomainRemoved(_)
            | Event::ContactSaved(_)
            | Event::ContactRemoved(_)
            | Event::SettingSaved(_)
            | Event::SettingCleared(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::InboxRead(_)
            | Event::AddressVerified(_)
            | Event::SilenceSaved(_)
            | Event::SilenceLifted(_)
            | Event::AnomalyAcknowledged(_)
            | Event::Account(_) => None,
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
