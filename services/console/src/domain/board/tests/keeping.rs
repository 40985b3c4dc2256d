//! A board that was kept, recalled, and folded on from there is the board that was folded anew.

use std::collections::{BTreeMap, BTreeSet};

use kernel::decider::Decider;
use proptest::{prelude::*, sample::Index};
use proto::{
    id::{ContactId, DeliveryId},
    stream::{self, Stream},
    v1::{DeliveryDropped, DeliveryParked, EndpointSeen},
};
use sha2::{Digest, Sha256};

use super::*;
use crate::domain::{
    board::{
        Heard,
        memory::{FORM, Reached},
    },
    inventory::inbox::{Marks, Read},
};

/// A message of a stream, with its sequence.
type Message = (&'static Stream, u64, Heard);

/// One thing that happens. Numbers choose among few, so that much happens to the same.
#[derive(Debug, Clone)]
enum Step {
    Order { domain: u8, command: u8 },
    Log { domain: u8, events: Vec<u8> },
    Look { domain: u8, look: u64 },
    Happen { domain: u8 },
    Tell { delivery: u8, events: Vec<u8> },
    Read { delivery: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let few = || 0..4_u8;
    prop_oneof![
        (few(), few()).prop_map(|(domain, command)| Step::Order { domain, command }),
        (few(), prop::collection::vec(0..8_u8, 0..4))
            .prop_map(|(domain, events)| Step::Log { domain, events }),
        (few(), 0..9_u64).prop_map(|(domain, look)| Step::Look { domain, look }),
        few().prop_map(|domain| Step::Happen { domain }),
        (few(), prop::collection::vec(0..5_u8, 1..3))
            .prop_map(|(delivery, events)| Step::Tell { delivery, events }),
        few().prop_map(|delivery| Step::Read { delivery }),
    ]
}

fn name(domain: u8) -> String {
    format!("{domain}.example")
}

fn delivery_id(delivery: u8) -> DeliveryId {
    DeliveryId::from_bytes([delivery; 16])
}

fn contact(delivery: u8) -> ContactId {
    ContactId::from_bytes([delivery % 2; 16])
}

/// What was said on the streams.
fn history(steps: &[Step]) -> Vec<Message> {
    let mut said: Vec<Message> = Vec::new();
    let mut domains: BTreeMap<u8, Domain> = BTreeMap::new();
    for (now, step) in (0..).map(at).zip(steps) {
        let (stream, heard): (&'static Stream, Heard) = match step {
            Step::Order { domain, command } => {
                let place = place(&name(*domain));
                let id = place.id();
                let known = domains.entry(*domain).or_default();
                let tags = if *command > 1 { &["shop"][..] } else { &[] };
                let command = match command {
                    0 | 2 => Command::Add(place, tagged(tags)),
                    1 => Command::Remove,
                    _ => Command::Change(tagged(tags)),
                };
                let Ok(events) = known.decide(command) else { continue };
                for event in &events {
                    known.evolve(event);
                }
                let record = record::<Domain>(&events, Actor::System, now);
                (&stream::INVENTORY, Heard::Ordered(Entity::Domain(id), record))
            }
            Step::Log { domain, events } => {
                let state = if events.is_empty() { State::Secure } else { State::Abnormal };
                let events = events.iter().map(|event| log_event(*event)).collect();
                let mut record = log(state, events);
                record.recorded_at = Some(time::write(now));
                (&stream::LOG, Heard::Logged(place(&name(*domain)).id(), record))
            }
            Step::Look { domain, look } => {
                let started_at = Some(time::write(now));
                let fact = ScanFact { look: *look, started_at, ..ScanFact::default() };
                (&stream::FACTS, Heard::Looked(place(&name(*domain)).id(), Box::new(fact)))
            }
            Step::Happen { domain } => {
                let event = v1::Event { host: name(*domain), ..v1::Event::default() };
                (&stream::EVENTS, Heard::Happened(Box::new(event)))
            }
            Step::Tell { delivery, events } => {
                let step = |event: &u8| DeliveryEvent {
                    delivery_id: delivery_id(*delivery).to_string(),
                    event: Some(delivery_event(*event)),
                };
                let record = DeliveryRecord {
                    recorded_at: Some(time::write(now)),
                    events: events.iter().map(step).collect(),
                };
                let channel = "internal".parse().unwrap();
                let contact = contact(*delivery);
                (&stream::DELIVERIES, Heard::Told { channel, contact, domain: None, record })
            }
            Step::Read { delivery } => {
                let read = Read(BTreeSet::from([delivery_id(*delivery)]));
                let record = record::<Marks>(&[read], Actor::System, at(0));
                (&stream::INVENTORY, Heard::Ordered(Entity::Inbox(contact(*delivery)), record))
            }
        };
        let sequence = 1 + said.iter().filter(|(s, _, _)| *s == stream).count() as u64;
        said.push((stream, sequence, heard));
    }
    said
}

fn tagged(tags: &[&str]) -> Options {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Options::read(&OptionsDraft { tags, ..OptionsDraft::default() }).unwrap()
}

fn log_event(event: u8) -> log_event::Event {
    let chain = |certificate: u8| {
        let issued = rcgen::generate_simple_self_signed(vec![format!("{certificate}.example")]);
        v1::Chain {
            fingerprint: vec![certificate; 32].into(),
            certificates: vec![issued.unwrap().cert.der().to_vec().into()],
        }
    };
    let seen = |address: &str, chain: u8| {
        log_event::Event::EndpointSeen(EndpointSeen {
            address: address.to_owned(),
            port: 443,
            chain: vec![chain; 32].into(),
            ..EndpointSeen::default()
        })
    };
    match event {
        0 => opened(Kind::Expired, Severity::Critical),
        1 => opened(Kind::Weak, Severity::Warning),
        2 => closed(Kind::Expired),
        3 => closed(Kind::Weak),
        4 => log_event::Event::ChainLearned(v1::ChainLearned {
            chain: Some(chain(1)),
            ..v1::ChainLearned::default()
        }),
        5 => seen("192.0.2.1", 1),
        6 => seen("2001:db8::1", 2),
        _ => log_event::Event::CertificateChanged(v1::CertificateChanged::default()),
    }
}

fn delivery_event(event: u8) -> delivery_event::Event {
    match event {
        0 => due(),
        1 => delivered(),
        2 => delivery_event::Event::Parked(DeliveryParked::default()),
        3 => delivery_event::Event::Dropped(DeliveryDropped::default()),
        _ => delivery_event::Event::Attempted(v1::DeliveryAttempted {
            lead: delivery_id(1).to_string(),
            ..v1::DeliveryAttempted::default()
        }),
    }
}

fn fold<'m>(board: &mut Board, messages: impl IntoIterator<Item = &'m Message>) {
    for (stream, sequence, heard) in messages {
        board.take(*sequence, heard.clone());
        if *stream != &stream::INVENTORY {
            let (subject, id) = (format!("at.{sequence}"), sequence.to_string());
            board.reached(stream, Reached { sequence: *sequence, subject, id });
        }
    }
}

/// What lists and counts say of a board.
fn seen(board: &Board) -> Vec<String> {
    let domains = board.domains();
    let mut seen: Vec<_> =
        Sort::ALL.iter().map(|sort| format!("{:?}", domains.page(&all(*sort)).rows)).collect();
    seen.extend(State::ALL.iter().map(|state| domains.count(*state).to_string()));
    seen.extend(Severity::ALL.iter().map(|bad| domains.open_count(*bad).to_string()));
    seen.push(format!("{:?}", domains.open().collect::<Vec<_>>()));
    seen.push(format!("{:?}", domains.tags().chain(domains.issuers()).collect::<Vec<_>>()));
    seen.push(format!("{:?}", domains.expiring(&[at(0), at(i64::from(u32::MAX))])));
    seen.push(format!("{:?}", board.deliveries().latest(None).collect::<Vec<_>>()));
    seen.push(format!("{:?}", board.deliveries().unread(None, None).collect::<Vec<_>>()));
    seen.push(format!("{:?}", board.closed().collect::<Vec<_>>()));
    seen.push(format!("{:?}", board.events().collect::<Vec<_>>()));
    seen
}

proptest! {
    /// It dies at some moment; what it wrote until then is there, and the next one begins with it.
    #[test]
    fn a_board_that_is_recalled_shows_what_a_new_one_shows(
        steps in prop::collection::vec(step(), 1..60),
        written in prop::collection::vec(any::<Index>(), 0..4),
        again in 0..3_u64,
    ) {
        let history = history(&steps);
        prop_assume!(!history.is_empty());
        let mut whole = Board::default();
        fold(&mut whole, &history);

        let mut moments: Vec<_> = written.iter().map(|at| at.index(history.len())).collect();
        moments.sort_unstable();
        let (mut board, mut disk, mut from) = (Board::default(), BTreeMap::new(), 0);
        for moment in moments {
            fold(&mut board, &history[from..moment]);
            from = moment;
            let parts = board.take_changes();
            let changes = board.kept(&parts);
            disk.extend(changes.puts);
            for key in changes.removals {
                disk.remove(&key);
            }
        }

        let mut recalled = Board::default();
        for (key, value) in &disk {
            prop_assert_eq!(recalled.recall(key, value), Some(()));
        }
        let kept = [&stream::LOG, &stream::EVENTS, &stream::DELIVERIES, &stream::FACTS];
        let far: BTreeMap<_, _> = kept
            .map(|stream| (stream.name, recalled.how_far(stream).map_or(0, |far| far.sequence)))
            .into();
        let is_new = |(stream, sequence, _): &&Message| {
            // A few are read again, as after a moment that was not written whole.
            far.get(stream.name).is_none_or(|far| *sequence + again > *far)
        };
        fold(&mut recalled, history.iter().filter(is_new));

        prop_assert_eq!(seen(&recalled), seen(&whole));
        let parts = whole.take_changes();
        prop_assert_eq!(recalled.kept(&parts), whole.kept(&parts));
    }
}

/// A snapshot of another form would be misread: whoever changes what is kept, or the words in it,
/// gives the form its next number, and writes the digest beside it.
#[test]
fn a_form_that_changes_gets_another_number() {
    let steps = [
        Step::Log { domain: 0, events: vec![0, 1, 5, 6, 7] },
        Step::Log { domain: 0, events: vec![2] },
        Step::Look { domain: 0, look: 3 },
        Step::Happen { domain: 0 },
        Step::Tell { delivery: 1, events: vec![0, 4, 1] },
        Step::Tell { delivery: 2, events: vec![0, 3] },
    ];
    let mut board = Board::default();
    fold(&mut board, &history(&steps));
    let parts = board.take_changes();
    let kept = format!("{:?}", board.kept(&parts).puts);
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(kept)[..4]);
    assert_eq!((FORM, digest.as_str()), (3, "54016ac6"));
}

#[test]
fn what_does_not_read_is_said_to() {
    let mut board = Board::default();
    let mut watch = b"w".to_vec();
    watch.extend([1; 16]);
    assert_eq!(board.recall(&watch, &[0xff]), None);
    assert_eq!(board.recall(b"w1", &[]), None);
    assert_eq!(board.recall(b"rNOTHING", &[]), None);
    assert_eq!(board.recall(b"?", &[]), None);
    // An endpoint that names a chain which is not there.
    let lost =
        [0x1a, 0x0d, 0x0a, 0x07, b'1', b'.', b'1', b'.', b'1', b'.', b'1', 0x1a, 0x02, 0x0a, 0x00];
    assert_eq!(board.recall(&watch, &lost), None);
}
