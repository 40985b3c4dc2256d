//! What is promised of every letter, and snapshots of all of them.

use proto::time;

use super::specimen::{contact, every_kind, head, letter};
use super::*;
use crate::domain::sample;

#[test]
fn every_kind_has_its_words() {
    let all = every_kind();
    assert!(Kind::ALL.iter().all(|kind| all.iter().any(|news| news.kind() == *kind)));
    for language in ["en", "zh-CN"] {
        for news in &all {
            let is_test = news.kind() == Kind::Unspecified;
            let name = if is_test { "test" } else { news.kind().token() };
            insta::assert_snapshot!(format!("{name}.{language}"), letter(news, language).text());
        }
    }
}

#[test]
fn the_page_of_a_mail() {
    let all = every_kind();
    for (name, at) in [("page_chain_incomplete", 4), ("page_recovered", 6)] {
        for language in ["en", "zh-CN"] {
            insta::assert_snapshot!(
                format!("{name}.{language}"),
                letter(&all[at], language).html()
            );
        }
    }
}

#[test]
fn every_letter_says_what_a_reader_needs() {
    for news in every_kind() {
        for language in ["en", "zh-CN"] {
            let letter = letter(&news, language);
            for text in [letter.text(), letter.html().replace("&#x2f;", "/")] {
                assert!(text.contains(&letter.title) && letter.title.starts_with("[TLS] "));
                assert!(text.contains("2026-03-05 ") && text.contains(" UTC"), "{text}");
                assert!(text.contains("Li Wei") && text.contains("https://tls.example.com"));
                assert!(text.contains(&letter.action.as_ref().unwrap().lines[0]), "{text}");
            }
        }
    }
}

#[test]
fn a_recovery_bears_the_title_of_its_alarm() {
    let alarm = letter(&sample::opened(Kind::Expired), "en");
    let recovery = letter(&sample::recovered(&[Kind::Expired]), "en");
    assert_eq!(recovery.subject, format!("Re: {}", alarm.subject));
    assert_ne!(recovery.title, alarm.title);
}

#[test]
fn what_strangers_write_stays_text() {
    let hostile = "CN=<script>alert(1)</script>\r\nBcc: x\u{202e}{{ 7 * 7 }}";
    let news = sample::with(&sample::opened(Kind::Weak), |event| {
        let leaf = event.evidence.as_mut().unwrap().leaf.as_mut().unwrap();
        leaf.subject = hostile.to_owned();
        leaf.names = vec!["<b>".to_owned(), "a\nb".to_owned()];
    });
    let letter = letter(&news, "en");
    assert!(!letter.html().contains("<script") && !letter.html().contains("<b>"));
    for text in [letter.text(), letter.html()] {
        assert!(text.contains("{{ 7 * 7 }}") && !text.contains('\u{202e}'));
        assert!(!text.contains("\nBcc"), "no line of its own");
    }
}

#[test]
fn only_what_pem_is_made_of_is_attached() {
    let all = every_kind();
    let pems: Vec<_> = all.iter().filter_map(|news| letter(news, "en").pem).collect();
    assert_eq!(pems, ["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]);
}

#[test]
fn what_could_not_be_delivered_is_kept_with_the_reason() {
    let letter = letter(&sample::opened(Kind::Expired), "en");
    let entry = undelivered(&letter, Undelivered::Letter, "email", "550 no such\nuser");
    let first = "This message could not be delivered through email: 550 no such user\n";
    assert!(entry.text.starts_with(first), "{}", entry.text);
    assert!(entry.text.ends_with(&letter.text()));
    let entry = undelivered(&letter, Undelivered::Channel, "email", "not configured");
    let first =
        "Nothing can be delivered through email: not configured\nThe first message today:\n";
    assert!(entry.text.starts_with(first), "{}", entry.text);
}

#[test]
fn several_letters_in_one() {
    let named = |number: i32, kind: Kind, certificate: u8| {
        sample::with(&sample::opened(kind), |event| {
            event.host = format!("shop{number}.example.com");
            event.occurred_at = Some(time::write(sample::minute(number.into())));
            let leaf = event.evidence.as_mut().unwrap().leaf.as_mut().unwrap();
            leaf.sha256 = vec![certificate; 32].into();
        })
    };
    let news = [
        sample::recovered(&[Kind::Weak]),
        named(1, Kind::Expired, 1),
        named(2, Kind::Expired, 1),
        named(3, Kind::Expired, 2),
        named(4, Kind::NotYetValid, 3),
    ];
    for language in ["en", "zh-CN"] {
        let letters: Vec<_> = news.iter().map(|news| letter(news, language)).collect();
        let letters: Vec<_> = letters.iter().collect();
        let one = digest(&letters, &contact(language), &head(), sample::delivery(9));
        insta::assert_snapshot!(format!("digest.{language}"), one.text());
        insta::assert_snapshot!(format!("digest_page.{language}"), one.html());
        for letter in &letters {
            assert!(one.text().contains(&letter.name), "every domain is named");
        }
        let alone = digest(&letters[..1], &contact(language), &head(), sample::delivery(9));
        assert_eq!(&alone, letters[0]);
    }
}
