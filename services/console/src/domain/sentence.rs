//! What is wrong, in one sentence in each language, for lists and for the log.
//!
//! The words of notifications are the notifier's own.

mod en;
mod zh_cn;

use jiff::{Timestamp, tz::Offset};
use proto::{
    time,
    v1::{
        CertificateSummary, Change, Evidence, Expiry, Kind, Mixed, Protocol, delivery_dropped::Why,
    },
};

use super::language::Language;

/// Names of a list that are spelled out before the rest is counted.
const SPELLED_MAX: usize = 3;
/// Characters of a sentence: evidence is made by strangers.
pub const SENTENCE_LEN_MAX: usize = 300;

/// A sentence in every language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence {
    /// In English, as the API has it.
    pub english: Box<str>,
    /// In Simplified Chinese.
    pub chinese: Box<str>,
}

impl Sentence {
    /// The sentence of an anomaly.
    pub fn of(kind: Kind, evidence: Option<&Evidence>) -> Self {
        let said = |language| of(language, kind, evidence).into();
        Self { english: said(Language::English), chinese: said(Language::Chinese) }
    }

    /// The one in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        }
    }
}

/// The sentence of an anomaly in a language.
pub fn of(language: Language, kind: Kind, evidence: Option<&Evidence>) -> String {
    let sentence = match language {
        Language::English => en::of(kind, evidence),
        Language::Chinese => zh_cn::of(kind, evidence),
    };
    sentence.chars().take(SENTENCE_LEN_MAX).collect()
}

/// What limits how long a chain holds.
struct Limit<'e> {
    /// The subject of the certificate that ends first, unless it is the server's own.
    subject: Option<&'e str>,
    /// The first instant at which that is valid, if it is known.
    from: Option<String>,
    /// The last one.
    until: Option<String>,
}

impl<'e> Limit<'e> {
    fn of(expiry: &'e Expiry, leaf: Option<&'e CertificateSummary>) -> Self {
        let limiting = expiry.limiting.as_ref().or(leaf);
        Self {
            subject: limiting.filter(|_| !expiry.is_leaf).map(|limiting| &*limiting.subject),
            from: limiting.and_then(|limiting| instant(limiting.not_before.as_ref())),
            until: limiting.and_then(|limiting| instant(limiting.not_after.as_ref())),
        }
    }
}

/// How many endpoints serve another certificate than most, and how many there are.
fn apart(mixed: &Mixed) -> (usize, usize) {
    let total = mixed.groups.iter().map(|group| group.endpoints.len()).sum();
    let most = mixed.groups.first().map_or(0, |group| group.endpoints.len());
    (total - most, total)
}

/// The last instant at which a new certificate is valid, if it is known.
fn renewed_until(change: &Change) -> Option<String> {
    instant(change.after.as_ref()?.not_after.as_ref())
}

/// Those of a list that are spelled out.
fn spelled(items: &[String]) -> &[String] {
    items.get(..SPELLED_MAX).unwrap_or(items)
}

fn instant(wire: Option<&prost_types::Timestamp>) -> Option<String> {
    wire.and_then(time::read).map(shown)
}

/// An instant for people: `2026-11-22 21:05 UTC`.
pub fn shown(at: Timestamp) -> String {
    at.to_zoned(Offset::UTC.to_time_zone()).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What a kind is called, as the pages have it.
pub fn kind(language: Language, kind: Kind) -> &'static str {
    match language {
        Language::English => en::kind(kind),
        Language::Chinese => zh_cn::kind(kind),
    }
}

/// What a notification method is called within a sentence.
pub fn method(language: Language, token: &str) -> &str {
    match language {
        Language::English => en::method(token),
        Language::Chinese => zh_cn::method(token),
    }
}

/// Why the notifier dropped a delivery.
pub fn dropped(language: Language, why: Why) -> &'static str {
    match language {
        Language::English => en::dropped(why),
        Language::Chinese => zh_cn::dropped(why),
    }
}

/// How a protocol is called by people.
pub fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Unspecified | Protocol::Tls => "TLS",
        Protocol::Smtp => "SMTP",
        Protocol::Imap => "IMAP",
        Protocol::Pop3 => "POP3",
        Protocol::Ftp => "FTP",
        Protocol::Ldap => "LDAP",
        Protocol::Xmpp => "XMPP",
        Protocol::Postgres => "PostgreSQL",
        Protocol::Mysql => "MySQL",
        Protocol::Sieve => "Sieve",
        Protocol::Nntp => "NNTP",
    }
}

#[cfg(test)]
mod tests {
    use proto::v1::{self, evidence::Case};

    use super::*;

    fn summary(subject: &str, seconds: i64) -> CertificateSummary {
        CertificateSummary {
            subject: subject.to_owned(),
            not_after: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            ..CertificateSummary::default()
        }
    }

    fn sentence(kind: Kind, case: Case) -> String {
        of(Language::English, kind, Some(&Evidence { case: Some(case), ..Evidence::default() }))
    }

    #[test]
    fn evidence_is_named() {
        let expiry = Expiry {
            limiting: Some(summary("CN=Old Root", 1_700_000_000)),
            rung: None,
            is_leaf: false,
        };
        assert_eq!(
            sentence(Kind::Expired, Case::Expiry(expiry)),
            "The certificate of `CN=Old Root`, which the chain needs, expired at 2023-11-14 22:13 UTC."
        );
        let mismatch = v1::NameMismatch {
            expected: "a.example".into(),
            presented: ["b", "c", "d", "e"].map(str::to_owned).to_vec(),
        };
        assert_eq!(
            sentence(Kind::NameMismatch, Case::NameMismatch(mismatch)),
            "The certificate does not cover `a.example`; it is for `b`, `c`, `d` and 1 more."
        );
        let none = v1::NoCertificate {
            reason: v1::Reason::ConnectRefused as i32,
            detail: String::new(),
            alert: None,
        };
        assert_eq!(
            sentence(Kind::Unreachable, Case::NoCertificate(none)),
            "No certificate: the port is closed."
        );
    }

    #[test]
    fn both_languages_say_the_same() {
        let blind = v1::ProberBlindness { prober: "p1".into(), failed: 18, looked: 20 };
        let evidence = Evidence { case: Some(Case::ProberBlindness(blind)), ..Evidence::default() };
        let said = Sentence::of(Kind::ProberBlind, Some(&evidence));
        assert!(said.in_language(Language::English).contains("18 of 20"));
        let chinese = said.in_language(Language::Chinese);
        assert!(chinese.contains("p1") && chinese.contains("20") && chinese.contains("18"));
    }

    #[test]
    fn without_evidence_the_kind_speaks() {
        for kind in Kind::ALL {
            assert!(of(Language::English, *kind, None).ends_with('.'));
            assert!(of(Language::Chinese, *kind, None).ends_with('。'));
        }
    }

    #[test]
    fn a_sentence_has_an_end() {
        let weakness = v1::Weakness { weaknesses: vec!["x".repeat(5_000)] };
        let sentence = sentence(Kind::Weak, Case::Weakness(weakness));
        assert_eq!(sentence.chars().count(), SENTENCE_LEN_MAX);
    }
}
