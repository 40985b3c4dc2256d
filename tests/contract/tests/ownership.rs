//! A stream has one writer: what the broker lets each service write is what `stream.rs` says, no
//! less and no more.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::{collections::BTreeSet, fs};

use async_nats::{Client, ConnectOptions};
use chassis::bus::nats::lease_subject;
use futures::StreamExt;
use harness::nats::Nats;
use proto::stream::{self, Service, Stream};

/// Who publishes, and where.
type Attempt = (&'static str, String);

#[tokio::test]
async fn the_broker_lets_each_service_write_what_is_its_own() {
    let nats = Nats::start_guarded().await;
    let observer = nats.client().await;
    let mut heard = observer.subscribe("certherald.>").await.unwrap();
    answered(&observer).await;

    let mut allowed = BTreeSet::new();
    for service in Service::ALL {
        let client = client(&nats, *service).await;
        for (subject, owner) in subjects() {
            let own = owner.contains(service);
            let attempt = (service.token(), subject.clone());
            if own {
                allowed.insert(attempt);
            }
            client.publish(subject, service.token().into()).await.unwrap();
        }
        answered(&client).await;
    }
    observer.publish("certherald.end", "".into()).await.unwrap();

    let mut written: BTreeSet<Attempt> = BTreeSet::new();
    while let Some(message) = heard.next().await {
        if message.subject.as_str() == "certherald.end" {
            break;
        }
        let writer = Service::ALL.iter().find(|one| message.payload == one.token().as_bytes());
        written.insert((writer.unwrap().token(), message.subject.to_string()));
    }
    let refused: Vec<_> = allowed.difference(&written).collect();
    let too_much: Vec<_> = written.difference(&allowed).collect();
    assert!(refused.is_empty(), "its own, and refused: {refused:?}");
    assert!(too_much.is_empty(), "another's, and allowed: {too_much:?}");
}

/// The server takes what one client sends in order: when it answers this, it has taken or refused
/// all that came before.
async fn answered(client: &Client) {
    client.request("$JS.API.INFO", "".into()).await.unwrap();
}

/// Subjects of every stream, and of the leases, with those who own them.
fn subjects() -> Vec<(String, Vec<Service>)> {
    let mut subjects = Vec::new();
    for stream in stream::ALL {
        match stream.writers {
            // Where there are several writers, each subject names its one.
            writers if writers.len() > 1 => subjects
                .extend(writers.iter().map(|writer| (parked(*writer, stream), vec![*writer]))),
            writers => subjects.push((stream.subjects.replace('>', "a.b"), writers.to_vec())),
        }
    }
    for leader in [Service::Detector, Service::Notifier] {
        subjects.push((lease_subject(leader.token()), vec![leader]));
    }
    subjects
}

fn parked(writer: Service, of: &Stream) -> String {
    assert_eq!(of, &stream::PARKED, "the only stream with several writers");
    proto::subject::parked(writer, &stream::JOBS)
}

async fn client(nats: &Nats, service: Service) -> Client {
    let settings = nats.settings(service.token());
    let setting = |key: &str| {
        let found = settings.iter().find(|(name, _)| *name == key);
        found.unwrap_or_else(|| panic!("no {key}")).1.clone()
    };
    let password = fs::read_to_string(setting("CERTHERALD_NATS_PASSWORD_FILE")).unwrap();
    let options = ConnectOptions::new()
        .user_and_password(setting("CERTHERALD_NATS_USER"), password.trim().to_owned());
    options.connect(setting("CERTHERALD_NATS_URL")).await.unwrap()
}
