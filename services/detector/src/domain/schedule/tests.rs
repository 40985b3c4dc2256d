//! When looks are taken, and what becomes of the wish for one.

use super::*;

const INTERVAL: Duration = Duration::from_mins(10);

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
