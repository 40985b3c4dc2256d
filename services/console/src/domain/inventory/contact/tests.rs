//! What a contact promises.

use std::convert::Infallible;

use kernel::scenario::given;

use super::*;

const DINGTALK: &str = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef";

fn draft(email: &str) -> CardDraft {
    CardDraft {
        name: "Ada".to_owned(),
        email: Some(email.to_owned()),
        time_zone: Some("asia/shanghai".to_owned()),
        ..CardDraft::default()
    }
}

fn dingtalk(url: &str) -> RobotDraft {
    RobotDraft::Given { url: url.to_owned(), secret: "SECx".to_owned(), mentions: vec![] }
}

fn with(robot: RobotDraft) -> CardDraft {
    CardDraft { robots: [("dingtalk", robot)].into(), ..draft("a@b.example") }
}

/// Seals by turning the bytes around.
fn entry(draft: &CardDraft) -> Entry {
    let seal = |plain: &[u8]| Ok::<_, Infallible>(plain.iter().rev().copied().collect());
    Form::read(draft, &[]).unwrap().sealed(seal).unwrap()
}

fn card(draft: &CardDraft) -> Card {
    entry(draft).upon(None).unwrap()
}

fn saved(draft: &CardDraft) -> ContactEvent {
    ContactEvent::Saved(card(draft))
}

fn verified(address: &str) -> ContactEvent {
    ContactEvent::Verified { channel: EMAIL.to_owned(), address: address.to_owned() }
}

#[test]
fn a_contact_has_defaults_and_an_inbox() {
    let ada = card(&draft("ada@Example.com"));
    assert_eq!(ada.email(), Some("ada@example.com"));
    assert_eq!((ada.language(), ada.time_zone()), ("en", "Asia/Shanghai"));
    assert!(ada.is_reached_by(INTERNAL));
    let bare = CardDraft { name: "Ops".to_owned(), ..CardDraft::default() };
    assert_eq!(card(&bare).channels().collect::<Vec<_>>(), [INTERNAL]);
}

#[test]
fn every_mistake_is_named() {
    let wrong = CardDraft {
        name: " ".to_owned(),
        email: Some("ada".to_owned()),
        language: Some("tlh".to_owned()),
        time_zone: Some("Mars/Olympus".to_owned()),
        robots: [("dingtalk", dingtalk("https://evil.example/robot?access_token=hunter22"))].into(),
        ..CardDraft::default()
    };
    let mistakes = Form::read(&wrong, &[]).unwrap_err();
    let fields: Vec<_> = mistakes.iter().map(|m| m.field.as_str()).collect();
    assert_eq!(fields, ["email", "name", "language", "time_zone", "dingtalk.webhook"]);
    assert_eq!(mistakes[2].want.to_string(), "one of en, zh-CN");
    assert!(!format!("{mistakes:?}{wrong:?}").contains("hunter22"), "a mistake shows no secret");
}

#[test]
fn what_no_mail_server_takes_is_no_mailbox() {
    for text in [
        "@a.example",
        "a@",
        "a b@c.example",
        ".a@b.example",
        "a..b@c.example",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a\r\nRCPT TO:<b>@c.example",
        "a<b>@c.example",
        "\"a\"@c.example",
    ] {
        assert!(email(text).is_err(), "{text}");
    }
    for text in ["a@b.example", "a+b@c.example", "o'neil@bücher.example", "用户@example.com"] {
        assert!(email(text).is_ok(), "{text}");
    }
}

#[test]
fn a_mailbox_reaches_nobody_until_it_is_verified() {
    let ada = card(&draft("a@b.example"));
    assert_eq!((ada.is_reached_by(EMAIL), ada.unverified_email()), (false, Some("a@b.example")));
    let vouched = CardDraft { email_is_vouched_for: true, ..draft("a@b.example") };
    assert!(card(&vouched).is_reached_by(EMAIL));
    given::<Contact>(&[saved(&draft("a@b.example"))])
        .when(Command::Verify("a@b.example".to_owned()))
        .then(&[verified("a@b.example")]);
}

