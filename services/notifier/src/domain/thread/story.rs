//! What a thread answers: given, when, then.

use std::time::Duration;

use kernel::scenario::given;
use proto::{time::NO_END, v1::Kind};

use super::{told::TOLD_MAX, *};
use crate::domain::sample::{self, delivery, minute, shared};

const BACKOFF: Backoff = Backoff { base: Duration::from_mins(1), cap: Duration::from_hours(1) };

fn step(id: u8, minutes: i64, deed: Deed) -> Step {
    Step { id: delivery(id), at: minute(minutes), deed }
}

fn due(id: u8, minutes: i64, news: News) -> Step {
    let deed = Deed::Due {
        news: shared(news),
        cause: Cause::Event,
        not_before: minute(minutes),
        reminder: 0,
        enclosure: Enclosure::Nothing,
    };
    step(id, minutes, deed)
}

fn attempted(id: u8, minutes: i64, attempt: u32) -> Step {
    step(id, minutes, Deed::Attempted { attempt, lead: None })
}

fn delivered(id: u8, minutes: i64) -> Step {
    step(id, minutes, Deed::Delivered { attempt: 1, reply: "250 ok".to_owned(), inbox: None })
}

fn failed(id: u8, minutes: i64, attempt: u32, wait: i64, perhaps_told: bool) -> Step {
    let retry_at = minute(minutes + wait);
    let reply = "421".to_owned();
    let failed = Deed::Failed { attempt, reply, retry_at, perhaps_told, rests_until: None };
    step(id, minutes, failed)
}

fn dropped(id: u8, minutes: i64) -> Step {
    step(id, minutes, Deed::Dropped { why: Why::ClosedBefore })
}

fn tell(id: u8, minutes: i64, news: News) -> Command {
    let at = minute(minutes);
    Command::Tell {
        id: delivery(id),
        news: shared(news),
        cause: Cause::Event,
        not_before: at,
        enclosure: Enclosure::Nothing,
        at,
    }
}

fn conclude(id: u8, minutes: i64, outcome: Outcome) -> Command {
    let at = minute(minutes);
    Command::Conclude { id: delivery(id), outcome, rest: None, backoff: BACKOFF, chance: 1.0, at }
}

fn again(perhaps_told: bool, wait_min: Option<Duration>) -> Outcome {
    Outcome::Again { reply: "421".to_owned(), wait_min, perhaps_told }
}

#[test]
fn news_are_due_once() {
    let expired = || sample::opened(Kind::Expired);
    given::<Thread>(&[]).when(tell(1, 0, expired())).then(&[due(1, 0, expired())]);
    let told = [due(1, 0, expired()), attempted(1, 0, 1), delivered(1, 0)];
    for history in 1..=told.len() {
        given::<Thread>(&told[..history]).when(tell(1, 3, expired())).then(&[]);
    }
}

#[test]
fn a_recovery_is_for_those_who_know() {
    let recovery = || sample::recovered(&[Kind::Expired]);
    given::<Thread>(&[]).when(tell(2, 65, recovery())).then(&[]);
    let alarm = [due(1, 0, sample::opened(Kind::Expired)), attempted(1, 0, 1), delivered(1, 0)];
    for history in 1..=alarm.len() {
        let then = [due(2, 65, recovery())];
        given::<Thread>(&alarm[..history]).when(tell(2, 65, recovery())).then(&then);
    }
    let other = [due(1, 0, sample::opened(Kind::Weak)), delivered(1, 0)];
    given::<Thread>(&other).when(tell(2, 65, recovery())).then(&[]);
}

#[test]
fn after_its_recovery_an_anomaly_is_no_longer_known() {
    let recovery = || sample::recovered(&[Kind::Expired]);
    let expired = sample::opened(Kind::Expired);
    let history = [due(1, 0, expired), delivered(1, 0), due(2, 65, recovery()), delivered(2, 65)];
    given::<Thread>(&history).when(tell(3, 70, recovery())).then(&[]);
}

