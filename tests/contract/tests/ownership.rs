//! A stream has one writer: what the broker lets each service write and read is what `stream.rs`
//! says, no less and no more.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::{collections::BTreeSet, fs};

use async_nats::{Client, ConnectOptions, Message, Subscriber};
use chassis::bus::nats::{LEASES, lease_subject};
use futures::{StreamExt, stream::select_all};
use harness::nats::Nats;
use proto::stream::{self, Service, Stream};

/// Who publishes, and where.
type Attempt = (&'static str, String);

/// All of a stream that a reader calls, and how it acknowledges.
const READING: [&str; 9] = [
    "$JS.API.STREAM.CREATE.{}",
    "$JS.API.STREAM.INFO.{}",
    "$JS.API.STREAM.MSG.GET.{}",
    "$JS.API.DIRECT.GET.{}",
    "$JS.API.CONSUMER.CREATE.{}.a.b",
    "$JS.API.CONSUMER.DELETE.{}.a",
    "$JS.API.CONSUMER.MSG.NEXT.{}.a",
    "$JS.ACK.{}.a.1.1.1.1.1",
    "$JS.ACK._.hash.{}.a.1.1.1.1.1",
];

/// What a writer calls: the stream is made if it is missing.
const WRITING: [&str; 2] = ["$JS.API.STREAM.CREATE.{}", "$JS.API.STREAM.INFO.{}"];

/// What a writer calls as well where it decides upon what is there.
const LOOKING_UP: &str = "$JS.API.STREAM.MSG.GET.{}";

/// What the console calls when people have something removed.
const PURGING: &str = "$JS.API.STREAM.PURGE.{}";

/// What no service calls.
const NEVER: [&str; 7] = [
    "$JS.API.STREAM.UPDATE.{}",
    "$JS.API.STREAM.DELETE.{}",
    "$JS.API.STREAM.MSG.DELETE.{}",
    "$JS.API.STREAM.SNAPSHOT.{}",
    "$JS.API.STREAM.RESTORE.{}",
    "$JS.API.CONSUMER.NAMES.{}",
    "$JS.API.CONSUMER.PAUSE.{}.a",
];

#[tokio::test]
async fn the_broker_lets_each_service_do_what_is_its_own() {
    let nats = Nats::start_guarded().await;
    let tester = nats.client().await;
    let mut heard = tester.subscribe(">").await.unwrap();
    answered(&tester).await;

    let mut allowed = BTreeSet::new();
    for service in Service::ALL {
        let client = client(&nats, *service).await;
        for (subject, owner) in subjects().into_iter().chain(calls()) {
            let own = owner.contains(service);
            let attempt = (service.token(), subject.clone());
            if own {
                allowed.insert(attempt);
            }
            client.publish(subject, service.token().into()).await.unwrap();
        }
        answered(&client).await;
    }
    tester.publish("certherald.end", "".into()).await.unwrap();

    let mut done: BTreeSet<Attempt> = BTreeSet::new();
    while let Some(message) = heard.next().await {
        if message.subject.as_str() == "certherald.end" {
            break;
        }
        // The server answers, and tells of what it did: that is nobody's attempt.
        let writer = Service::ALL.iter().find(|one| message.payload == one.token().as_bytes());
        done.extend(writer.map(|writer| (writer.token(), message.subject.to_string())));
    }
    let refused: Vec<_> = allowed.difference(&done).collect();
    let too_much: Vec<_> = done.difference(&allowed).collect();
    assert!(refused.is_empty(), "its own, and refused: {refused:?}");
    assert!(too_much.is_empty(), "another's, and allowed: {too_much:?}");
}

#[tokio::test]
async fn nobody_listens_to_what_another_is_answered() {
    let nats = Nats::start_guarded().await;
    let tester = nats.client().await;
    let inbox = |service: &Service| format!("_INBOX_{}.x", service.token());
    for service in Service::ALL {
        let client = client(&nats, *service).await;
        let mut subjects: Vec<String> = ["_INBOX.x", "certherald.log.0.x"].map(Into::into).into();
        subjects.extend(Service::ALL.iter().filter(|other| *other != service).map(inbox));
        subjects.push(inbox(service));
        let mut heard = Vec::new();
        for subject in &subjects {
            heard.push(client.subscribe(subject.clone()).await.unwrap());
        }
        answered(&client).await;
        for subject in &subjects {
            tester.publish(subject.clone(), "".into()).await.unwrap();
        }
        let first = select_all(heard).next().await.unwrap();
        assert_eq!(first.subject.as_str(), inbox(service), "{}", service.token());
    }
}

#[tokio::test]
async fn the_operator_copies_and_restores_a_stream() {
    let nats = Nats::start_guarded().await;
    let operator = nats.operator().await;
    let ask = async |call: &str, body: serde_json::Value| {
        let subject = format!("$JS.API.STREAM.{call}.INVENTORY");
        let answer = operator.request(subject, body.to_string().into()).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        assert!(answer["error"].is_null(), "{call}: {answer}");
        answer
    };
    let config = serde_json::json!({
        "name": "INVENTORY", "subjects": ["certherald.inventory.>"], "storage": "file",
        "retention": "limits", "num_replicas": 1,
    });
    ask("CREATE", config).await;
    let console = client(&nats, Service::Console).await;
    console.request("certherald.inventory.a.b", "kept".into()).await.unwrap();

    let inbox = operator.new_inbox();
    let mut chunks = operator.subscribe(inbox.clone()).await.unwrap();
    let snapshot = ask("SNAPSHOT", serde_json::json!({ "deliver_subject": inbox })).await;
    let copy = copied(&operator, &mut chunks).await;
    ask("DELETE", serde_json::json!({})).await;

    let wanted = serde_json::json!({ "config": snapshot["config"], "state": snapshot["state"] });
    let restore = ask("RESTORE", wanted).await;
    let to = restore["deliver_subject"].as_str().unwrap().to_owned();
    for chunk in copy {
        operator.request(to.clone(), chunk.payload).await.unwrap();
    }
    // An empty one is the end.
    operator.request(to, "".into()).await.unwrap();
    let restored = ask("INFO", serde_json::json!({})).await;
    assert_eq!(restored["state"]["messages"], 1, "{restored}");
}

/// All chunks of a snapshot, each acknowledged; an empty one is the end.
async fn copied(operator: &Client, chunks: &mut Subscriber) -> Vec<Message> {
    let mut copy = Vec::new();
    loop {
        let chunk = chunks.next().await.unwrap();
        if chunk.payload.is_empty() {
            return copy;
        }
        if let Some(reply) = chunk.reply.clone() {
            operator.publish(reply, "".into()).await.unwrap();
        }
        copy.push(chunk);
    }
}

/// The server takes what one client sends in order: when it answers this, it has taken or refused
/// all that came before.
async fn answered(client: &Client) {
    client.request(format!("$JS.API.STREAM.INFO.{LEASES}"), "".into()).await.unwrap();
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
    for leader in LEADERS {
        subjects.push((lease_subject(leader.token()), vec![leader]));
    }
    subjects
}

/// Those who lead, and hold leases.
const LEADERS: [Service; 2] = [Service::Detector, Service::Notifier];

/// What may be called of each stream, and of the leases, with those who may.
fn calls() -> Vec<(String, Vec<Service>)> {
    let mut calls = Vec::new();
    let every = READING.iter().chain(&NEVER).chain([&PURGING]);
    for call in every {
        for stream in stream::ALL {
            let callers = Service::ALL.iter().filter(|service| may_call(**service, call, stream));
            calls.push((call.replace("{}", stream.name), callers.copied().collect()));
        }
        let callers = match *call {
            // All ask it the time, and make it if it is missing.
            call if WRITING.contains(&call) => Service::ALL.to_vec(),
            // The console shows who leads.
            LOOKING_UP => vec![Service::Detector, Service::Notifier, Service::Console],
            "$JS.API.STREAM.MSG.DELETE.{}" => LEADERS.to_vec(),
            _ => vec![],
        };
        calls.push((call.replace("{}", LEASES), callers));
    }
    calls.push(("$JS.API.INFO".to_owned(), vec![]));
    calls
}

fn may_call(service: Service, call: &str, stream: &Stream) -> bool {
    let reads = stream.readers.contains(&service) && READING.contains(&call);
    let writes = stream.writers.contains(&service) && WRITING.contains(&call);
    // What a scan saw, and what is parked, depends on nothing that came before.
    let is_decided_upon = !matches!(stream.name, "FACTS" | "PARKED");
    let looks_up = stream.writers.contains(&service) && call == LOOKING_UP && is_decided_upon;
    let removable = ["INVENTORY", "DELIVERIES"].contains(&stream.name);
    let purges = service == Service::Console && call == PURGING && removable;
    reads || writes || looks_up || purges
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
        .user_and_password(setting("CERTHERALD_NATS_USER"), password.trim().to_owned())
        .custom_inbox_prefix(setting("CERTHERALD_NATS_INBOX"));
    options.connect(setting("CERTHERALD_NATS_URL")).await.unwrap()
}
