//! What strangers write into certificates has no meaning in any channel.

use harness::robots::Vendor;
use notifier::domain::thread::outcome::Outcome;

use crate::{
    desk::{Desk, Hand},
    specimens,
};

/// Values that would call somebody, lead somewhere, or break out of the form they stand in.
const VALUES: [&str; 16] = [
    "<at id=all></at>",
    "<at user_id=\"all\">all</at>",
    "<at email=ceo@example.com></at>",
    "@all @everyone @13800001111",
    "<@all> <@zoe>",
    "<!channel> <!here> <!everyone> <@U0123>",
    "<https://evil.test|shop.example.com>",
    "[shop.example.com](https://evil.test)",
    "[shop.example.com] (https://evil.test)",
    "![](https://evil.test/pixel.png)",
    "https://evil.test/login",
    "</font><font color=\"red\">evil</font>",
    "&lt;at id=all&gt;&lt;/at&gt; &#60;!channel&#62;",
    "\"}]}, {\"tag\": \"at\", \"user_id\": \"all\"}",
    "a\n# evil\r\n> evil\u{2028}* evil\u{0}\u{1b}[31m",
    "\u{202e}lla@ \u{200b}@\u{200b}all",
];

#[tokio::test]
async fn a_hostile_certificate_calls_nobody_and_leads_nowhere() {
    for vendor in Vendor::ALL {
        let desk = Desk::open().await;
        let hand = desk.hire(vendor, &[]);
        for value in VALUES {
            for language in ["en", "zh-CN"] {
                is_harmless(&desk, &hand, value, language).await;
            }
        }
    }
}

async fn is_harmless(desk: &Desk, hand: &Hand, value: &str, language: &str) {
    for news in specimens::every_kind(value) {
        let letter = specimens::letter(&news, language);
        let outcome = desk.tell(hand, &news, letter).await;
        let (vendor, kind, posts) = (hand.robot.vendor(), news.kind(), hand.robot.posts());
        let post = posts.last().unwrap();
        assert!(
            matches!(outcome, Outcome::Delivered { .. }),
            "{vendor:?} {kind:?} {value}: {outcome:?}\n{post:?}"
        );
        let message = post.message();
        assert!(message.mentions.is_empty(), "{vendor:?} {kind:?} {value}: {message:?}");
        let strays = || message.links.iter().filter(|link| !link.starts_with(specimens::CONSOLE));
        assert_eq!(strays().count(), 0, "{vendor:?} {kind:?} {value}: {message:?}");
        let is_seen =
            |c: char| c == '\n' || !(c.is_control() || "\u{202e}\u{200b}\u{2028}".contains(c));
        assert!(message.text.chars().all(is_seen), "{vendor:?} {kind:?} {value}: {message:?}");
    }
}
