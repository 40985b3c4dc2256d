//! What is done with a fact.

use jiff::Timestamp;
use metrics::counter;
use proto::{
    id::DomainId,
    time,
    v1::{Intermediate, Reason, ScanFact, endpoint_fact::Outcome},
};

use super::{
    Partition,
    desk::{Desk, DeskError},
    entry::Entry,
    recount,
};
use crate::{
    domain::{
        blind::Belief,
        court::{Proven, Terms},
        schedule,
        sight::{self, Look, Malformed, Sight},
        watch::command::{Ask, Weigh},
        wish::Wish,
    },
    shell::{errands::Errand, shared::ALL_PROBERS},
};

/// Why a fact was not judged, though it might have to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactError {
    /// It comes from no prober of ours.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The decision did not come about.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Another detector leads, or this one has not heard of the order that the fact answers.
    #[error("this detector cannot judge it yet")]
    NotYet,
}

impl FactError {
    /// Whether no repetition can help.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            Self::Malformed(_) => true,
            Self::Desk(error) => error.is_permanent(),
            Self::NotYet => false,
        }
    }
}

/// What a fact was good for.
enum Use {
    Steady,
    Late,
    Unseen,
    Weighed,
}

impl Partition {
    /// Judges a fact. When it answers, what was decided is stored.
    pub(crate) async fn seen(
        &mut self,
        domain: DomainId,
        fact: &ScanFact,
    ) -> Result<(), FactError> {
        let Some(office) = &self.office else { return Err(FactError::NotYet) };
        let now = self.clock.now();
        self.shared.census.heard(now);
        let Some(entry) = self.entries.get_mut(&domain) else { return Ok(()) };
        let desk = Desk::new(&self.shared, office, &self.dice, domain, now);
        let used = desk.fact(entry, fact).await?;
        let outcome = match used {
            Use::Steady => "steady",
            Use::Late => "late",
            Use::Unseen => "unseen",
            Use::Weighed => "weighed",
        };
        counter!("certherald_facts_total", "outcome" => outcome).increment(1);
        recount(&self.shared, entry);
        // Only now: the domain of this fact is no longer among those that go unseen.
        if matches!(used, Use::Steady | Use::Weighed) && self.shared.census.seen(now) {
            self.shared.errands.leave(Errand::Trust(ALL_PROBERS.to_owned()));
        }
        if let Some(at) = entry.due() {
            self.timers.set(&mut entry.alarm, domain, at);
        }
        Ok(())
    }
}

impl Desk<'_> {
    async fn fact(&self, entry: &mut Entry, fact: &ScanFact) -> Result<Use, FactError> {
        let Some(wish) = entry.wish() else { return Ok(Use::Late) };
        if fact.inventory_revision > wish.revision {
            return Err(FactError::NotYet);
        }
        let Some(plan) = entry.plan.as_ref() else { return Err(FactError::NotYet) };
        if fact.look <= plan.answered {
            return Ok(Use::Late);
        }
        if entry.known.state.admits(fact.look, fact.inventory_revision).is_err() {
            return Ok(Use::Late);
        }
        if self.is_steady(entry, fact) {
            self.believe(entry, &fact.prober, false);
            self.heard(entry, fact.look);
            return Ok(Use::Steady);
        }
        let wish = wish.clone();
        self.weigh(entry, &wish, Look::read(fact)?).await
    }

    /// Whether a fact says what is believed anyway, all of it good, and no time has come: by far
    /// the most do, and nothing is allocated for them.
    fn is_steady(&self, entry: &Entry, fact: &ScanFact) -> bool {
        let watch = &entry.known.state;
        if fact.own_failure.is_some() || watch.wake_at().is_none_or(|at| at <= self.now) {
            return false;
        }
        let disproved = |outcome: &Outcome| match outcome {
            Outcome::Handshake(handshake) => sight::showing(handshake).is_none(),
            Outcome::Failure(_) => false,
        };
        let outcomes = || fact.endpoints.iter().filter_map(|endpoint| endpoint.outcome.as_ref());
        let showings = outcomes().filter_map(|outcome| match outcome {
            Outcome::Handshake(handshake) => sight::showing(handshake),
            Outcome::Failure(_) => None,
        });
        watch.expects(showings)
            && !outcomes().any(disproved)
            && watch.judged_under() == self.shared.under(entry.wish().and_then(Wish::private))
    }

    async fn weigh(&self, entry: &mut Entry, wish: &Wish, look: Look) -> Result<Use, FactError> {
        let (failed, is_believed) = match &look.sight {
            Sight::NotSeen => (true, false),
            // It was not even dialled, so that it says nothing of the prober's network.
            Sight::Nothing { absence, .. } if absence.reason == Reason::AddressNotAllowed => {
                (true, true)
            }
            Sight::Nothing { .. } => (true, self.believe(entry, look.prober.as_str(), true)),
            Sight::Certificates(_) => (false, self.believe(entry, look.prober.as_str(), false)),
        };
        if !is_believed {
            self.not_seen(entry);
            return Ok(Use::Unseen);
        }
        let proven = self.shared.court.lock().hear(&Terms::from(wish), &look);
        for proven in &proven {
            self.shared.errands.leave(Errand::Publish(published(proven, self.now)));
        }
        let judgement = self.judge(entry, wish, Some(&look)).await?;
        if look.showings().iter().any(|showing| !judgement.showings.contains_key(showing)) {
            // A chain that the prober takes for known is neither held nor in the log: nothing can
            // be said of it, and the look stays unanswered.
            self.not_seen(entry);
            return Ok(Use::Unseen);
        }
        let number = look.number;
        let outlook = entry.known.state.after_look(&judgement, self.now);
        let ask = Ask::Weigh(Weigh { look, port: wish.port, judgement });
        if !self.say(entry, ask).await? && !failed {
            entry.known.state.note(outlook);
        }
        self.heard(entry, number);
        Ok(Use::Weighed)
    }

    /// Whether a prober is believed. It is judged by domains that answered the last time; while it
    /// is blind, its failures count for no domain, also not for one that had begun to fail.
    fn believe(&self, entry: &Entry, prober: &str, failed: bool) -> bool {
        if !entry.known.state.was_reachable() {
            return !(failed && self.shared.probers.lock().is_blind(prober));
        }
        match self.shared.probers.lock().look(prober, self.domain, failed, self.now) {
            Belief::Believed => true,
            Belief::Doubted => false,
            Belief::Blinded(blindness) => {
                self.shared.errands.leave(Errand::Doubt(blindness));
                false
            }
            Belief::Seeing => {
                self.shared.errands.leave(Errand::Trust(prober.to_owned()));
                true
            }
        }
    }

    fn heard(&self, entry: &mut Entry, look: u64) {
        let interval = entry.interval(self.shared.config.interval);
        let watch = &entry.known.state;
        let turn = schedule::next(watch, &self.domain, interval, self.now, self.dice.chance());
        if let Some(plan) = &mut entry.plan {
            plan.heard(look, turn);
        }
    }

    fn not_seen(&self, entry: &mut Entry) {
        let interval = entry.interval(self.shared.config.interval);
        if let Some(plan) = &mut entry.plan {
            plan.not_seen(interval, self.now, self.dice.chance());
        }
    }
}

fn published(proven: &Proven, now: Timestamp) -> Intermediate {
    Intermediate {
        certificate: proven.certificate.der().to_vec().into(),
        first_seen: Some(time::write(now)),
        source: proven.source.to_string(),
    }
}
