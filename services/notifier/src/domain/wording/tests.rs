//! What is promised of every letter, and snapshots of all of them.

use proto::time;
use proto::v1::{
    Blindness, CertificateSummary, Change, Expiry, MissingIssuer, Mixed, NameMismatch,
    NoCertificate, ProberBlindness, Reason, Untrusted, Weakness, mixed::Group, untrusted,
};

use super::*;
use crate::domain::{roster::Roster, sample};

fn head() -> Letterhead {
    Letterhead { prefix: "[TLS]".to_owned(), console: "https://tls.example.com".to_owned() }
}

fn contact(language: &str) -> Contact {
    let mut saved = sample::contact_saved("Ops", &[("email", "ops@example.com")]);
    saved.language = language.to_owned();
    let mut roster = Roster::default();
    sample::save_contact(&mut roster, sample::ops(), &saved);
    roster.contact(&sample::ops()).unwrap().clone()
}

fn letter(news: &News, language: &str) -> Letter {
    let kind = news.kind();
    // One of them as a reminder.
    let reminder = if kind == Kind::NameMismatch { 3 } else { 0 };
    let cause = if kind == Kind::Unspecified { Cause::Test } else { Cause::Event };
    let root = Root { id: sample::delivery(1), kind: Kind::Expired };
    let roots = if kind == Kind::Recovered { vec![root] } else { vec![] };
    let brief = Brief {
        delivery: sample::delivery(2),
        news,
        cause,
        reminder,
        contact: &contact(language),
        owner_note: "Call Li Wei, +86 10 5555 0100.\nRenew with: certbot renew",
        roots: &roots,
        link: None,
        now: sample::minute(5),
    };
    compose(&brief, &head())
}

fn with_case(kind: Kind, case: Case) -> News {
    sample::with(&sample::opened(kind), |event| {
        event.evidence.as_mut().unwrap().case = Some(case);
    })
}

fn without_leaf(kind: Kind, reason: Reason, detail: &str) -> News {
    let (reason, detail) = (reason as i32, detail.to_owned());
    let case = Case::NoCertificate(NoCertificate { reason, detail, alert: Some(40) });
    sample::with(&with_case(kind, case), |event| {
        event.evidence.as_mut().unwrap().leaf = None;
    })
}

fn until(days: i64) -> CertificateSummary {
    let not_after = Some(time::write(sample::minute(days * 24 * 60)));
    CertificateSummary { not_after, ..sample::leaf() }
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("host-{number}.example.com")).collect()
}

/// One piece of news of every kind there is, and a test.
fn every_kind() -> Vec<News> {
    let intermediate =
        CertificateSummary { subject: "CN=Example CA R3,O=Example".to_owned(), ..until(900) };
    let group = |days, endpoints: &[&str]| Group {
        leaf: Some(until(days)),
        endpoints: endpoints.iter().map(|one| (*one).to_owned()).collect(),
    };
    let rung = Some(time::write_span(std::time::Duration::from_hours(14 * 24)));
    let expiring = Case::Expiry(Expiry { limiting: Some(until(13)), rung, is_leaf: true });
    let expired_above =
        Case::Expiry(Expiry { limiting: Some(intermediate.clone()), rung: None, is_leaf: false });
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned();
    let missing = MissingIssuer { missing: vec![intermediate], pem, source: "seen".to_owned() };
    let mismatch = NameMismatch { expected: "shop.example.com".to_owned(), presented: names(13) };
    let distrust = Untrusted {
        cause: untrusted::Cause::SelfSigned as i32,
        issuer: "CN=shop.example.com".to_owned(),
        incomplete_excluded: true,
        detail: String::new(),
    };
    let weak = Weakness { weaknesses: vec!["RSA key of 1024 bits".into(), "TLS 1.0".into()] };
    let mixed = Mixed {
        groups: vec![group(90, &["192.0.2.1:443", "192.0.2.2:443"]), group(3, &["192.0.2.3:443"])],
    };
    let change = Change {
        before: Some(until(3)),
        after: Some(until(90)),
        names_gained: names(1),
        names_lost: vec!["old.example.com".to_owned()],
    };
    let changed = sample::with(&sample::noted(), |event| {
        event.evidence.as_mut().unwrap().case = Some(Case::Change(change));
    });
    let last_seen = Some(time::write(sample::minute(-40)));
    let blind = sample::with(&sample::blind(), |event| {
        let one = ProberBlindness { prober: "prober-1".to_owned(), failed: 18, looked: 20 };
        event.evidence = Some(proto::v1::Evidence {
            case: Some(Case::ProberBlindness(one)),
            ..proto::v1::Evidence::default()
        });
    });
    vec![
        News::test("wish", sample::start()),
        without_leaf(Kind::EnableFailed, Reason::ConnectRefused, "192.0.2.1:443 refused"),
        with_case(Kind::Expired, expired_above),
        with_case(Kind::Expiring, expiring),
        with_case(Kind::ChainIncomplete, Case::MissingIssuer(missing)),
        with_case(Kind::NameMismatch, Case::NameMismatch(mismatch)),
        sample::recovered(&[Kind::Expired, Kind::Weak]),
        with_case(Kind::Untrusted, Case::Untrusted(distrust)),
        sample::opened(Kind::NotYetValid),
        sample::opened(Kind::Revoked),
        without_leaf(Kind::Unreachable, Reason::HandshakeFailed, "handshake failure"),
        with_case(Kind::MixedCertificates, Case::Mixed(mixed)),
        with_case(Kind::Weak, Case::Weakness(weak)),
        sample::opened(Kind::RenewalOverdue),
        with_case(Kind::NotObserved, Case::Blindness(Blindness { last_seen, unanswered: 3 })),
        changed,
        blind,
    ]
}

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
