//! Takes jobs from the bus, has them scanned side by side, and brings back a fact for each.
//!
//! A job is acknowledged only after its fact is stored: a prober that dies in between leaves the
//! job to another. The fact's id is that of the look, so that a job done twice is told once.

use std::{sync::Arc, time::Duration};

use chassis::{
    bus::{Append, AppendError, BusError, Consumer, Delivery, Expect, SharedBus},
    clock::SharedClock,
    context::Context,
    dice::Dice,
    error::Chain,
    worker,
};
use kernel::backoff::Backoff;
use metrics::{counter, gauge, histogram};
use parking_lot::Mutex;
use prost::Message as _;
use proto::{
    id::DomainId,
    stream,
    subject::{self, Token},
    v1::{Job, ScanFact},
};
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::scan::Scanner;
use crate::domain::{
    eyes::{Eyes, Glance},
    fact,
};

/// How much longer than a scan's deadline a job may go unanswered: waiting for a socket, fetching
/// issuers, storing the fact.
const ANSWER_SLACK: Duration = Duration::from_secs(20);
/// Deliveries of a job after which it is given up: whatever fails three times inside us would fail
/// again, and its domain must hear so rather than nothing.
const ATTEMPTS_MAX: u32 = 3;
/// Times a fact is offered to a bus that does not take it, before the job is left to be delivered
/// again.
const OFFERS_MAX: u32 = 6;
/// Waits between those offers: 15 s in all.
const OFFER_BACKOFF: Backoff =
    Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(5) };

/// Those who do the jobs of one region.
#[derive(Clone)]
pub struct Crew {
    pub(super) scanner: Scanner,
    pub(super) bus: SharedBus,
    pub(super) clock: SharedClock,
    pub(super) dice: Arc<Dice>,
    pub(super) eyes: Arc<Mutex<Eyes>>,
    pub(super) lost: Arc<Notify>,
}

impl Crew {
    /// A crew that scans with this scanner.
    pub fn new(scanner: Scanner, context: &Context) -> Self {
        Self {
            scanner,
            bus: context.bus.clone(),
            clock: context.clock.clone(),
            dice: context.dice.clone(),
            eyes: Arc::default(),
            lost: Arc::default(),
        }
    }

    /// The consumer that all crews of a region share.
    pub fn consumer(region: &Token, deadline: Duration, scans_max: usize) -> Consumer {
        Consumer {
            stream: &stream::JOBS,
            name: format!("prober-{region}"),
            pattern: subject::jobs_of(region),
            ack_wait: deadline + ANSWER_SLACK,
            held_max: scans_max,
        }
    }

