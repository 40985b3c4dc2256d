//! From a scan fact to a verdict: one look suffices here.

use std::sync::Arc;

use certificate::Certificate;
use detector::domain::{
    assess::{
        Assessment, Question,
        anchors::Anchors,
        evidence::{Group, Summary},
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
            let mixed = Verdict::disagreeing(groups(fact), &host.to_string(), now);
            Verdict::joined(endpoints(fact, host, now, anchors, &pools).chain(mixed))
        }
    }
}

fn own_failure(fact: &ScanFact) -> String {
    match &fact.own_failure {
        Some(failure) => failure.detail.clone(),
        None => "no address can be reached from this host".to_owned(),
    }
}

/// The endpoints that serve each leaf.
fn groups(fact: &ScanFact) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for endpoint in &fact.endpoints {
        let Some(Outcome::Handshake(handshake)) = &endpoint.outcome else { continue };
        let chain = fact.chains.iter().find(|chain| chain.fingerprint == handshake.chain);
        let leaf = chain.and_then(|chain| chain.certificates.first());
        // A leaf that cannot be read is told as such.
        let Some(Ok(leaf)) = leaf.map(|der| Certificate::parse(der)) else { continue };
        let (leaf, address) = (Summary::from(&leaf), endpoint.address.clone());
        match groups.iter_mut().find(|group| group.leaf.sha256 == leaf.sha256) {
            Some(group) => group.endpoints.push(address),
            None => groups.push(Group { leaf, endpoints: vec![address] }),
        }
    }
    groups
}

/// A verdict for each endpoint that could be looked at.
fn endpoints<'a>(
    fact: &'a ScanFact,
    host: &'a Host,
    now: Timestamp,
    anchors: &'a Anchors,
    pools: &'a [&'a Pool],
) -> impl Iterator<Item = Verdict> + 'a {
    fact.endpoints.iter().filter_map(move |endpoint| match endpoint.outcome.as_ref()? {
        Outcome::Handshake(handshake) => {
            let chain = fact.chains.iter().find(|chain| chain.fingerprint == handshake.chain)?;
            let assessment = Assessment::new(&chain.certificates, &[anchors], pools);
            let connection = Connection::from(handshake);
            let question = Question { host, now, rungs: &[], connection: Some(&connection) };
            Some(assessment.judge(&question))
        }
        Outcome::Failure(failure) if failure.no_local_route => None,
        Outcome::Failure(failure) => {
            let host = format!("{host} at {}", endpoint.address);
            let (reason, alert) = (failure.reason(), failure.alert);
            Some(Verdict::without_certificate(reason, &failure.detail, alert, &host, now))
        }
    })
}
