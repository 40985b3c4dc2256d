//! Robots of DingTalk.

use std::time::Duration;

use harness::robots::{Answer, Fault, Vendor};
use jiff::SignedDuration;
use notifier::domain::thread::outcome::Outcome;

use crate::{
    desk::{self, Desk},
    specimens,
};

#[tokio::test]
async fn all_messages_are_taken_signed_and_call_who_is_mentioned() {
    // The third is an account, although it is a number.
    let mentions = ["13800001111", "zoe", "015625453286", "all"];
    let messages = desk::all_is_taken(Vendor::DingTalk, &mentions, &mentions).await;
    assert!(messages.iter().all(|message| message.title.starts_with(desk::PREFIX)));
    assert!(messages[1].text.contains(specimens::HOST), "{:?}", messages[1]);
}

#[tokio::test]
async fn what_fits_goes_whole_whoever_is_called() {
    desk::what_fits_goes_whole(Vendor::DingTalk).await;
}

#[tokio::test]
async fn each_code_has_its_treatment() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::DingTalk, &[]);
    let again = |outcome: &Outcome| matches!(outcome, Outcome::Again { perhaps_told: false, .. });
    desk::assert_codes(&desk, &hand, &[(-1, "系统繁忙"), (99, "new")], "again", again).await;
    let block = Duration::from_mins(10);
    let too_fast =
        |outcome: &Outcome| matches!(outcome, Outcome::TooFast { rest, .. } if *rest == block);
    let codes = [
        (130_101, "send too fast, exceed 20 times per minute"),
        (410_100, "发送速度太快而限流"),
        (90_018, "minute"),
        (90_030, "day"),
        (123_456, "发送过于频繁"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "too fast", too_fast).await;
    let broken = |outcome: &Outcome| matches!(outcome, Outcome::Broken { .. });
    let codes = [
        (310_000, "description:关键词不匹配;"),
        (310_000, "description:机器人发送签名不匹配;"),
        (310_000, "description:机器人发送签名过期;"),
        (310_000, "ip 203.0.113.7 not in whitelist"),
        (300_005, "token is not exist"),
        (300_001, "token is not exist"),
        (400_101, "access_token不存在"),
        (400_013, "group disbanded"),
        (400_102, "robot stopped"),
        (400_106, "robot not in the group"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "broken", broken).await;
    let never = |outcome: &Outcome| matches!(outcome, Outcome::Never { .. });
    let codes = [
        (40_035, "缺少参数 json"),
        (43_002, "需要POST请求"),
        (43_004, "无效的HTTP HEADER Content-Type"),
        (400_105, "unsupported msgtype"),
        (460_101, "description: body 大小不合法"),
        (430_101, "unsafe link"),
        (430_102, "improper text"),
        (430_103, "improper picture"),
        (430_104, "improper content"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "never", never).await;
}

#[tokio::test]
async fn a_stale_stamp_is_renewed_once() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::DingTalk, &[]);
    hand.robot.fail_next(Fault::Code(310_000, "机器人发送签名过期".to_owned()));
    let outcome = desk.tell_something(&hand).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    assert_eq!(hand.robot.posts().len(), 2);
}

#[tokio::test]
async fn what_the_robot_finds_improper_goes_once_more_as_plain_text() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::DingTalk, &["zoe"]);
    hand.robot.fail_next(Fault::Code(430_101, "unsafe link".to_owned()));
    let outcome = desk.tell_something(&hand).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let posts = hand.robot.posts();
    assert_eq!((posts.len(), posts[1].json()["msgtype"].as_str()), (2, Some("text")));
    let message = posts[1].message();
    assert!(message.text.contains(specimens::HOST) && message.links.is_empty(), "{message:?}");
    for said in ["expired", "Anomaly time: ", "Since: ", "SHA-256: ", "Call Li Wei", "What to do"] {
        assert!(message.text.contains(said), "{said}: {message:?}");
    }
    assert_eq!(message.mentions, ["zoe"]);
}

#[tokio::test]
async fn a_wrong_secret_a_lost_token_and_a_missing_prefix_say_so() {
    let desk = Desk::open().await;
    let mut hand = desk.hire(Vendor::DingTalk, &[]);
    hand.address.secret = "SECother".to_owned();
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.starts_with("310000") && reply.contains("签名不匹配"), "{reply}");
    let news = specimens::expired();
    let mut letter = specimens::letter(&news, "en");
    letter.title = letter.title.replace(desk::PREFIX, "");
    hand = desk.hire(Vendor::DingTalk, &[]);
    let outcome = desk.tell(&hand, &news, letter).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.contains("关键词不匹配"), "{reply}");
    desk.robots.remove(&hand.robot);
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.starts_with("300005"), "{reply}");
}

#[tokio::test]
async fn a_signature_is_made_anew_with_each_attempt() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::DingTalk, &[]);
    for _ in 0..3 {
        desk.pass(SignedDuration::from_hours(2));
        let outcome = desk.tell_something(&hand).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_twenty_first_of_a_minute_is_believed_to_block_for_ten() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::DingTalk, &[]);
    let news = specimens::expired();
    for number in 1..=21 {
        let letter = specimens::letter(&news, "en");
        let outcome = desk.tell_at_once(&hand, &news, letter).await;
        let is_blocked = matches!(outcome, Outcome::TooFast { rest, .. } if rest.as_secs() == 600);
        assert_eq!(is_blocked, number == 21, "{number}: {outcome:?}");
    }
}

#[tokio::test]
async fn success_is_what_the_body_says() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::DingTalk, &[]);
    let unsure = [Fault::Page, Fault::status(200, ""), Fault::Answers(Answer::json("[]"))];
    for outcome in desk.outcomes(&hand, &unsure).await {
        assert!(matches!(outcome, Outcome::Again { perhaps_told: true, .. }), "{outcome:?}");
    }
    for outcome in desk.outcomes(&hand, &[Fault::status(502, "bad"), Fault::status(500, "")]).await
    {
        assert!(matches!(outcome, Outcome::Again { perhaps_told: false, .. }), "{outcome:?}");
    }
}
