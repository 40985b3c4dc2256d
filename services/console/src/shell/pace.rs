//! How often somebody may try to sign in.
//!
//! Counted by where they come from and by the name they try. Both are kept as short hashes under a
//! random key: memory is bounded whatever anybody sends, and nobody can tell which names share a
//! count, or whether a name has an account. Counts are of this console alone, since its start.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    time::Duration,
};

use chassis::clock::SharedClock;
use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, state::keyed::HashMapStateStore,
};
use ipnet::Ipv6Net;

/// Tries from one place: a team behind one address, all mistyping at once.
const PLACE_BURST: NonZeroU32 = NonZeroU32::new(20).expect("it is not 0");
/// How often one more is allowed to it.
const PLACE_EVERY: Duration = Duration::from_secs(10);
/// Tries under one name: somebody who tries each of their passwords.
const NAME_BURST: NonZeroU32 = NonZeroU32::new(10).expect("it is not 0");
/// How often one more is allowed to it. A guesser has some 500,000 in a year.
const NAME_EVERY: Duration = Duration::from_mins(1);
/// Bits of an IPv6 address that tell households from each other (RFC 6177).
const HOUSEHOLD: u8 = 64;

type Limiter = RateLimiter<u16, HashMapStateStore<u16>, Ticks, NoOpMiddleware<Duration>>;

/// How often somebody may try.
pub struct Pace {
    ticks: Ticks,
    key: RandomState,
    places: Limiter,
    names: Limiter,
}

/// The clock of the process, as the counts read it.
#[derive(Clone)]
struct Ticks(SharedClock);

impl Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().duration_since(jiff::Timestamp::UNIX_EPOCH).unsigned_abs()
    }
}

impl Pace {
    /// Counts by a clock.
    ///
    /// # Panics
    ///
    /// Never: no period is 0.
    pub fn new(clock: SharedClock) -> Self {
        let ticks = Ticks(clock);
        let limiter = |every, burst| {
            let quota = Quota::with_period(every).expect("it is not 0").allow_burst(burst);
            Limiter::new(quota, HashMapStateStore::default(), ticks.clone())
        };
        Self {
            places: limiter(PLACE_EVERY, PLACE_BURST),
            names: limiter(NAME_EVERY, NAME_BURST),
            key: RandomState::new(),
            ticks,
        }
    }

    /// Counts a try from an address.
    ///
    /// # Errors
    ///
    /// When there were too many: how long to wait.
    pub fn admit_from(&self, address: IpAddr) -> Result<(), Duration> {
        self.admit(&self.places, &place(address))
    }

    /// Counts a try under a name.
    ///
    /// # Errors
    ///
    /// When there were too many: how long to wait.
    pub fn admit_as(&self, name: &str) -> Result<(), Duration> {
        self.admit(&self.names, name)
    }

    fn admit(
        &self,
        limiter: &Limiter,
        whose: &(impl std::hash::Hash + ?Sized),
    ) -> Result<(), Duration> {
        let [high, low, ..] = self.key.hash_one(whose).to_be_bytes();
        let whose = u16::from_be_bytes([high, low]);
        limiter.check_key(&whose).map_err(|not_until| not_until.wait_time_from(self.ticks.now()))
    }
}

/// Where an address belongs to: somebody with IPv6 has many.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Net::new(address, HOUSEHOLD).map_or(address, |household| household.network()).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chassis::clock::SystemClock;
    use jiff::Timestamp;
    use parking_lot::Mutex;

    use super::*;

    /// A clock that is set by hand.
    struct Watch(Mutex<Timestamp>);

    #[async_trait::async_trait]
    impl chassis::clock::Clock for Watch {
        fn now(&self) -> Timestamp {
            *self.0.lock()
        }

        async fn sleep_until(&self, _: Timestamp) {}
    }

    #[test]
    fn a_name_may_be_tried_ten_times_and_then_once_a_minute() {
        let watch = Arc::new(Watch(Mutex::new(Timestamp::UNIX_EPOCH)));
        let pace = Pace::new(watch.clone());
        for _ in 0..NAME_BURST.get() {
            assert_eq!(pace.admit_as("ada"), Ok(()));
        }
        let wait = pace.admit_as("ada").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= NAME_EVERY, "{wait:?}");
        *watch.0.lock() += wait;
        assert_eq!(pace.admit_as("ada"), Ok(()));
        assert!(pace.admit_as("ada").is_err());
    }

    #[test]
    fn a_household_is_one_place() {
        let household = |text: &str| place(text.parse().unwrap());
        assert_eq!(household("2001:db8::1"), household("2001:db8::ffff:1"));
        assert_ne!(household("2001:db8:0:1::1"), household("2001:db8::1"));
        assert_eq!(household("::ffff:192.0.2.1"), household("192.0.2.1"));
        assert_ne!(household("192.0.2.2"), household("192.0.2.1"));
        let pace = Pace::new(Arc::new(SystemClock));
        let tries =
            (0..=PLACE_BURST.get()).map(|n| pace.admit_from([10, 0, 0, 1].into()).map(|()| n));
        assert_eq!(tries.filter_map(Result::ok).count(), 20);
    }
}
