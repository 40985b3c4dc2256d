//! Randomness, drawn here and nowhere else.

use parking_lot::Mutex;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// A source of random numbers that is shared by the tasks of a service. Cryptographically strong
/// when [`fresh`](Dice::fresh); repeatable when [`seeded`](Dice::seeded).
#[derive(Debug)]
pub struct Dice(Mutex<StdRng>);

impl Dice {
    /// Seeded by the operating system.
    pub fn fresh() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    /// The same for the same seed, for tests and simulation.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A number from 0.0 up to, but not including, 1.0.
    pub fn chance(&self) -> f64 {
        self.0.lock().random()
    }

    /// A number below `n`; 0 if `n` is 0.
    pub fn below(&self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.0.lock().random_range(0..n) }
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_none_does_not() {
        let (a, b) = (Dice::seeded(7), Dice::seeded(7));
        assert_eq!(a.bytes::<16>(), b.bytes::<16>());
        assert_ne!(Dice::fresh().bytes::<16>(), Dice::fresh().bytes::<16>());
        assert!((0..100).all(|_| a.below(3) < 3 && (0.0..1.0).contains(&a.chance())));
        assert_eq!(a.below(0), 0);
    }
}