#[test]
fn an_alarm_that_was_dropped_unheard_is_not_known() {
    let recovery = || sample::recovered(&[Kind::Expired]);
    let alarm = || due(1, 0, sample::opened(Kind::Expired));
    given::<Thread>(&[alarm(), dropped(1, 60)]).when(tell(2, 65, recovery())).then(&[]);
    let refused = [alarm(), attempted(1, 0, 1), failed(1, 0, 1, 90, false), dropped(1, 60)];
    given::<Thread>(&refused).when(tell(2, 65, recovery())).then(&[]);
}

#[test]
fn an_alarm_that_may_have_arrived_is_known() {
    let recovery = || sample::recovered(&[Kind::Expired]);
    let alarm = || due(1, 0, sample::opened(Kind::Expired));
    let then = [due(2, 65, recovery())];
    let unanswered = [alarm(), attempted(1, 0, 1), failed(1, 0, 1, 90, true), dropped(1, 60)];
    given::<Thread>(&unanswered).when(tell(2, 65, recovery())).then(&then);
    let died = [alarm(), attempted(1, 0, 1), dropped(1, 60)];
    given::<Thread>(&died).when(tell(2, 65, recovery())).then(&then);
}

#[test]
fn what_was_given_up_is_told_to_nobody() {
    let abandoned = sample::with(&sample::opened(Kind::Expired), |event| {
        event.phase = Phase::Abandoned as i32;
    });
    let told = [due(1, 0, sample::opened(Kind::Expired)), delivered(1, 0)];
    given::<Thread>(&told).when(tell(2, 5, abandoned)).then(&[]);
}

#[test]
fn attempts_are_counted() {
    let alarm = due(1, 0, sample::opened(Kind::Expired));
    let attempt = |minutes| Command::Attempt { id: delivery(1), lead: None, at: minute(minutes) };
    let first = [alarm.clone()];
    given::<Thread>(&first).when(attempt(0)).then(&[attempted(1, 0, 1)]);
    let second = [alarm, attempted(1, 0, 1), failed(1, 0, 1, 1, false)];
    given::<Thread>(&second).when(attempt(1)).then(&[attempted(1, 1, 2)]);
    given::<Thread>(&[]).when(attempt(0)).then_refused(&Refusal::NotOpen(delivery(1)));
}

#[test]
fn waits_double_and_a_longer_wish_is_honoured() {
    let alarm = due(1, 0, sample::opened(Kind::Expired));
    let once = [alarm.clone(), attempted(1, 0, 1)];
    given::<Thread>(&once)
        .when(conclude(1, 0, again(true, None)))
        .then(&[failed(1, 0, 1, 1, true)]);
    let twice = [alarm, attempted(1, 0, 1), failed(1, 0, 1, 1, false), attempted(1, 1, 2)];
    given::<Thread>(&twice)
        .when(conclude(1, 1, again(false, None)))
        .then(&[failed(1, 1, 2, 2, false)]);
    given::<Thread>(&twice)
        .when(conclude(1, 1, again(false, Some(Duration::from_mins(30)))))
        .then(&[failed(1, 1, 2, 30, false)]);
}

const DAY: i64 = 24 * 60;

#[test]
fn the_last_attempt_is_a_day_after_the_first_and_then_it_is_parked() {
    let trying = [
        due(1, 0, sample::opened(Kind::Expired)),
        attempted(1, 0, 1),
        failed(1, 0, 1, 60, false),
        attempted(1, DAY - 1, 2),
        failed(1, DAY - 1, 2, 1, false),
        attempted(1, DAY, 3),
    ];
    given::<Thread>(&trying[..4])
        .when(conclude(1, DAY - 1, again(false, None)))
        .then(&trying[4..5]);
    let reason = "given up after 24 hours; the last answer: 421".to_owned();
    let parked = Deed::Parked { attempt: 3, reason, rests_until: None };
    given::<Thread>(&trying)
        .when(conclude(1, DAY, again(false, None)))
        .then(&[step(1, DAY, parked)]);
}

