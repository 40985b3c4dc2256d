//! What holds after any sequence of commands.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use proto::v1::Kind;

use super::*;
use crate::domain::{
    news::News,
    sample::{self, delivery, minute, shared},
    thread::{
        step::{record, steps},
        told::TOLD_MAX,
    },
};

const BACKOFF: Backoff = Backoff { base: Duration::from_mins(1), cap: Duration::from_hours(1) };

/// Few deliveries and few kinds, so that they meet.
fn news() -> impl Strategy<Value = News> {
    let kind = prop_oneof![Just(Kind::Expired), Just(Kind::Expiring), Just(Kind::Weak)];
    (kind, 0..4).prop_map(|(kind, shape)| match shape {
        0 => sample::opened(kind),
        1 => sample::worsened(kind),
        2 => sample::recovered(&[kind, Kind::Expired]),
        _ => sample::with(&sample::opened(kind), |event| {
            event.supersedes = vec![sample::anomaly(Kind::Expiring)];
        }),
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let reply = || "said".to_owned();
    prop_oneof![
        Just(Outcome::Delivered { reply: reply(), inbox: None }),
        any::<bool>().prop_map(move |perhaps_told| Outcome::Again {
            reply: reply(),
            wait_min: None,
            perhaps_told
        }),
        Just(Outcome::Never { reply: reply() }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let id = || (0_u8..6).prop_map(delivery);
    let at = || (0_i64..3_000).prop_map(minute);
    let anomaly = || prop_oneof![Just(Kind::Expired), Just(Kind::Weak)].prop_map(sample::anomaly);
    let cause = prop_oneof![Just(Cause::Event), Just(Cause::Again), Just(Cause::Test)];
    prop_oneof![
        4 => (id(), news(), cause, at()).prop_map(|(id, news, cause, at)| {
            let (news, enclosure) = (shared(news), Enclosure::Nothing);
            Command::Tell { id, news, cause, not_before: at, enclosure, at }
        }),
        1 => (id(), anomaly(), at())
            .prop_map(|(id, anomaly, at)| Command::Remind { id, anomaly, at }),
        3 => (id(), at()).prop_map(|(id, at)| Command::Attempt { id, lead: None, at }),
        3 => (id(), outcome(), 0.0..1.0, at()).prop_map(|(id, outcome, chance, at)| {
            Command::Conclude { id, outcome, rest: None, backoff: BACKOFF, chance, at }
        }),
        1 => (id(), at()).prop_map(|(id, at)| Command::Drop { id, why: Why::Merged, at }),
        1 => (anomaly(), at()).prop_map(|(anomaly, at)| Command::Restate { anomaly, at }),
    ]
}

proptest! {
    #[test]
    fn what_is_live_is_what_the_stream_says(commands in prop::collection::vec(command(), 0..60)) {
        let (mut live, mut stream) = (Thread::default(), Vec::new());
        for command in commands {
            let Ok(decided) = live.decide(command) else { continue };
            for step in &decided {
                live.evolve(step);
            }
            if !decided.is_empty() {
                stream.push(record(&decided));
            }
        }
        let read = stream.into_iter().flat_map(|record| steps(record).0).collect::<Vec<_>>();
        prop_assert_eq!(Thread::folded(&read), live);
    }

    #[test]
    fn whatever_is_asked_twice_is_due_once(commands in prop::collection::vec(command(), 0..60)) {
        let mut live = Thread::default();
        for command in commands {
            let decided = live.decide(command.clone()).unwrap_or_default();
            for step in &decided {
                live.evolve(step);
            }
            if let Command::Tell { id, .. } = &command && !decided.is_empty() {
                prop_assert!(live.has_met(*id));
                prop_assert_eq!(live.decide(command), Ok(vec![]));
            }
        }
    }

    #[test]
    fn a_delivery_ends_once_and_is_silent_then(
        commands in prop::collection::vec(command(), 0..80),
    ) {
        let (mut live, mut ended) = (Thread::default(), BTreeMap::new());
        for command in commands {
            let is_restated = matches!(command, Command::Restate { .. });
            for step in live.decide(command).unwrap_or_default() {
                live.evolve(&step);
                if is_restated {
                    continue;
                }
                prop_assert!(!ended.contains_key(&step.id), "{step:?} after {ended:?}");
                match step.deed {
                    Deed::Delivered { .. } | Deed::Parked { .. } | Deed::Dropped { .. } => {
                        ended.insert(step.id, step.deed);
                    }
                    Deed::Due { .. } | Deed::Attempted { .. } | Deed::Failed { .. } => {}
                }
            }
            prop_assert!(live.open().len() <= 6 && live.told().len() <= TOLD_MAX);
        }
    }
}
