//! Sessions that end while somebody is at a page.

use std::net::TcpListener;

use browser::{Browser, House, PASSWORD, SCREEN, SESSION};
use chassis::seal::Seal;
use data_encoding::BASE64URL_NOPAD;
use harness::{
    eventually::eventually,
    fleet::{Plan, Role, Shape},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Longer than a session lasts without a request.
const AWAY: SignedDuration = SignedDuration::from_hours(13);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_away_for_too_long_comes_back_to_where_they_were() {
    let house = House::open(&[]).await;
    let browser = house.enter("away", SCREEN).await;
    browser.visit("/domains?state=abnormal").await;
    age(&house, &browser).await;
    browser.client.refresh().await.unwrap();
    browser.sees("Your session is over. Sign in again.").await;
    browser.look("over").await;
    browser.sign_in(PASSWORD).await;
    browser.find("nav.side").await;
    assert_eq!(browser.at().await, "/domains?state=abnormal");

    browser.visit("/domains/add").await;
    browser.write("#names", "a.test").await;
    age(&house, &browser).await;
    browser.press("main form button.primary").await;
    browser.sees("what you sent was not done").await;
    browser.look("undone").await;
    browser.sign_in(PASSWORD).await;
    browser.find("#names").await;
    assert_eq!(browser.at().await, "/domains/add");
    let domains = house.fleet.api.all("/domains").await.unwrap();
    assert!(domains.is_empty(), "{domains:?}");

    age(&house, &browser).await;
    browser.press(".bar form[action='/sign-out'] button").await;
    browser.find("#password").await;
    assert_eq!(browser.at().await, "/sign-in", "there was nothing left to end");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_that_its_session_ended_elsewhere_and_that_the_console_is_gone() {
    let mut house = House::open(&[]).await;
    let browser = house.enter("ended", SCREEN).await;
    browser.visit("/domains?text=shop").await;
    let other = house.enter("elsewhere", SCREEN).await;
    other.visit("/account").await;
    other.write("#present", PASSWORD).await;
    other.write("#new", "another good one").await;
    other.write("#again", "another good one").await;
    other.press("form[action='/account/password'] button").await;
    other.sees("The password was set").await;
    other.look("password-set").await;

    browser.sees("Your session is over: this page is not kept up to date").await;
    browser.look("live-over").await;
    browser.press_text("Sign in again").await;
    browser.sees("Your session is over. Sign in again.").await;
    browser.sign_in("another good one").await;
    browser.find("nav.side").await;
    assert_eq!(browser.at().await, "/domains?text=shop");

    house.fleet.kill(Role::All, 1).await;
    other.sees("The connection is lost").await;
    other.close().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_what_happened_while_the_console_was_gone() {
    // The console comes back where it was.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = ("CONSOLE_LISTEN", free.to_string());
    let mut house = House::of(Plan::new(Shape::Embedded).told([listen])).await;
    let browser = house.enter("back", SCREEN).await;
    house.fleet.api.post("/domains", &json!(["before.test"])).await.unwrap();
    browser.visit("/domains").await;
    browser.sees("before.test").await;

    house.fleet.kill(Role::All, 1).await;
    browser.sees("The connection is lost").await;
    house.fleet.revive(Role::All, 1).await;
    house.fleet.api.post("/domains", &json!(["meanwhile.test"])).await.unwrap();
    browser.sees("meanwhile.test").await;
    eventually("the page is kept up to date again", async || {
        let seen = browser.text().await;
        if seen.contains("The connection is lost") { Err(seen) } else { Ok(()) }
    })
    .await;
    browser.close().await;
}

/// The session of a browser as it is after a long time in which nobody used it.
async fn age(house: &House, browser: &Browser) {
    let mut cookie = browser.client.get_named_cookie(SESSION).await.unwrap();
    let seal = Seal::open_or_create(&house.fleet.key_file()).unwrap();
    let plain = seal.open(&BASE64URL_NOPAD.decode(cookie.value().as_bytes()).unwrap()).unwrap();
    let mut session: Value = serde_json::from_slice(&plain).unwrap();
    for field in ["began_at", "seen_at"] {
        let at: Timestamp = session[field].as_str().unwrap().parse().unwrap();
        session[field] = json!(at - AWAY);
    }
    let sealed = seal.seal(session.to_string().as_bytes()).unwrap();
    cookie.set_value(BASE64URL_NOPAD.encode(&sealed));
    browser.client.add_cookie(cookie).await.unwrap();
}
