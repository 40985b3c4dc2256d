//! Forms on `JOBS` and `FACTS`.

use proto::v1::{
    EndpointFact, Failure, Handshake, Job, Lookup, OwnFailure, Protocol, Purpose, Reason,
    Resolution, ScanFact, Timings, endpoint_fact::Outcome, handshake::Proof, lookup, own_failure,
};

use crate::{
    Form,
    sample::{DOMAIN, at, chain, fetched, hash, seconds},
};

pub(crate) fn forms() -> Vec<Form> {
    let own_failure = OwnFailure {
        cause: own_failure::Cause::ResolverUnreachable.into(),
        detail: "no name server answers".to_owned(),
    };
    vec![
        Form::new("every_field", job()),
        Form::new("reachable", Job { was_reachable: true, ..job() }),
        Form::new("handshake", fact(Outcome::Handshake(handshake()))),
        Form::new("failure", fact(Outcome::Failure(failure()))),
        Form::new(
            "own_failure",
            ScanFact {
                domain_id: DOMAIN.to_owned(),
                look: 7,
                inventory_revision: 3,
                prober: "host-abc123".to_owned(),
                region: "default".to_owned(),
                started_at: Some(at(1)),
                took: Some(seconds(1)),
                own_failure: Some(own_failure),
                ..ScanFact::default()
            },
        ),
    ]
}

fn job() -> Job {
    Job {
        domain_id: DOMAIN.to_owned(),
        look: 7,
        inventory_revision: 3,
        host: "shop.example.com".to_owned(),
        port: 443,
        protocol: Protocol::Tls.into(),
        sni: "www.example.com".to_owned(),
        fixed_address: "192.0.2.1".to_owned(),
        known_chains: vec![hash(1), hash(2)],
        issued_at: Some(at(0)),
        purpose: Purpose::Confirm.into(),
        was_reachable: false,
    }
}

fn fact(outcome: Outcome) -> ScanFact {
    ScanFact {
        domain_id: DOMAIN.to_owned(),
        look: 7,
        inventory_revision: 3,
        prober: "host-abc123".to_owned(),
        region: "eu-west".to_owned(),
        started_at: Some(at(1)),
        took: Some(seconds(2)),
        resolution: Some(resolution()),
        endpoints: vec![EndpointFact {
            address: "192.0.2.1".to_owned(),
            port: 443,
            timings: Some(Timings { connect: Some(seconds(0)), handshake: Some(seconds(1)) }),
            outcome: Some(outcome),
        }],
        chains: vec![chain()],
        fetched: vec![fetched()],
        own_failure: None,
    }
}

fn resolution() -> Resolution {
    Resolution {
        a: Some(Lookup {
            outcome: lookup::Outcome::Addresses.into(),
            addresses: vec!["192.0.2.1".to_owned()],
            detail: String::new(),
        }),
        aaaa: Some(Lookup {
            outcome: lookup::Outcome::Failed.into(),
            addresses: Vec::new(),
            detail: "SERVFAIL".to_owned(),
        }),
        cname_chain: vec!["shop.cdn.example".to_owned()],
        took: Some(seconds(0)),
    }
}

fn handshake() -> Handshake {
    Handshake {
        version: 0x0304,
        cipher_suite: 0x1301,
        group: 0x001d,
        alpn: "h2".to_owned(),
        ocsp: hash(7),
        chain: hash(1),
        proof: Proof::Proved.into(),
        client_certificate_requested: true,
        legacy: true,
        remark: "the server closed without an alert".to_owned(),
    }
}

fn failure() -> Failure {
    Failure {
        reason: Reason::ConnectTimeout.into(),
        alert: Some(112),
        detail: "no answer within 10 s".to_owned(),
        no_local_route: true,
    }
}
