//! What is done with a domain when its time has come.

use std::time::Duration;

use chassis::error::Chain;
use jiff::Timestamp;
use proto::v1::{Kind, ProberBlindness, Purpose};
use tracing::warn;

use super::{
    AGAIN,
    desk::{Desk, DeskError},
    entry::Entry,
    jobs::{self, Offer},
};
use crate::{
    domain::{
        watch::command::{Ask, Clock, Extent},
        wish::Standing,
    },
    shell::{errands::Errand, shared::ALL_PROBERS},
};

/// What came of a turn.
pub(super) struct Turned {
    /// A job that is on its way.
    pub(super) offer: Option<Offer>,
    /// When the next turn may be at the earliest.
    pub(super) not_before: Timestamp,
}

impl Desk<'_> {
    /// Attends to a domain: takes in its order, judges its time, asks for a look, whichever is due.
    pub(super) async fn turn(&self, entry: &mut Entry, room: bool) -> Turned {
        let mut turned = Turned { offer: None, not_before: self.now };
        match self.attend(entry, room).await {
            Ok(Some(offer)) => turned.offer = Some(offer),
            Ok(None) => {}
            Err(error) => {
                warn!(
                    domain.id = %self.domain, error = %Chain(&error),
                    "A turn of a domain is taken again.",
                );
                turned.not_before = self.later();
            }
        }
        if entry.due().is_some_and(|due| due <= self.now) {
            // What could not be done now, for want of room or of a clock that agrees.
            turned.not_before = self.later();
        }
        turned
    }

    async fn attend(&self, entry: &mut Entry, room: bool) -> Result<Option<Offer>, DeskError> {
        if let Some(wish) = entry.pending() {
            let (revision, terms_at) = (wish.revision, wish.terms_at);
            let ask = match wish.standing {
                Standing::Enabled => Ask::Watch { revision, terms_at },
                Standing::Disabled => Ask::Unwatch { revision, removed: false },
                Standing::Removed => Ask::Unwatch { revision, removed: true },
            };
            self.say(entry, ask).await?;
            if let Some(plan) = &mut entry.plan {
                plan.hurry(Purpose::Enabling, self.now);
            }
        }
        let watch = &entry.known.state;
        if !watch.is_watched() {
            return Ok(None);
        }
        if watch.wake_at().is_some_and(|at| at <= self.now) && self.shared.clock() == Clock::Agreed
        {
            self.wake(entry).await?;
        }
        let due = entry.plan.as_ref().is_some_and(|plan| plan.turn.at <= self.now);
        if due && room {
            return self.look(entry).await;
        }
        Ok(None)
    }

    /// Judges what is believed by the time.
    async fn wake(&self, entry: &mut Entry) -> Result<(), DeskError> {
        let Some(wish) = entry.wish().cloned() else { return Ok(()) };
        let judgement = self.judge(entry, &wish, None).await?;
        let outlook = entry.known.state.after_waking(&judgement);
        if !self.say(entry, Ask::Wake { port: wish.port, judgement }).await? {
            entry.known.state.note(outlook);
        }
        Ok(())
    }

    /// Asks for a look, after saying that nobody sees the domain if it has come to that.
    async fn look(&self, entry: &mut Entry) -> Result<Option<Offer>, DeskError> {
        let interval = entry.interval(self.shared.config.interval);
        if let Some(plan) = &mut entry.plan {
            plan.turned(interval, self.now);
        }
        if entry.is_missed() {
            self.miss(entry, interval).await?;
        }
        let (Some(wish), Some(plan)) = (entry.wish().cloned(), &mut entry.plan) else {
            return Ok(None);
        };
        let watch = &entry.known.state;
        let number = plan.next_look(watch, self.now);
        let asked = (number, plan.turn.purpose);
        plan.offering(self.now);
        let (bus, region) = (&self.office.bus, &self.shared.config.region);
        Ok(Some(jobs::offer(bus, region, self.domain, &wish, watch, asked, self.now)))
    }

    /// Says that nobody sees the domain, unless that has been said.
    async fn miss(&self, entry: &mut Entry, interval: Duration) -> Result<(), DeskError> {
        let coverage = self.shared.census.coverage();
        let extent = coverage.extent(interval, self.now);
        let is_told = entry.known.state.is_told_unseen(extent);
        // Also when all that go unseen were told of before: then this is all that is left to say.
        // But that nothing was heard for a while is no news of a single one that was told of.
        let is_news = !is_told || coverage.most_go_unseen();
        if coverage.is_lost(interval, self.now) && is_news && self.shared.census.all_blind() {
            self.shared.errands.leave(Errand::Doubt(ProberBlindness {
                prober: ALL_PROBERS.to_owned(),
                failed: u32::try_from(coverage.unseen).unwrap_or(u32::MAX),
                looked: u32::try_from(coverage.watched).unwrap_or(u32::MAX),
            }));
        }
        if is_told {
            return Ok(());
        }
        let unanswered = entry.plan.as_ref().map_or(0, |plan| u32::from(plan.missed));
        let last_seen = match extent {
            Extent::Alone => self.last_seen().await?,
            Extent::Most => None,
        };
        self.say(entry, Ask::Miss { unanswered, last_seen, extent }).await?;
        debug_assert!(
            extent == Extent::Most || entry.known.state.open_of(Kind::NotObserved).is_some(),
            "what was missed is said"
        );
        Ok(())
    }

    /// When the last fact of the domain came, if one is kept.
    async fn last_seen(&self) -> Result<Option<Timestamp>, DeskError> {
        let subject = proto::subject::fact(&self.domain);
        let last = self.office.bus.last(&proto::stream::FACTS, &subject).await?;
        Ok(last.map(|message| message.stored_at))
    }

    fn later(&self) -> Timestamp {
        self.now.checked_add(AGAIN).unwrap_or(Timestamp::MAX)
    }
}
