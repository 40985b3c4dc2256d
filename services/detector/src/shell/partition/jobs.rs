//! Asking for looks: jobs on their way to the bus.

use std::time::Duration;

use chassis::bus::{Append, AppendError, Appended, Expect, SharedBus};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use metrics::counter;
use prost::Message;
use proto::{
    id::DomainId,
    stream, subject,
    subject::Token,
    time,
    v1::{Job, Purpose},
};

use crate::domain::{schedule::Plan, watch::Watch, wish::Wish};

/// Jobs of one partition that may be on their way at once.
pub(super) const JOBS_MAX: usize = 32;

/// An offer on its way.
pub(super) type Offer = BoxFuture<'static, Offered>;

/// What became of an offer.
pub(super) struct Offered {
    pub(super) domain: DomainId,
    pub(super) look: u64,
    pub(super) answer: Result<Appended, AppendError>,
}

/// Offers a look at a domain.
pub(super) fn offer(
    bus: &SharedBus,
    region: &Token,
    domain: DomainId,
    wish: &Wish,
    watch: &Watch,
    (look, purpose): (u64, Purpose),
    now: Timestamp,
) -> Offer {
    let special = wish.special.as_deref();
    let job = Job {
        domain_id: domain.to_string(),
        look,
        inventory_revision: watch.revision(),
        host: wish.host.to_string(),
        port: wish.port.into(),
        protocol: wish.protocol.into(),
        sni: special.and_then(|it| it.sni.as_ref()).map(ToString::to_string).unwrap_or_default(),
        fixed_address: special.map(|it| it.fixed_address.clone()).unwrap_or_default(),
        known_chains: watch.spared_chains().map(|chain| chain.to_vec().into()).collect(),
        issued_at: Some(time::write(now)),
        purpose: purpose.into(),
        was_reachable: watch.was_reachable(),
    };
    let append = Append {
        stream: &stream::JOBS,
        subject: subject::job(region, &domain),
        id: format!("{domain}-{look}"),
        expect: Expect::Any,
        headers: vec![],
        payload: job.encode_to_vec().into(),
    };
    let bus = bus.clone();
    async move { Offered { domain, look, answer: bus.append(append).await } }.boxed()
}

/// Notes what became of an offer.
pub(super) fn answered(
    plan: &mut Plan,
    look: u64,
    answer: &Result<Appended, AppendError>,
    interval: Duration,
    now: Timestamp,
) {
    let outcome = match answer {
        Ok(_) => {
            plan.accepted(look, interval, now);
            "accepted"
        }
        Err(AppendError::Outstanding { .. }) => {
            plan.held_up(interval, now);
            "outstanding"
        }
        Err(
            AppendError::Outrun { .. }
            | AppendError::TooLarge { .. }
            | AppendError::Silent { .. }
            | AppendError::Failed { .. },
        ) => {
            plan.failed(now);
            "failed"
        }
    };
    counter!("certherald_jobs_total", "outcome" => outcome).increment(1);
}
