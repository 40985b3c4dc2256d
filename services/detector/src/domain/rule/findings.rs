//! All that is wrong with a domain: what was judged of each showing, folded by kind.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use proto::v1::Kind;

use super::mixed;
use crate::domain::{
    sight::{ENDPOINTS_MAX, Endpoint, Showing},
    watch::{
        anomaly::rung,
        command::{Finding, Judged, Trust},
    },
};

/// What is wrong, by kind, worst of each kind; and whether all that is believed could be judged.
#[derive(Debug, Default)]
pub struct Findings {
    /// By kind. `Kind`'s order is that in which they are told: expired first.
    pub by_kind: BTreeMap<Kind, Finding>,
    /// Whether nothing was left unjudged: only then may a kind that is absent be called clean.
    pub whole: bool,
    /// Whether it cannot be told of some chain if it is trusted: then nothing that rests on trust
    /// may be called clean either.
    pub undecided: bool,
}

/// Folds what was judged of all that is believed, each with the endpoints that show it.
pub fn fold(
    believed: &BTreeMap<Showing, IpAddr>,
    endpoints: &[Endpoint],
    port: u16,
    judged: &BTreeMap<Showing, Judged>,
) -> Findings {
    let shown: BTreeMap<_, _> = believed
        .iter()
        .map(|(showing, witness)| (*showing, sockets(*showing, *witness, endpoints, port)))
        .collect();
    let mut findings = Findings { whole: true, ..Findings::default() };
    for (showing, sockets) in &shown {
        let Some(judged) = judged.get(showing) else {
            findings.whole = false;
            continue;
        };
        findings.undecided |= judged.trust == Trust::Undecided;
        for finding in &judged.findings {
            findings.add(finding, sockets);
        }
    }
    if let Some(mixed) = mixed::finding(&shown, judged) {
        let all: Vec<_> = shown.into_values().flatten().collect();
        findings.add(&mixed, &all);
    }
    findings
}

impl Findings {
    fn add(&mut self, finding: &Finding, sockets: &[String]) {
        let mut worst = finding.clone();
        let mut endpoints: BTreeSet<String> = sockets.iter().cloned().collect();
        if let Some(other) = self.by_kind.remove(&finding.kind) {
            endpoints.extend(other.evidence.endpoints.iter().cloned());
            if badness(&other) >= badness(&worst) {
                worst = other;
            }
        }
        worst.evidence.endpoints = endpoints.into_iter().take(ENDPOINTS_MAX).collect();
        self.by_kind.insert(worst.kind, worst);
    }
}

/// Severity, then how near the rung is.
fn badness(finding: &Finding) -> (i32, u32) {
    (finding.severity as i32, u32::MAX - rung(Some(&finding.evidence)))
}

fn sockets(showing: Showing, witness: IpAddr, endpoints: &[Endpoint], port: u16) -> Vec<String> {
    let mut addresses: BTreeSet<_> = endpoints
        .iter()
        .filter(|endpoint| endpoint.shows.as_ref() == Ok(&showing))
        .map(|endpoint| endpoint.address)
        .collect();
    if addresses.is_empty() {
        addresses.insert(witness);
    }
    addresses.into_iter().map(|address| SocketAddr::new(address, port).to_string()).collect()
}
