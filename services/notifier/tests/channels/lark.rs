//! Robots of Feishu and of Lark.

use harness::robots::{Answer, Fault, Vendor};
use notifier::domain::thread::outcome::Outcome;

use crate::{
    desk::{self, Desk},
    specimens,
};

#[tokio::test]
async fn all_messages_are_taken_signed_and_call_who_is_mentioned() {
    for vendor in [Vendor::Feishu, Vendor::Lark] {
        let mentions = ["ou_0123", "all"];
        let messages = desk::all_is_taken(vendor, &mentions, &mentions).await;
        assert!(messages.iter().all(|message| message.title.starts_with(desk::PREFIX)));
        assert!(messages[1].title.contains(specimens::HOST), "{:?}", messages[1]);
    }
}

#[tokio::test]
async fn what_fits_goes_whole_whoever_is_called() {
    desk::what_fits_goes_whole(Vendor::Lark).await;
}

#[tokio::test]
async fn each_code_has_its_treatment() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Lark, &[]);
    let again = |outcome: &Outcome| matches!(outcome, Outcome::Again { perhaps_told: false, .. });
    desk::assert_codes(&desk, &hand, &[(-1, "busy"), (99, "new")], "again", again).await;
    let too_fast =
        |outcome: &Outcome| matches!(outcome, Outcome::TooFast { rest, .. } if rest.as_secs() == 2);
    let codes = [
        (11_232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"),
        (9_499, "too fast"),
        (9_499, "request trigger frequency limit"),
        (77_777, "发送太快"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "too fast", too_fast).await;
    let broken = |outcome: &Outcome| matches!(outcome, Outcome::Broken { .. });
    let codes = [
        (19_001, "param invalid: incoming webhook access token invalid"),
        (19_021, "sign match fail or timestamp is not within one hour from current time"),
        (19_022, "Ip Not Allowed"),
        (19_024, "Key Words Not Found"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "broken", broken).await;
    let never = |outcome: &Outcome| matches!(outcome, Outcome::Never { .. });
    let codes = [
        (9_499, "Bad Request"),
        (19_002, "params error, msg_type need"),
        (19_036, "The message exceeds the size limit of 30KB"),
        (200_621, "parse card json err"),
        (11_246, "card invalid"),
    ];
    desk::assert_codes(&desk, &hand, &codes, "never", never).await;
}

#[tokio::test]
async fn a_card_that_is_not_understood_goes_once_more_as_text() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Lark, &["ou_0123"]);
    hand.robot.fail_next(Fault::Code(200_621, "parse card json err".to_owned()));
    let outcome = desk.tell_something(&hand).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let posts = hand.robot.posts();
    assert_eq!((posts.len(), posts[1].json()["msg_type"].as_str()), (2, Some("text")));
    let message = posts[1].message();
    assert!(message.text.contains(specimens::HOST), "{message:?}");
    assert_eq!(message.mentions, ["ou_0123"]);
}

#[tokio::test]
async fn old_robots_say_success_in_other_words() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Feishu, &[]);
    let old = Answer::json(r#"{"StatusCode":0,"StatusMessage":"success"}"#);
    let outcome = desk.outcomes(&hand, &[Fault::Answers(old)]).await.remove(0);
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let unsure = [Fault::Page, Fault::Answers(Answer::json("{}")), Fault::status(200, "")];
    for outcome in desk.outcomes(&hand, &unsure).await {
        assert!(matches!(outcome, Outcome::Again { perhaps_told: true, .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_sixth_of_a_second_waits() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Feishu, &[]);
    let news = specimens::expired();
    for number in 1..=6 {
        let outcome = desk.tell_at_once(&hand, &news, specimens::letter(&news, "zh-CN")).await;
        let is_limited = matches!(outcome, Outcome::TooFast { .. });
        assert_eq!(is_limited, number == 6, "{number}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_says_so() {
    let desk = Desk::open().await;
    let mut hand = desk.hire(Vendor::Feishu, &[]);
    hand.address.secret = "another".to_owned();
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.starts_with("19021 sign match fail"), "{reply}");
}
