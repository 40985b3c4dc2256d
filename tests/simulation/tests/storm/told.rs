//! Two thousand domains expire in one minute, and recover in another: no robot is spoken to too
//! fast, and everybody hears of every domain as soon as the robots allow it.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use notifier::shell::channel::Limit;

use crate::{
    robot::Arrival,
    world::{CHANNELS, CONTACTS, WINDOW, World, host, live},
};

/// Domains.
const DOMAINS: usize = 2_000;

/// In which they expire, and recover.
const STORM: Duration = Duration::from_mins(1);

/// Between two of them.
const GAP: Duration = Duration::from_millis(30);

/// After which the end of a storm is looked at.
const CALM: Duration = Duration::from_mins(20);

#[test]
fn a_storm_and_its_end_reach_everybody_as_soon_as_the_robots_allow() {
    live(async {
        let world = World::new(None);
        for (what, happens) in
            [("expired", World::expires as fn(&World, usize)), ("recovered", World::recovers)]
        {
            let (begun, before) = (world.now(), world.arrivals().len());
            for number in 0..DOMAINS {
                happens(&world, number);
                tokio::time::sleep(GAP).await;
            }
            tokio::time::sleep(CALM).await;
            let arrivals = world.arrivals().split_off(before);
            for (contact, _) in CONTACTS {
                for channel in CHANNELS {
                    let of_robot =
                        |one: &&Arrival| one.contact == contact && one.channel == channel;
                    let arrived: Vec<_> = arrivals.iter().filter(of_robot).collect();
                    let took = judge(&format!("{channel} of {contact}"), channel, &arrived, begun);
                    println!(
                        "{what}: {channel} of {contact}: {} messages, {took:?}",
                        arrived.len()
                    );
                }
            }
        }
    });
}

/// Every domain is named, in time. Answers how long that took.
fn judge(robot: &str, channel: &str, arrived: &[&Arrival], begun: Duration) -> Duration {
    let named: BTreeSet<_> = arrived.iter().flat_map(|one| &one.names).collect();
    let missing: Vec<_> = (0..DOMAINS).map(host).filter(|host| !named.contains(host)).collect();
    assert!(missing.is_empty(), "{robot} never names {} domains: {missing:?}", missing.len());
    let took = arrived.last().unwrap().at.saturating_sub(begun);
    let most = arrived.iter().map(|one| distinct(one)).max().unwrap();
    let allowed = WINDOW + soonest(limits(channel), most);
    assert!(took <= allowed.mul_f64(1.1), "{robot}: {took:?}, where {allowed:?} is allowed");
    took
}

fn distinct(one: &Arrival) -> usize {
    one.names.iter().collect::<BTreeSet<_>>().len()
}

fn limits(channel: &str) -> &'static [Limit] {
    const SLOW: &[Limit] = &[Limit { messages: 18, within: Duration::from_mins(1) }];
    const QUICK: &[Limit] = &[
        Limit { messages: 4, within: Duration::from_secs(1) },
        Limit { messages: 90, within: Duration::from_mins(1) },
    ];
    match channel {
        "dingtalk" | "wecom" => SLOW,
        "feishu" => QUICK,
        _ => &[],
    }
}

/// The soonest end of the storm for a robot that takes so many domains in a message: each message
/// goes when there is something for it and the limits allow it.
fn soonest(limits: &[Limit], most: usize) -> Duration {
    let mut sent: VecDeque<Duration> = VecDeque::new();
    for first in (0..DOMAINS).step_by(most) {
        let there = GAP * u32::try_from(first).unwrap();
        let free = |limit: &Limit| {
            let before = sent.len().checked_sub(limit.messages)?;
            Some(sent[before] + limit.within)
        };
        sent.push_back(limits.iter().filter_map(free).max().unwrap_or_default().max(there));
    }
    sent.back().copied().unwrap_or_default().max(STORM)
}

#[test]
fn the_soonest_end_is_that_of_the_limits() {
    let slow = limits("wecom");
    assert_eq!(soonest(&[], 1), STORM);
    assert_eq!(soonest(slow, DOMAINS), STORM, "one message tells all");
    // 40 messages: 18 and 18, and four from the third minute on.
    assert_eq!(soonest(slow, 50).as_secs(), 120 + 4);
}
