//! A robot that is away for a day: when it is back it is told everything, in order, and nobody else
//! ever noticed.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    robot::{Arrival, Away},
    world::{CHANNELS, CONTACTS, WINDOW, World, host, live},
};

/// Domains of which one expires every half minute of the first hour and a half, then one every
/// hour.
const DOMAINS: usize = 200;

const DAY: Duration = Duration::from_hours(24);

/// What the robot may be late by after it is back: the longest wait of one that asks the dead, and
/// what its limits ask for.
const LATE: Duration = Duration::from_mins(3);

/// How long a message may wait for its turn, and take.
const TURN: Duration = Duration::from_secs(1);

/// Every fifth domain recovers while the robot is away.
fn recovers(number: usize) -> bool {
    number.is_multiple_of(5)
}

#[test]
fn a_robot_that_was_away_for_a_day_hears_everything_in_order() {
    live(async {
        let away = Away { contact: "Li Wei", until: DAY };
        let world = World::new(Some(away));
        let mut happened = BTreeMap::new();
        for number in 0..DOMAINS {
            world.expires(number);
            happened.insert(host(number), world.now());
            let wait = if number < 180 { 30 } else { 3_600 };
            tokio::time::sleep(Duration::from_secs(wait)).await;
            if recovers(number) {
                world.recovers(number);
            }
        }
        tokio::time::sleep((DAY + LATE).saturating_sub(world.now())).await;
        let arrivals = world.arrivals();
        let (of_dead, others): (Vec<_>, Vec<_>) = arrivals
            .into_iter()
            .partition(|one| one.contact == away.contact && one.channel == "wecom");
        all_in_order(&of_dead);
        nobody_noticed(&others, &happened);
        let records = world.records().len();
        println!("{} messages when it was back, {records} records in all", of_dead.len());
        // Five steps of each delivery at most, and no more than one message a minute that asks.
        assert!(records < 15 * 2 * DOMAINS * 5 + 24 * 60 * 60, "{records} records");
    });
}

/// Each domain that is still down is told, and those that recovered meanwhile are not.
fn all_in_order(of_dead: &[Arrival]) {
    let mut told: Vec<usize> = Vec::new();
    for arrival in of_dead.iter().filter(|one| !one.title.contains("已恢复")) {
        for name in &arrival.names {
            let number = name.trim_start_matches("host-").split('.').next().unwrap();
            let number: usize = number.parse().unwrap();
            if !told.contains(&number) {
                told.push(number);
            }
        }
    }
    let down: Vec<_> = (0..DOMAINS).filter(|number| !recovers(*number)).collect();
    assert_eq!(told, down, "each once, in the order in which they went down");
}

/// Through every other channel each domain was told of when its news were due.
fn nobody_noticed(others: &[Arrival], happened: &BTreeMap<String, Duration>) {
    let mut first: BTreeMap<(&str, &str, &str), Duration> = BTreeMap::new();
    for arrival in others {
        for name in &arrival.names {
            first.entry((&arrival.contact, &arrival.channel, name)).or_insert(arrival.at);
        }
    }
    let robots = CONTACTS.len() * CHANNELS.len() - 1;
    assert_eq!(first.len(), robots * DOMAINS, "all others were told of all");
    for ((contact, channel, name), at) in first {
        let late = at.saturating_sub(happened[name]);
        assert!(late <= WINDOW + TURN, "{channel} of {contact}: {late:?} late");
    }
}
