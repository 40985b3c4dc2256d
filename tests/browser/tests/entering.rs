//! The one-time link, the sign-in, the way out.

use browser::{Browser, House, PASSWORD, SCREEN, SESSION};
use harness::fleet::{Plan, Shape};
use harness::openid::Provider;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_leads_to_an_account_and_the_way_out_ends_it() {
    let house = House::open(&[]).await;
    let browser = Browser::open(house.fleet.api.base(), "entering", SCREEN).await;
    browser.visit("/").await;
    assert!(browser.at().await.starts_with("/sign-in"), "{}", browser.at().await);
    browser.look("sign-in").await;

    browser.client.goto(house.welcome()).await.unwrap();
    browser.look("welcome").await;
    house.begin(&browser).await;
    browser.sees("Overview").await;
    browser.look("overview-empty").await;

    browser.client.goto(house.welcome()).await.unwrap();
    assert!(!browser.has("#again").await, "the link works once");

    browser.visit("/").await;
    let session = browser.client.get_named_cookie(SESSION).await.unwrap();
    browser.press(".bar form[action='/sign-out'] button").await;
    browser.find("#password").await;
    // The cookie of before opens nothing any more.
    browser.client.add_cookie(session).await.unwrap();
    browser.visit("/").await;
    assert!(browser.at().await.starts_with("/sign-in"), "{}", browser.at().await);

    browser.find(".alarm").await;
    browser.sign_in("not the password").await;
    browser.sees("The name or the password is wrong").await;
    browser.look("wrong-password").await;
    browser.write("#password", PASSWORD).await;
    browser.press("main button").await;
    browser.find("nav.side").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_leads_in_to_where_somebody_wanted_to_go_and_out() {
    let (provider, directory) = (Provider::open().await, tempfile::tempdir().unwrap());
    let mut settings = provider.settings(directory.path());
    settings.push(("CONSOLE_OPENID_ROLE", "viewer".to_owned()));
    settings.push(("CONSOLE_OPENID_LABEL", "Example ID".to_owned()));
    let house = House::of(Plan::new(Shape::Embedded).told(settings)).await;
    let base = house.fleet.api.base();
    provider.register(base);
    provider.end_sessions();
    let person = json!({ "sub": "42", "email": "ada@a.example", "email_verified": true });
    provider.expect(person);
    let browser = Browser::open(base, "openid", SCREEN).await;
    browser.visit("/account").await;
    browser.sees("Sign in with Example ID").await;
    browser.look("sign-in-openid").await;
    browser.press_text("Sign in with Example ID").await;
    browser.sees("without a password here").await;
    assert_eq!(browser.at().await, "/account");
    browser.look("account-openid").await;
    browser.press(".bar form[action='/sign-out'] button").await;
    browser.sees("Sign in with Example ID").await;
    assert_eq!((browser.at().await.as_str(), provider.ended()), ("/sign-in", 1));
    browser.close().await;
}
