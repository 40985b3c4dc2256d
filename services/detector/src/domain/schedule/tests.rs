//! When looks are taken, and what becomes of the wish for one.

use kernel::decider::Decider;
use proto::{
    time,
    v1::{AnomalyOpened, LogEvent, LogRecord, Reason, RoundCounted, Watched, log_event::Event},
};

use super::*;

const INTERVAL: Duration = Duration::from_mins(10);

/// The longest there is.
const WEEK: Duration = Duration::from_hours(7 * 24);

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn id(byte: u8) -> DomainId {
    DomainId::from_bytes([byte; 16])
}

fn turn(second: i64) -> Turn {
    Turn { at: at(second), purpose: Purpose::Scheduled }
}

#[test]
fn each_domain_has_its_own_second_of_the_interval() {
    let watch = Watch::default();
    let mut slots: Vec<i64> = (0..=255)
        .map(|byte| {
            next(&watch, &id(byte), INTERVAL, at(0), 0.0).at.as_second() - at(0).as_second()
        })
        .collect();
    slots.sort_unstable();
    assert!(slots.iter().all(|second| (0..=600).contains(second)));
    let half = slots.iter().filter(|second| **second < 300).count();
    assert!((96..=160).contains(&half), "{half} of 256 in the first half");
}

#[test]
fn a_restart_moves_no_turn() {
    let watch = Watch::default();
    let first = next(&watch, &id(7), INTERVAL, at(0), 0.0);
    let again = next(&watch, &id(7), INTERVAL, at(1), 0.0);
    assert_eq!(first.at.max(at(1)), again.at.min(first.at.max(at(1))));
    let following = next(&watch, &id(7), INTERVAL, first.at, 0.0);
    assert_eq!(following.at.duration_since(first.at), SignedDuration::from_secs(600));
}

#[test]
fn jitter_stays_small() {
    let watch = Watch::default();
    let calm = next(&watch, &id(7), INTERVAL, at(0), 0.0).at;
    let late = next(&watch, &id(7), INTERVAL, at(0), 1.0).at;
    assert_eq!(late.duration_since(calm), SignedDuration::from_secs(30));
}

#[test]
fn what_is_first_seen_of_a_certificate_is_looked_at_again_at_once() {
    assert_eq!(wait(&[opened(0, Kind::Weak, Severity::Warning)], 0), 0);
    assert_eq!(wait(&[opened(0, Kind::Expired, Severity::Critical)], 0), 0);
    assert_eq!(wait(&[opened(0, Kind::Unreachable, Severity::Critical)], 0), 20, "seen thrice");
}

#[test]
fn the_older_an_urgent_anomaly_the_less_often_it_is_looked_at() {
    for (kind, severity) in [
        (Kind::Untrusted, Severity::Critical),
        (Kind::Unreachable, Severity::Critical),
        (Kind::MixedCertificates, Severity::Warning),
    ] {
        let opened = [opened(0, kind, severity)];
        let waits = [1, 599, 600, 7_199].map(|age| wait(&opened, age));
        assert_eq!(waits, [20, 20, 60, 60], "{kind:?}");
        assert_each_five_minutes(&opened, 7_200);
    }
}

#[test]
fn also_a_warning_is_looked_at_each_five_minutes() {
    assert_each_five_minutes(&[opened(0, Kind::Expiring, Severity::Warning)], 1);
    assert_each_five_minutes(&[opened(0, Kind::Weak, Severity::Warning)], 86_400);
}

#[test]
fn what_is_open_moves_no_turn_that_comes_sooner() {
    let watch = told(&[opened(0, Kind::Weak, Severity::Warning)]);
    let minute = Duration::from_mins(1);
    assert_eq!(
        next(&watch, &id(7), minute, at(1), 0.0),
        next(&Watch::default(), &id(7), minute, at(1), 0.0)
    );
}

#[test]
fn many_that_are_open_after_a_restart_are_no_herd() {
    let watch = told(&[opened(0, Kind::Weak, Severity::Warning)]);
    let turns = (0..=255).map(|byte| first(&watch, &id(byte), WEEK, at(60), 0.0).at);
    let soon = turns.filter(|turn| turn.duration_since(at(60)) < MINUTE).count();
    assert!((26..=77).contains(&soon), "{soon} of 256 in the first of five minutes");
}

#[test]
fn a_domain_that_fails_is_looked_at_by_its_rounds() {
    let waits = |enabling: &[(i64, Event)]| {
        [1, 2, 3, 9].map(|seen| {
            let failed = RoundCounted {
                kind: Kind::Unreachable.into(),
                seen,
                reason: Reason::ConnectTimeout.into(),
                ..RoundCounted::default()
            };
            let failed = (0, Event::RoundCounted(failed));
            let turn = turn_of(&[enabling, &[failed]].concat(), 0);
            (turn.at.duration_since(at(0)).as_secs(), turn.purpose)
        })
    };
    let enabling = (0, Event::Watched(Watched { enabling: true }));
    assert_eq!(waits(&[]), [20, 40, 60, 60].map(|wait| (wait, Purpose::Confirm)));
    assert_eq!(waits(&[enabling]), [10, 20, 20, 20].map(|wait| (wait, Purpose::Enabling)));
}

