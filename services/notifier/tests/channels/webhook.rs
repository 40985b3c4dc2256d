//! Webhooks of anybody.

use harness::robots::{Answer, Fault, Vendor};
use notifier::domain::thread::outcome::Outcome;
use proto::v1::Kind;

use crate::{
    desk::{self, Desk},
    specimens,
};

#[tokio::test]
async fn all_events_are_taken_signed() {
    let messages = desk::all_is_taken(Vendor::Webhook, &[], &[]).await;
    assert!(messages.iter().all(|message| message.title.starts_with(desk::PREFIX)));
    assert!(messages[1].text.contains(specimens::HOST), "{:?}", messages[1]);
}

#[tokio::test]
async fn an_event_says_what_happened_in_fields() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Webhook, &[]);
    for kind in Kind::ALL {
        let news = specimens::news(*kind, specimens::HOST, "CN=shop.example.com");
        desk.tell(&hand, &news, specimens::letter(&news, "en")).await;
        let event = hand.robot.taken().last().unwrap().json();
        assert_eq!(event["type"], format!("certherald.{}", kind.token()));
        assert_eq!(event["data"]["kind"], kind.token());
        assert_eq!(event["data"]["anomaly_id"], news.wire().anomaly_id);
    }
    assert!(hand.robot.taken()[0].header("user-agent").starts_with("certherald/"));
}

#[tokio::test]
async fn a_repeat_bears_the_same_id_and_a_fresh_stamp() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Webhook, &[]);
    hand.robot.fail_next(Fault::status(500, ""));
    desk.tell_something(&hand).await;
    desk.tell_something(&hand).await;
    let [first, second] = &hand.robot.posts()[..] else { panic!("two attempts") };
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_ne!(first.header("webhook-timestamp"), second.header("webhook-timestamp"));
    assert_ne!(first.header("webhook-signature"), second.header("webhook-signature"));
    assert_eq!(first.body, second.body);
}

#[tokio::test]
async fn each_status_has_its_treatment() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Webhook, &[]);
    let said = async |status| desk.outcomes(&hand, &[Fault::status(status, "")]).await.remove(0);
    for status in [200, 201, 202, 204] {
        let outcome = said(status).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{status}: {outcome:?}");
    }
    for status in [301, 307, 400, 401, 404, 500, 502, 503, 504] {
        let outcome = said(status).await;
        let is_again = matches!(outcome, Outcome::Again { perhaps_told: false, .. });
        assert!(is_again, "{status}: {outcome:?}");
    }
    let outcome = said(410).await;
    assert!(matches!(outcome, Outcome::Broken { .. }), "{outcome:?}");
    let outcome = said(413).await;
    assert!(matches!(outcome, Outcome::Never { .. }), "{outcome:?}");
    let outcome = said(429).await;
    assert!(
        matches!(outcome, Outcome::TooFast { rest, .. } if rest.as_secs() == 30),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn the_wait_that_is_asked_for_is_believed_and_never_none() {
    let desk = Desk::open().await;
    let hand = desk.hire(Vendor::Webhook, &[]);
    let asked = async |status, wait: &str| {
        let answer = Answer::text(status, "").with("retry-after", wait);
        desk.outcomes(&hand, &[Fault::Answers(answer)]).await.remove(0)
    };
    for (wait, want) in [("120", 120), ("0", 5), ("Thu, 05 Mar 2026 09:00:00 GMT", 5)] {
        let outcome = asked(429, wait).await;
        let is_believed =
            matches!(outcome, Outcome::TooFast { rest, .. } if rest.as_secs() == want);
        assert!(is_believed, "{wait}: {outcome:?}");
    }
    for status in [502, 503, 504] {
        let outcome = asked(status, "120").await;
        // Beside the backoff of failures, which grows.
        let Outcome::Again { wait_min: Some(wait), .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(wait.as_secs(), 120, "{status}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_tried_again() {
    let desk = Desk::open().await;
    let mut hand = desk.hire(Vendor::Webhook, &[]);
    hand.address.secret = "whsec_HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Again { reply, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reply, "HTTP 401: webhook-signature");
}