#[test]
fn a_channel_that_wants_to_be_left_alone_for_a_day_is_asked_once_more_then() {
    let attempting = [due(1, 0, sample::opened(Kind::Expired)), attempted(1, 0, 1)];
    let day = Some(Duration::from_hours(24));
    given::<Thread>(&attempting)
        .when(conclude(1, 5, again(false, day)))
        .then(&[failed(1, 5, 1, DAY, false)]);
}

#[test]
fn an_address_that_seems_dead_is_left_alone_as_a_whole() {
    let attempting = [due(1, 0, sample::opened(Kind::Expired)), attempted(1, 0, 1)];
    let (outcome, rest) = (again(false, None), Some(Duration::from_mins(2)));
    let conclude = Command::Conclude {
        id: delivery(1),
        outcome,
        rest,
        backoff: BACKOFF,
        chance: 1.0,
        at: minute(0),
    };
    let (reply, retry_at) = ("421".to_owned(), minute(1));
    let rests_until = Some(minute(2));
    let failed = Deed::Failed { attempt: 1, reply, retry_at, perhaps_told: false, rests_until };
    given::<Thread>(&attempting).when(conclude).then(&[step(1, 0, failed)]);
}

#[test]
fn what_will_never_arrive_is_parked_at_once() {
    let attempting = [due(1, 0, sample::opened(Kind::Expired)), attempted(1, 0, 1)];
    let reply = || "550 no such user".to_owned();
    for (outcome, rests_until) in [
        (Outcome::Never { reply: reply() }, None),
        (Outcome::Broken { reply: reply() }, Some(NO_END)),
        (Outcome::Unready { reply: reply() }, Some(minute(15))),
    ] {
        let parked = Deed::Parked { attempt: 1, reason: reply(), rests_until };
        let then = [step(1, 0, parked)];
        given::<Thread>(&attempting).when(conclude(1, 0, outcome)).then(&then);
    }
}

#[test]
fn what_waits_for_an_address_for_too_long_is_given_up() {
    let give_up = || Command::GiveUp { id: delivery(1), reason: "93000".to_owned(), at: minute(9) };
    let parked = |attempt| Deed::Parked { attempt, reason: "93000".to_owned(), rests_until: None };
    let waiting = [due(1, 0, sample::opened(Kind::Expired))];
    given::<Thread>(&waiting).when(give_up()).then(&[step(1, 9, parked(0))]);
    let tried = [&waiting[..], &[attempted(1, 0, 1), failed(1, 0, 1, 1, false)]].concat();
    given::<Thread>(&tried).when(give_up()).then(&[step(1, 9, parked(1))]);
    let over = [&waiting[..], &[attempted(1, 0, 1), delivered(1, 0)]].concat();
    given::<Thread>(&over).when(give_up()).then_refused(&Refusal::NotOpen(delivery(1)));
}

#[test]
fn a_test_is_tried_once() {
    let news = shared(News::test("wish", minute(0)));
    let cause = Cause::Test;
    let due = super::due(news, cause, minute(0), 0);
    let testing = [step(1, 0, due), attempted(1, 0, 1)];
    given::<Thread>(&testing).when(conclude(1, 0, again(false, None))).then(&[step(
        1,
        0,
        Deed::Parked { attempt: 1, reason: "421".to_owned(), rests_until: None },
    )]);
}

#[test]
fn a_reminder_counts_on_from_the_last() {
    let told = [due(1, 0, sample::opened(Kind::Expired)), delivered(1, 0)];
    let remind = Command::Remind { id: delivery(2), anomaly: "shop-expired".into(), at: minute(9) };
    let news = shared(sample::opened(Kind::Expired));
    let reminded = super::due(news, Cause::Reminder, minute(9), 1);
    given::<Thread>(&told).when(remind.clone()).then(&[step(2, 9, reminded)]);
    let refusal = Refusal::NotTold("shop-expired".to_owned());
    given::<Thread>(&[]).when(remind).then_refused(&refusal);
}

