//! What a sentence is about, before any language.

use jiff::{SignedDuration, Timestamp};
use proto::{
    time,
    v1::{Evidence, Expiry, Kind, Mixed, Reason, evidence::Case, untrusted},
};

use super::plain;
use crate::domain::news::News;

/// What is to be said. Texts are harmless.
#[derive(Debug)]
pub(super) enum Saying<'a> {
    Test,
    Verification,
    BrokenChannel { channel: &'a str, contact: &'a str },
    EnableFailed(Reason),
    Expired { limit: Limit },
    Expiring { limit: Limit, left: SignedDuration },
    ChainIncomplete { missing: Option<String> },
    NameMismatch { expected: String },
    Recovered { kinds: Vec<Kind>, lasted: SignedDuration },
    Untrusted(untrusted::Cause),
    NotYetValid { from: Option<Timestamp> },
    Revoked,
    Unreachable(Reason),
    Mixed { fewer: u64, all: u64 },
    Weak { weaknesses: Vec<String> },
    RenewalOverdue,
    NotObserved { last_seen: Option<Timestamp> },
    Changed { lost: &'a [String] },
    ProberBlind { failed: u64, looked: u64 },
}

/// When the validity of a path ends, and by which certificate.
#[derive(Debug)]
pub(super) struct Limit {
    /// When. None if the evidence does not say.
    pub(super) at: Option<Timestamp>,
    /// Its subject, unless it is the leaf.
    pub(super) above_leaf: Option<String>,
}

impl<'a> Saying<'a> {
    /// What news are about.
    pub(super) fn of(news: &'a News, now: Timestamp) -> Self {
        let case = news.evidence().and_then(|evidence| evidence.case.as_ref());
        match news.kind() {
            Kind::Unspecified => Self::Test,
            Kind::EnableFailed => Self::EnableFailed(reason(case)),
            Kind::Unreachable => Self::Unreachable(reason(case)),
            Kind::Expired => Self::Expired { limit: limit(news.evidence()) },
            Kind::Expiring => {
                let limit = limit(news.evidence());
                let left = limit.at.map(|at| at.duration_since(now)).unwrap_or_default();
                Self::Expiring { limit, left }
            }
            Kind::ChainIncomplete => Self::ChainIncomplete { missing: missing(case) },
            Kind::NameMismatch => Self::NameMismatch { expected: expected(news, case) },
            Kind::Recovered => recovered(news),
            Kind::Untrusted => Self::Untrusted(distrust(case)),
            Kind::NotYetValid => Self::NotYetValid { from: not_before(news.evidence()) },
            Kind::Revoked => Self::Revoked,
            Kind::MixedCertificates => mixed(case),
            Kind::Weak => Self::Weak { weaknesses: weaknesses(case) },
            Kind::RenewalOverdue => Self::RenewalOverdue,
            Kind::NotObserved => Self::NotObserved { last_seen: last_seen(case) },
            Kind::CertificateChanged => Self::Changed { lost: names_lost(case) },
            Kind::ProberBlind => blind(case),
        }
    }
}

fn reason(case: Option<&Case>) -> Reason {
    match case {
        Some(Case::NoCertificate(no)) => Reason::try_from(no.reason).unwrap_or_default(),
        _ => Reason::Unspecified,
    }
}

/// The end of validity: of the limiting certificate, or of the leaf.
fn limit(evidence: Option<&Evidence>) -> Limit {
    let Some(evidence) = evidence else { return Limit { at: None, above_leaf: None } };
    let expiry = match &evidence.case {
        Some(Case::Expiry(Expiry { limiting: Some(limiting), is_leaf, .. })) => {
            Some((limiting, *is_leaf))
        }
        _ => None,
    };
    let (certificate, is_leaf) = match expiry {
        Some((limiting, is_leaf)) => (Some(limiting), is_leaf),
        None => (evidence.leaf.as_ref(), true),
    };
    Limit {
        at: certificate.and_then(|one| one.not_after.as_ref()).and_then(time::read),
        above_leaf: certificate.filter(|_| !is_leaf).map(|one| plain::line(&one.subject)),
    }
}

fn missing(case: Option<&Case>) -> Option<String> {
    match case {
        Some(Case::MissingIssuer(missing)) => {
            missing.missing.first().map(|one| plain::line(&one.subject))
        }
        _ => None,
    }
}

fn expected(news: &News, case: Option<&Case>) -> String {
    match case {
        Some(Case::NameMismatch(mismatch)) => plain::line(&mismatch.expected),
        _ => plain::line(&news.wire().host),
    }
}

fn recovered(news: &News) -> Saying<'_> {
    let spans = news.recovered().iter().map(|one| one.until.duration_since(one.since));
    Saying::Recovered {
        kinds: news.recovered().iter().map(|one| one.kind).collect(),
        lasted: spans.max().unwrap_or_default(),
    }
}

fn distrust(case: Option<&Case>) -> untrusted::Cause {
    match case {
        Some(Case::Untrusted(one)) => untrusted::Cause::try_from(one.cause).unwrap_or_default(),
        _ => untrusted::Cause::Unspecified,
    }
}

fn not_before(evidence: Option<&Evidence>) -> Option<Timestamp> {
    evidence?.leaf.as_ref()?.not_before.as_ref().and_then(time::read)
}

/// How many endpoints serve another certificate than most do.
fn mixed<'a>(case: Option<&Case>) -> Saying<'a> {
    let count = |mixed: &Mixed| {
        let sizes = mixed.groups.iter().map(|group| group.endpoints.len() as u64);
        let all: u64 = sizes.clone().sum();
        (all - sizes.max().unwrap_or_default(), all)
    };
    let (fewer, all) = match case {
        Some(Case::Mixed(mixed)) => count(mixed),
        _ => (0, 0),
    };
    Saying::Mixed { fewer, all }
}

fn weaknesses(case: Option<&Case>) -> Vec<String> {
    match case {
        Some(Case::Weakness(weak)) => weak.weaknesses.iter().map(|one| plain::line(one)).collect(),
        _ => Vec::new(),
    }
}

fn last_seen(case: Option<&Case>) -> Option<Timestamp> {
    match case {
        Some(Case::Blindness(blind)) => blind.last_seen.as_ref().and_then(time::read),
        _ => None,
    }
}

fn names_lost(case: Option<&Case>) -> &[String] {
    match case {
        Some(Case::Change(change)) => &change.names_lost,
        _ => &[],
    }
}

fn blind<'a>(case: Option<&Case>) -> Saying<'a> {
    let (failed, looked) = match case {
        Some(Case::ProberBlindness(one)) => (u64::from(one.failed), u64::from(one.looked)),
        _ => (0, 0),
    };
    Saying::ProberBlind { failed, looked }
}
