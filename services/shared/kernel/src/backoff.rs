//! How long to wait before trying again: exponential, capped, with jitter.

use std::time::Duration;

/// A schedule of waits that grow by doubling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait after the first failure.
    pub base: Duration,
    /// Longest wait ever.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after `failures` failures running (1 for the first), for a `chance` of 0.0 to 1.0.
    ///
    /// Between half and the whole of `min(cap, base × 2^(failures - 1))`: never at once, and never
    /// all at the same instant.
    pub fn wait(&self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.base.saturating_mul(1 << doublings).min(self.cap);
        whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_hours(1) };

    #[test]
    fn it_doubles_up_to_the_cap() {
        let waits: Vec<_> = (1..=13).map(|n| BACKOFF.wait(n, 1.0).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds(failures: u32, chance in -1.0..2.0) {
            let wait = BACKOFF.wait(failures, chance);
            prop_assert!(wait >= BACKOFF.base / 2 && wait <= BACKOFF.cap);
        }
    }
}
