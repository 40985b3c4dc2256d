//! The long-running search for texts that break the readers of names and subjects:
//! `FUZZ_SECONDS=600 cargo test -p proto --test hostile`. A finding prints the text.
//!
//! Whatever is read has one spelling, and that spelling reads as the same.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![allow(clippy::disallowed_methods, reason = "a test has no settings but its environment")]
#![allow(clippy::print_stderr, reason = "how much was tried is said aloud")]

use std::time::{Duration, Instant};

use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use proto::{
    host::Host,
    name::DomainName,
    subject::{self, About},
};

/// What people write, and what they should not.
const NAMES: [&str; 22] = [
    "shop.example.com",
    "shop.example.com:8443",
    "https://user@shop.example.com:444/path?q#f",
    "Straße.Example.",
    "bücher.example",
    "xn--bcher-kva.example",
    "xn--zckzah",
    "münchen。example",
    "faß.de",
    "a\u{200d}b.example",
    "_dmarc.example.com",
    "192.0.2.1",
    "192.0.2.1:443",
    "0x7f.1",
    "2130706433",
    "[2001:db8::1]:443",
    "2001:db8::ffff:192.0.2.1",
    "::ffff:192.0.2.1",
    "[fe80::1%25eth0]",
    "*.example.com",
    "smtp://mail.example.com",
    "..",
];

const SUBJECTS: [&str; 12] = [
    "certherald.events.expired.com.example.shop.443",
    "certherald.events.expiring._ip4.192.0.2.1.443",
    "certherald.events.weak._ip6.2001.db8.0.0.0.0.0.1.443",
    "certherald.events.prober_blind.eu-1.0",
    "certherald.log.12.0190a1b2-c3d4-7e5f-8a6b-0123456789ab",
    "certherald.facts.63.0190a1b2-c3d4-7e5f-8a6b-0123456789ab",
    "certherald.jobs.default.0190a1b2-c3d4-7e5f-8a6b-0123456789ab",
    "certherald.inventory.setting.default",
    "certherald.inventory.contact.0190a1b2-c3d4-7e5f-8a6b-0123456789ab",
    "certherald.deliveries.email.0190a1b2-c3d4-7e5f-8a6b-0123456789ab.-",
    "certherald.deliveries.internal.0190a1b2-c3d4-7e5f-8a6b-0123456789ab.\
     0190a1b2-c3d4-7e5f-8a6b-0123456789ab",
    "certherald.events.*.com.example.>",
];

#[test]
fn no_name_breaks_its_reader() {
    search(&NAMES, |text| {
        let host = text.parse::<Host>().map(|host| one_spelling(&host));
        let name = text.parse::<DomainName>().map(|name| {
            one_spelling(&name.host);
            assert_ne!(name.port, Some(0));
        });
        // What is refused is refused in words.
        let refusal = name.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert!(refusal.chars().count() < 400);
        host.is_ok() || name.is_ok()
    });
}

#[test]
fn no_subject_breaks_its_reader() {
    search(&SUBJECTS, |text| {
        let spelled = [
            subject::event_about(text).map(|(kind, about)| subject::event(kind, &about)),
            subject::log_domain(text).map(|domain| subject::log(&domain)),
            subject::fact_domain(text).map(|domain| subject::fact(&domain)),
            subject::job_domain(text).map(|(region, domain)| subject::job(&region, &domain)),
            subject::inventory_entity(text).map(|entity| subject::inventory(&entity)),
            subject::delivery_parts(text).map(|(channel, contact, domain)| {
                subject::delivery(&channel, &contact, domain.as_ref())
            }),
        ];
        let spelled: Vec<String> = spelled.into_iter().flatten().collect();
        assert!(spelled.len() <= 1, "two readers claim it");
        assert!(spelled.iter().all(|spelled| spelled == text), "{spelled:?}");
        // Patterns of whatever form are compared, never trusted.
        let _matches = subject::matches(text, SUBJECTS[0]) || subject::matches(SUBJECTS[11], text);
        !spelled.is_empty()
    });
}

/// What a host is written as reads as the same host, everywhere it is written.
fn one_spelling(host: &Host) {
    let text = host.to_string();
    assert!(text.is_ascii() && text.len() <= 253, "{text}");
    assert_eq!(text.parse::<Host>().as_ref(), Ok(host));
    let _for_people = host.to_unicode();
    let with_port: DomainName = host.with_port(8443).parse().unwrap();
    assert_eq!((&with_port.host, with_port.port), (host, Some(8443)));
    let about = About::Domain(host.clone(), 443);
    let subject = subject::event(proto::v1::Kind::Expired, &about);
    assert_eq!(subject::event_about(&subject), Some((proto::v1::Kind::Expired, about)));
}

/// Tries texts for as long as is asked for. `read` says whether one was read.
fn search(seeds: &[&str], read: impl Fn(&str) -> bool + std::panic::RefUnwindSafe) {
    let seconds = std::env::var("FUZZ_SECONDS").ok().map_or(1, |text| text.parse().unwrap());
    let seed: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut runs, mut understood) = (0_u64, 0_u64);
    while Instant::now() < end {
        let text = mutated(seeds, &mut random);
        let outcome = std::panic::catch_unwind(|| read(&text));
        understood += u64::from(outcome.unwrap_or_else(|_| panic!("run {runs} broke on {text:?}")));
        runs += 1;
    }
    eprintln!("{runs} texts, {understood} of them read");
    assert!(understood > 0, "texts that are never read exercise little");
}

/// One of the seeds with a few characters changed, cut, doubled or taken from another.
fn mutated(seeds: &[&str], random: &mut TestRng) -> String {
    const ODD: [char; 20] = [
        '.', '-', '_', ':', '[', ']', '%', '/', '@', '*', '>', ' ', '0', '9', 'A', 'ß', '。',
        '\u{200d}', '\u{202e}', '\0',
    ];
    let mut pick = |below: usize| {
        usize::try_from(random.next_u64() % u64::try_from(below.max(1)).unwrap()).unwrap()
    };
    let mut text: Vec<char> = seeds[pick(seeds.len())].chars().collect();
    for _ in 0..=pick(4) {
        let place = pick(text.len());
        match pick(6) {
            0 => text.truncate(place),
            1 => {
                let other: Vec<char> = seeds[pick(seeds.len())].chars().collect();
                let from = pick(other.len());
                text.splice(place..place, other[from..].iter().copied());
            }
            2 if !text.is_empty() => drop(text.remove(place)),
            3 => text.insert(place, ODD[pick(ODD.len())]),
            4 => {
                let any = u32::try_from(pick(0x11_0000)).unwrap();
                text.insert(place, char::from_u32(any).unwrap_or('.'));
            }
            _ if !text.is_empty() => text[place] = ODD[pick(ODD.len())],
            _ => {}
        }
    }
    text.into_iter().collect()
}
