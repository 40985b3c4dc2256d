//! What the board promises: the same whatever is repeated, and lists that hold together.

mod finding;
mod keeping;

use jiff::Timestamp;
use kernel::decider::Decider;
use proptest::prelude::*;
use proto::{
    id::{ContactId, DeliveryId, DomainId},
    subject::{Entity, Token as Channel},
    time,
    v1::{
        self, AnomalyClosed, AnomalyOpened, DeliveryEvent, DeliveryRecord, InboxEntry,
        InventoryEvent, InventoryRecord, Kind, LogEvent, LogRecord, Protocol, ScanFact, Severity,
        State,
        anomaly_closed::How,
        delivery_event,
        inventory_event::Event::{ContactRemoved as Removed, InboxRead},
        log_event,
    },
};

use super::{
    Board,
    deliveries::DELIVERIES_MAX,
    delivery::DeliveryState,
    query::{Direction, Filter, Query, Sort},
};
use crate::domain::{
    intake,
    inventory::{
        Actor,
        domain::{Command, Domain, DomainEvent, Place},
        options::{Options, OptionsDraft},
        record,
    },
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn place(name: &str) -> Place {
    intake::place(name, None).unwrap().0
}

fn add(board: &mut Board, sequence: u64, name: &str, tags: &[&str]) -> DomainId {
    let draft = OptionsDraft {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..OptionsDraft::default()
    };
    let place = place(name);
    let id = place.id();
    let event = DomainEvent::Added(place, Options::read(&draft).unwrap());
    let record = record::<Domain>(&[event], Actor::System, at(1_000));
    board.ordered(Entity::Domain(id), sequence, &record);
    id
}

fn order(board: &mut Board, id: DomainId, sequence: u64, command: Command) {
    let events = board.domains().ordered_of(&id).entity.decide(command).unwrap();
    let record = record::<Domain>(&events, Actor::System, at(2_000));
    board.ordered(Entity::Domain(id), sequence, &record);
}

fn log(state: State, events: Vec<log_event::Event>) -> LogRecord {
    LogRecord {
        recorded_at: Some(time::write(at(3_000))),
        events: events.into_iter().map(|event| LogEvent { event: Some(event) }).collect(),
        state: state as i32,
        port: 443,
        ..LogRecord::default()
    }
}

fn opened(kind: Kind, severity: Severity) -> log_event::Event {
    log_event::Event::AnomalyOpened(AnomalyOpened {
        anomaly_id: format!("x-{}-1", kind.token()),
        kind: kind as i32,
        severity: severity as i32,
        since: Some(time::write(at(2_500))),
        evidence: None,
    })
}

fn closed(kind: Kind) -> log_event::Event {
    log_event::Event::AnomalyClosed(AnomalyClosed {
        kind: kind as i32,
        how: How::Recovered as i32,
        ..AnomalyClosed::default()
    })
}

fn named(board: &Board, query: &Query) -> Vec<String> {
    let page = board.domains().page(query);
    page.rows.iter().map(|row| row.place().host.to_string()).collect()
}

fn all(sort: Sort) -> Query {
    Query {
        filter: Filter::default(),
        sort,
        direction: Direction::Ascending,
        after: None,
        limit: 100,
    }
}

#[test]
fn a_domain_has_one_state_at_every_moment() {
    let mut board = Board::default();
    let id = add(&mut board, 1, "a.example", &[]);
    assert_eq!(board.domains().row(&id).unwrap().state(), State::Enabling);
    board.logged(id, 1, &log(State::Secure, vec![]));
    assert_eq!(board.domains().row(&id).unwrap().state(), State::Secure);
    order(&mut board, id, 2, Command::Disable);
    assert_eq!(board.domains().row(&id).unwrap().state(), State::Disabled);
    board.logged(id, 2, &log(State::Disabled, vec![]));
    order(&mut board, id, 3, Command::Enable);
    assert_eq!(board.domains().row(&id).unwrap().state(), State::Enabling);
    order(&mut board, id, 4, Command::Remove);
    assert!(board.domains().row(&id).is_none() && board.domains().is_empty());
}

#[test]
fn a_log_that_is_read_before_the_inventory_is_not_lost() {
    let mut board = Board::default();
    let id = place("a.example").id();
    let expired = opened(Kind::Expired, Severity::Critical);
    board.logged(id, 7, &log(State::Abnormal, vec![expired]));
    assert!(board.domains().is_empty());
    add(&mut board, 1, "a.example", &[]);
    let row = board.domains().row(&id).unwrap();
    assert_eq!((row.state(), row.severity()), (State::Abnormal, Some(Severity::Critical)));
}

#[test]
fn what_is_taken_in_twice_is_taken_in_once() {
    let mut board = Board::default();
    let id = add(&mut board, 1, "a.example", &[]);
    let open = log(State::Abnormal, vec![opened(Kind::Weak, Severity::Warning)]);
    let close = log(State::Secure, vec![closed(Kind::Weak)]);
    for _ in 0..2 {
        board.logged(id, 1, &open);
        board.logged(id, 2, &close);
    }
    assert_eq!(board.closed().count(), 1);
    assert_eq!(board.domains().row(&id).unwrap().watch.anomalies(), []);
}

#[test]
fn what_is_wrong_stands_worst_first() {
    let mut board = Board::default();
    let id = add(&mut board, 1, "a.example", &[]);
    let events = vec![
        opened(Kind::Weak, Severity::Warning),
        opened(Kind::NameMismatch, Severity::Critical),
        opened(Kind::Expired, Severity::Critical),
    ];
    board.logged(id, 1, &log(State::Abnormal, events));
    let row = board.domains().row(&id).unwrap();
    let kinds: Vec<_> = row.watch.anomalies().iter().map(|anomaly| anomaly.kind).collect();
    assert_eq!(kinds, [Kind::Expired, Kind::NameMismatch, Kind::Weak]);
}

#[test]
fn a_late_fact_does_not_turn_the_clock_back() {
    let mut board = Board::default();
    let id = add(&mut board, 1, "a.example", &[]);
    let fact = |look, second| ScanFact {
        look,
        started_at: Some(time::write(at(second))),
        ..ScanFact::default()
    };
    board.looked(id, &fact(5, 5_000));
    board.looked(id, &fact(4, 4_000));
    assert_eq!(board.domains().row(&id).unwrap().look.at, Some(at(5_000)));
}

#[test]
fn a_list_is_filtered_and_ordered() {
    let mut board = Board::default();
    add(&mut board, 1, "c.example", &["shop"]);
    let b = add(&mut board, 2, "b.example", &["shop", "web"]);
    add(&mut board, 3, "bücher.example:8443", &[]);
    let expired = opened(Kind::Expired, Severity::Critical);
    board.logged(b, 1, &log(State::Abnormal, vec![expired]));
    let by_name = ["b.example", "c.example", "xn--bcher-kva.example"];
    assert_eq!(named(&board, &all(Sort::Name)), by_name);
    assert_eq!(named(&board, &all(Sort::State))[0], "b.example");
    let filtered = |filter| named(&board, &Query { filter, ..all(Sort::Name) });
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    assert_eq!(filtered(text("büch")), ["xn--bcher-kva.example"]);
    assert_eq!(filtered(text("c.ex")), ["c.example"]);
    let tag = Filter { tag: Some("shop".to_owned()), ..Filter::default() };
    assert_eq!(filtered(tag), ["b.example", "c.example"]);
    let kind = Filter { kind: Some(Kind::Expired), ..Filter::default() };
    assert_eq!(filtered(kind), ["b.example"]);
    let severity = Filter { severity: Some(Severity::Warning), ..Filter::default() };
    assert_eq!(filtered(severity), ["b.example"]);
    let state = Filter { state: Some(State::Enabling), ..Filter::default() };
    assert_eq!(filtered(state).len(), 2);
}

proptest! {
    #[test]
    fn pages_are_the_list_cut_in_pieces(
        names in prop::collection::btree_set("[a-e]{1,3}", 0..40),
        limit in 1_usize..7,
        sort in prop::sample::select(&Sort::ALL[..]),
        descending: bool,
    ) {
        let mut board = Board::default();
        for (sequence, name) in (1..).zip(&names) {
            let id = add(&mut board, sequence, &format!("{name}.example"), &[]);
            if name.len() == 2 {
                board.logged(id, 1, &log(State::Secure, vec![]));
            }
        }
        let direction = if descending { Direction::Descending } else { Direction::Ascending };
        let mut query = Query { direction, limit, ..all(sort) };
        let mut cut = Vec::new();
        loop {
            let page = board.domains().page(&query);
            prop_assert_eq!(page.total, names.len());
            cut.extend(page.rows.iter().map(|row| row.id));
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let whole = Query { direction, limit: 100, ..all(sort) };
        let whole: Vec<_> = board.domains().page(&whole).rows.iter().map(|row| row.id).collect();
        prop_assert_eq!(whole.len(), names.len());
        prop_assert_eq!(cut, whole);
    }
}

#[test]
fn two_domains_of_one_name_are_two() {
    let mut board = Board::default();
    let tls = add(&mut board, 1, "a.example", &[]);
    let other = add(&mut board, 2, "a.example:8443", &[]);
    assert_ne!(tls, other);
    let host = "a.example".parse().unwrap();
    assert_eq!(board.domains().at(&host, 8443).map(|row| row.id), Some(other));
    assert_eq!(board.domains().at(&host, 25).map(|row| row.id), None);
    assert_eq!(board.domains().row(&tls).unwrap().place().protocol, Protocol::Tls);
}

fn told(board: &mut Board, sequence: u64, delivery: u8, event: delivery_event::Event) {
    let id = DeliveryId::from_bytes([delivery; 16]);
    tell(board, sequence, id, event);
}

fn tell(board: &mut Board, sequence: u64, id: DeliveryId, event: delivery_event::Event) {
    let channel: Channel = "internal".parse().unwrap();
    let record = DeliveryRecord {
        recorded_at: Some(time::write(at(4_000))),
        events: vec![DeliveryEvent { delivery_id: id.to_string(), event: Some(event) }],
    };
    board.told(&channel, ContactId::from_bytes([9; 16]), None, sequence, &record);
}

fn due() -> delivery_event::Event {
    delivery_event::Event::Due(v1::DeliveryDue::default())
}

fn delivered() -> delivery_event::Event {
    delivery_event::Event::Delivered(v1::DeliveryDelivered {
        attempt: 1,
        reply: String::new(),
        inbox_entry: Some(InboxEntry { title: "Expired".to_owned(), ..InboxEntry::default() }),
    })
}

#[test]
fn an_internal_message_appears_in_its_inbox_once() {
    let mut board = Board::default();
    for _ in 0..2 {
        told(&mut board, 1, 1, due());
        told(&mut board, 2, 1, delivered());
    }
    let contact = ContactId::from_bytes([9; 16]);
    let inbox: Vec<_> = board.deliveries().inbox(Some(&contact), None).collect();
    assert_eq!(inbox.len(), 1);
    assert_eq!((inbox[0].state, inbox[0].steps.len()), (DeliveryState::Delivered, 2));
}

#[test]
fn of_a_contact_that_was_removed_nothing_is_shown_that_comes_later() {
    let mut board = Board::default();
    let contact = ContactId::from_bytes([9; 16]);
    let mut ordered = |sequence, entity, event| {
        let events = vec![InventoryEvent { event: Some(event) }];
        let record = InventoryRecord { events, ..InventoryRecord::default() };
        board.ordered(entity, sequence, &record);
    };
    let removed = Removed(v1::ContactRemoved {});
    ordered(1, Entity::Contact(contact), removed);
    let deliveries = vec![DeliveryId::from_bytes([1; 16]).to_string()];
    let read = InboxRead(v1::InboxRead { deliveries });
    ordered(2, Entity::Inbox(contact), read);
    told(&mut board, 1, 1, due());
    told(&mut board, 2, 1, delivered());
    assert!(board.deliveries().is_empty() && board.inboxes.is_empty());
}

#[test]
fn a_failed_delivery_carries_the_words_of_the_channel() {
    let mut board = Board::default();
    told(&mut board, 1, 1, due());
    told(
        &mut board,
        2,
        1,
        delivery_event::Event::Attempted(v1::DeliveryAttempted {
            attempt: 1,
            ..v1::DeliveryAttempted::default()
        }),
    );
    let failed = v1::DeliveryFailed {
        attempt: 1,
        reply: "451 later".to_owned(),
        retry_at: Some(time::write(at(5_000))),
        ..v1::DeliveryFailed::default()
    };
    told(&mut board, 3, 1, delivery_event::Event::Failed(failed));
    let delivery = board.deliveries().latest(None).next().unwrap();
    let step = delivery.steps.last().unwrap();
    assert_eq!((&*step.words, step.retry_at), ("451 later", Some(at(5_000))));
    assert_eq!(delivery.state, DeliveryState::Failed);
}

#[test]
fn the_oldest_that_came_to_an_end_goes_first_and_what_is_open_stays() {
    let mut board = Board::default();
    let id = |n: u64| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        DeliveryId::from_bytes(bytes)
    };
    let max = DELIVERIES_MAX as u64;
    for n in 0..=max {
        tell(&mut board, 2 * n + 1, id(n), due());
        if n > 0 {
            tell(&mut board, 2 * n + 2, id(n), delivered());
        }
    }
    assert_eq!(board.deliveries().len(), DELIVERIES_MAX);
    assert!(board.deliveries().get(&id(0)).is_some(), "it still waits to be told");
    assert!(board.deliveries().get(&id(1)).is_none(), "it was told long ago");
}
