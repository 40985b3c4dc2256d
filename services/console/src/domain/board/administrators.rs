//! Who administers, and which order left nobody who does.
//!
//! Two such orders may be given at once, each while the other is not yet known, also on two
//! consoles. `INVENTORY` has one order of all records, so that whoever folds it finds the same one
//! of them to have left nobody.

use proto::{
    id::{AccountId, TokenId},
    subject::Entity,
};

use super::{Board, Versioned};
use crate::domain::inventory::{
    account::{Account, Profile},
    token::{Role, Token},
};

/// One that may administer. Of each kind one at least is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Administrator {
    /// An account.
    Account(AccountId),
    /// A token.
    Token(TokenId),
}

/// The latest records that left nobody who administers.
#[derive(Debug, Default)]
pub(super) struct Deserted {
    accounts: Option<u64>,
    tokens: Option<u64>,
}

impl Administrator {
    /// The entity as one that may administer, if it is of such a kind.
    pub(super) fn of(entity: &Entity) -> Option<Self> {
        match entity {
            Entity::Account(id) => Some(Self::Account(*id)),
            Entity::Token(id) => Some(Self::Token(*id)),
            Entity::Domain(_)
            | Entity::Contact(_)
            | Entity::DefaultSetting
            | Entity::Setting(_)
            | Entity::Inbox(_)
            | Entity::Silence(_)
            | Entity::Acknowledgement(_)
            | Entity::Strangers
            | Entity::Link(_)
            | Entity::Key => None,
        }
    }
}

impl Board {
    /// Whether it administers.
    pub fn administers(&self, one: Administrator) -> bool {
        match one {
            Administrator::Account(id) => self.account(&id).is_some_and(may_all),
            Administrator::Token(id) => self.token(&id).is_some_and(opens_all),
        }
    }

    /// Whether it administers, and no other of its kind does.
    pub fn is_last_to_administer(&self, one: Administrator) -> bool {
        self.administers(one) && self.administrators(one) == 1
    }

    /// Whether a record about it was the one that left none of its kind that administers.
    pub fn left_nobody(&self, one: Administrator, sequence: u64) -> bool {
        let latest = match one {
            Administrator::Account(_) => self.deserted.accounts,
            Administrator::Token(_) => self.deserted.tokens,
        };
        latest == Some(sequence)
    }

    /// Notes that a record was such a one, if it was. It administered before.
    pub(super) fn look_for_others(&mut self, one: Administrator, sequence: u64) {
        if self.administrators(one) == 0 {
            match one {
                Administrator::Account(_) => self.deserted.accounts = Some(sequence),
                Administrator::Token(_) => self.deserted.tokens = Some(sequence),
            }
        }
    }

    /// How many of its kind administer.
    fn administrators(&self, like: Administrator) -> usize {
        match like {
            Administrator::Account(_) => self.accounts().filter(|(_, kept)| may_all(kept)).count(),
            Administrator::Token(_) => self.tokens().filter(|(_, kept)| opens_all(kept)).count(),
        }
    }
}

fn may_all(kept: &Versioned<Account>) -> bool {
    kept.entity.profile().is_some_and(Profile::administers)
}

fn opens_all(kept: &Versioned<Token>) -> bool {
    kept.entity.issued().is_some_and(|issued| issued.role == Role::Admin)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::inventory::{
        Actor,
        account::{AccountEvent, profile},
        record,
    };

    /// An account after an event at a place in `INVENTORY`.
    fn take(board: &mut Board, sequence: u64, name: &str, event: AccountEvent) -> Administrator {
        let id = profile::id(name);
        let record = record::<Account>(&[event], Actor::System, Timestamp::UNIX_EPOCH);
        board.ordered(Entity::Account(id), sequence, &record);
        Administrator::Account(id)
    }

    fn saved(name: &str, role: &str) -> AccountEvent {
        AccountEvent::Saved(Profile::read(name, role, None).unwrap())
    }

    #[test]
    fn the_last_to_administer_is_one_that_may() {
        let mut board = Board::default();
        let ada = take(&mut board, 1, "ada", saved("ada", "admin"));
        let eve = take(&mut board, 2, "eve", saved("eve", "editor"));
        let bob = take(&mut board, 3, "bob", saved("bob", "admin"));
        assert!(!board.is_last_to_administer(ada) && !board.is_last_to_administer(bob));
        let disabled = Profile { disabled: true, ..Profile::read("bob", "admin", None).unwrap() };
        take(&mut board, 4, "bob", AccountEvent::Saved(disabled));
        assert!(board.is_last_to_administer(ada));
        assert!(!board.is_last_to_administer(bob) && !board.is_last_to_administer(eve));
    }

    #[test]
    fn of_two_orders_given_at_once_the_later_left_nobody() {
        let mut board = Board::default();
        take(&mut board, 1, "ada", saved("ada", "admin"));
        take(&mut board, 2, "bob", saved("bob", "admin"));
        let ada = take(&mut board, 3, "ada", saved("ada", "viewer"));
        let bob = take(&mut board, 4, "bob", AccountEvent::Removed);
        assert!(board.left_nobody(bob, 4) && !board.left_nobody(ada, 3));
        take(&mut board, 5, "eve", saved("eve", "viewer"));
        assert!(board.left_nobody(bob, 4), "whoever looks late finds it still");
    }
}
