//! Two thousand domains expire in one minute, and recover in another: no robot is spoken to too
//! fast, and everybody hears of every domain as soon as the robots allow it.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use notifier::{domain::pace::RESERVE, shell::channel::Limit};

use crate::{
    memory::Counted,
    robot::Arrival,
    world::{CHANNELS, CONTACTS, WINDOW, World, host},
};

/// Domains.
const DOMAINS: usize = 2_000;

/// In which they expire, and recover.
const STORM: Duration = Duration::from_mins(1);

/// Between two of them.
const GAP: Duration = Duration::from_millis(30);

/// After which the end of a storm is looked at.
const CALM: Duration = Duration::from_mins(20);

/// Bytes that the notifier may hold of each thread: the news, where it stands, and when it is to
/// be looked at; not what is sent, which is made when it goes and is longer by itself.
const HELD_MAX: i64 = 1_024;

/// Bytes of each that it may hold when all is over: what was dealt with is known by its id.
const LEFT_MAX: i64 = 384;

#[test]
fn a_storm_and_its_end_reach_everybody_as_soon_as_the_robots_allow() {
    let mut life = Counted::begin();
    let world = life.live(async { World::new(None) });
    let idle = life.held(&world);
    let threads = i64::try_from(DOMAINS * CONTACTS.len() * CHANNELS.len()).unwrap();
    for (what, happens, reserve) in [
        ("expired", World::expires as fn(&World, usize), 0),
        // Only what is critical may take all that a robot does.
        ("recovered", World::recovers, RESERVE),
    ] {
        // Asked for within: elsewhere another time passes.
        let begun = life.live(async { world.now() });
        let before = world.arrivals().len();
        life.live(async {
            for number in 0..DOMAINS {
                happens(&world, number);
                tokio::time::sleep(GAP).await;
            }
        });
        let busy = (life.held(&world) - idle) / threads;
        life.live(async { tokio::time::sleep(CALM).await });
        let calm = (life.held(&world) - idle) / threads;
        println!("{what}: {busy} bytes a thread are held, and {calm} when all are told");
        assert!(busy.max(calm) <= HELD_MAX, "{busy} and {calm} bytes a thread");
        let arrivals = world.arrivals().split_off(before);
        for (contact, _) in CONTACTS {
            for channel in CHANNELS {
                let of_robot = |one: &&Arrival| one.contact == contact && one.channel == channel;
                let arrived: Vec<_> = arrivals.iter().filter(of_robot).collect();
                let limits = limits(channel, reserve);
                let took = judge(&format!("{channel} of {contact}"), &limits, &arrived, begun);
                println!("{what}: {channel} of {contact}: {} messages, {took:?}", arrived.len());
            }
        }
    }
    let left = (life.held(&world) - idle) / threads;
    assert!(left <= LEFT_MAX, "{left} bytes a thread when all is over");
}

#[test]
fn a_standby_holds_no_more_than_who_leads() {
    let mut life = Counted::begin();
    let world = life.live(async { World::new(None) });
    let idle = life.held(&world);
    life.live(async {
        for number in 0..DOMAINS / 10 {
            world.expires(number);
        }
        tokio::time::sleep(CALM).await;
    });
    let leader = life.held(&world) - idle;
    life.live(async {
        world.start("two", None);
        tokio::time::sleep(CALM).await;
    });
    let standby = life.held(&world) - idle - leader;
    println!("who leads holds {leader} bytes, and the standby {standby}");
    assert!(standby <= leader + leader / 10, "{standby} bytes, where who leads holds {leader}");
}

/// Every domain is named, in time. Answers how long that took.
fn judge(robot: &str, limits: &[Limit], arrived: &[&Arrival], begun: Duration) -> Duration {
    let named: BTreeSet<_> = arrived.iter().flat_map(|one| &one.names).collect();
    let missing: Vec<_> = (0..DOMAINS).map(host).filter(|host| !named.contains(host)).collect();
    assert!(missing.is_empty(), "{robot} never names {} domains: {missing:?}", missing.len());
    let took = arrived.last().unwrap().at.saturating_sub(begun);
    // How many domains a message holds hangs on the length of what is said of them; but for the
    // last, none had room for one more.
    let spacious = arrived.iter().position(|one| one.has_room).map(|first| arrived.len() - first);
    assert!(limits.is_empty() || spacious.is_none_or(|last| last == 1), "{robot}: {spacious:?}");
    if robot.starts_with("email") {
        // A mail holds all that comes within a window.
        let windows = STORM.as_secs() / WINDOW.as_secs() + 1;
        assert!(arrived.len() as u64 <= windows, "{robot}: {} mails", arrived.len());
    }
    let allowed = WINDOW + soonest(limits, arrived.iter().map(|one| distinct(one)));
    assert!(took <= allowed.mul_f64(1.1), "{robot}: {took:?}, where {allowed:?} is allowed");
    took
}

fn distinct(one: &Arrival) -> usize {
    one.names.iter().collect::<BTreeSet<_>>().len()
}

/// What a robot takes, but for so many messages a minute.
fn limits(channel: &str, reserve: usize) -> Vec<Limit> {
    let minutely =
        |messages| Limit { messages: messages - reserve, within: Duration::from_mins(1) };
    match channel {
        "dingtalk" | "wecom" => vec![minutely(18)],
        "feishu" => vec![Limit { messages: 4, within: Duration::from_secs(1) }, minutely(90)],
        _ => vec![],
    }
}

/// The soonest end of the storm for a robot, if its messages hold so many domains each: one goes
/// when there is something for it and the limits allow it.
fn soonest(limits: &[Limit], counts: impl IntoIterator<Item = usize>) -> Duration {
    let mut sent: VecDeque<Duration> = VecDeque::new();
    let mut told = 0;
    for count in counts {
        let there = GAP * u32::try_from(told).unwrap();
        let free = |limit: &Limit| {
            let before = sent.len().checked_sub(limit.messages)?;
            Some(sent[before] + limit.within)
        };
        sent.push_back(limits.iter().filter_map(free).max().unwrap_or_default().max(there));
        told += count;
    }
    sent.back().copied().unwrap_or_default().max(STORM)
}

#[test]
fn the_soonest_end_is_that_of_the_limits() {
    let slow = &limits("wecom", 0);
    assert_eq!(soonest(&[], [1; DOMAINS]), STORM);
    assert_eq!(soonest(slow, [DOMAINS]), STORM, "one message tells all");
    // 40 messages: 18 and 18, and four from the third minute on.
    assert_eq!(soonest(slow, [50; 40]).as_secs(), 120 + 4);
}
