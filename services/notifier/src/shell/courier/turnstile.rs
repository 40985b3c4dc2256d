//! Lets messages go one by one: from being sent until what came of it is recorded. Whoever dies in
//! between repeats what was under way, and that is one message, and not one for each address.
//!
//! Nobody waits for long: who takes more than a moment lets others pass, and goes beside them until
//! it is quick again; who has waited for a moment goes all the same.

use std::{collections::BTreeSet, future::Future, pin::pin, sync::Arc, time::Duration};

use chassis::clock::SharedClock;
use futures::future::{Either, select};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::audience::Recipient;

/// Where messages pass.
#[derive(Clone)]
pub struct Turnstile {
    one: Arc<Semaphore>,
    /// Whose last message took more than a moment.
    slow: Arc<Mutex<BTreeSet<Recipient>>>,
    /// How long one message keeps others waiting.
    moment: Duration,
    clock: SharedClock,
}

impl Turnstile {
    /// A turnstile by this clock, where one message keeps others waiting for so long at most.
    pub fn new(moment: Duration, clock: SharedClock) -> Self {
        Self { one: Arc::new(Semaphore::new(1)), slow: Arc::default(), moment, clock }
    }

    /// Sends something to a recipient in turn.
    pub async fn pass<T>(&self, recipient: &Recipient, work: impl Future<Output = T>) -> T {
        let is_slow = self.slow.lock().contains(recipient);
        let turn = if is_slow { None } else { self.turn().await };
        match select(pin!(work), pin!(self.moment())).await {
            Either::Left((done, _)) => {
                self.slow.lock().remove(recipient);
                done
            }
            Either::Right(((), work)) => {
                self.slow.lock().insert(recipient.clone());
                drop(turn);
                work.await
            }
        }
    }

    /// None for who has waited for long enough.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            // The semaphore is never closed.
            turn = Arc::clone(&self.one).acquire_owned() => turn.ok(),
            () = self.moment() => None,
        }
    }

    async fn moment(&self) {
        let at = self.clock.now().checked_add(self.moment).unwrap_or(Timestamp::MAX);
        self.clock.sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use chassis::clock::Clock;
    use futures::future::{join, join3};
    use proto::id::ContactId;
    use tokio::time::{Instant, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The time of the runtime, which stands still but for what is waited for.
    struct Paused(Instant);

    #[async_trait]
    impl Clock for Paused {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH + self.0.elapsed()
        }

        async fn sleep_until(&self, at: Timestamp) {
            sleep(at.duration_since(self.now()).try_into().unwrap_or_default()).await;
        }
    }

    struct Scene {
        begun: Instant,
        turnstile: Turnstile,
    }

    impl Scene {
        fn new() -> Self {
            let begun = Instant::now();
            Self { begun, turnstile: Turnstile::new(3 * SECOND, Arc::new(Paused(begun))) }
        }

        /// When a message to somebody ends that takes so many seconds.
        async fn send(&self, channel: &str, takes: u32) -> u64 {
            let contact = ContactId::from_bytes([0; 16]);
            let recipient = Recipient { contact, channel: channel.parse().unwrap() };
            self.turnstile.pass(&recipient, async { sleep(takes * SECOND).await }).await;
            self.begun.elapsed().as_secs()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_goes_after_the_other() {
        let scene = Scene::new();
        let ends = join3(scene.send("email", 1), scene.send("slack", 1), scene.send("lark", 1));
        assert_eq!(ends.await, (1, 2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_for_a_moment_goes_all_the_same() {
        let scene = Scene::new();
        let ends = join3(scene.send("email", 2), scene.send("slack", 2), scene.send("lark", 2));
        assert_eq!(ends.await, (2, 4, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_keeps_others_waiting_for_a_moment_once_until_it_is_quick_again() {
        let scene = Scene::new();
        let pair = async |takes| join(scene.send("email", takes), scene.send("slack", 1)).await;
        assert_eq!(pair(10).await, (10, 4), "it is not known to be slow");
        assert_eq!(pair(10).await, (20, 11), "it goes beside the others");
        assert_eq!(pair(2).await, (22, 21), "still");
        assert_eq!(pair(2).await, (24, 25), "it is one of them again");
    }
}
