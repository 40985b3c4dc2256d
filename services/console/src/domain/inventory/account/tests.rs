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

fn link(n: u8) -> LinkId {
    LinkId::from_bytes([n; 16])
}

fn link_made(n: u8) -> AccountEvent {
    AccountEvent::LinkMade { link: Some(link(n)), expires_at: at(9) }
}

fn invite(n: u8) -> Command {
    Command::Invite { profile: ada(), link: link(n), expires_at: at(9) }
}

fn of_subject(text: &str) -> Change {
    Change::Subject(profile::subject(text).unwrap())
}

fn through_the_provider(state: &str) -> AccountEvent {
    AccountEvent::SignedIn { address: HOME, with: With::OpenId(state.to_owned()) }
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
fn an_account_is_added_once_with_one_link() {
    let all = [saved(), link_made(1)];
    given::<Account>(&[]).when(invite(1)).then(&all);
    given::<Account>(&all).when(invite(1)).then(&[]);
    given::<Account>(&[saved(), link_made(1), password("a")]).when(invite(1)).then(&[]);
    given::<Account>(&all).when(invite(2)).then_refused(&Refusal::Present);
}

#[test]
fn an_account_that_was_removed_comes_back_by_a_new_order_alone() {
    let gone = [saved(), link_made(1), AccountEvent::Removed];
    given::<Account>(&gone).when(invite(1)).then_refused(&Refusal::Removed);
    given::<Account>(&gone).when(invite(2)).then(&[saved(), link_made(2)]);
    let another = [&gone[..], &[saved(), link_made(2)]].concat();
    given::<Account>(&another).when(invite(1)).then_refused(&Refusal::Removed);
    given::<Account>(&another).when(invite(2)).then(&[]);
}

#[test]
fn a_link_is_made_once() {
    let make = |n| Command::MakeLink { link: link(n), expires_at: at(9) };
    given::<Account>(&[saved()]).when(make(1)).then(&[link_made(1)]);
    given::<Account>(&[saved(), link_made(1)]).when(make(1)).then(&[]);
    given::<Account>(&[saved(), link_made(1)]).when(make(2)).then(&[link_made(2)]);
    given::<Account>(&[]).when(make(1)).then_refused(&Refusal::Absent);
    given::<Account>(&[saved(), AccountEvent::Saved(disabled())])
        .when(make(1))
        .then_refused(&Refusal::Unusable);
}

#[test]
fn a_change_leaves_what_it_does_not_name_and_no_change_says_nothing() {
    let known = [saved(), AccountEvent::Saved(disabled())];
    let admin = Profile { role: Role::Admin, ..disabled() };
    let change = |changes: &[Change]| Command::Change(changes.to_vec());
    given::<Account>(&known)
        .when(change(&[Change::Role(Role::Admin)]))
        .then(&[AccountEvent::Saved(admin)]);
    for none in [&[][..], &[Change::Disabled(true)]] {
        given::<Account>(&known).when(change(none)).then(&[]);
    }
    given::<Account>(&[]).when(change(&[])).then_refused(&Refusal::Absent);
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
fn an_answer_of_the_provider_is_taken_once() {
    let enter = |state: &str| {
        let with = With::OpenId(state.to_owned());
        Command::SignIn { address: HOME, with, generation: 0 }
    };
    let known = [saved(), through_the_provider("a")];
    given::<Account>(&[saved()]).when(enter("a")).then(&[through_the_provider("a")]);
    given::<Account>(&known).when(enter("a")).then_refused(&Refusal::Answered);
    given::<Account>(&known).when(enter("b")).then(&[through_the_provider("b")]);
    given::<Account>(&known)
        .when(sign_in(0))
        .then(&[AccountEvent::SignedIn { address: HOME, with: With::Password }]);
    let many = (0..sessions::ANSWERED_MAX).map(|n| through_the_provider(&n.to_string()));
    let known: Vec<_> = known.into_iter().chain(many).collect();
    given::<Account>(&known).when(enter("0")).then_refused(&Refusal::Answered);
    given::<Account>(&known).when(enter("a")).then(&[through_the_provider("a")]);
}

#[test]
fn a_hash_is_sealed_anew_unless_another_password_was_set() {
    let reseal = || Command::Reseal { was: hash("a"), sealed_hash: hash("a'") };
    let resealed = AccountEvent::PasswordResealed { sealed_hash: hash("a'") };
    given::<Account>(&[saved(), password("a")]).when(reseal()).then(&[resealed]);
    given::<Account>(&[saved(), password("b")]).when(reseal()).then(&[]);
    given::<Account>(&[saved(), password("a"), AccountEvent::Removed]).when(reseal()).then(&[]);
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
    assert!(!moved(AccountEvent::PasswordResealed { sealed_hash: hash("a'") }));
    let linked = |subject| AccountEvent::Saved(ada().with([of_subject(subject)]));
    assert!(!moved(linked("https://id.example 42")));
    for other in [linked("https://id.example 43"), saved()] {
        let known = [saved(), linked("https://id.example 42"), other];
        assert_eq!(Account::folded(&known).generation(), 1, "it is another person's");
    }
    let account = Account::folded(&[saved(), password("a"), AccountEvent::Removed, saved()]);
    assert_eq!(account.sealed_hash(), None, "a name that is given again has no old password");
}

#[test]
fn a_session_is_signed_out_of_once() {
    let sign_out = || Command::SignOut { session: "s".to_owned(), until: at(9) };
    given::<Account>(&[saved()]).when(sign_out()).then(&[signed_out("s", at(9))]);
    given::<Account>(&[saved(), signed_out("s", at(9))]).when(sign_out()).then(&[]);
    let many: Vec<_> =
        (0..sessions::SIGNED_OUT_MAX).map(|n| signed_out(&n.to_string(), at(9))).collect();
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
    let subject = ada().with([of_subject("https://id.example 42")]);
    for event in [
        saved(),
        AccountEvent::Saved(Profile { language: Some(Language::Chinese), ..disabled() }),
        AccountEvent::Saved(subject),
        password("a"),
        AccountEvent::PasswordResealed { sealed_hash: hash("a'") },
        AccountEvent::SessionsEnded,
        AccountEvent::Removed,
        link_made(1),
        AccountEvent::LinkMade { link: None, expires_at: at(9) },
        through_the_provider("state"),
        signed_out("s", at(9)),
        AccountEvent::SignInsRefused(Refused { count: 3, address: HOME }),
    ] {
        assert_eq!(Account::read(&Account::write(&event)), Some(event));
    }
}
