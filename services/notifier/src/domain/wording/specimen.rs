//! One letter of every kind, to be shown in every form.

use proto::{
    id::DomainId,
    time,
    v1::{
        Blindness, CertificateSummary, Change, Expiry, MissingIssuer, Mixed, NameMismatch,
        NoCertificate, ProberBlindness, Protocol, Reason, Untrusted, Weakness, mixed::Group,
        untrusted,
    },
};

use super::*;
use crate::domain::{roster::Roster, sample};

pub(crate) fn head() -> Letterhead {
    Letterhead { prefix: "[TLS]".to_owned(), console: "https://tls.example.com".to_owned() }
}

pub(crate) fn contact(language: &str) -> Contact {
    let mut saved = sample::contact_saved("Ops", &[("email", "ops@example.com")]);
    saved.language = language.to_owned();
    let mut roster = Roster::default();
    sample::save_contact(&mut roster, sample::ops(), &saved);
    roster.contact(&sample::ops()).unwrap().clone()
}

pub(crate) fn letter(news: &News, language: &str) -> Letter {
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
        broken_channel: None,
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
pub(crate) fn every_kind() -> Vec<News> {
    let above = |days| CertificateSummary {
        subject: "CN=Example CA R3,O=Example".to_owned(),
        ..until(days)
    };
    let group = |days, endpoints: &[&str]| Group {
        leaf: Some(until(days)),
        endpoints: endpoints.iter().map(|one| (*one).to_owned()).collect(),
    };
    let rung = Some(time::write_span(std::time::Duration::from_hours(14 * 24)));
    let expiring = Case::Expiry(Expiry { limiting: Some(until(13)), rung, is_leaf: true });
    let expired_above =
        Case::Expiry(Expiry { limiting: Some(above(0)), rung: None, is_leaf: false });
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned();
    let missing = MissingIssuer { missing: vec![above(900)], pem, source: "seen".to_owned() };
    let mismatch = NameMismatch { expected: "shop.example.com".to_owned(), presented: names(13) };
    let distrust = Untrusted {
        cause: untrusted::Cause::SelfSigned as i32,
        issuer: "CN=shop.example.com".to_owned(),
        incomplete_excluded: true,
        detail: String::new(),
    };
    let weak = Weakness { weaknesses: vec!["RSA-1024".into(), "TLS 1.0".into()] };
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

/// All that there is to be told, each with a name for its snapshot.
pub(crate) fn letters(language: &str) -> Vec<(String, Letter)> {
    let name = |news: &News| {
        let kind = news.kind();
        if kind == Kind::Unspecified { "test" } else { kind.token() }
    };
    let mut all: Vec<_> =
        every_kind().iter().map(|news| (name(news), letter(news, language))).collect();
    all.push(("verification", verification(language)));
    all.push(("broken_channel", broken_channel(Cause::ChannelBroken, language)));
    let several = several().map(|news| letter(&news, language));
    all.push(("digest", digest_in(language, &several.each_ref())));
    all.into_iter().map(|(name, letter)| (format!("{name}.{language}"), letter)).collect()
}

/// What goes to an address that nobody confirmed yet.
pub(crate) fn verification(language: &str) -> Letter {
    let (news, contact) = (News::test("wish", sample::start()), contact(language));
    let link = Some("https://tls.example.com/verify?token=AQAAAA");
    compose(&Brief { link, ..of_ours(&news, Cause::Verification, &contact) }, &head())
}

/// That a channel is out of order.
pub(crate) fn broken_channel(cause: Cause, language: &str) -> Letter {
    let news = News::of_channel("wecom is out of order", sample::start());
    let (broken, contact) = (broken(), contact(language));
    let broken_channel = Some(&broken);
    compose(&Brief { broken_channel, ..of_ours(&news, cause, &contact) }, &head())
}

pub(crate) fn broken() -> BrokenChannel {
    BrokenChannel { channel: "wecom".to_owned(), reason: "93000 invalid\nurl".to_owned() }
}

/// What no domain is behind.
fn of_ours<'a>(news: &'a News, cause: Cause, contact: &'a Contact) -> Brief<'a> {
    Brief {
        delivery: sample::delivery(2),
        news,
        cause,
        reminder: 0,
        contact,
        owner_note: "",
        roots: &[],
        link: None,
        broken_channel: None,
        now: sample::minute(5),
    }
}

/// News that come close together: two domains with one certificate, others with their own, and some
/// that ask for several things.
pub(crate) fn several() -> [News; 7] {
    let of_shop = |number: i64, kind: Kind, change: &dyn Fn(&mut proto::v1::Evidence)| {
        sample::with(&sample::opened(kind), |event| {
            event.host = format!("shop{number}.example.com");
            let host = event.host.parse().unwrap();
            event.domain_id = DomainId::of(&host, 443, Protocol::Tls).to_string();
            // Ever further apart.
            event.occurred_at = Some(time::write(sample::minute(number * number)));
            event.since = event.occurred_at;
            change(event.evidence.as_mut().unwrap());
        })
    };
    let served = |number, kind, certificate: u8| {
        of_shop(number, kind, &|evidence| {
            evidence.leaf.as_mut().unwrap().sha256 = vec![certificate; 32].into();
        })
    };
    let failed = |number, reason: Reason| {
        of_shop(number, Kind::EnableFailed, &|evidence| {
            let no = NoCertificate { reason: reason as i32, ..NoCertificate::default() };
            (evidence.leaf, evidence.case) = (None, Some(Case::NoCertificate(no)));
        })
    };
    [
        sample::recovered(&[Kind::Weak]),
        served(1, Kind::Expired, 1),
        served(2, Kind::Expired, 1),
        served(3, Kind::Expired, 2),
        failed(4, Reason::ConnectTimeout),
        failed(5, Reason::NotTls),
        failed(6, Reason::ConnectTimeout),
    ]
}

pub(crate) fn digest_in(language: &str, letters: &[&Letter]) -> Letter {
    digest(letters, &contact(language), &head(), sample::delivery(9))
}

/// A digest of so many domains, each with a certificate of its own.
pub(crate) fn digest_of(count: usize) -> Letter {
    let news = (0..count).map(|number| {
        sample::with(&sample::opened(Kind::Expired), |event| {
            event.host = format!("shop{number}.example.com");
            event.evidence.as_mut().unwrap().leaf.as_mut().unwrap().sha256 =
                number.to_be_bytes().to_vec().into();
        })
    });
    let letters: Vec<_> = news.map(|news| letter(&news, "en")).collect();
    digest_in("en", &letters.iter().collect::<Vec<_>>())
}