#[test]
fn the_inbox_keeps_what_could_not_be_delivered_once() {
    let news = || shared(sample::opened(Kind::Expired));
    let inbox = InboxEntry { title: "expired".to_owned(), ..InboxEntry::default() };
    let at = minute(0);
    let keep = || Command::Keep {
        id: delivery(1),
        news: news(),
        cause: Cause::Event,
        inbox: inbox.clone(),
        at,
    };
    let due = due(1, 0, sample::opened(Kind::Expired));
    let kept = Deed::Delivered { attempt: 0, reply: String::new(), inbox: Some(inbox.clone()) };
    let kept = [due, step(1, 0, kept)];
    given::<Thread>(&[]).when(keep()).then(&kept);
    given::<Thread>(&kept).when(keep()).then(&[]);
}

#[test]
fn restating_says_what_a_later_reader_must_know_and_changes_nothing_else() {
    let told = [due(1, 0, sample::opened(Kind::Expired)), delivered(1, 0)];
    let restate = Command::Restate { anomaly: "shop-expired".to_owned(), at: minute(90) };
    let live = Thread::folded(&told);
    let restated = live.decide(restate).unwrap();
    let mut live = live;
    for step in &restated {
        live.evolve(step);
    }
    assert_eq!(live.told(), Thread::folded(&restated).told(), "the history before may be gone");
    assert_eq!(live.open(), []);
}

#[test]
fn restating_says_as_well_what_took_the_place_of_what_was_told() {
    let worse = sample::with(&sample::opened(Kind::Expired), |event| {
        event.supersedes = vec![sample::anomaly(Kind::Expiring)];
    });
    let told = [due(1, 0, sample::opened(Kind::Expiring)), delivered(1, 0)];
    let untold = [due(2, 9, worse), dropped(2, 9)];
    let live = Thread::folded(&[&told[..], &untold].concat());
    let restate = Command::Restate { anomaly: sample::anomaly(Kind::Expiring), at: minute(90) };
    let restated = live.decide(restate).unwrap();
    let mut live = live;
    for step in &restated {
        live.evolve(step);
    }
    for left in [&[][..], &untold] {
        let later = Thread::folded(&[left, &restated].concat());
        assert_eq!(live.told(), later.told(), "the history before may be gone, or some of it");
        assert!(later.knows(&sample::anomaly(Kind::Expired)), "its end is to be told");
        assert_eq!(later.open(), []);
    }
}

#[test]
fn what_one_message_told_together_is_restated_apart() {
    let kinds = [Kind::Expired, Kind::Weak];
    let told = kinds.into_iter().zip([1, 2]).flat_map(|(kind, id)| {
        let together = Deed::Attempted { attempt: 1, lead: Some(delivery(9)) };
        [due(id, 0, sample::opened(kind)), step(id, 0, together), delivered(id, 0)]
    });
    let mut live = Thread::folded(&told.collect::<Vec<_>>());
    let mut restated = Vec::new();
    for (kind, at) in kinds.into_iter().zip([90, 91].map(minute)) {
        let steps = live.decide(Command::Restate { anomaly: sample::anomaly(kind), at }).unwrap();
        for step in &steps {
            live.evolve(step);
        }
        restated.extend(steps);
        let last = live.told().iter().filter(|told| told.at == at);
        assert_eq!(last.count(), 1, "the other is still to be restated");
    }
    assert_eq!(live.told(), Thread::folded(&restated).told(), "the history before may be gone");
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut thread = Thread::default();
    for number in 0..=u8::MAX {
        let alarm = sample::with(&sample::opened(Kind::Weak), |event| {
            event.anomaly_id = format!("weak-{number}");
        });
        thread.evolve(&due(number, i64::from(number), alarm));
        thread.evolve(&delivered(number, i64::from(number)));
    }
    assert_eq!(thread.told().len(), TOLD_MAX);
    assert!(thread.knows("weak-255") && !thread.knows("weak-0"), "the oldest is forgotten");
}
