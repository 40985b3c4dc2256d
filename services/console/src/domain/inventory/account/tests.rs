//! What an account promises.

use std::net::Ipv4Addr;

use kernel::scenario::given;

use super::*;
use crate::domain::{
    inventory::{Actor, Ordered, record, token::Role},
    language::Language,
};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + second).unwrap()
}

fn ada() -> Profile {
    Profile::read("ada", "editor", None).unwrap()
}

fn saved() -> AccountEvent {
    AccountEvent::Saved(ada())
}

fn disabled() -> Profile {
    Profile { disabled: true, ..ada() }
}

fn hash(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn password(text: &'static str) -> AccountEvent {
    AccountEvent::PasswordSet { sealed_hash: hash(text) }
}

fn signed_out(session: &str, until: Timestamp) -> AccountEvent {
    AccountEvent::SignedOut { session: session.to_owned(), until }
}

fn sign_in(generation: u64) -> Command {
    Command::SignIn { address: HOME, with: With::Password, generation }
}

#[test]
fn an_account_is_added_once_and_again_after_it_was_removed() {
    given::<Account>(&[]).when(Command::Add(ada())).then(&[saved()]);
    given::<Account>(&[saved()]).when(Command::Add(ada())).then_refused(&Refusal::Present);
    given::<Account>(&[saved(), AccountEvent::Removed]).when(Command::Add(ada())).then(&[saved()]);
    given::<Account>(&[saved(), AccountEvent::Removed])
        .when(Command::Remove)
        .then_refused(&Refusal::Absent);
}

#[test]
fn a_change_keeps_the_name_and_no_change_says_nothing() {
    let bob = Profile { name: "bob".to_owned(), role: Role::Admin, ..ada() };
    let admin = Profile { role: Role::Admin, ..ada() };
    given::<Account>(&[saved()]).when(Command::Change(bob)).then(&[AccountEvent::Saved(admin)]);
    given::<Account>(&[saved()]).when(Command::Change(ada())).then(&[]);
    given::<Account>(&[]).when(Command::Change(ada())).then_refused(&Refusal::Absent);
}

#[test]
fn whoever_lost_the_way_in_is_let_in_again() {
    let install = || Command::Install { profile: ada(), sealed_hash: hash("new") };
    given::<Account>(&[]).when(install()).then(&[saved(), password("new")]);
    given::<Account>(&[saved(), password("old")]).when(install()).then(&[password("new")]);
    given::<Account>(&[saved(), AccountEvent::Saved(disabled())])
        .when(install())
        .then(&[saved(), password("new")]);
}

#[test]
fn nobody_signs_in_with_what_was_seen_before_the_password_changed() {
    let known = [saved(), password("a")];
    let signed_in = AccountEvent::SignedIn { address: HOME, with: With::Password };
    given::<Account>(&known).when(sign_in(1)).then(&[signed_in]);
    given::<Account>(&known).when(sign_in(0)).then_refused(&Refusal::MovedOn);
    given::<Account>(&known)
        .when(Command::SetPassword { sealed_hash: hash("b"), generation: 0 })
        .then_refused(&Refusal::MovedOn);
}

#[test]
fn nobody_signs_in_with_an_account_that_is_disabled_or_gone() {
    let disabled = [saved(), password("a"), AccountEvent::Saved(disabled())];
    given::<Account>(&disabled).when(sign_in(2)).then_refused(&Refusal::Unusable);
    let gone = [saved(), password("a"), AccountEvent::Removed];
    given::<Account>(&gone).when(sign_in(2)).then_refused(&Refusal::Unusable);
    given::<Account>(&[]).when(sign_in(0)).then_refused(&Refusal::Unusable);
}

#[test]
fn all_that_ends_sessions_moves_the_account_on() {
    let moved = |event: AccountEvent| {
        let mut account = Account::folded(&[saved(), password("a")]);
        let before = account.generation();
        account.evolve(&event);
        account.generation() > before
    };
    assert!(moved(password("b")));
    assert!(moved(AccountEvent::SessionsEnded));
    assert!(moved(AccountEvent::Removed));
    assert!(moved(AccountEvent::Saved(disabled())));
    assert!(!moved(AccountEvent::Saved(Profile { role: Role::Viewer, ..ada() })));
    assert!(!moved(signed_out("s", at(9))));
    let account = Account::folded(&[saved(), password("a"), AccountEvent::Removed, saved()]);
    assert_eq!(account.sealed_hash(), None, "a name that is given again has no old password");
}

#[test]
fn a_session_is_signed_out_of_once() {
    let sign_out = || Command::SignOut { session: "s".to_owned(), until: at(9) };
    given::<Account>(&[saved()]).when(sign_out()).then(&[signed_out("s", at(9))]);
    given::<Account>(&[saved(), signed_out("s", at(9))]).when(sign_out()).then(&[]);
    let many: Vec<_> = (0..SIGNED_OUT_MAX).map(|n| signed_out(&n.to_string(), at(9))).collect();
    let known: Vec<_> = [saved()].into_iter().chain(many).collect();
    given::<Account>(&known).when(sign_out()).then(&[AccountEvent::SessionsEnded]);
}

#[test]
fn a_sign_out_is_remembered_as_long_as_the_session_would_have_lasted() {
    let mut account = Account::default();
    let fold = |account: &mut Account, event: AccountEvent, second| {
        account.fold(&record::<Account>(&[event], Actor::System, at(second)));
    };
    fold(&mut account, saved(), 0);
    fold(&mut account, signed_out("s", at(100)), 1);
    fold(&mut account, AccountEvent::SignedIn { address: HOME, with: With::Password }, 99);
    assert!(account.is_signed_out("s"));
    assert_eq!(account.signed_in_at(), Some(at(99)));
    fold(&mut account, AccountEvent::SignedIn { address: HOME, with: With::Password }, 100);
    assert!(!account.is_signed_out("s"));
}

#[test]
fn events_survive_the_wire() {
    let subject = ada().of_subject("https://id.example 42").unwrap();
    for event in [
        saved(),
        AccountEvent::Saved(Profile { language: Some(Language::Chinese), ..disabled() }),
        AccountEvent::Saved(subject),
        password("a"),
        AccountEvent::SessionsEnded,
        AccountEvent::Removed,
        AccountEvent::LinkMade { expires_at: at(9) },
        AccountEvent::SignedIn { address: HOME, with: With::OpenId },
        signed_out("s", at(9)),
        AccountEvent::SignInsRefused(Refused { count: 3, address: HOME }),
    ] {
        assert_eq!(Account::read(&Account::write(&event)), Some(event));
    }
}
