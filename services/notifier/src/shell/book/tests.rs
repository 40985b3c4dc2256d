//! What the book has looked at, and when.

use kernel::{backoff::Backoff, decider::Decider};
use proto::{
    subject::Entity,
    v1::{InventoryEvent, Kind, SettingSaved, inventory_event::Event as Ordered},
};

use super::*;
use crate::domain::{
    plan,
    sample::{self, minute, shared},
    thread::step::Cause,
};

fn book() -> Book {
    let letterhead = Letterhead { prefix: String::new(), console: String::new() };
    let directory = tempfile::tempdir().unwrap();
    let book = Book::new(BookConfig {
        letterhead,
        operator: None,
        group_window: Duration::from_secs(10),
        seal: Seal::open_or_create(&directory.path().join("key")).unwrap(),
    });
    let contact = sample::contact_saved("Ops", &[("email", "ops@example.com")]);
    order(&book, &Entity::Contact(sample::ops()), Ordered::ContactSaved(contact));
    save_setting(&book, true);
    book
}

fn order(book: &Book, entity: &Entity, ordered: Ordered) {
    let events = vec![InventoryEvent { event: Some(ordered) }];
    let recorded_at = Some(time::write(minute(0)));
    let record = InventoryRecord { recorded_at, events, ..InventoryRecord::default() };
    book.order(entity, &record);
}

fn save_setting(book: &Book, enabled: bool) {
    let setting = proto::v1::NotificationSetting { enabled, ..sample::setting() };
    let saved = SettingSaved { setting: Some(setting) };
    order(book, &Entity::DefaultSetting, Ordered::SettingSaved(saved));
}

fn key() -> ThreadKey {
    let channel = "email".parse().unwrap();
    ThreadKey { domain: Some(sample::domain()), contact: sample::ops(), channel }
}

/// An alarm is due in the thread.
fn alarm(book: &Book) {
    let news = shared(sample::opened(Kind::Expired));
    book.hear(&news);
    let mut known = book.known(&key());
    let tell = plan::tell(&news, &key().recipient(), Cause::Event, minute(0), minute(0));
    for step in known.state.decide(tell).unwrap() {
        known.state.evolve(&step);
    }
    known.version += 1;
    book.learn(&key(), known);
}

fn take(book: &Book) -> Option<ThreadKey> {
    let pace = Pace { at_once: 1, at_once_each: 1, backoff: BACKOFF, groups: true, limits: &[] };
    let haul = book.take(minute(0), |_, _| Some(pace)).ok()?;
    book.gathered(&haul);
    Some(haul.key)
}

const BACKOFF: Backoff = Backoff { base: Duration::from_mins(1), cap: Duration::from_hours(1) };

#[test]
fn what_is_new_is_looked_at_once_and_by_one() {
    let book = book();
    assert_eq!(take(&book), None);
    alarm(&book);
    assert_eq!(take(&book), Some(key()));
    assert!(matches!(book.next(&key(), minute(0), minute(0)), Next::Send(_)));
    let mut known = book.known(&key());
    known.version += 1;
    book.learn(&key(), known);
    assert_eq!(take(&book), None, "it is in somebody's hands");
    book.put_back(&key(), Some(minute(9)));
    assert_eq!(take(&book), Some(key()), "what came meanwhile is looked at at once");
    book.put_back(&key(), Some(minute(9)));
    assert_eq!(take(&book), None);
    assert_eq!(book.next_ripe(), Some(minute(9)));
}

#[test]
fn a_change_of_mind_has_what_is_on_its_way_looked_at() {
    let book = book();
    alarm(&book);
    take(&book);
    book.put_back(&key(), Some(minute(9)));
    save_setting(&book, false);
    assert_eq!(take(&book), Some(key()));
    let next = book.next(&key(), minute(0), minute(0));
    assert!(matches!(next, Next::Record(Command::Drop { .. })), "{next:?}");
}

#[test]
fn what_was_in_hand_when_a_term_broke_off_is_looked_at_in_the_next() {
    let book = book();
    alarm(&book);
    take(&book);
    assert_eq!(take(&book), None);
    book.begin_term();
    assert_eq!(take(&book), Some(key()));
}

#[test]
fn a_recovery_is_for_the_threads_that_know() {
    let book = book();
    let recovery = sample::recovered(&[Kind::Expired]);
    assert_eq!(book.audience(&recovery), []);
    alarm(&book);
    assert_eq!(book.audience(&recovery), [key()]);
    assert_eq!(book.audience(&sample::recovered(&[Kind::Weak])), []);
    assert_eq!(book.audience(&sample::opened(Kind::Weak)).len(), 2, "every method");
}
