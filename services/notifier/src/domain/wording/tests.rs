//! What is promised of every letter, and snapshots of all of them.

use super::specimen::{
    broken_channel, digest_in, every_kind, letter, letters, several, verification,
};
use super::*;
use crate::domain::sample;

#[test]
fn every_kind_has_its_words() {
    let all = every_kind();
    assert!(Kind::ALL.iter().all(|kind| all.iter().any(|news| news.kind() == *kind)));
    for (name, letter) in ["en", "zh-CN"].into_iter().flat_map(letters) {
        insta::assert_snapshot!(format!("page_{name}"), letter.html());
        insta::assert_snapshot!(name, letter.text());
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
                assert!(text.contains(&letter.action.as_ref().unwrap().lines[0].text), "{text}");
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
    let entry = undelivered(&letter, Undelivered::Waiting, "wecom", "93000 invalid");
    let first = "This message waits, at most a day, since nothing can be delivered through WeCom: \
                 93000 invalid\nIt goes once the address is saved again or a test is delivered.\n";
    assert!(entry.text.starts_with(first), "{}", entry.text);
}

#[test]
fn the_inbox_says_where_the_missing_certificate_is() {
    let all = every_kind();
    for (language, attached, on_page) in
        [("en", "attached", "on the page of the domain"), ("zh-CN", "附件", "该域名的页面")]
    {
        let letter = letter(&all[4], language);
        assert!(letter.text().contains(attached), "a mail brings it: {}", letter.text());
        let kept = undelivered(&letter, Undelivered::Letter, "email", "550 no such user");
        for InboxEntry { text, .. } in [letter.inbox_entry(), kept] {
            assert!(text.contains(on_page) && !text.contains(attached), "{text}");
        }
    }
}

#[test]
fn a_link_that_proves_who_reads_an_address_is_shown_nowhere_else() {
    for language in ["en", "zh-CN"] {
        let letter = verification(language);
        assert!(letter.text().contains("token"));
        for what in [Undelivered::Letter, Undelivered::Channel] {
            let entry = undelivered(&letter, what, "email", "mail is not configured");
            assert!(!entry.text.contains("token"), "{}", entry.text);
        }
    }
}

#[test]
fn that_a_channel_is_out_of_order_is_said_in_the_same_words_when_it_is_sent_again() {
    let [first, again] =
        [Cause::ChannelBroken, Cause::Again].map(|cause| broken_channel(cause, "en"));
    assert_eq!(first, again);
}

#[test]
fn several_letters_in_one_say_of_each_what_to_do_since_when_and_where() {
    let said = |fact: &Fact| fact.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
    let letters = several().map(|news| letter(&news, "en"));
    let one = digest_in("en", &letters.each_ref());
    for letter in &letters {
        assert!(one.text().contains(&letter.name), "every domain is named");
        assert!(one.text().contains(&letter.link.url), "every domain has its page");
        assert!(!one.without_pages().text().contains(&letter.link.url));
    }
    let failed: Vec<_> =
        one.facts.iter().filter(|fact| fact.label.starts_with("monitoring")).map(said).collect();
    let [slow, other] = &failed[..] else { panic!("two things to do: {failed:?}") };
    let since = |number| format!(" · Since: 2026-03-05 18:{}:00 Asia/Shanghai", number * number);
    let action = "→ Open the port in the firewall, or correct the address.".to_owned();
    let lines = [4, 6].map(|number| format!("{}{}", letters[number].sentence, since(number)));
    assert_eq!(*slow, [&[action][..], &lines[..]].concat());
    assert_eq!(other[0], "→ Use the HTTPS port, or choose the STARTTLS protocol of the server.");
    assert_eq!(other[1], "Since: 2026-03-05 18:25:00 Asia/Shanghai (2026-03-05 10:25:00 UTC)");
    assert_eq!(&digest_in("en", &[&letters[1]]), &letters[1], "one alone stays what it is");
}
