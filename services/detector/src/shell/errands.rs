//! What whoever leads does beside the work of the partitions: tells of intermediates, and carries
//! what is thought of probers to their histories. What fails is done again, after all others and
//! ever later, until the term ends; what was not tried yet waits for none of it.

use std::{collections::BTreeMap, future::Future, ops::Bound, time::Duration};

use chassis::{
    bus::{Append, AppendError, Expect, SharedBus},
    context::Context,
    error::Chain,
};
use kernel::backoff::Backoff;
use parking_lot::Mutex;
use prost::Message;
use proto::{
    stream, subject,
    v1::{Intermediate, ProberBlindness},
};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, oneshot};
use tracing::warn;

use super::{
    partition::{DeskError, Letter, prober_id},
    posts::Posts,
};
use crate::domain::watch::command::Ask;

/// Errands that wait: as many as there may be of intermediates and probers that are remembered, so
/// that none is refused before these are.
const ERRANDS_MAX: usize = 32 * 1024;

/// Waits before one that failed is done again, when all that wait have failed.
const RETRY: Backoff = Backoff { base: Duration::from_millis(200), cap: Duration::from_mins(1) };

/// Something to be done by whoever leads, beside the work of one partition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Errand {
    /// Tell all detectors of an intermediate.
    Publish(Intermediate),
    /// Say that a prober cannot be believed.
    Doubt(ProberBlindness),
    /// Say that it can be believed again.
    Trust(String),
}

/// Why an errand is done again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ErrandError {
    /// The intermediate was not stored.
    #[error("an intermediate is not shared")]
    Share(#[from] AppendError),
    /// What is thought of a prober was not stored.
    #[error("what is thought of a prober was not recorded")]
    Record(#[from] DeskError),
    /// The partition does not lead any more.
    #[error("this detector does not lead")]
    NoTerm,
}

impl ErrandError {
    /// Whether no repetition can help: it is too large for the bus.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Share(error) => matches!(error, AppendError::TooLarge { .. }),
            Self::Record(error) => error.is_permanent(),
            Self::NoTerm => false,
        }
    }
}

/// Errands that wait to be done, one for each thing that they may be about.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    waiting: Mutex<Waiting>,
    left: Notify,
}

/// Errands by what they are about, which stands in one of the two.
#[derive(Debug, Default)]
struct Waiting {
    untried: BTreeMap<About, Errand>,
    failed: BTreeMap<About, Errand>,
}

/// What an errand is about: a later one takes the place of an earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Prober(String),
    Intermediate([u8; 32]),
}

impl Errands {
    /// Leaves an errand.
    pub(crate) fn leave(&self, errand: Errand) {
        let about = errand.about();
        let mut waiting = self.waiting.lock();
        waiting.failed.remove(&about);
        let is_full = waiting.untried.len() + waiting.failed.len() >= ERRANDS_MAX;
        if is_full && !waiting.untried.contains_key(&about) {
            warn!("Too many errands at once: one is left undone.");
            return;
        }
        waiting.untried.insert(about, errand);
        self.left.notify_one();
    }

    /// Forgets what was thought of probers in an earlier term: others have led since.
    pub(super) fn forget_probers(&self) {
        let Waiting { untried, failed } = &mut *self.waiting.lock();
        for errands in [untried, failed] {
            errands.retain(|about, _| matches!(about, About::Intermediate(_)));
        }
    }

    /// An errand that waits: one that was not tried yet, else the one after the last that was.
    /// Waits for one.
    async fn next(&self, last: Option<&About>) -> Errand {
        loop {
            if let Some(errand) = self.following(last) {
                return errand;
            }
            self.left.notified().await;
        }
    }

    fn following(&self, last: Option<&About>) -> Option<Errand> {
        let Waiting { untried, failed } = &*self.waiting.lock();
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        let following = || failed.range::<About, _>((after, Bound::Unbounded)).next();
        let next = untried.iter().next().or_else(following).or_else(|| failed.iter().next());
        next.map(|(_, errand)| errand.clone())
    }

    /// An errand was done, unless another has taken its place meanwhile.
    fn done(&self, errand: &Errand) {
        self.waiting.lock().take(errand);
    }

    /// An errand failed, unless another has taken its place meanwhile.
    fn failed(&self, errand: &Errand) {
        let mut waiting = self.waiting.lock();
        if let Some((about, errand)) = waiting.take(errand) {
            waiting.failed.insert(about, errand);
        }
    }

    /// Waits until what failed is to be done again, or there is one that was not tried yet.
    async fn pause(&self, wait: impl Future<Output = ()>) {
        let one_is_left = async {
            while self.waiting.lock().untried.is_empty() {
                self.left.notified().await;
            }
        };
        tokio::select! {
            biased;
            () = one_is_left => {}
            () = wait => {}
        }
    }
}

impl Waiting {
    fn take(&mut self, errand: &Errand) -> Option<(About, Errand)> {
        let about = errand.about();
        let mut all = [&mut self.untried, &mut self.failed].into_iter();
        let waiting = all.find(|waiting| waiting.get(&about) == Some(errand))?;
        waiting.remove_entry(&about)
    }
}

