//! What no sequence of looks, orders and waits may break.

use std::collections::{BTreeMap, BTreeSet};

use kernel::decider::Decider;
use proptest::prelude::*;
use prost::Message;
use proto::v1::{Reason, log_event::Event};

use super::{
    Refusal, Watch,
    command::{Ask, Extent},
    face,
    story::{
        Cert, EXPIRED, EXPIRING, GOOD, INCOMPLETE, RENEWED, SOON, SOONER, Story, UNCHECKED,
        UNTRUSTED, WEAK, WRONG_NAME, watch,
    },
};

/// Anything that may happen to a domain.
#[derive(Debug, Clone)]
enum Step {
    Sees(Vec<Option<Cert>>),
    Fails(Reason),
    Repeats(Vec<Option<Cert>>),
    Wakes(Cert),
    Orders(u8),
    Misses(Extent),
    Waits(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let cert = prop::sample::select(vec![
        GOOD, RENEWED, EXPIRED, WRONG_NAME, INCOMPLETE, UNTRUSTED, WEAK, EXPIRING, SOONER, SOON,
        UNCHECKED,
    ]);
    let endpoints = prop::collection::vec(prop::option::weighted(0.9, cert.clone()), 1..4)
        .prop_filter("one shows something", |all| all.iter().any(Option::is_some));
    let reason = prop::sample::select(Reason::ALL.to_vec());
    let step = prop_oneof![
        8 => endpoints.clone().prop_map(Step::Sees),
        3 => reason.prop_map(Step::Fails),
        2 => endpoints.prop_map(Step::Repeats),
        2 => cert.prop_map(Step::Wakes),
        1 => (0..4_u8).prop_map(Step::Orders),
        1 => prop::sample::select(vec![Extent::Alone, Extent::Most]).prop_map(Step::Misses),
        1 => (0..20 * 86_400_i64).prop_map(Step::Waits),
    ];
    prop::collection::vec(step, 1..60)
}

fn take(story: &mut Story, step: Step) {
    let ignored = |answer: Result<Vec<String>, Refusal>| drop(answer);
    match step {
        Step::Sees(endpoints) => {
            (story.second, story.look) = (story.second + 60, story.look + 1);
            let weigh = story.weigh(story.look, &endpoints);
            ignored(story.ask(Ask::Weigh(weigh)));
        }
        Step::Fails(reason) if story.watch.is_watched() => drop(story.fails(reason)),
        Step::Fails(_) => {}
        Step::Repeats(endpoints) => {
            let records = story.log.len();
            let weigh = story.weigh(story.watch.look(), &endpoints);
            ignored(story.ask(Ask::Weigh(weigh)));
            assert_eq!(story.log.len(), records, "a repeated look adds nothing");
        }
        Step::Wakes(cert) => drop(story.wakes(&[cert])),
        Step::Orders(0) => drop(story.order(|revision| Ask::Unwatch { revision, removed: false })),
        Step::Orders(1) => drop(story.order(|revision| Ask::Unwatch { revision, removed: true })),
        Step::Orders(_) => drop(story.order(watch)),
        Step::Misses(extent) => {
            ignored(story.ask(Ask::Miss { unanswered: 3, last_seen: None, extent }));
        }
        Step::Waits(seconds) => story.second += seconds,
    }
}

/// An anomaly is opened before it is worsened or closed, and never twice at once.
fn check_history(story: &Story) {
    let mut open = BTreeMap::new();
    let mut used = BTreeSet::new();
    let events = story.log.iter().flat_map(|record| &record.events);
    for event in events.filter_map(|event| event.event.as_ref()) {
        match event {
            Event::AnomalyOpened(opened) => {
                assert!(used.insert(opened.anomaly_id.clone()), "an id is used once");
                let before = open.insert(opened.kind, opened.anomaly_id.clone());
                assert_eq!(before, None, "opened twice");
            }
            Event::AnomalyWorsened(worsened) => {
                assert_eq!(open.get(&worsened.kind), Some(&worsened.anomaly_id));
            }
            Event::AnomalyClosed(closed) => {
                assert_eq!(open.remove(&closed.kind), Some(closed.anomaly_id.clone()));
            }
            Event::Watched(_)
            | Event::Unwatched(_)
            | Event::StateChanged(_)
            | Event::CertificateChanged(_)
            | Event::ChainLearned(_)
            | Event::EndpointSeen(_)
            | Event::EndpointGone(_)
            | Event::RoundCounted(_) => {}
        }
    }
    let still: Vec<_> = story.watch.open().iter().map(|open| open.kind as i32).collect();
    assert_eq!(still, open.into_keys().collect::<Vec<_>>());
    let last = story.log.last().unwrap();
    assert_eq!(last.state, i32::from(story.watch.state()), "the record says the state");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// That live state and state folded anew are the same is checked by the story at each step.
    #[test]
    fn no_sequence_breaks_a_history(steps in steps()) {
        let mut story = Story::added();
        for step in steps {
            take(&mut story, step);
        }
        check_history(&story);
        prop_assert!(story.watch.faces().len() <= face::FACES_MAX);
        prop_assert!(story.watch.chains().count() <= face::CHAINS_MAX);
    }

    #[test]
    fn a_record_from_anywhere_is_taken_in_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(record) = proto::v1::LogRecord::decode(bytes.as_slice()) {
            Watch::default().evolve(&record);
        }
    }
}