#[test]
fn what_is_clean_again_is_looked_at_by_its_rounds() {
    let waits = [1, 2, 3, 9].map(|clean| {
        let counted = RoundCounted {
            kind: Kind::Weak.into(),
            clean,
            clean_needed: 12,
            ..RoundCounted::default()
        };
        let weak = opened(0, Kind::Weak, Severity::Warning);
        wait(&[weak, (60, Event::RoundCounted(counted))], 60)
    });
    assert_eq!(waits, [20, 40, 60, 60]);
}

#[test]
fn a_look_is_numbered_above_all_before_it() {
    let mut plan = Plan::new(turn(0));
    let first = plan.next_look(&Watch::default(), at(0));
    plan.accepted(first, INTERVAL, at(0));
    assert!(plan.next_look(&Watch::default(), at(0)) > first);
    assert!(plan.next_look(&Watch::default(), at(-3_600)) > first);
}

#[test]
fn three_periods_unanswered_are_counted_one_by_one() {
    let mut plan = Plan::new(turn(0));
    plan.accepted(1, INTERVAL, at(0));
    plan.turned(INTERVAL, at(60));
    assert_eq!(plan.missed, 0);
    // A machine that slept for a day has missed one period, not a hundred.
    plan.turned(INTERVAL, at(86_400));
    assert_eq!(plan.missed, 1);
    plan.turned(INTERVAL, at(86_400 + 599));
    assert_eq!(plan.missed, 1);
    plan.turned(INTERVAL, at(86_400 + 600));
    plan.turned(INTERVAL, at(86_400 + 1_200));
    assert_eq!(plan.missed, PERIODS_UNSEEN);
    plan.heard(1, turn(90_000));
    plan.turned(INTERVAL, at(90_000));
    assert_eq!((plan.missed, plan.is_waiting()), (0, false));
}

#[test]
fn what_we_cannot_see_is_asked_for_later_each_time() {
    let mut plan = Plan::new(turn(0));
    let mut waits = |interval: Duration, chance: f64, count: usize| {
        let wait = |_| {
            plan.not_seen(interval, at(0), chance);
            plan.turn.at.duration_since(at(0)).as_secs()
        };
        let waits: Vec<_> = (0..count).map(wait).collect();
        plan.heard(1, turn(0));
        waits
    };
    assert_eq!(waits(INTERVAL, 1.0, 6), [40, 80, 160, 200, 200, 200]);
    assert_eq!(waits(INTERVAL, 0.0, 2), [20, 40], "begins anew, and spread out");
    assert_eq!(waits(Duration::from_mins(1), 1.0, 3), [40, 40, 40], "no sooner for a short one");
}

#[test]
fn a_job_that_is_held_up_is_offered_each_second_if_it_matters_now() {
    let mut plan = Plan::new(Turn { at: at(0), purpose: Purpose::Requested });
    plan.held_up(INTERVAL, at(0));
    assert_eq!(plan.turn.at, at(1));
    for _ in 0..OFFERS_MAX {
        plan.held_up(INTERVAL, at(1));
    }
    assert_eq!(plan.turn.at, at(151));
    let mut patient = Plan::new(turn(0));
    patient.held_up(INTERVAL, at(0));
    assert_eq!(patient.turn.at, at(150));
}

/// What is known after events, each in its second.
fn told(events: &[(i64, Event)]) -> Watch {
    let records = events.iter().map(|(second, event)| LogRecord {
        recorded_at: Some(time::write(at(*second))),
        events: vec![LogEvent { event: Some(event.clone()) }],
        ..LogRecord::default()
    });
    Watch::folded(&records.collect::<Vec<_>>())
}

fn opened(second: i64, kind: Kind, severity: Severity) -> (i64, Event) {
    let (kind, severity) = (kind.into(), severity.into());
    (second, Event::AnomalyOpened(AnomalyOpened { kind, severity, ..AnomalyOpened::default() }))
}

/// The turn after an answer of a domain whose interval is long.
fn turn_of(events: &[(i64, Event)], second: i64) -> Turn {
    next(&told(events), &id(7), WEEK, at(second), 1.0)
}

/// Seconds from an answer to the turn after it.
fn wait(events: &[(i64, Event)], second: i64) -> i64 {
    let turn = turn_of(events, second);
    assert_eq!(turn.purpose, Purpose::Confirm);
    turn.at.duration_since(at(second)).as_secs()
}

/// From some second on, the turns of a domain are five minutes apart.
fn assert_each_five_minutes(events: &[(i64, Event)], second: i64) {
    let first = turn_of(events, second).at;
    assert!(first.duration_since(at(second)) <= MINUTE * 5, "{first}");
    let following = next(&told(events), &id(7), WEEK, first, 1.0);
    assert_eq!(following.at.duration_since(first), MINUTE * 5);
}