#[test]
fn a_link_verifies_its_own_mailbox_once() {
    let history = [saved(&draft("a@b.example")), verified("a@b.example")];
    let verify = || Command::Verify("a@b.example".to_owned());
    given::<Contact>(&history).when(verify()).then(&[]);
    given::<Contact>(&[saved(&draft("c@d.example"))]).when(verify()).then_refused(&Refusal::Moved);
    given::<Contact>(&[saved(&CardDraft { email: None, ..draft("") })])
        .when(verify())
        .then_refused(&Refusal::Moved);
}

#[test]
fn a_verified_mailbox_stays_so_until_it_changes() {
    let history = [saved(&draft("a@b.example")), verified("a@b.example")];
    let renamed = CardDraft { name: "Ada L.".to_owned(), ..draft("a@b.example") };
    let vouched = CardDraft { email_is_vouched_for: true, ..renamed.clone() };
    given::<Contact>(&history).when(Command::Change(entry(&renamed))).then(&[saved(&vouched)]);
    let moved = draft("c@d.example");
    given::<Contact>(&history).when(Command::Change(entry(&moved))).then(&[saved(&moved)]);
}

#[test]
fn a_robot_is_sealed_and_shown_by_its_hint() {
    let ada = card(&with(dingtalk(DINGTALK)));
    assert_eq!(ada.channels().collect::<Vec<_>>(), [INTERNAL, "dingtalk"]);
    let robot = ada.address("dingtalk").unwrap();
    assert_eq!((&*robot.hint, &*robot.address), ("oapi.dingtalk.com …cdef", ""));
    let plain: Vec<u8> = robot.sealed.iter().rev().copied().collect();
    let opened: SecretAddress = serde_json::from_slice(&plain).unwrap();
    assert_eq!((opened.url.as_str(), &*opened.secret), (DINGTALK, "SECx"));
    assert_eq!(opened.robot(), robot.robot);
}

#[test]
fn a_robot_stays_goes_or_is_replaced_as_is_said() {
    let have = with(dingtalk(DINGTALK));
    let change = |draft: &CardDraft| Command::Change(entry(draft));
    given::<Contact>(&[saved(&have)]).when(change(&with(RobotDraft::Kept))).then(&[]);
    let without = draft("a@b.example");
    given::<Contact>(&[saved(&have)]).when(change(&without)).then(&[saved(&without)]);
    let other = with(dingtalk("fedcba9876543210"));
    given::<Contact>(&[saved(&have)]).when(change(&other)).then(&[saved(&other)]);
    given::<Contact>(&[saved(&without)])
        .when(change(&with(RobotDraft::Kept)))
        .then_refused(&Refusal::NothingToKeep { channel: "dingtalk" });
}

#[test]
fn a_contact_is_saved_once() {
    let one = draft("a@b.example");
    given::<Contact>(&[]).when(Command::Add(entry(&one))).then(&[saved(&one)]);
    given::<Contact>(&[saved(&one)]).when(Command::Change(entry(&one))).then(&[]);
    given::<Contact>(&[saved(&one)]).when(Command::Add(entry(&one))).then(&[]);
}

#[test]
fn a_contact_that_was_removed_is_not_added_by_the_same_order() {
    let one = draft("a@b.example");
    given::<Contact>(&[saved(&one), ContactEvent::Removed])
        .when(Command::Add(entry(&one)))
        .then_refused(&Refusal::Removed);
}

#[test]
fn only_what_is_there_is_changed_verified_or_removed() {
    let saved = saved(&draft("a@b.example"));
    given::<Contact>(std::slice::from_ref(&saved))
        .when(Command::Remove)
        .then(&[ContactEvent::Removed]);
    let change = Command::Change(entry(&draft("a@b.example")));
    for command in [Command::Remove, change, Command::Verify("a@b.example".to_owned())] {
        given::<Contact>(&[saved.clone(), ContactEvent::Removed])
            .when(command)
            .then_refused(&Refusal::Absent);
    }
}

#[test]
fn events_survive_the_wire() {
    let all = [saved(&draft("a@b.example")), verified("a@b.example"), ContactEvent::Removed];
    for event in all {
        assert_eq!(Contact::read(&Contact::write(&event)), Some(event));
    }
}
