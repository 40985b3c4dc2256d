//! The rungs of remaining time at which an expiry is told, and told again.

use jiff::SignedDuration;
use proto::v1::{self, Severity};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

const DAY_HOURS: i64 = 24;

/// The rungs of the specification: at most so many days, and at most this part of the lifetime.
const DEFAULT_RUNGS: [(i64, i32); 5] = [(30, 3), (14, 6), (7, 12), (3, 24), (1, 48)];

/// The default rung from which on an expiry is critical.
const DEFAULT_CRITICAL: usize = 3;

/// Own rungs of one domain that are kept. Nobody wants to be told more often than this.
pub const OWN_RUNGS_MAX: usize = 16;

/// Hundredths of a percent in the whole.
const BASIS_POINTS: i64 = 10_000;

/// A rung that somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnRung {
    /// So many seconds.
    Seconds(u64),
    /// So many hundredths of a percent of the lifetime.
    LifetimeBasisPoints(u32),
}

/// One rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// It is crossed once the remaining time is shorter than this.
    pub span: SignedDuration,
    /// How bad it is then.
    pub severity: Severity,
}

/// The rungs of one certificate, longest first, each at least an hour from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    rungs: Vec<Rung>,
}

impl OwnRung {
    /// Reads the rungs of a domain's settings; one without a value is left out.
    pub fn read(rungs: &[v1::Rung]) -> Vec<Self> {
        let read = rungs.iter().filter_map(|rung| match rung.rung? {
            v1::rung::Rung::Seconds(seconds) => Some(Self::Seconds(seconds)),
            v1::rung::Rung::LifetimeBasisPoints(points) => Some(Self::LifetimeBasisPoints(points)),
        });
        read.take(OWN_RUNGS_MAX).collect()
    }

    fn span(self, lifetime: SignedDuration) -> SignedDuration {
        let seconds = match self {
            Self::Seconds(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
            Self::LifetimeBasisPoints(points) => {
                lifetime.as_secs().saturating_mul(points.into()) / BASIS_POINTS
            }
        };
        SignedDuration::from_secs(seconds)
    }
}

impl Ladder {
    /// The rungs of a certificate with this lifetime.
    ///
    /// Own rungs replace the default ones, as far as the lifetime is longer than they are: nothing
    /// is "expiring" the moment it is issued. If none is left, the default ones serve.
    pub fn new(lifetime: SignedDuration, own: &[OwnRung]) -> Self {
        let mut spans: Vec<SignedDuration> = own
            .iter()
            .take(OWN_RUNGS_MAX)
            .map(|rung| rung.span(lifetime))
            .filter(|span| span.is_positive() && *span < lifetime)
            .collect();
        spans.sort_unstable_by(|a, b| b.cmp(a));
        spans.dedup();
        if spans.is_empty() {
            return Self::merged(default_spans(lifetime), DEFAULT_CRITICAL);
        }
        let critical_from = spans.len().div_ceil(2);
        Self::merged(spans, critical_from)
    }

    /// Longest first.
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The lowest rung that is longer than the remaining time.
    pub fn below(&self, remaining: SignedDuration) -> Option<Rung> {
        self.rungs.iter().rev().find(|rung| remaining < rung.span).copied()
    }

