//! Whether the clock of this host agrees with that of the bus. Where it does not, a service is not
//! ready, and says `clock_skew`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use crate::{bus::BusError, context::Context, health::Check};

/// How far apart two clocks may be.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(2);
/// How often they are compared.
const COMPARISON: Duration = Duration::from_secs(5);

/// Says on `/ready` whether the clocks agree, until the process stops. Services of one process say
/// it each for itself.
pub fn watch(context: &Context) {
    follow(context, |_| {});
}

/// The same, and tells with each comparison whether they are apart.
pub fn follow(context: &Context, told: impl Fn(bool) + Send + 'static) {
    let check = context.health.check(format!("{} clock", context.service.token()));
    let comparing = compare(context.clone(), check, told);
    let stopping = context.tasks.stopping();
    context.tasks.spawn("clock", async move {
        stopping.run_until_cancelled(comparing).await;
        // A bus that does not answer says nothing about the time.
        Ok::<_, BusError>(())
    });
}

async fn compare(context: Context, check: Check, told: impl Fn(bool)) {
    let mut were_apart = false;
    loop {
        let asked_at = context.clock.now();
        if let Ok(theirs) = context.bus.now().await {
            let skew = skew(asked_at, theirs, context.clock.now());
            let are_apart = skew > SKEW_MAX;
            if are_apart {
                check.not_ready("clock_skew");
            } else {
                check.ready();
            }
            told(are_apart);
            let skew_ms = skew.as_millis();
            match (were_apart, are_apart) {
                (false, true) => warn!(skew_ms, "This clock is not that of the bus: mend it."),
                (true, false) => info!(skew_ms, "This clock agrees with the bus again."),
                (true, true) | (false, false) => {}
            }
            were_apart = are_apart;
        }
        context.clock.sleep(COMPARISON).await;
    }
}

/// How far this clock is from another at least, whichever way, however long the answer took.
fn skew(asked_at: Timestamp, theirs: Timestamp, answered_at: Timestamp) -> SignedDuration {
    let behind = asked_at.duration_since(theirs);
    let ahead = theirs.duration_since(answered_at);
    behind.max(ahead).max(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use parking_lot::Mutex;
    use proto::stream::Service;
    use tokio::sync::{Notify, mpsc};

    use super::*;
    use crate::{
        bus::embedded::Embedded,
        clock::{Clock, SystemClock},
        dice::Dice,
        health::Health,
        tasks::Tasks,
    };

    /// A clock that is so much ahead, and at which everybody sleeps until that changes.
    #[derive(Default)]
    struct Ahead {
        by: Mutex<SignedDuration>,
        changed: Notify,
    }

    #[async_trait]
    impl Clock for Ahead {
        fn now(&self) -> Timestamp {
            SystemClock.now() + *self.by.lock()
        }

        async fn sleep_until(&self, _: Timestamp) {
            self.changed.notified().await;
        }
    }

    #[tokio::test]
    async fn a_service_is_ready_while_its_clock_is_about_that_of_the_bus() {
        let directory = tempfile::tempdir().unwrap();
        let store = Embedded::open(directory.path()).unwrap();
        let clock = Arc::new(Ahead::default());
        let context = Context {
            service: Service::Prober,
            instance: "one".parse().unwrap(),
            bus: store.bus(Service::Prober),
            clock: clock.clone(),
            dice: Arc::new(Dice::seeded(1)),
            tasks: Tasks::new(),
            health: Health::new(),
            data: directory.path().to_owned(),
        };
        let (sender, mut told) = mpsc::channel(16);
        follow(&context, move |are_apart| sender.try_send(are_apart).unwrap());
        for (ahead, are_apart) in [(0, false), (1, false), (3, true), (-3, true), (0, false)] {
            *clock.by.lock() = SignedDuration::from_secs(ahead);
            clock.changed.notify_one();
            while told.recv().await.unwrap() != are_apart {}
            let why = are_apart.then(|| ("prober clock".to_owned(), "clock_skew".to_owned()));
            assert_eq!(context.health.unready(), Vec::from_iter(why), "{ahead} s ahead");
        }
        context.tasks.stop();
        context.tasks.ended().await;
        store.close().await;
    }

    #[test]
    fn what_lies_between_question_and_answer_may_be_the_same_time() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        for (theirs, want) in [(10, 0), (13, 0), (15, 0), (7, 3), (19, 4)] {
            let skew = skew(at(10), at(theirs), at(15));
            assert_eq!(skew, SignedDuration::from_secs(want), "{theirs}");
        }
    }
}
