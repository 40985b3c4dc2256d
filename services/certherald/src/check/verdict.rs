//! From a scan fact to a verdict: one look suffices here.

use std::sync::Arc;

use certificate::Certificate;
use detector::domain::{
    assess::{
        Assessment, Question,
        anchors::Anchors,
        evidence::Group,
        pool::{Pool, Source},
        verdict::Verdict,
        weak::Connection,
    },
    sight::{Look, Sight},
};
use jiff::Timestamp;
use proto::{
    host::Host,
    v1::{ScanFact, endpoint_fact::Outcome},
};

/// What one look says of a host.
pub(super) fn of(
    fact: &ScanFact,
    host: &Host,
    now: Timestamp,
    anchors: &Anchors,
    known: &Pool,
) -> Verdict {
    let look = match Look::read(fact) {
        Ok(look) => look,
        Err(error) => return Verdict::undecided(&error.to_string()),
    };
    match look.sight {
        Sight::NotSeen => Verdict::undecided(&own_failure(fact)),
        Sight::Nothing { absence, .. } => {
            let (reason, host) = (absence.reason, host.to_string());
            Verdict::without_certificate(reason, &absence.detail, absence.alert, &host, now)
        }
        Sight::Certificates(_) => {
            let mut fetched = Pool::default();
            for issuer in &fact.fetched {
                if let Ok(certificate) = Certificate::parse(&issuer.certificate) {
                    fetched.insert(Arc::new(certificate), Source::Url(issuer.url.as_str().into()));
                }
            }
            let pools = [known, &fetched];
            Verdict::joined(endpoints(fact, host, now, anchors, &pools))
        }
    }
}

fn own_failure(fact: &ScanFact) -> String {
    match &fact.own_failure {
        Some(failure) => failure.detail.clone(),
        None => "no address can be reached from this host".to_owned(),
    }
}

/// A verdict for each endpoint that could be looked at, and one if they serve different leaves.
fn endpoints(
    fact: &ScanFact,
    host: &Host,
    now: Timestamp,
    anchors: &Anchors,
    pools: &[&Pool],
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    for endpoint in &fact.endpoints {
        match &endpoint.outcome {
            Some(Outcome::Handshake(handshake)) => {
                let shown = fact.chains.iter().find(|chain| chain.fingerprint == handshake.chain);
                let Some(chain) = shown else { continue };
                let assessment = Assessment::new(&chain.certificates, &[anchors], pools);
                let connection = Connection::from(handshake);
                let connection = Some(&connection);
                verdicts.push(assessment.judge(&Question { host, now, rungs: &[], connection }));
                if let Some(leaf) = assessment.leaf() {
                    join(&mut groups, leaf, &endpoint.address);
                }
            }
            Some(Outcome::Failure(failure)) if !failure.no_local_route => {
                let host = format!("{host} at {}", endpoint.address);
                let (reason, detail) = (failure.reason(), &failure.detail);
                let alert = failure.alert;
                verdicts.push(Verdict::without_certificate(reason, detail, alert, &host, now));
            }
            Some(Outcome::Failure(_)) | None => {}
        }
    }
    verdicts.extend(Verdict::disagreeing(groups, &host.to_string(), now));
    verdicts
}

/// Puts an endpoint beside those that serve the same leaf.
fn join(groups: &mut Vec<Group>, leaf: &Certificate, address: &str) {
    let sha256 = leaf.fingerprint();
    match groups.iter_mut().find(|group| group.leaf.sha256 == sha256) {
        Some(group) => group.endpoints.push(address.to_owned()),
        None => groups.push(Group { leaf: leaf.into(), endpoints: vec![address.to_owned()] }),
    }
}
