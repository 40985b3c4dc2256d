//! Robots of WeCom.

use std::time::Duration;

use harness::robots::{Fault, Vendor};
use notifier::domain::thread::outcome::Outcome;

use crate::{
    desk::{self, Desk},
    specimens,
};

#[tokio::test]
async fn all_messages_are_taken_and_call_who_is_mentioned() {
    let messages = desk::all_is_taken(Vendor::WeCom, &["zoe", "li.wei"], &["zoe", "li.wei"]).await;
    assert!(messages.iter().all(|message| message.text.contains(desk::PREFIX)));
    assert!(messages[1].text.contains(specimens::HOST), "{:?}", messages[1]);
}

/// Telephone numbers and everybody are called by texts only, not by Markdown.
#[tokio::test]
async fn all_messages_ring_the_telephones_that_are_mentioned() {
    let mentions = ["zoe", "13800001111", "all"];
    desk::all_is_taken(Vendor::WeCom, &mentions, &["zoe", "@all", "13800001111"]).await;
}

#[tokio::test]
async fn what_rings_telephones_is_shorter_and_gathers_less() {
    let desk = Desk::open().await;
    for (mentions, fits) in [(&["zoe"][..], true), (&["zoe", "all"], false)] {
        let hand = desk.hire(Vendor::WeCom, mentions);
        let letter = specimens::digest(80, "en");
        assert_eq!(desk.fits(&hand, &letter), fits, "{mentions:?}: {}", letter.text().len());
    }
}

#[tokio::test]
async fn what_fits_goes_whole_whoever_is_called() {
    desk::what_fits_goes_whole(Vendor::WeCom).await;
}

#[tokio::test]
async fn each_code_has_its_treatment() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::WeCom, &[]);
    let again = |outcome: &Outcome| matches!(outcome, Outcome::Again { perhaps_told: false, .. });
    desk::assert_codes(&desk, &hand, &[(-1, "系统繁忙"), (99, "new")], "again", again).await;
    let fast = |rest: u64| {
        let rest = Duration::from_secs(rest);
        move |it: &Outcome| matches!(it, Outcome::TooFast { rest: said, .. } if *said == rest)
    };
    let codes = [(45_009, "api freq out of limit"), (77_777, "frequency limit reached")];
    desk::assert_codes(&desk, &hand, &codes, "too fast", fast(60)).await;
    desk::assert_codes(&desk, &hand, &[(45_033, "too many")], "crowded", fast(5)).await;
    let broken = |outcome: &Outcome| matches!(outcome, Outcome::Broken { .. });
    let codes = [(93_000, "invalid webhook url"), (93_004, "disabled"), (93_008, "not in group")];
    desk::assert_codes(&desk, &hand, &codes, "broken", broken).await;
    let never = |outcome: &Outcome| matches!(outcome, Outcome::Never { .. });
    let codes = [
        (40_008, "invalid message type"),
        (40_033, "illegal characters"),
        (40_058, "markdown.content exceed max length 4096. invalid Request Parameter"),
        (40_063, "empty parameter"),
        (44_004, "empty content"),
        (45_002, "too big"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "never", never).await;
}

#[tokio::test]
async fn our_own_address_is_not_shown() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::WeCom, &[]);
    desk.robots.remove(&hand.robot);
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.starts_with("93000") && reply.contains("from ip: ***"), "{reply}");
}

#[tokio::test]
async fn the_twenty_first_of_a_minute_waits_for_one() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::WeCom, &[]);
    let news = specimens::expired();
    for number in 1..=21 {
        let outcome = desk.tell_at_once(&hand, &news, specimens::letter(&news, "en")).await;
        let is_shut = matches!(outcome, Outcome::TooFast { rest, .. } if rest.as_secs() == 60);
        assert_eq!(is_shut, number == 21, "{number}: {outcome:?}");
    }
}

#[tokio::test]
async fn success_is_what_the_body_says() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::WeCom, &[]);
    for outcome in desk.outcomes(&hand, &[Fault::Page, Fault::status(200, "")]).await {
        assert!(matches!(outcome, Outcome::Again { perhaps_told: true, .. }), "{outcome:?}");
    }
    for outcome in desk.outcomes(&hand, &[Fault::status(503, "{}")]).await {
        assert!(matches!(outcome, Outcome::Again { perhaps_told: false, .. }), "{outcome:?}");
    }
}
