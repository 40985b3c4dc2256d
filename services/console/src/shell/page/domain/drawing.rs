//! The chains of a domain as they are drawn: the path, what is missing on it, what stands beside.

use super::super::{domains::short, frame::Frame};
use crate::shell::http::{
    chain::{ChainCertificate, ChainView},
    domain::DomainDetail,
    evidence::{CaseView, CertificateView},
};

/// A chain.
pub(super) struct Drawn {
    /// Counted from 1, as the addresses name it.
    pub(super) number: usize,
    /// Names it in the evidence.
    pub(super) fingerprint: String,
    /// Where it is presented.
    pub(super) addresses: Vec<String>,
    /// From the leaf to what is trusted, or to where it ends.
    pub(super) path: Vec<Link>,
    /// What is presented and not needed.
    pub(super) beside: Vec<Link>,
    /// Whether the list is in another order than the path.
    pub(super) misordered: bool,
    /// Whether the root is presented, which clients have or do not trust.
    pub(super) root_presented: bool,
}

/// A certificate of a drawn chain.
pub(super) struct Link {
    /// Its place in the list, counted from 1; `None` if it is not presented.
    pub(super) place: Option<usize>,
    /// What it is there for, among the messages `link-…`.
    pub(super) role: &'static str,
    /// The colour of that.
    pub(super) tone: &'static str,
    /// What people call it.
    pub(super) name: String,
    /// What it says; `None` if only its name is known.
    pub(super) certificate: Option<CertificateView>,
    /// The same as PEM, if it is presented.
    pub(super) pem: Option<String>,
}

/// The chains that are presented, those on most addresses first.
pub(super) fn all(seen: &DomainDetail, frame: &Frame) -> Vec<Drawn> {
    let mut drawn: Vec<_> = seen.chains.iter().map(|chain| of(chain, seen, frame)).collect();
    drawn.sort_by_key(|chain| std::cmp::Reverse(chain.addresses.len()));
    for (chain, number) in drawn.iter_mut().zip(1..) {
        chain.number = number;
    }
    drawn
}

fn of(chain: &ChainView, seen: &DomainDetail, frame: &Frame) -> Drawn {
    let there = seen.seen.iter().filter(|seen| seen.chain.as_ref() == Some(&chain.fingerprint));
    let link = |at: usize, role| Link::presented(&chain.certificates[at], at, role, frame);
    let is_root = |step: usize| chain.ends_in_root && step + 1 == chain.path.len();
    let role = |step| match step {
        0 => "leaf",
        step if is_root(step) => "root",
        _ => "intermediate",
    };
    let path = chain.path.iter().enumerate().map(|(step, at)| link(*at, role(step)));
    let remark = |what| chain.remarks.iter().any(|remark| remark.remark == what);
    let beside = chain.remarks.iter().filter(|remark| remark.remark != "root_sent");
    Drawn {
        number: 0,
        fingerprint: chain.fingerprint.clone(),
        addresses: there.map(|endpoint| endpoint.address.clone()).collect(),
        path: path.chain(beyond(chain, seen)).collect(),
        beside: beside.filter_map(|one| Some(link(one.certificate?, one.remark))).collect(),
        misordered: remark("misordered"),
        root_presented: remark("root_sent"),
    }
}

/// What follows the last certificate that is presented: what is missing, and what is trusted as far
/// as somebody has found that it is.
fn beyond(chain: &ChainView, seen: &DomainDetail) -> Vec<Link> {
    if chain.ends_in_root || chain.path.is_empty() {
        return vec![];
    }
    let issuer = chain.ends_in.as_str();
    match chain.trust {
        "trusted" => vec![Link::named(issuer, "anchor", "good")],
        "incomplete" => missing(issuer, seen),
        "untrusted" => vec![Link::named(issuer, "untrusted", "critical")],
        _ => vec![Link::named(issuer, "unknown", "warning")],
    }
}

/// What is missing from an issuer on; not known if the evidence is that of another chain.
fn missing(issuer: &str, seen: &DomainDetail) -> Vec<Link> {
    for case in seen.evidence.iter().filter_map(|one| one.evidence.case.as_ref()) {
        if let CaseView::MissingIssuer { missing, .. } = case
            && missing.first().is_some_and(|first| first.subject == issuer)
        {
            let anchor = missing.last().map(|last| Link::named(&last.issuer, "anchor", "good"));
            return missing.iter().map(Link::missing).chain(anchor).collect();
        }
    }
    vec![Link::named(issuer, "unknown", "critical")]
}

impl Link {
    fn presented(one: &ChainCertificate, at: usize, role: &'static str, frame: &Frame) -> Self {
        let certificate = one.certificate.clone();
        let is_over = certificate.not_after.is_some_and(|at| at < frame.now);
        let tone = match role {
            "repeated" | "expired" | "not_needed" => "",
            _ if is_over => "critical",
            _ => "info",
        };
        Self {
            place: Some(at + 1),
            role,
            tone,
            name: name(&certificate),
            certificate: Some(certificate),
            pem: Some(one.pem.clone()),
        }
    }

    fn missing(certificate: &CertificateView) -> Self {
        Self {
            place: None,
            role: "missing",
            tone: "critical",
            name: name(certificate),
            certificate: Some(certificate.clone()),
            pem: None,
        }
    }

    fn named(name: &str, role: &'static str, tone: &'static str) -> Self {
        Self { place: None, role, tone, name: short(name), certificate: None, pem: None }
    }
}

/// What people call a certificate: its subject in few words, or the first of its names.
fn name(certificate: &CertificateView) -> String {
    match (certificate.subject.as_str(), certificate.names.first()) {
        ("", Some(first)) => first.clone(),
        ("", None) => certificate.sha256.clone(),
        (subject, _) => short(subject),
    }
}
