//! From the first start to a message that arrived.

use browser::{Browser, House, SCREEN};
use harness::{
    eventually::eventually,
    fleet::{Plan, Shape},
    robots::{Robots, Setup, Vendor},
};
use lab::mail::Mail;

/// A mailbox that nobody has verified.
const MAILBOX: &str = "night@lab.test";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_contact_is_verified_and_tested_by_mail_and_by_robot() {
    let robots = Robots::open().await;
    let secret = "SECd1ng7a1k51gn1ng5ecret";
    let setup = Setup::of(Vendor::DingTalk, "d1ng7a1k70k3n").signed(secret).wanting("[TLS]");
    let robot = robots.add(setup);
    let house = House::of(Plan::new(Shape::Embedded).told(robots.settings())).await;
    let browser = Browser::open(house.fleet.api.base(), "telling", SCREEN).await;
    house.begin(&browser).await;

    browser.press_text("Contacts").await;
    browser.press_text("Add a contact").await;
    browser.write("#name", "Night shift").await;
    browser.write("#email", MAILBOX).await;
    browser.press_text("DingTalk").await;
    browser.write("#dingtalk-webhook", robot.url()).await;
    browser.write("#dingtalk-secret", secret).await;
    browser.look("contact-typed").await;
    browser.press("main form .primary").await;
    browser.sees("The contact is added").await;
    browser.sees("not verified").await;
    browser.look("contact-added").await;
    let contact = browser.at().await;

    let link = link(&house).await;
    browser.client.goto(&link).await.unwrap();
    browser.sees(MAILBOX).await;
    browser.look("verify").await;
    browser.press("main button").await;
    browser.sees("Your mailbox is verified").await;

    browser.visit(&contact).await;
    browser.press("form:has([value='email']) button").await;
    browser.sees("Email · Test").await;
    eventually("the test comes by mail", async || {
        let mails = house.fleet.post.mails();
        let to: Vec<_> = mails.iter().map(|mail| mail.recipients.concat()).collect();
        let is_a_test = |mail: &Mail| mail.text().contains("This is a test");
        let tests = mails.iter().filter(|mail| is_a_test(mail)).count();
        if tests == 1 && to == [MAILBOX; 2] { Ok(()) } else { Err(format!("{mails:#?}")) }
    })
    .await;
    browser.sees_times(2, "250 Kept").await;

    browser.press("form:has([value='dingtalk']) button").await;
    browser.sees("0 ok").await;
    browser.look("contact-tested").await;
    let taken = robot.taken();
    assert_eq!(taken.len(), 1, "{:#?}", robot.posts());
    assert!(taken[0].message().text.contains("This is a test"), "{:#?}", taken[0]);
    browser.close().await;
}

/// What the mail says that was sent to verify the mailbox.
async fn link(house: &House) -> String {
    eventually("a link comes by mail", async || {
        let mails = house.fleet.post.mails();
        let text = mails.iter().find(|mail| mail.recipients == [MAILBOX]).map(|mail| mail.text());
        let text = text.unwrap_or_default();
        let link = text.split_whitespace().find(|word| word.contains("/verify?"));
        link.map(str::to_owned).ok_or(format!("{mails:#?}"))
    })
    .await
}