    /// Joins each span that is closer than an hour to the rung above it. The joined rung is told at
    /// the longer span and is as bad as the shorter: better early than never.
    fn merged(spans: Vec<SignedDuration>, critical_from: usize) -> Self {
        let mut rungs: Vec<Rung> = Vec::with_capacity(spans.len());
        for (place, span) in spans.into_iter().enumerate() {
            let is_critical = place >= critical_from;
            let severity = if is_critical { Severity::Critical } else { Severity::Warning };
            match rungs.last_mut() {
                Some(above) if above.span - span < HOUR => above.severity = severity,
                _ => rungs.push(Rung { span, severity }),
            }
        }
        Self { rungs }
    }
}

fn default_spans(lifetime: SignedDuration) -> Vec<SignedDuration> {
    let span = |(days, part): (i64, i32)| {
        SignedDuration::from_hours(days * DAY_HOURS).min(lifetime / part)
    };
    let whole = |span: SignedDuration| SignedDuration::from_secs(span.as_secs());
    DEFAULT_RUNGS.into_iter().map(span).map(whole).filter(SignedDuration::is_positive).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(lifetime: SignedDuration, own: &[OwnRung]) -> Vec<f64> {
        let ladder = Ladder::new(lifetime, own);
        ladder.rungs().iter().map(|rung| rung.span.as_secs_f64() / 3_600.0).collect()
    }

    fn days(count: i64) -> SignedDuration {
        SignedDuration::from_hours(count * 24)
    }

    fn critical(lifetime: SignedDuration, own: &[OwnRung]) -> Vec<bool> {
        let ladder = Ladder::new(lifetime, own);
        ladder.rungs().iter().map(|rung| rung.severity == Severity::Critical).collect()
    }

    #[test]
    fn the_default_rungs_follow_the_lifetime() {
        let usual: Vec<f64> = [30.0, 14.0, 7.0, 3.0, 1.0].map(|days| days * 24.0).into();
        assert_eq!(hours(days(398), &[]), usual);
        assert_eq!(hours(days(90), &[]), usual);
        let short: Vec<f64> =
            hours(days(47), &[]).iter().map(|hours| (hours / 2.4).round()).collect();
        assert_eq!(short, [157.0, 78.0, 39.0, 20.0, 10.0], "in tenths of a day");
        assert_eq!(hours(days(6), &[]), [48.0, 24.0, 12.0, 6.0, 3.0]);
    }

    #[test]
    fn rungs_closer_than_an_hour_are_one() {
        assert_eq!(hours(days(1), &[]), [8.0, 4.0, 2.0, 1.0]);
        assert_eq!(critical(days(1), &[]), [false, false, false, true]);
        assert_eq!(hours(SignedDuration::from_hours(1), &[]), [1.0 / 3.0]);
        assert_eq!(critical(SignedDuration::from_hours(1), &[]), [true]);
    }

    #[test]
    fn the_default_is_critical_from_three_days_down() {
        assert_eq!(critical(days(90), &[]), [false, false, false, true, true]);
    }

    #[test]
    fn own_rungs_are_sorted_and_their_lower_half_is_critical() {
        let own = [
            OwnRung::Seconds(86_400),
            OwnRung::LifetimeBasisPoints(5_000),
            OwnRung::Seconds(10 * 86_400),
        ];
        assert_eq!(hours(days(90), &own), [45.0 * 24.0, 240.0, 24.0]);
        assert_eq!(critical(days(90), &own), [false, false, true]);
        assert_eq!(critical(days(90), &own[..1]), [false]);
    }

    #[test]
    fn nothing_is_expiring_the_moment_it_is_issued() {
        for lifetime in [60, 3_600, 86_400, 6 * 86_400, 90 * 86_400] {
            let lifetime = SignedDuration::from_secs(lifetime);
            for own in [&[][..], &[OwnRung::Seconds(30 * 86_400)]] {
                let ladder = Ladder::new(lifetime, own);
                assert_eq!(ladder.below(lifetime - SignedDuration::from_secs(1)), None);
                assert!(
                    ladder.below(SignedDuration::ZERO).is_some(),
                    "{lifetime:?}: the end is told"
                );
            }
        }
    }

    #[test]
    fn a_rung_is_strict() {
        let ladder = Ladder::new(days(90), &[]);
        assert_eq!(ladder.below(days(30)), None);
        let below = ladder.below(days(30) - SignedDuration::from_secs(1)).unwrap();
        assert_eq!((below.span, below.severity), (days(30), Severity::Warning));
        assert_eq!(ladder.below(SignedDuration::ZERO).unwrap().span, days(1));
    }
}