impl Errand {
    fn about(&self) -> About {
        match self {
            Self::Publish(intermediate) => About::Intermediate(sha256(intermediate)),
            Self::Doubt(blindness) => About::Prober(blindness.prober.clone()),
            Self::Trust(prober) => About::Prober(prober.clone()),
        }
    }
}

/// Does errands until the term ends, when nobody polls it any more: what is not done waits on.
pub(super) async fn run(context: &Context, bus: &SharedBus, posts: &Posts, errands: &Errands) {
    let (mut failures, mut last) = (0, None);
    loop {
        let errand = errands.next(last.as_ref()).await;
        match attempt(bus, posts, &errand).await {
            Ok(()) => {
                errands.done(&errand);
                failures = 0;
            }
            Err(error) if error.is_permanent() => {
                warn!(error = %Chain(&error), "An errand cannot be done.");
                errands.done(&errand);
            }
            Err(error) => {
                failures += 1;
                warn!(error = %Chain(&error), failures, "An errand is done again.");
                errands.failed(&errand);
                // What refused this one may refuse all that were not tried yet.
                context.clock.sleep(RETRY.base).await;
                let wait = RETRY.wait(failures, context.dice.chance());
                errands.pause(context.clock.sleep(wait)).await;
            }
        }
        last = Some(errand.about());
    }
}

async fn attempt(bus: &SharedBus, posts: &Posts, errand: &Errand) -> Result<(), ErrandError> {
    let (answer, said) = oneshot::channel();
    let (prober, ask) = match errand {
        Errand::Publish(intermediate) => return publish(bus, intermediate).await,
        Errand::Doubt(blindness) => (&blindness.prober, Ask::Doubt(blindness.clone())),
        Errand::Trust(prober) => (prober, Ask::Trust),
    };
    let id = prober_id(prober);
    posts.send(id, Letter::OfProber(id, prober.clone(), ask, answer)).await;
    said.await.unwrap_or(Err(ErrandError::NoTerm))
}

/// Tells all detectors of an intermediate.
async fn publish(bus: &SharedBus, intermediate: &Intermediate) -> Result<(), ErrandError> {
    let subject = subject::intermediate(&sha256(intermediate));
    let append = Append {
        stream: &stream::INTERMEDIATES,
        id: subject.clone(),
        subject,
        expect: Expect::Version(0),
        headers: vec![],
        payload: intermediate.encode_to_vec().into(),
    };
    match bus.append(append).await {
        Ok(_) | Err(AppendError::Outrun { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn sha256(intermediate: &Intermediate) -> [u8; 32] {
    Sha256::digest(&intermediate.certificate).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intermediate(n: u8) -> Errand {
        let certificate = vec![n].into();
        Errand::Publish(Intermediate { certificate, ..Intermediate::default() })
    }

    fn doubt(prober: &str) -> Errand {
        Errand::Doubt(ProberBlindness { prober: prober.to_owned(), failed: 20, looked: 20 })
    }

    fn left(all: impl IntoIterator<Item = Errand>) -> Errands {
        let errands = Errands::default();
        all.into_iter().for_each(|errand| errands.leave(errand));
        errands
    }

    #[test]
    fn none_is_left_undone_however_many_come_at_once() {
        let many = (0..5_000).map(|n| doubt(&n.to_string()));
        let errands = left(many);
        let mut done = 0;
        while let Some(errand) = errands.following(None) {
            errands.done(&errand);
            done += 1;
        }
        assert_eq!(done, 5_000);
    }

    #[tokio::test]
    async fn one_that_failed_is_done_again_after_the_others() {
        let errands = left([intermediate(1), intermediate(2), doubt("p")]);
        let failed = errands.next(None).await;
        errands.failed(&failed);
        let mut tried = vec![failed.clone()];
        while tried.len() < 4 {
            let last = tried.last().map(Errand::about);
            let errand = errands.next(last.as_ref()).await;
            if errand != failed {
                errands.done(&errand);
            }
            tried.push(errand);
        }
        assert_eq!(tried.iter().filter(|errand| **errand == failed).count(), 2);
        assert_eq!(tried.last(), Some(&failed));
    }

    #[tokio::test]
    async fn what_is_left_waits_for_nothing_that_failed() {
        let errands = left([doubt("p"), doubt("q")]);
        for name in ["p", "q"] {
            errands.failed(&doubt(name));
        }
        let left = async { errands.leave(doubt("r")) };
        tokio::join!(errands.pause(std::future::pending()), left);
        for last in ["p", "q"] {
            assert_eq!(errands.next(Some(&doubt(last).about())).await, doubt("r"));
        }
        errands.done(&doubt("r"));
        errands.pause(std::future::ready(())).await;
        assert_eq!(errands.next(Some(&doubt("p").about())).await, doubt("q"));
    }

    #[tokio::test]
    async fn the_last_word_on_a_prober_counts() {
        let errands = left([doubt("p")]);
        let begun = errands.next(None).await;
        errands.leave(Errand::Trust("p".to_owned()));
        errands.done(&begun);
        assert_eq!(errands.next(None).await, Errand::Trust("p".to_owned()));
    }

    #[test]
    fn a_new_term_knows_only_of_intermediates() {
        let errands = left([intermediate(1), doubt("p")]);
        errands.forget_probers();
        assert_eq!(errands.following(None), Some(intermediate(1)));
        errands.done(&intermediate(1));
        assert_eq!(errands.following(None), None);
    }
}
