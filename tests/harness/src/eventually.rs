//! Waits for a state, never for a time.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Between two looks. Short beside what is waited for, long beside what a look costs.
const PAUSE: Duration = Duration::from_millis(25);

/// How long a state may take that follows from what has already happened. Generous: a passing test
/// never waits for it, and a shared machine is slow at times.
pub const SOON: Duration = Duration::from_secs(30);

/// Waits until `look` answers with a value, and returns that; until then it answers with what it
/// saw instead. Panics with the last of it after `within`.
pub async fn eventually_within<T, E: Display>(
    within: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) if begun.elapsed() >= within => {
                panic!("not within {within:?}: {what}\nseen last: {seen}")
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// As [`eventually_within`] with [`SOON`].
pub async fn eventually<T, E: Display>(what: &str, look: impl AsyncFnMut() -> Result<T, E>) -> T {
    eventually_within(SOON, what, look).await
}

/// Checks that `look` goes on answering `Ok` for `span`: for what must not happen. The shorter the
/// span the weaker the test, but it never fails without a reason.
pub async fn throughout<E: Display>(
    span: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<(), E>,
) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        if let Err(seen) = look().await {
            panic!("not throughout {span:?}: {what}\nseen: {seen}");
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_late_is_returned() {
        let mut looks = 0;
        let value = eventually("the third look", async || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err(looks) }
        });
        assert_eq!(value.await, 3);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "not within 30s: a miracle\nseen last: nothing yet")]
    async fn what_never_comes_is_reported_with_what_was_seen_instead() {
        eventually("a miracle", async || Err::<(), _>("nothing yet")).await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "not throughout 1s: silence\nseen: noise")]
    async fn what_must_not_happen_is_reported_when_it_does() {
        let mut looks = 0;
        throughout(Duration::from_secs(1), "silence", async || {
            looks += 1;
            if looks < 5 { Ok(()) } else { Err("noise") }
        })
        .await;
    }
}
