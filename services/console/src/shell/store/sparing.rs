//! Orders that may leave nobody who administers. Of several that are given at once, the one that
//! did is taken back.
//!
//! Each is checked before it is stored, and none may be aware of the others then: they may come
//! through another console. So what was stored is looked at once it is shown, and taken back if
//! nobody was left. All consoles read one order of records, and agree on which that was.

use proto::subject;

use super::{Order, Store, StoreError, Stored};
use crate::domain::{
    board::administrators::Administrator,
    inventory::{Actor, Ordered},
};

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Unspared<R> {
    /// It was not stored, or not taken back.
    #[error(transparent)]
    Store(#[from] StoreError<R>),
    /// It left nobody who administers, and was taken back.
    #[error("it left nobody who administers")]
    Last,
    /// It is stored, and the board does not show in time whether it left anybody.
    #[error("it is not shown in time whether anybody is left who administers")]
    Late,
}

impl Store {
    /// Carries out an order about one that may administer, unless it leaves nobody who does; `back`
    /// takes it back. One that has none leaves all who administer, and need not be shown in time.
    ///
    /// # Errors
    ///
    /// See [`Unspared`].
    pub async fn spare<E>(
        &self,
        one: Administrator,
        order: Order<E>,
        back: Option<E::Command>,
    ) -> Result<Stored, Unspared<E::Refusal>>
    where
        E: Ordered,
        E::Command: Clone,
    {
        let entity = order.entity;
        let Some(back) = back else { return Ok(self.carry_out(order).await?) };
        let stored = self.append(order).await?;
        if !self.shown(stored.version).await {
            return Err(Unspared::Late);
        }
        if !self.mirror.board().read().left_nobody(one, stored.version) {
            return Ok(stored);
        }
        let known = self.load(&subject::inventory(&entity)).await?;
        let (actor, command) = (Actor::System, back);
        self.carry_out(Order::<E> { entity, known, seen: None, actor, command }).await?;
        Err(Unspared::Last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            board::Versioned,
            inventory::{
                account::{Account, Change, Command, Profile, profile},
                token::Role,
            },
            language::Language,
        },
        shell::store::tests::stored,
    };

    #[tokio::test]
    async fn of_two_orders_that_are_not_aware_of_each_other_the_later_is_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let (context, store) = stored(&directory).await;
        let order = |name: &str, command| {
            let entity = subject::Entity::Account(profile::id(name));
            let known = store.mirror.board().read().account(&profile::id(name)).cloned();
            let known: Versioned<Account> = known.unwrap_or_default();
            Order { entity, known, seen: None, actor: Actor::System, command }
        };
        for name in ["ada", "bob"] {
            let profile = Profile::read(name, "admin", None).unwrap();
            store.carry_out(order(name, Command::Add(profile))).await.unwrap();
        }
        let change = |role| Command::Change(vec![Change::Role(role)]);
        let leave = async |name| {
            let one = Administrator::Account(profile::id(name));
            let back = Some(change(Role::Admin));
            store.spare(one, order(name, change(Role::Viewer)), back).await
        };
        leave("ada").await.unwrap();
        assert!(matches!(leave("bob").await, Err(Unspared::Last)));
        let bob = Administrator::Account(profile::id("bob"));
        assert!(store.mirror.board().read().administers(bob));
        context.tasks.stop();
    }

    #[tokio::test]
    async fn a_board_that_is_late_fails_only_what_may_leave_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let (context, store) = stored(&directory).await;
        let ada = profile::id("ada");
        let one = Administrator::Account(ada);
        let order = |known, command| {
            let entity = subject::Entity::Account(ada);
            Order::<Account> { entity, known, seen: None, actor: Actor::System, command }
        };
        let profile = Profile::read("ada", "admin", None).unwrap();
        store.carry_out(order(Versioned::default(), Command::Add(profile))).await.unwrap();
        let known = store.mirror.board().read().account(&ada).cloned().unwrap();
        // From here on it shows nothing.
        context.tasks.stop();
        context.tasks.ended().await;
        let change = |change| Command::Change(vec![change]);
        let language = change(Change::Language(Some(Language::Chinese)));
        store.spare(one, order(known.clone(), language), None).await.unwrap();
        let role = change(Change::Role(Role::Viewer));
        let left = store.spare(one, order(known, role), Some(change(Change::Role(Role::Admin))));
        assert!(matches!(left.await, Err(Unspared::Late)));
    }
}
