//! The console by the keyboard alone.

use browser::{ENTER, House, SCREEN};

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_added_found_and_removed_by_tab_and_enter() {
    let house = House::open(&[]).await;
    let browser = house.enter("typing", SCREEN).await;
    browser.visit("/").await;
    browser.tab_to("nav.side a[href='/domains']").await;
    browser.keys(ENTER).await;
    browser.find("a[href='/domains/add']").await;
    browser.tab_to("a[href='/domains/add']").await;
    browser.keys(ENTER).await;
    browser.find("#names").await;
    browser.tab_to("#names").await;
    browser.keys("a.test, b.test").await;
    browser.tab_to("main form button.primary").await;
    browser.keys(ENTER).await;
    browser.find("#answer").await;
    browser.sees("a.test:443").await;

    browser.visit("/domains").await;
    browser.tab_to("#text").await;
    browser.keys(&format!("b.test{ENTER}")).await;
    browser.sees("1 domain of 2").await;
    assert!(browser.at().await.contains("text=b.test"), "{}", browser.at().await);
    browser.tab_to("tbody a[href^='/domains/']").await;
    browser.keys(ENTER).await;
    browser.tab_to("form[action$='/remove'] button").await;
    browser.keys(ENTER).await;
    browser.client.accept_alert().await.unwrap();
    browser.sees("The domain was removed.").await;
    browser.close().await;
}