    /// Takes jobs until told to stop, and then finishes those that it holds; none while the network
    /// is lost. `taking` is called once the bus hands out jobs.
    ///
    /// # Errors
    ///
    /// When the bus is gone for good.
    pub async fn work(
        &self,
        consumer: Consumer,
        stopping: CancellationToken,
        taking: impl FnOnce(),
    ) -> Result<(), BusError> {
        let join =
            || stopping.run_until_cancelled(worker::join(&*self.bus, &*self.clock, &consumer));
        let Some(deliveries) = join().await else { return Ok(()) };
        let mut deliveries = deliveries?;
        taking();
        let mut running = JoinSet::new();
        loop {
            let delivery = tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                () = self.lost.notified() => {
                    // What was asked for and has not come is another prober's.
                    drop(deliveries);
                    tokio::select! {
                        biased;
                        () = stopping.cancelled() => break,
                        regained = self.regain(&consumer, &mut running) => regained?,
                    }
                    let Some(again) = join().await else { break };
                    deliveries = again?;
                    continue;
                }
                // The bus holds back once as many are held as we asked for: no queue of our own.
                delivery = deliveries.next() => delivery?,
            };
            while let Some(ended) = running.try_join_next() {
                note_panic(ended);
            }
            let crew = self.clone();
            running.spawn(async move {
                crew.serve(delivery).await;
            });
        }
        while let Some(ended) = running.join_next().await {
            note_panic(ended);
        }
        Ok(())
    }

    /// Does a job. Answers whether it brought a certificate.
    pub(super) async fn serve(&self, delivery: Delivery) -> bool {
        let subject = delivery.message.subject.clone();
        self.answer(delivery).await.unwrap_or_else(|error| {
            warn!(%subject, error = %Chain(&error), "A job was not answered: `{subject}`.");
            false
        })
    }

    async fn answer(&self, delivery: Delivery) -> Result<bool, BusError> {
        let job = match delivery.message.read::<Job>() {
            Ok(job) => job,
            Err(error) => {
                delivery.park(&format!("this is no job: {error}")).await?;
                return Ok(false);
            }
        };
        let domain: DomainId = match job.domain_id.parse() {
            Ok(domain) => domain,
            Err(error) => {
                delivery.park(&format!("the job is malformed: {error}")).await?;
                return Ok(false);
            }
        };
        let fact = if delivery.attempt > ATTEMPTS_MAX {
            counter!("certherald_jobs_given_up_total").increment(1);
            self.scanner.give_up(&job, "the job failed three times inside the prober")
        } else {
            self.look(domain, &job).await
        };
        let shows_certificate = fact::shows_certificate(&fact);
        if self.publish(&domain, &job, fact, &delivery).await {
            // Only now: the fact is stored, so a crash from here on costs nothing.
            delivery.ack().await?;
        }
        // Dropped unanswered, the job is delivered again once its time has run out.
        Ok(shows_certificate)
    }

    async fn look(&self, domain: DomainId, job: &Job) -> ScanFact {
        let began_at = self.clock.now();
        gauge!("certherald_scans_running").increment(1);
        let fact = self.scanner.scan(job).await;
        gauge!("certherald_scans_running").decrement(1);
        counter!("certherald_scans_total", "outcome" => outcome(&fact)).increment(1);
        let took = fact.took.as_ref().map(proto::time::read_span).unwrap_or_default();
        histogram!("certherald_scan_seconds").record(took);
        debug!(domain.id = %job.domain_id, look = job.look, "Looked at `{}`.", job.host);
        if fact::was_tried(&fact) {
            let gave = fact::shows_certificate(&fact);
            let glance = Glance { gave, began_at, ended_at: self.clock.now() };
            let outage = self.eyes.lock().look(domain, job, glance);
            if let Some(outage) = outage {
                self.lose(outage);
            }
        }
        fact
    }

    /// Whether the fact is stored. A fact that does not fit is stored as our failure instead.
    async fn publish(&self, id: &DomainId, job: &Job, fact: ScanFact, held: &Delivery) -> bool {
        let mut append = Append {
            stream: &stream::FACTS,
            subject: subject::fact(id),
            id: format!("fact-{id}-{}-{}", job.inventory_revision, job.look),
            expect: Expect::Any,
            headers: Vec::new(),
            payload: fact.encode_to_vec().into(),
        };
        for offer in 1..=OFFERS_MAX {
            let failure = match self.bus.append(append.clone()).await {
                Ok(_) => return true,
                Err(AppendError::TooLarge { bytes, max, .. }) => {
                    let detail = format!("the fact has {bytes} bytes: at most {max} fit");
                    append.payload = self.scanner.give_up(job, &detail).encode_to_vec().into();
                    continue;
                }
                Err(failure) => failure,
            };
            warn!(domain.id = %id, offer, error = %Chain(&failure), "No fact stored for `{id}`.");
            if !failure.is_transient() {
                return false;
            }
            let wait = OFFER_BACKOFF.wait(offer, 1.0);
            self.clock.sleep(wait).await;
            if let Err(error) = held.hold().await {
                debug!(error = %Chain(&error), "The job of `{id}` could not be held.");
            }
        }
        false
    }
}

/// What a scan came to, for a metric: few values.
fn outcome(fact: &ScanFact) -> &'static str {
    if fact.own_failure.is_some() {
        return "own_failure";
    }
    if fact::shows_certificate(fact) { "certificate" } else { "no_certificate" }
}

/// What a task came to. A scan that panics is a bug of ours: its job is delivered again, and given
/// up after three times.
pub(super) fn note_panic<T>(ended: Result<T, JoinError>) -> Option<T> {
    let panic = match ended {
        Ok(came_to) => return Some(came_to),
        Err(panic) => panic,
    };
    counter!("certherald_scan_panics_total").increment(1);
    error!(error = %panic, "A scan ended in a panic.");
    None
}
