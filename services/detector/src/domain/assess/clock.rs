//! What time alone decides of a chain, small enough to be kept for every domain.

use certificate::Certificate;
use jiff::{SignedDuration, Timestamp};

use super::{
    instant::{self, Seconds},
    rungs::{Ladder, Rung},
    timeline::Timeline,
};

/// When a chain serves, as far as dates decide: the leaf's validity, cut where no path holds.
///
/// A chain without any path is judged by its leaf's dates: expired and untrusted are two findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    leaf: Window,
    /// `None` if it serves throughout the leaf's validity.
    cut: Option<Box<Cut>>,
}

/// How other certificates than the leaf cut its validity.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    /// The spans in which the chain serves, in order, never empty.
    windows: Vec<Window>,
    /// The shortest lifetime among the leaf and the certificates that end the spans.
    lifetime: Seconds,
}

/// Both ends included. Certificates that are never valid together leave a window that ends before
/// it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Seconds,
    pub(super) until: Seconds,
}

/// What the dates say at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// It does not serve yet.
    NotYetValid {
        /// First second in which it will.
        starts: Timestamp,
    },
    /// It serves.
    Valid {
        /// Last second in which it does.
        ends: Timestamp,
        /// Time until that second.
        remaining: SignedDuration,
    },
    /// It no longer serves.
    Expired {
        /// Last second in which it did.
        ended: Timestamp,
    },
}

impl Clock {
    /// The clock of a leaf above which paths exist as the timeline says.
    pub(super) fn new(leaf: &Certificate, timeline: &Timeline) -> Self {
        let whole = Window::of(leaf);
        if timeline.spans.is_empty() || timeline.covers(leaf) {
            return Self { leaf: whole, cut: None };
        }
        let mut windows: Vec<Window> = Vec::new();
        let mut lifetime = whole.seconds();
        for span in &timeline.spans {
            lifetime = lifetime.min(Window::of(&span.ended_by).seconds());
            match windows.last_mut() {
                Some(last) if last.until.saturating_add(1) == span.from => last.until = span.until,
                _ => windows.push(Window { from: span.from, until: span.until }),
            }
        }
        Self { leaf: whole, cut: Some(Box::new(Cut { windows, lifetime })) }
    }

    /// The clock of a leaf above which certificates stand that are valid only within `window`.
    pub(super) fn within(leaf: &Certificate, window: Window) -> Self {
        let leaf = Window::of(leaf);
        let cut = Cut { windows: vec![window], lifetime: leaf.seconds() };
        Self { leaf, cut: Some(Box::new(cut)) }
    }

    /// When the leaf ends.
    pub fn not_after(&self) -> Timestamp {
        instant::begin(self.leaf.until)
    }

    /// The lifetime by which rungs are measured: the leaf's, its last second included; zero if it
    /// is never valid. That of a certificate which ends before the leaf, if it is shorter:
    /// otherwise it could be "expiring" the moment it is issued.
    pub fn lifetime(&self) -> SignedDuration {
        let seconds = self.cut.as_ref().map_or(self.leaf.seconds(), |cut| cut.lifetime);
        SignedDuration::from_secs(seconds)
    }

    /// What the dates say now.
    pub fn timing(&self, now: Timestamp) -> Timing {
        let now = instant::second(now);
        // The first window that is not over: before it began, the one before it has expired.
        let mut ended = None;
        for window in self.windows() {
            if now > window.until {
                ended = Some(window.until);
                continue;
            }
            return match ended {
                None if now < window.from => {
                    Timing::NotYetValid { starts: instant::begin(window.from) }
                }
                Some(ended) if now < window.from => {
                    Timing::Expired { ended: instant::begin(ended) }
                }
                None | Some(_) => Timing::Valid {
                    ends: instant::begin(window.until),
                    remaining: SignedDuration::from_secs(window.until - now),
                },
            };
        }
        Timing::Expired { ended: instant::begin(ended.unwrap_or(self.leaf.until)) }
    }

