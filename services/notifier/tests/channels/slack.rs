//! Incoming webhooks of Slack.

use harness::robots::{Answer, Fault, Vendor};
use jiff::SignedDuration;
use notifier::domain::thread::outcome::Outcome;

use crate::{
    desk::{self, Desk},
    specimens,
};

#[tokio::test]
async fn all_messages_are_taken_and_call_who_is_mentioned() {
    let mentions = ["U0123", "here", "all"];
    let messages = desk::all_is_taken(Vendor::Slack, &mentions, &["U0123", "!here", "all"]).await;
    assert!(messages.iter().all(|message| message.title.starts_with(desk::PREFIX)));
    assert!(messages[1].text.contains(specimens::HOST), "{:?}", messages[1]);
}

#[tokio::test]
async fn each_status_has_its_treatment() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Slack, &[]);
    let said =
        async |status, word| desk.outcomes(&hand, &[Fault::status(status, word)]).await.remove(0);
    for word in ["invalid_payload", "no_text", "invalid_blocks"] {
        let outcome = said(400, word).await;
        assert!(matches!(outcome, Outcome::Never { .. }), "{word}: {outcome:?}");
    }
    for (status, word) in [
        (403, "action_prohibited"),
        (403, "invalid_token"),
        (404, "no_service"),
        (404, "no_team"),
        (404, "channel_not_found"),
        (410, "channel_is_archived"),
    ] {
        let outcome = said(status, word).await;
        let Outcome::Broken { reply } = outcome else { panic!("{word}: {outcome:?}") };
        assert_eq!(reply, format!("HTTP {status}: {word}"));
    }
    for status in [500, 503, 307] {
        let outcome = said(status, "").await;
        let is_again = matches!(outcome, Outcome::Again { perhaps_told: false, .. });
        assert!(is_again, "{status}: {outcome:?}");
    }
    let outcome = said(200, "<html>Sign in</html>").await;
    assert!(matches!(outcome, Outcome::Again { perhaps_told: true, .. }), "{outcome:?}");
}

#[tokio::test]
async fn the_wait_that_is_asked_for_is_believed() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Slack, &[]);
    let asked = async |wait: &str| {
        let answer = Answer::text(429, "rate_limited").with("retry-after", wait);
        let outcome = desk.outcomes(&hand, &[Fault::Answers(answer)]).await.remove(0);
        let Outcome::TooFast { rest, .. } = outcome else { panic!("{outcome:?}") };
        SignedDuration::try_from(rest).unwrap()
    };
    assert_eq!(asked("77").await, SignedDuration::from_secs(77));
    assert_eq!(asked("999999999").await, SignedDuration::from_hours(24), "no longer than a day");
    assert_eq!(asked("soon").await, SignedDuration::from_secs(30), "it says nothing");
    // The channel is spoken to four seconds after this.
    let at = "Thu, 05 Mar 2026 11:00:00 GMT";
    let until = "2026-03-05T11:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let now = chassis::clock::Clock::now(&*desk.clock) + SignedDuration::from_secs(4);
    assert_eq!(asked(at).await, until.duration_since(now));
    for nothing in ["Thu, 05 Mar 2026 09:00:00 GMT", "0"] {
        assert_eq!(asked(nothing).await, SignedDuration::from_secs(2), "never without a pause");
    }
}

#[tokio::test]
async fn a_burst_is_told_how_long_to_wait() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Slack, &[]);
    let news = specimens::expired();
    for number in 1..=4 {
        let outcome = desk.tell_at_once(&hand, &news, specimens::letter(&news, "en")).await;
        let is_limited = matches!(outcome, Outcome::TooFast { rest, .. } if rest.as_secs() == 5);
        assert_eq!(is_limited, number == 4, "{number}: {outcome:?}");
    }
}
