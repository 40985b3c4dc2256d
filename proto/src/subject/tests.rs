//! What the spelling of subjects promises.

use proptest::prelude::*;

use super::*;
use crate::stream;

fn domain() -> DomainId {
    DomainId::from_bytes([0xab; 16])
}

fn about(host: &str) -> About {
    About::Domain(host.parse().unwrap(), 443)
}

#[test]
fn each_subject_reads_as_it_is_written() {
    let contact = ContactId::from_bytes([7; 16]);
    let eu: Token = "eu-west".parse().unwrap();
    for entity in [
        Entity::Domain(domain()),
        Entity::Contact(contact),
        Entity::DefaultSetting,
        Entity::Setting(domain()),
        Entity::Token(TokenId::from_bytes([1; 16])),
        Entity::Inbox(contact),
        Entity::Silence(SilenceId::from_bytes([2; 16])),
        Entity::Acknowledgement(domain()),
        Entity::Account(AccountId::from_bytes([3; 16])),
        Entity::Strangers,
        Entity::Link(LinkId::from_bytes([4; 16])),
        Entity::Key,
    ] {
        assert_eq!(inventory_entity(&inventory(&entity)), Some(entity));
    }
    assert_eq!(job_domain(&job(&eu, &domain())), Some((eu.clone(), domain())));
    assert_eq!(fact_domain(&fact(&domain())), Some(domain()));
    assert_eq!(log_domain(&log(&domain())), Some(domain()));
    for of in [None, Some(domain())] {
        let subject = delivery(&eu, &contact, of.as_ref());
        assert_eq!(delivery_parts(&subject), Some((eu.clone(), contact, of)));
    }
}

#[test]
fn every_shape_of_host_has_a_subject() {
    let long = ["a"; 127].join(".");
    for (host, tokens) in [
        ("shop.example.com", "com.example.shop"),
        ("bücher.example", "example.xn--bcher-kva"),
        ("_sip.example.com", "com.example._sip"),
        ("localhost", "localhost"),
        ("192.0.2.1", "_ip4.192.0.2.1"),
        ("2001:db8::1", "_ip6.2001.db8.0.0.0.0.0.1"),
        (long.as_str(), long.as_str()),
    ] {
        let subject = event(Kind::Expired, &about(host));
        assert_eq!(subject, format!("certherald.events.expired.{tokens}.443"));
        assert_eq!(event_about(&subject), Some((Kind::Expired, about(host))));
    }
    let blind = About::Prober("prober-1".parse().unwrap());
    let subject = event(Kind::ProberBlind, &blind);
    assert_eq!(subject, "certherald.events.prober_blind.prober-1.0");
    assert_eq!(event_about(&subject), Some((Kind::ProberBlind, blind)));
}

#[test]
fn a_subject_of_another_spelling_is_not_ours() {
    for subject in [
        "certherald.events.expired.com.EXAMPLE.443",
        "certherald.events.expired.com.example.0443",
        "certherald.events.expired.com.example",
        "certherald.events.broken.com.example.443",
        "certherald.events.expired._ip4.1.2.3.443",
        "certherald.log.3.x",
    ] {
        assert_eq!(event_about(subject), None, "{subject}");
    }
    assert_eq!(log_domain(&format!("certherald.log.99.{}", domain())), None);
}

#[test]
fn a_pattern_takes_what_the_broker_would_take() {
    assert!(matches(
        "certherald.events.*.com.example.>",
        "certherald.events.expired.com.example.443"
    ));
    assert!(matches("certherald.events.expired.>", "certherald.events.expired.com.example.443"));
    assert!(!matches("certherald.events.expired.>", "certherald.events.expired"));
    assert!(!matches("a.*", "a.b.c"));
    assert!(!matches("a.b.c", "a.b"));
    assert!(matches("a.b", "a.b"));
}

#[test]
fn all_that_a_contact_is_told_is_asked_for_at_once() {
    let contact = ContactId::from_bytes([7; 16]);
    let other = ContactId::from_bytes([8; 16]);
    let pattern = deliveries_to(&contact);
    for channel in ["email", "internal"].map(|channel| channel.parse::<Token>().unwrap()) {
        for domain in [Some(domain()), None] {
            assert!(matches(&pattern, &delivery(&channel, &contact, domain.as_ref())));
            assert!(!matches(&pattern, &delivery(&channel, &other, domain.as_ref())));
        }
    }
}

#[test]
fn each_subject_lies_in_its_stream_and_in_no_other() {
    let contact = ContactId::from_bytes([7; 16]);
    let token: Token = "email".parse().unwrap();
    for (stream, subject) in [
        (&stream::INVENTORY, inventory(&Entity::DefaultSetting)),
        (&stream::JOBS, job(&token, &domain())),
        (&stream::FACTS, fact(&domain())),
        (&stream::LOG, log(&domain())),
        (&stream::EVENTS, event(Kind::Weak, &about("::1"))),
        (&stream::DELIVERIES, delivery(&token, &contact, None)),
        (&stream::INTERMEDIATES, intermediate(&[3; 32])),
        (&stream::REQUESTS, request(Service::Detector, &RequestId::from_bytes([0; 16]))),
        (&stream::PARKED, parked(Service::Notifier, &stream::EVENTS)),
    ] {
        for other in stream::ALL {
            assert_eq!(matches(other.subjects, &subject), other == stream, "{subject}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_host_is_read_has_a_subject_that_is_read(text in "[a-z0-9_.:-]{1,40}", port: u16) {
        if let Ok(host) = text.parse::<Host>() {
            let about = About::Domain(host, port);
            let subject = event(Kind::Expiring, &about);
            prop_assert_eq!(event_about(&subject), Some((Kind::Expiring, about)));
        }
    }

    #[test]
    fn nothing_makes_reading_panic(subject in "\\PC{0,120}") {
        drop(event_about(&subject));
        drop(event_about(&format!("certherald.events.expired.{subject}")));
        drop(delivery_parts(&subject));
        let _ = inventory_entity(&subject);
    }
}
