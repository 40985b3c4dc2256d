//! A prober of a simulated world: slow, forgetful, and dead at times.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chassis::{
    bus::{Append, Bus, Consumer, Delivery, Expect},
    dice::Dice,
};
use prost::Message as _;
use proto::{
    stream, subject,
    v1::{
        Chain, EndpointFact, Failure, Handshake, Job, OwnFailure, Reason, ScanFact, endpoint_fact,
        handshake, own_failure::Cause,
    },
};
use tokio::task::JoinSet;

use crate::{
    bus::Wire,
    scene::{CALM, Card, Scene, Site},
};

/// Jobs that one prober works on at the same time.
const JOBS_MAX: usize = 8;

/// Takes jobs until it dies.
pub(crate) async fn run(name: String, wire: Arc<Wire>, sites: Arc<Vec<Site>>) {
    let consumer = Consumer {
        stream: &stream::JOBS,
        name: "prober".to_owned(),
        pattern: subject::JOBS_ALL.to_owned(),
        ack_wait: Duration::from_secs(30),
        held_max: JOBS_MAX,
    };
    let mut deliveries = wire.consume(consumer).await.unwrap();
    let mut working = JoinSet::new();
    loop {
        while working.len() >= JOBS_MAX {
            working.join_next().await;
        }
        let delivery = deliveries.next().await.unwrap();
        working.spawn(look(name.clone(), wire.clone(), sites.clone(), delivery));
    }
}

async fn look(name: String, wire: Arc<Wire>, sites: Arc<Vec<Site>>, delivery: Delivery) {
    let dice = wire.dice.clone();
    let job = Job::decode(delivery.message.payload.clone()).unwrap();
    let site = sites.iter().find(|site| site.host == job.host).unwrap();
    let second = wire.store.begun.elapsed().as_secs().cast_signed();
    let calm = second > CALM;
    let fact = fact(&name, &job, site.scene(second), site, &dice, calm);
    let slow = if !calm && dice.below(50) == 0 { 60_000 } else { 800 };
    tokio::time::sleep(Duration::from_millis(20 + dice.below(slow))).await;
    // In one of a hundred jobs the fact is lost, in some it comes twice, in some the job does.
    let fate = if calm { 99 } else { dice.below(100) };
    for copy in 0..if fate == 1 { 2 } else { u32::from(fate != 0) } {
        let append = Append {
            stream: &stream::FACTS,
            subject: subject::fact(&job.domain_id.parse().unwrap()),
            id: format!("{}-{}-{name}-{copy}", job.domain_id, job.look),
            expect: Expect::Any,
            headers: vec![],
            payload: fact.encode_to_vec().into(),
        };
        while wire.append(append.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    if fate != 2 {
        drop(delivery.ack().await);
    }
}

fn fact(name: &str, job: &Job, scene: &Scene, site: &Site, dice: &Dice, calm: bool) -> ScanFact {
    let shown: Vec<Result<Card, Reason>> = match scene {
        Scene::Shows(cards) => {
            cards.iter().map(|card| card.ok_or(Reason::ConnectTimeout)).collect()
        }
        Scene::Alternates(one, other) => vec![Ok(if dice.below(2) == 0 { *one } else { *other })],
        Scene::Fails(reason) => vec![Err(*reason)],
    };
    let mut fact = ScanFact {
        domain_id: job.domain_id.clone(),
        look: job.look,
        inventory_revision: job.inventory_revision,
        prober: name.to_owned(),
        region: "default".to_owned(),
        ..ScanFact::default()
    };
    if !calm && dice.below(40) == 0 {
        let cause = Cause::ResolverUnreachable.into();
        fact.own_failure = Some(OwnFailure { cause, detail: String::new() });
        return fact;
    }
    for (shows, last) in shown.into_iter().zip(1_u8..) {
        let outcome = match shows {
            Ok(card) => {
                endpoint_fact::Outcome::Handshake(present(job, site, card, &mut fact.chains))
            }
            Err(reason) => {
                let reason = reason.into();
                endpoint_fact::Outcome::Failure(Failure { reason, ..Failure::default() })
            }
        };
        fact.endpoints.push(EndpointFact {
            address: format!("192.0.2.{last}"),
            port: job.port,
            outcome: Some(outcome),
            ..EndpointFact::default()
        });
    }
    fact
}

fn present(job: &Job, site: &Site, card: Card, chains: &mut Vec<Chain>) -> Handshake {
    let certificates = site.chains[&card].clone();
    let fingerprint = Bytes::copy_from_slice(&proto::chain::fingerprint(&certificates));
    let known = chains.iter().any(|chain| chain.fingerprint == fingerprint);
    if !known && !job.known_chains.contains(&fingerprint) {
        chains.push(Chain { fingerprint: fingerprint.clone(), certificates });
    }
    Handshake {
        version: 0x0304,
        cipher_suite: 0x1301,
        chain: fingerprint,
        proof: handshake::Proof::Proved.into(),
        ..Handshake::default()
    }
}
