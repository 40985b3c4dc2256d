//! Orders that may leave nobody who administers: refused before they are stored, as far as the
//! board knows, and taken back otherwise ([`store::sparing`](crate::shell::store::sparing)).

use proto::{
    id::{AccountId, TokenId},
    subject::Entity,
};

use super::{Api, accounts, problem::Problem};
use crate::{
    domain::{
        board::{Versioned, administrators::Administrator},
        inventory::{
            Actor,
            account::{Account, Change, Command},
            token::{self, Issued, Token},
        },
        refusal::{Refusal, Slow},
    },
    shell::store::{Order, sparing::Unspared},
};

/// Changes an account.
///
/// # Errors
///
/// When nobody would administer, or it cannot be stored.
pub(super) async fn change(
    api: &Api,
    actor: Actor,
    id: AccountId,
    seen: Option<u64>,
    changes: Vec<Change>,
) -> Result<(), Problem> {
    let one = Administrator::Account(id);
    let (known, is_last) = api.look(|board| {
        let known = board.account(&id).cloned().unwrap_or_default();
        (known, board.is_last_to_administer(one))
    });
    // Whether it administers may have changed since: what is asked tells whether it may leave.
    let may_leave = changes.iter().any(Change::may_leave);
    if is_last && may_leave {
        return Err(Problem::conflict(Refusal::LastAccount));
    }
    // One that has no profile refuses.
    let back = known.entity.profile().map(|before| before.back(&changes)).unwrap_or_default();
    let back = may_leave.then_some(Command::Change(back));
    let (entity, command) = (Entity::Account(id), Command::Change(changes));
    let order = Order::<Account> { entity, known, seen, actor, command };
    let stored = api.store.spare(one, order, back).await;
    stored.map(drop).map_err(|error| unspared(error, Refusal::LastAccount))
}

/// Why an order was not carried out; `last`: nobody would administer.
fn unspared<R: Into<Problem>>(error: Unspared<R>, last: Refusal) -> Problem {
    match error {
        Unspared::Store(error) => Problem::of(error),
        Unspared::Last => Problem::conflict(last),
        Unspared::Late => Problem::slow(Slow::Showing),
    }
}

/// Removes an account. One that administers is disabled first, since that can be taken back.
///
/// When the board is late to show that, the account is disabled and still there. Asked again, it is
/// removed as soon as the board shows it: it does not administer any more, or being disabled twice
/// changes nothing and is waited for. Whoever names a version has to read the new one first.
///
/// # Errors
///
/// When nobody would administer, or it cannot be stored.
pub(super) async fn remove(
    api: &Api,
    actor: Actor,
    id: AccountId,
    mut seen: Option<u64>,
) -> Result<(), Problem> {
    if api.look(|board| board.administers(Administrator::Account(id))) {
        change(api, actor, id, seen.take(), vec![Change::Disabled(true)]).await?;
    }
    accounts::order(api, actor, id, seen, Command::Remove).await
}

/// Revokes a token that opens something.
///
/// # Errors
///
/// When no token would administer, or it cannot be stored.
pub(super) async fn revoke(
    api: &Api,
    actor: Actor,
    id: TokenId,
    (known, before): (Versioned<Token>, Issued),
) -> Result<(), Problem> {
    let one = Administrator::Token(id);
    if api.look(|board| board.is_last_to_administer(one)) {
        return Err(Problem::conflict(Refusal::LastToken));
    }
    let (entity, command) = (Entity::Token(id), token::Command::Revoke);
    let order = Order::<Token> { entity, known, seen: None, actor, command };
    let stored = api.store.spare(one, order, Some(token::Command::Restore(before))).await;
    stored.map(drop).map_err(|error| unspared(error, Refusal::LastToken))
}
