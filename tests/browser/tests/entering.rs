//! The one-time link, the sign-in, the way out.

use browser::{Browser, House, NAME, PASSWORD, SCREEN};

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
    let session = browser.client.get_named_cookie("certherald_session").await;
    browser.press(".bar form[action='/sign-out'] button").await;
    browser.find("#password").await;
    // The cookie of before opens nothing any more.
    if let Ok(session) = session {
        browser.client.add_cookie(session).await.unwrap();
    }
    browser.visit("/").await;
    assert!(browser.at().await.starts_with("/sign-in"), "{}", browser.at().await);

    browser.write("#name", NAME).await;
    browser.write("#password", "not the password").await;
    browser.press("main button").await;
    browser.find(".alarm").await;
    browser.look("wrong-password").await;
    browser.write("#password", PASSWORD).await;
    browser.press("main button").await;
    browser.find("nav.side").await;
    browser.close().await;
}
