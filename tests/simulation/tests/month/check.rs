//! What must hold of every past, whatever happened in it.

use std::collections::{BTreeMap, BTreeSet};

use chassis::bus::Message;
use detector::domain::{news, watch::Watch};
use jiff::SignedDuration;
use kernel::decider::Decider;
use prost::Message as _;
use proto::{
    id::DomainId,
    subject, time,
    v1::{Kind, LogRecord, State, anomaly_closed::How, log_event::Event},
};

use crate::{
    scene::{Card, Scene},
    world::{Past, id},
};

/// Checks all of it.
pub(crate) fn past(past: &Past) {
    let histories = histories(past);
    for (domain, records) in &histories {
        opened_once_and_closed_after(domain, records.iter().map(|(_, record)| record));
    }
    told_once(past, &histories);
    for site in past.sites.iter() {
        let records: Vec<_> = histories[&id(&site.host)].iter().map(|(_, r)| r.clone()).collect();
        ends_as_it_is(&site.host, &site.scenes.last().unwrap().1, &Watch::folded(&records));
    }
}

/// What time alone opened was opened within a second. Only where no detector died or froze.
pub(crate) fn punctual(past: &Past) -> usize {
    let mut by_time = 0;
    for record in histories(past).values().flatten().map(|(_, record)| record) {
        let recorded_at = time::read(&record.recorded_at.unwrap()).unwrap();
        for event in record.events.iter().filter_map(|event| event.event.as_ref()) {
            if let Event::AnomalyOpened(opened) = event
                && opened.kind() == Kind::Expired
                && record.look == 0
            {
                let ended = time::read(&opened.since.unwrap()).unwrap();
                let late = recorded_at.duration_since(ended + SignedDuration::from_secs(1));
                assert!(late < SignedDuration::from_secs(1), "{late} late");
                by_time += 1;
            }
        }
    }
    by_time
}

/// All that was logged, a line each. Keys of certificates are made anew in each life: what only
/// they decide is left out.
pub(crate) fn story(past: &Past) -> Vec<String> {
    let line = |message: &Message| {
        let record = LogRecord::decode(message.payload.clone()).unwrap();
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        let events: Vec<_> = events.map(std::mem::discriminant).collect();
        format!("{} {} look {} {events:?}", message.stored_at, message.subject, record.look)
    };
    past.log.iter().map(line).collect()
}

type Histories = BTreeMap<DomainId, Vec<(u64, LogRecord)>>;

fn histories(past: &Past) -> Histories {
    let mut histories = Histories::new();
    for message in &past.log {
        let domain = subject::log_domain(&message.subject).unwrap();
        let record = LogRecord::decode(message.payload.clone()).unwrap();
        histories.entry(domain).or_default().push((message.sequence, record));
    }
    histories
}

/// No anomaly is opened while it is open, nor closed or worsened while it is not.
fn opened_once_and_closed_after<'r>(
    domain: &DomainId,
    records: impl Iterator<Item = &'r LogRecord>,
) {
    let mut open: BTreeMap<i32, String> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let mut looks = BTreeSet::new();
    for record in records {
        assert!(record.look == 0 || looks.insert(record.look), "{domain}: a look is judged once");
        for event in record.events.iter().filter_map(|event| event.event.as_ref()) {
            if let Event::AnomalyOpened(opened) = event {
                assert!(ids.insert(opened.anomaly_id.clone()), "{domain}: {}", opened.anomaly_id);
                let before = open.insert(opened.kind, opened.anomaly_id.clone());
                assert_eq!(before, None, "{domain}: {} opened twice", opened.kind().token());
            } else if let Event::AnomalyWorsened(worsened) = event {
                assert_eq!(open.get(&worsened.kind), Some(&worsened.anomaly_id), "{domain}");
            } else if let Event::AnomalyClosed(closed) = event {
                assert_ne!(closed.how(), How::Unspecified);
                assert_eq!(open.remove(&closed.kind), Some(closed.anomaly_id.clone()), "{domain}");
            }
        }
    }
}

/// Every event of the log was told, once, and those of one subject in order.
fn told_once(past: &Past, histories: &Histories) {
    let mut due: Vec<String> = histories
        .iter()
        .flat_map(|(domain, records)| {
            records.iter().flat_map(move |(at, record)| news::of(domain, *at, record))
        })
        .map(|event| event.id)
        .collect();
    let mut told: Vec<String> = past.told.iter().map(|message| message.id.clone()).collect();
    due.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, due, "what is told is what happened");
    let mut last: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for message in &past.told {
        let place = news::place(&message.id).unwrap();
        let before = last.insert(&message.subject, place);
        assert!(before.is_none_or(|before| before < place), "{} out of order", message.id);
    }
}

/// After a calm day, what is said of a domain is what is so.
fn ends_as_it_is(host: &str, scene: &Scene, watch: &Watch) {
    let open: Vec<Kind> = watch.open().iter().map(|open| open.kind).collect();
    match scene {
        Scene::Fails(_) => {
            let said =
                [Kind::Unreachable, Kind::EnableFailed].iter().any(|kind| open.contains(kind));
            assert!(said, "{host} fails, and open are {open:?}");
        }
        Scene::Shows(cards) => {
            let card = cards.iter().flatten().copied().max().unwrap_or(Card::Good);
            let wrongs = card.wrongs();
            let fits = open.iter().all(|kind| wrongs.contains(kind));
            assert!(fits && open.is_empty() == wrongs.is_empty(), "{host}: {card:?}, {open:?}");
            let state = if wrongs.is_empty() { State::Secure } else { State::Abnormal };
            assert_eq!(watch.state(), state, "{host}");
        }
        Scene::Alternates(..) => unreachable!("the last scene is steady"),
    }
}
