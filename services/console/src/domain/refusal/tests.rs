//! Every refusal exists in both languages, and no English is left in the Chinese.

use super::*;
use crate::domain::{
    language::tests::{distinct, english_left, variants},
    want,
};

const SOURCE: &str = include_str!("../refusal.rs");

fn doors() -> Vec<Door> {
    let mut all = Role::ALL.map(Door::Role).to_vec();
    all.extend([
        Door::Silent,
        Door::Unknown,
        Door::Over,
        Door::Elsewhere,
        Door::Unproven,
        Door::ForeignForm,
        Door::Wrong,
        Door::PasswordsClosed,
        Door::OtherPassword,
        Door::TooOften(30),
        Door::LinkSent,
    ]);
    all
}

fn fulls() -> Vec<Full> {
    vec![
        Full::Domains { new: 2, there: 9, max: 10 },
        Full::Contacts(1),
        Full::Silences(1),
        Full::Tokens(1),
        Full::Accounts(1),
        Full::Streams(1),
    ]
}

fn manners() -> Vec<Manner> {
    vec![
        Manner::Malformed("expected value at line 1".to_owned()),
        Manner::TooManyFields(64),
        Manner::ReusedKey,
        Manner::NotAcceptable("application/json".to_owned()),
        Manner::MediaType("text/csv".to_owned()),
        Manner::TooLarge(4_096),
        Manner::NothingHere,
        Manner::Method,
    ]
}

fn troubles() -> Vec<Trouble> {
    let slow = [Slow::Answering, Slow::Events, Slow::Showing].map(Trouble::Slow);
    let mut all = slow.to_vec();
    all.extend([Trouble::Unavailable("no answer within 5s".to_owned()), Trouble::Bug]);
    all
}

fn things() -> Vec<Thing> {
    vec![
        Thing::Domain,
        Thing::Contact,
        Thing::Delivery,
        Thing::Event,
        Thing::Silence,
        Thing::Token,
        Thing::Account,
        Thing::Setting,
        Thing::MissingCertificate,
    ]
}

fn unreadable() -> Vec<Refusal> {
    let title = || "colour".to_owned();
    let all = [
        Unreadable::TooLong,
        Unreadable::NoNameColumn,
        Unreadable::UnknownColumn { title: title() },
        Unreadable::RepeatedColumn(title()),
    ];
    all.map(Refusal::Unreadable).to_vec()
}

/// What the entities say.
fn entities() -> Vec<Refusal> {
    vec![
        Refusal::Domain(domain::Refusal::Absent),
        Refusal::Contact(contact::Refusal::Absent),
        Refusal::Contact(contact::Refusal::Removed),
        Refusal::Contact(contact::Refusal::NothingToKeep { channel: "dingtalk" }),
        Refusal::Contact(contact::Refusal::Moved),
        Refusal::Silence(silence::Refusal::Absent),
        Refusal::Silence(silence::Refusal::Lifted),
        Refusal::Token(token::Refusal::Absent),
        Refusal::Token(token::Refusal::Present),
        Refusal::Token(token::Refusal::Revoked),
        Refusal::Account(account::Refusal::Absent),
        Refusal::Account(account::Refusal::Present),
        Refusal::Account(account::Refusal::Removed),
        Refusal::Account(account::Refusal::Unusable),
        Refusal::Account(account::Refusal::Answered),
        Refusal::Account(account::Refusal::MovedOn),
    ]
}

fn every() -> Vec<Refusal> {
    let name = || "a.example:443".to_owned();
    let mistake = |want| Invalid { field: "rungs[2]".to_owned(), value: "5x".to_owned(), want };
    let absent = |what| Refusal::Absent { what, id: "x".to_owned() };
    let states = [
        DeliveryState::Due,
        DeliveryState::Attempted,
        DeliveryState::Delivered,
        DeliveryState::Failed,
        DeliveryState::Dropped,
    ];
    let mut all: Vec<_> = things().into_iter().map(absent).collect();
    all.extend(states.map(Refusal::NotParked));
    all.extend(doors().into_iter().map(Refusal::Door));
    all.extend(fulls().into_iter().map(Refusal::Full));
    all.extend(manners().into_iter().map(Refusal::Manner));
    all.extend(troubles().into_iter().map(Refusal::Trouble));
    all.extend(unreadable());
    all.extend(entities());
    all.extend([
        Refusal::Invalid(want::tests::every().into_iter().map(mistake).collect()),
        Refusal::NoLine(3),
        Refusal::Repeated { first: 2 },
        Refusal::Fields { have: 4, columns: 3 },
        Refusal::Csv("CSV parse error: record 1".to_owned()),
        Refusal::OnlyMonitored(name()),
        Refusal::Disabled(name()),
        Refusal::NoAnomaly(name()),
        Refusal::LastToken,
        Refusal::LastAccount,
        Refusal::LinkOver,
        Refusal::SubjectTaken,
        Refusal::DefaultStays,
        Refusal::VerifiedAlready,
        Refusal::NoMailbox,
        Refusal::Named(None),
        Refusal::Named(Some(name())),
        Refusal::KeyNeeded {
            names: vec![StaleSecret::Password(name()), StaleSecret::Robots(name())],
            count: 5,
        },
        Refusal::Changed { seen: 3, now: 5 },
        Refusal::Contended("certherald.inventory.domain.x".to_owned()),
    ]);
    all
}

#[test]
fn every_refusal_is_there_in_both_languages() {
    assert_eq!(distinct(&doors()), variants(SOURCE, "Door"));
    assert_eq!(distinct(&fulls()), variants(SOURCE, "Full"));
    assert_eq!(distinct(&manners()), variants(SOURCE, "Manner"));
    assert_eq!(distinct(&troubles()), variants(SOURCE, "Trouble"));
    assert_eq!(distinct(&things()), variants(SOURCE, "Thing"));
    assert_eq!(distinct(&every()), variants(SOURCE, "Refusal"));
    for refusal in every() {
        let english = refusal.in_language(Language::English);
        assert!(english.chars().all(|c| c.is_ascii() || c == '…'), "{english}");
        let chinese = refusal.in_language(Language::Chinese);
        assert!(!chinese.is_ascii(), "{chinese}");
        assert_eq!(english_left(&chinese), Vec::<String>::new(), "{chinese}");
    }
}
