//! What a session promises.

use axum::http::header;
use jiff::SignedDuration;
use proto::subject::Entity;
use tempfile::TempDir;

use super::*;
use crate::domain::inventory::{
    account::{Account, AccountEvent, Profile},
    record,
};

const LIMITS: Limits =
    Limits { idle: SignedDuration::from_hours(1), whole: SignedDuration::from_hours(10) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + second).unwrap()
}

fn ada() -> Profile {
    Profile::read("ada", "editor", None).unwrap()
}

fn password() -> AccountEvent {
    AccountEvent::PasswordSet { sealed_hash: bytes::Bytes::from_static(b"x") }
}

/// A console where Ada has an account, and a request with her session.
struct World {
    gate: Gate,
    board: Board,
    records: u64,
    session: Session,
    headers: HeaderMap,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let seal = Seal::open_or_create(&directory.path().join("key")).unwrap();
        let gate = Gate { seal, limits: LIMITS, cookies: Cookies::InTheClear, origin: None };
        let session = Session::begin(ada().id(), 1, [[2; 16], [3; 16]], at(0));
        let headers = HeaderMap::new();
        let board = Board::default();
        let mut world = Self { gate, board, records: 0, session, headers, _directory: directory };
        world.happened(AccountEvent::Saved(ada()));
        world.happened(password());
        world.send(&world.session.clone().write());
        world
    }

    fn happened(&mut self, event: AccountEvent) {
        self.records += 1;
        let record = record::<Account>(&[event], Actor::System, at(0));
        self.board.ordered(Entity::Account(ada().id()), self.records, &record);
    }

    fn send(&mut self, plain: &[u8]) {
        let sealed = self.gate.seal.seal(plain).unwrap();
        let cookie = format!("certherald={}", data_encoding::BASE64URL_NOPAD.encode(&sealed));
        self.headers.insert(header::COOKIE, cookie.parse().unwrap());
    }

    fn entered(&self, second: i64) -> Result<Entrance, Stranger> {
        enter(&self.headers, &self.board, &self.gate, at(second))
    }
}

#[test]
fn a_session_opens_what_its_account_may() {
    let world = World::new();
    let entrance = world.entered(60).unwrap();
    assert_eq!(entrance.caller.role, Role::Editor);
    assert_eq!(entrance.caller.actor(), Actor::Account(ada().id()));
    assert_eq!(world.entered(3_600), Err(Stranger::Over), "it was idle");
    let mut headers = world.headers.clone();
    headers.insert(header::AUTHORIZATION, "Bearer cht_guess".parse().unwrap());
    let entered = enter(&headers, &world.board, &world.gate, at(60));
    assert_eq!(entered, Err(Stranger::Unknown), "a token that is sent is the one that counts");
}

#[test]
fn a_session_ends_with_all_that_ends_it() {
    let signed_out = |world: &World| AccountEvent::SignedOut {
        session: world.session.id().to_owned(),
        until: at(36_000),
    };
    let mut world = World::new();
    world.happened(signed_out(&world));
    assert_eq!(world.entered(60), Err(Stranger::Over));
    let disabled = Profile { disabled: true, ..ada() };
    for event in [
        password(),
        AccountEvent::SessionsEnded,
        AccountEvent::Saved(disabled),
        AccountEvent::Removed,
    ] {
        let mut world = World::new();
        world.happened(event.clone());
        assert_eq!(world.entered(60), Err(Stranger::Over), "{event:?}");
    }
    let mut world = World::new();
    world.happened(AccountEvent::Saved(Profile { role: Role::Viewer, ..ada() }));
    assert_eq!(world.entered(60).unwrap().caller.role, Role::Viewer, "a role holds at once");
}

#[test]
fn a_forged_session_opens_nothing() {
    let mut world = World::new();
    for forged in ["certherald=", "certherald=AAAA", "certherald=!", "certherald=a=b"] {
        world.headers.insert(header::COOKIE, forged.parse().unwrap());
        assert!(world.entered(60).is_err(), "{forged}");
    }
    let other = World::new();
    world.headers = other.headers;
    assert_eq!(world.entered(60), Err(Stranger::Over), "sealed with another key");
    world.send(br#"{"url":"https://oapi.dingtalk.com/robot/send?access_token=x"}"#);
    assert_eq!(world.entered(60), Err(Stranger::Over), "sealed, and no session");
}

#[test]
fn a_change_comes_from_a_page_of_the_session() {
    let world = World::new();
    let entrance = world.entered(60).unwrap();
    let with = |pairs: &[(&'static str, &str)]| {
        let mut headers = world.headers.clone();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    };
    let (csrf, ours) = (world.session.csrf(), ("sec-fetch-site", "same-origin"));
    let may = |pairs: &[(&'static str, &str)], form: Option<&str>| {
        world.gate.may_change(&entrance, &with(pairs), form)
    };
    assert_eq!(may(&[ours, (CSRF_HEADER, csrf)], None), Ok(()));
    assert_eq!(may(&[ours], Some(csrf)), Ok(()));
    assert_eq!(may(&[ours], None), Err(Stranger::Unproven));
    assert_eq!(may(&[ours], Some("x")), Err(Stranger::Unproven));
    assert_eq!(may(&[(CSRF_HEADER, csrf)], None), Err(Stranger::Elsewhere));
    let theirs = ("sec-fetch-site", "cross-site");
    assert_eq!(may(&[theirs, (CSRF_HEADER, csrf)], Some(csrf)), Err(Stranger::Elsewhere));
    let by_token = Entrance { session: None, ..entrance.clone() };
    assert_eq!(world.gate.may_change(&by_token, &HeaderMap::new(), None), Ok(()));
}
