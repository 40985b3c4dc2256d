//! Where a request may go, and how long and how much is listened to.

use std::time::{Duration, Instant};

use harness::{
    robots::{Fault, Setup, Vendor},
    scene::Scene,
};
use notifier::domain::thread::outcome::Outcome;
use proto::address::SecretAddress;

use crate::{
    desk::{Desk, Hand, WEBHOOK_SECRET},
    specimens,
};

/// A webhook at any URL, whether a console would take it or not.
fn at(desk: &Desk, url: &str) -> Hand {
    let hand = desk.hire(Vendor::Webhook, &[]);
    let address = SecretAddress { url: url.parse().unwrap(), ..hand.address };
    Hand { robot: hand.robot, address }
}

#[tokio::test]
async fn what_is_not_public_is_not_dialled_however_it_is_spelled() {
    let mut desk = Desk::open().await;
    desk.set("NOTIFIER_ALLOW", "");
    let (port, path) = (desk.robots.address().port(), "webhook/0123456789abcdef");
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let hand = at(&desk, &format!("http://{host}:{port}/{path}"));
        let outcome = desk.tell_something(&hand).await;
        let Outcome::Unready { reply } = outcome else { panic!("{host}: {outcome:?}") };
        assert!(reply.contains("NOTIFIER_ALLOW"), "{host}: {reply}");
    }
    assert!(desk.robots.strays().is_empty());
    let hand = desk.hire(Vendor::Webhook, &[]);
    assert!(hand.robot.posts().is_empty(), "nothing was dialled");
    // The same, once the operator allows it.
    desk.set("NOTIFIER_ALLOW", "127.0.0.0/8,::1/128");
    for host in ["127.0.0.1", "2130706433", "0x7f.1"] {
        let hand = at(&desk, &format!("http://{host}:{port}/{path}"));
        let outcome = desk.tell_something(&hand).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{host}: {outcome:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_but_where_the_operator_allows_it() {
    let desk = Desk::open().await;
    // Public addresses, which nothing here reaches.
    for host in ["192.31.196.1", "[2620:4f:8000::1]"] {
        let hand = at(&desk, &format!("http://{host}/webhook/0123456789abcdef"));
        let outcome = desk.tell_something(&hand).await;
        let Outcome::Unready { reply } = outcome else { panic!("{host}: {outcome:?}") };
        assert!(reply.contains("http") && reply.contains("NOTIFIER_ALLOW"), "{host}: {reply}");
    }
}

#[tokio::test]
async fn a_base_address_is_guarded_as_well() {
    let mut desk = Desk::open().await;
    desk.set("NOTIFIER_ALLOW", "");
    for vendor in [Vendor::DingTalk, Vendor::WeCom, Vendor::Feishu, Vendor::Lark, Vendor::Slack] {
        let hand = desk.hire(vendor, &[]);
        let outcome = desk.tell_something(&hand).await;
        assert!(matches!(outcome, Outcome::Unready { .. }), "{vendor:?}: {outcome:?}");
        assert!(hand.robot.posts().is_empty(), "{vendor:?}");
    }
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let desk = Desk::open().await;
    let bystander = desk.robots.add(Setup::of(Vendor::Webhook, "bystander").signed(WEBHOOK_SECRET));
    for vendor in Vendor::ALL {
        let hand = desk.hire(vendor, &[]);
        let fault = Fault::Leads(bystander.url().to_owned());
        let outcome = desk.outcomes(&hand, &[fault]).await.remove(0);
        let is_again = matches!(outcome, Outcome::Again { perhaps_told: false, .. });
        assert!(is_again, "{vendor:?}: {outcome:?}");
    }
    assert!(bystander.posts().is_empty());
}

#[tokio::test]
async fn a_lost_answer_may_mean_that_it_was_told() {
    let mut desk = Desk::open().await;
    desk.set("NOTIFIER_HTTP_TIMEOUT", "1s");
    for vendor in Vendor::ALL {
        let hand = desk.hire(vendor, &[]);
        for outcome in desk.outcomes(&hand, &[Fault::Resets, Fault::Hangs]).await {
            let is_unsure = matches!(outcome, Outcome::Again { perhaps_told: true, .. });
            assert!(is_unsure, "{vendor:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let desk = Desk::open().await;
    for vendor in [Vendor::DingTalk, Vendor::WeCom, Vendor::Lark, Vendor::Slack] {
        let hand = desk.hire(vendor, &[]);
        let begun = Instant::now();
        let outcome = desk.outcomes(&hand, &[Fault::NeverEnds]).await.remove(0);
        let is_unsure = matches!(outcome, Outcome::Again { perhaps_told: true, .. });
        assert!(is_unsure, "{vendor:?}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(9), "before the deadline of ten seconds");
    }
}

#[tokio::test]
async fn an_answer_that_drips_is_not_waited_for() {
    let mut desk = Desk::open().await;
    desk.set("NOTIFIER_HTTP_TIMEOUT", "1s");
    let hand = desk.hire(Vendor::DingTalk, &[]);
    let begun = Instant::now();
    let outcome = desk.outcomes(&hand, &[Fault::Drips]).await.remove(0);
    assert!(matches!(outcome, Outcome::Again { perhaps_told: true, .. }), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "silence is no measure: it never is silent");
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_told() {
    let desk = Desk::open().await;
    let hand = at(&desk, "http://127.0.0.1:1/webhook/0123456789abcdef");
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Again { reply, perhaps_told: false, .. } = outcome else { panic!("{outcome:?}") };
    assert!(!reply.contains("0123456789abcdef") && reply.contains("refused"), "{reply}");
    let hand = at(&desk, "http://no-such-host.invalid/webhook/0123456789abcdef");
    let outcome = desk.tell_something(&hand).await;
    let Outcome::Again { reply, perhaps_told: false, .. } = outcome else { panic!("{outcome:?}") };
    assert!(!reply.contains("0123456789abcdef"), "{reply}");
}

#[tokio::test]
async fn an_address_that_cannot_be_opened_says_what_to_do() {
    let (desk, other) = (Desk::open().await, Desk::open().await);
    let hand = desk.hire(Vendor::DingTalk, &[]);
    let news = specimens::expired();
    let content = other.seal().seal(&serde_json::to_vec(&hand.address).unwrap()).unwrap();
    let outcome = desk.tell_sealed(&hand, content, &news, specimens::letter(&news, "en")).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.contains("CERTHERALD_KEY_FILE"), "{reply}");
}

#[tokio::test]
async fn a_robot_behind_tls_is_spoken_to_only_if_its_certificate_is_trusted() {
    let scene = Scene::new();
    let mut desk = Desk::open_behind(&scene.good("127.0.0.1")).await;
    for vendor in Vendor::ALL {
        let hand = desk.hire(vendor, &[]);
        let outcome = desk.tell_something(&hand).await;
        let is_again = matches!(outcome, Outcome::Again { perhaps_told: false, .. });
        assert!(is_again, "{vendor:?}: {outcome:?}");
        assert!(hand.robot.posts().is_empty(), "{vendor:?}");
    }
    desk.set("NOTIFIER_HTTP_CA", &scene.root_file().display().to_string());
    for vendor in Vendor::ALL {
        let hand = desk.hire(vendor, &[]);
        let outcome = desk.tell_something(&hand).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{vendor:?}: {outcome:?}");
    }
}