    /// The rung that the remaining time has fallen below; `None` if none, or if it does not serve.
    pub fn rung(&self, ladder: &Ladder, now: Timestamp) -> Option<Rung> {
        match self.timing(now) {
            Timing::Valid { remaining, .. } => ladder.below(remaining),
            Timing::NotYetValid { .. } | Timing::Expired { .. } => None,
        }
    }

    /// The next instant at which the dates say something else: a beginning, an end, a rung. It lies
    /// after `now`; `None` if nothing will change any more.
    pub fn next_instant(&self, ladder: &Ladder, now: Timestamp) -> Option<Timestamp> {
        let now = instant::second(now);
        let mut next: Option<Seconds> = None;
        let mut consider = |at: Seconds| {
            if at > now && next.is_none_or(|next| at < next) {
                next = Some(at);
            }
        };
        for window in self.windows() {
            consider(window.from);
            consider(window.until.saturating_add(1));
            for rung in ladder.rungs() {
                // `remaining < rung` holds from the second after `until - rung`.
                let crossing = window.until.saturating_sub(rung.span.as_secs()).saturating_add(1);
                if window.from <= crossing && crossing <= window.until {
                    consider(crossing);
                }
            }
        }
        next.and_then(|at| Timestamp::from_second(at).ok())
    }

    fn windows(&self) -> &[Window] {
        match &self.cut {
            Some(cut) => &cut.windows,
            None => std::slice::from_ref(&self.leaf),
        }
    }
}

impl Window {
    fn of(certificate: &Certificate) -> Self {
        Self { from: instant::not_before(certificate), until: instant::not_after(certificate) }
    }

    /// How long it is, its last second included; zero if it ends before it begins.
    fn seconds(self) -> Seconds {
        (self.until - self.from + 1).max(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_small_enough_to_be_kept_for_every_domain() {
        assert!(size_of::<Clock>() <= 24, "{} bytes", size_of::<Clock>());
    }

    fn clock(windows: &[(i64, i64)]) -> Clock {
        let windows: Vec<Window> =
            windows.iter().map(|(from, until)| Window { from: *from, until: *until }).collect();
        let (first, last) = (windows[0], windows[windows.len() - 1]);
        let leaf = Window { from: first.from, until: last.until };
        let lifetime = leaf.seconds();
        Clock { leaf, cut: Some(Box::new(Cut { windows, lifetime })) }
    }

    #[test]
    fn certificates_never_valid_together_are_early_first_and_late_then() {
        let clock = clock(&[(200, 100)]);
        let timing = |at| clock.timing(instant::begin(at));
        assert!(matches!(timing(100), Timing::NotYetValid { .. }));
        assert!(matches!(timing(101), Timing::Expired { .. }));
        assert!(matches!(timing(300), Timing::Expired { .. }));
    }

    proptest! {
        #[test]
        fn nothing_changes_before_the_next_instant_and_something_then(
            mut bounds in proptest::collection::btree_set(0_i64..2_000_000, 2..7),
            now in -1_000_i64..2_100_000,
            own in proptest::collection::vec(1_u64..1_000_000, 0..4),
        ) {
            if bounds.len() % 2 == 1 {
                bounds.pop_last();
            }
            let bounds: Vec<i64> = bounds.into_iter().collect();
            let windows: Vec<(i64, i64)> = bounds.chunks(2).map(|it| (it[0], it[1])).collect();
            let clock = clock(&windows);
            let own: Vec<_> =
                own.into_iter().map(crate::domain::assess::rungs::OwnRung::Seconds).collect();
            let ladder = Ladder::new(clock.lifetime(), &own);
            let said = |at: Timestamp| {
                (std::mem::discriminant(&clock.timing(at)), clock.rung(&ladder, at))
            };
            let now = instant::begin(now);
            match clock.next_instant(&ladder, now) {
                Some(next) => {
                    prop_assert!(next > now);
                    let before = next - SignedDuration::from_nanos(1);
                    prop_assert_eq!(said(now), said(before));
                    prop_assert_ne!(said(before), said(next));
                }
                None => prop_assert_eq!(said(now), said(instant::begin(10_000_000))),
            }
        }
    }
}
