//! One active, standbys beside it: whoever holds a lease on the bus works, all others wait for it.
//!
//! The lease has a limit and is renewed all the time. Its holder counts the limit from before it
//! asked, so that it stops before anybody else may begin; a process that was frozen for longer
//! finds its term over at the first thing it wants to write. Behind all of this stands the version
//! check of each append: two who believe to lead still cannot both be first.

use std::{error::Error, future::Future, time::Duration};

use futures::future::{Either, select};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    bus::{BusError, Lease},
    context::Context,
    error::Chain,
};

mod fenced;
mod term;

pub use term::Term;

/// How long a lease holds from its last renewal: taking over from the dead is promised within 5 s.
pub const LIMIT: Duration = Duration::from_secs(3);

/// How often it is renewed: twice may fail.
const RENEWAL: Duration = Duration::from_secs(1);

/// How long the answer to a renewal is waited for: two that nobody answers fit within the limit,
/// and the second may be answered.
const RENEWAL_WAIT: Duration = Duration::from_millis(750);

/// Pause after a renewal that failed before the next, while the lease still holds.
const RENEWAL_AGAIN: Duration = Duration::from_millis(250);

/// How often a standby tries to take it.
const ATTEMPT: Duration = Duration::from_millis(500);

/// How long the work of a term may take to end when the term has: it cannot write any more, and
/// another term may wait for it.
const END_MAX: Duration = Duration::from_secs(10);

/// Works whenever this process holds the lease, until the process stops.
///
/// `work` is called once for each term. It returns when [`Term::ended`] is cancelled, and writes
/// through [`Term::bus`]. Between terms this waits, as a standby does.
///
/// # Errors
///
/// The error with which `work` ended while the lease was held. Whatever fails when it is lost fails
/// because of that: this process then stands by again.
pub async fn lead<F, Fut, E>(context: &Context, name: &str, mut work: F) -> Result<(), E>
where
    F: FnMut(Term) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Error + 'static,
{
    let stopping = context.tasks.stopping();
    let mut complained = false;
    while !stopping.is_cancelled() {
        // Before it is asked for: the limit counts from the moment the bus heard of it, which is
        // later.
        let asked_at = context.clock.now();
        let holder = context.instance.as_str();
        match context.bus.acquire(name, holder, LIMIT).await {
            Ok(Some(lease)) => {
                info!(lease = name, fence = lease.fence, "This process leads: it is the `{name}`.");
                complained = false;
                serve(context, &lease, asked_at, &mut work).await?;
                info!(lease = name, "This process does not lead any more.");
            }
            Ok(None) => complained = false,
            Err(error) if complained => debug!(lease = name, error = %Chain(&error), "No lease."),
            Err(error) => {
                warn!(lease = name, error = %Chain(&error), "The lease cannot be asked for.");
                complained = true;
            }
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = context.clock.sleep(ATTEMPT) => {}
        }
    }
    Ok(())
}

/// One term: works and renews, until either ends; then gives the lease back if it is still ours.
async fn serve<F, Fut, E>(
    context: &Context,
    lease: &Lease,
    asked_at: Timestamp,
    work: &mut F,
) -> Result<(), E>
where
    F: FnMut(Term) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Error + 'static,
{
    let term = Term::begin(context, lease, asked_at);
    let done = CancellationToken::new();
    let working = std::pin::pin!(work(term.clone()));
    // On while the work comes to its end, too: what it still stores must not be another's to store.
    let renewing = std::pin::pin!(renew(context, &term, lease.clone(), &done));
    let (worked, kept) = match select(working, renewing).await {
        Either::Left((worked, renewing)) => {
            done.cancel();
            (worked, renewing.await)
        }
        Either::Right((kept, working)) => {
            term.end();
            (finish(context, working).await, kept)
        }
    };
    term.end();
    let Some(lease) = kept else {
        if let Err(error) = worked {
            warn!(error = %Chain(&error), "The work of a term ended as its lease was lost.");
        }
        return Ok(());
    };
    if let Err(error) = context.bus.release(&lease).await {
        debug!(error = %Chain(&error), "The lease was not given back: it runs out.");
    }
    worked
}

/// Lets the work of a term that is over come to its end, but not for long.
async fn finish<E>(
    context: &Context,
    working: impl Future<Output = Result<(), E>> + Unpin,
) -> Result<(), E> {
    let patience = std::pin::pin!(context.clock.sleep(END_MAX));
    match select(working, patience).await {
        Either::Left((worked, _)) => worked,
        Either::Right(((), _)) => {
            warn!("The work of a term did not end with it: dropping it.");
            Ok(())
        }
    }
}

/// Renews a lease until the work is done or the lease is lost. Answers the lease if it is still
/// held.
async fn renew(
    context: &Context,
    term: &Term,
    mut lease: Lease,
    done: &CancellationToken,
) -> Option<Lease> {
    let mut wait = RENEWAL;
    loop {
        tokio::select! {
            biased;
            () = done.cancelled() => return term.holds().then_some(lease),
            () = context.clock.sleep(wait) => {}
        }
        let asked_at = context.clock.now();
        let renewed = tokio::select! {
            renewed = context.bus.renew(&lease) => renewed,
            () = context.clock.sleep(RENEWAL_WAIT) => Err(BusError::Unreachable {
                operation: "renew the lease".to_owned(),
                source: format!("no answer within {RENEWAL_WAIT:?}").into(),
            }),
            () = term.run_out() => return None,
        };
        wait = match renewed {
            Ok(Some(renewed)) => {
                term.renewed(&renewed, asked_at);
                lease = renewed;
                RENEWAL
            }
            Ok(None) => {
                warn!(lease = %lease.name, "The lease ran out and is another's.");
                return None;
            }
            Err(error) => {
                warn!(lease = %lease.name, error = %Chain(&error), "The lease is not renewed yet.");
                RENEWAL_AGAIN
            }
        };
        if !term.holds() {
            warn!(lease = %lease.name, "The lease was not renewed in time.");
            return None;
        }
    }
}
