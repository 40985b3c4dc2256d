//! What the other services say is shown: anomalies, endpoints, inbox, deliveries, events.

use std::time::Duration;

use jiff::Timestamp;
use prost::Message;
use proto::{
    id::{ContactId, DeliveryId},
    stream::{self, Service},
    subject, time,
    v1::{
        self, AnomalyOpened, DeliveryAttempted, DeliveryDelivered, DeliveryDropped, DeliveryDue,
        DeliveryEvent, DeliveryParked, DeliveryRecord, EndpointFact, Event, Evidence, Failure,
        InboxEntry, Kind, NoCertificate, Reason, ScanFact, Severity, State, delivery_dropped::Why,
        delivery_due::Cause, delivery_event, endpoint_fact, evidence, log_event,
    },
};
use serde_json::{Value, json};

use crate::stage::{Stage, each, id_of, now};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn unreachable() -> Evidence {
    let reason = Reason::ConnectRefused as i32;
    let case = NoCertificate { reason, detail: "refused".to_owned(), alert: None };
    Evidence { case: Some(evidence::Case::NoCertificate(case)), ..Evidence::default() }
}

pub(crate) fn opened(kind: Kind, severity: Severity) -> log_event::Event {
    log_event::Event::AnomalyOpened(AnomalyOpened {
        anomaly_id: format!("x-{}-1", kind.token()),
        kind: kind as i32,
        severity: severity as i32,
        since: Some(time::write(now())),
        evidence: Some(unreachable()),
    })
}

#[tokio::test]
async fn an_anomaly_is_shown_with_its_evidence_until_it_closes() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let id = id_of("a.example");
    let event = opened(Kind::Unreachable, Severity::Critical);
    stage.log(id, State::Abnormal, vec![event]).await;
    let open = |list: &Value| list["total"] == 1;
    let open = stage.until("anomalies", open).await;
    assert_eq!(open["items"][0]["domain"], "a.example:443");
    assert_eq!(open["items"][0]["summary"], "No certificate: the port is closed (refused).");
    let detail = stage.get("domains/a.example").await.ok();
    assert_eq!(detail["evidence"][0]["evidence"]["reason"], "connect_refused");
    let overview = stage.get("overview").await.ok();
    assert_eq!(
        (&overview["states"]["abnormal"], &overview["anomalies"]["critical"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(stage.get("anomalies?domain=b.example").await.ok()["total"], 0);
    assert_eq!(stage.get("domains?severity=critical").await.ok()["total"], 1);

    let closed = v1::AnomalyClosed {
        kind: Kind::Unreachable as i32,
        how: v1::anomaly_closed::How::Recovered as i32,
        ..v1::AnomalyClosed::default()
    };
    stage.log(id, State::Secure, vec![log_event::Event::AnomalyClosed(closed)]).await;
    stage.until("anomalies", |list| list["total"] == 0).await;
    let closed = stage.get("anomalies?state=closed").await.ok();
    assert_eq!(closed["items"][0]["how"], "recovered");
    stage.get("anomalies?state=ajar").await.refused(422);
    stage.get("anomalies?kind=bad").await.refused(422);
}

#[tokio::test]
async fn a_list_of_anomalies_goes_on_where_it_was_although_others_come_and_go() {
    let stage = Stage::open().await;
    let names = ["a.example", "b.example", "c.example"];
    stage.post("domains", &json!(names)).await.ok();
    for (name, count) in names.into_iter().zip(1..) {
        let event = opened(Kind::Weak, Severity::Warning);
        stage.log(id_of(name), State::Abnormal, vec![event]).await;
        stage.until("anomalies", |list| list["total"] == count).await;
    }
    let close = async |name: &str| {
        let kind = Kind::Weak as i32;
        let closed = v1::AnomalyClosed { kind, ..v1::AnomalyClosed::default() };
        stage.log(id_of(name), State::Secure, vec![log_event::Event::AnomalyClosed(closed)]).await;
    };
    let first = stage.get("anomalies?limit=1").await.ok();
    assert_eq!(each(&first["items"], "domain"), ["c.example:443"], "the latest first");
    // What was shown goes, and what is worse comes before the rest.
    close("c.example").await;
    let worse = [Kind::Expired, Kind::Untrusted].map(|kind| opened(kind, Severity::Critical));
    stage.log(id_of("c.example"), State::Abnormal, worse.to_vec()).await;
    stage.until("anomalies?severity=critical", |list| list["total"] == 2).await;
    let rest = async |list: &str, page: &Value| {
        let next = page["next"].as_str().unwrap();
        stage.get(&format!("{list}&cursor={next}")).await.ok()
    };
    let second = rest("anomalies?limit=1", &first).await;
    assert_eq!(each(&second["items"], "domain"), ["b.example:443"]);
    close("b.example").await;
    stage
        .until("anomalies?state=closed", |list| list["items"].as_array().unwrap().len() == 2)
        .await;
    let third = rest("anomalies?limit=1", &second).await;
    assert_eq!(each(&third["items"], "domain"), ["a.example:443"]);
    assert_eq!(third["next"], json!(null));

    let first = stage.get("anomalies?state=closed&limit=1").await.ok();
    assert_eq!(each(&first["items"], "domain"), ["b.example:443"], "the latest first");
    close("a.example").await;
    stage.until("anomalies?kind=weak", |list| list["total"] == 0).await;
    let second = rest("anomalies?state=closed&limit=1", &first).await;
    assert_eq!(each(&second["items"], "domain"), ["c.example:443"]);
    stage.get("anomalies?cursor=AAAAAAAAAAE").await.refused(422);
}

#[tokio::test]
async fn the_last_look_is_shown_endpoint_by_endpoint() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let id = id_of("a.example");
    let failure = Failure {
        reason: Reason::ConnectTimeout as i32,
        detail: "no answer".to_owned(),
        ..Failure::default()
    };
    let fact = ScanFact {
        domain_id: id.to_string(),
        look: 1,
        started_at: Some(time::write(now())),
        endpoints: vec![EndpointFact {
            address: "2001:db8::1".to_owned(),
            port: 443,
            timings: None,
            outcome: Some(endpoint_fact::Outcome::Failure(failure)),
        }],
        ..ScanFact::default()
    };
    stage.append(Service::Prober, &stream::FACTS, subject::fact(&id), &fact).await;
    let looked = stage.until("domains/a.example", |domain| domain["looked_at"].is_string()).await;
    assert_eq!(looked["endpoints"], 1);
    assert_eq!(looked["seen"][0]["address"], "[2001:db8::1]:443");
    assert_eq!(looked["seen"][0]["reason"], "connect_timeout");
}

pub(crate) async fn tell(
    stage: &Stage,
    channel: &str,
    id: DeliveryId,
    event: delivery_event::Event,
) {
    let contact = ContactId::derive(&["operator"]);
    let record = DeliveryRecord {
        recorded_at: Some(time::write(now())),
        events: vec![DeliveryEvent { delivery_id: id.to_string(), event: Some(event) }],
    };
    let domain = id_of("a.example");
    let subject = subject::delivery(&channel.parse().unwrap(), &contact, Some(&domain));
    stage.append(Service::Notifier, &stream::DELIVERIES, subject, &record).await;
}

fn due() -> delivery_event::Event {
    let event = Event { host: "a.example".to_owned(), port: 443, ..Event::default() };
    delivery_event::Event::Due(DeliveryDue { event: Some(event), ..DeliveryDue::default() })
}

#[tokio::test]
async fn an_internal_message_is_in_the_inbox_until_it_is_read() {
    let stage = Stage::open().await;
    let id = DeliveryId::from_bytes([1; 16]);
    let entry = InboxEntry {
        title: "Expired <b>".to_owned(),
        text: "Renew it.".to_owned(),
        kind: Kind::Expired as i32,
        severity: Severity::Critical as i32,
    };
    tell(&stage, "internal", id, due()).await;
    let delivered =
        DeliveryDelivered { attempt: 1, reply: String::new(), inbox_entry: Some(entry) };
    tell(&stage, "internal", id, delivery_event::Event::Delivered(delivered)).await;
    let inbox = stage.until("inbox?unread=true", |inbox| inbox["unread"] == 1).await;
    assert_eq!(inbox["items"][0]["title"], "Expired <b>");
    assert_eq!(inbox["items"][0]["contact"], "Operator");
    let operator = ContactId::derive(&["operator"]).to_string();
    assert_eq!(stage.get("contacts").await.ok()["items"][0]["unread"], 1);
    let read = json!({ "entries": [id.to_string()] });
    assert_eq!(stage.post("inbox/read", &read).await.ok()["marked"], 1);
    let all = json!({ "all": true, "contact": operator });
    assert_eq!(stage.post("inbox/read", &all).await.ok()["marked"], 0);
    assert_eq!(stage.post("inbox/read", &read).await.ok()["marked"], 0);
    let inbox = stage.get(&format!("inbox?contact={operator}")).await.ok();
    assert_eq!((&inbox["unread"], &inbox["items"][0]["read"]), (&json!(0), &json!(true)));
    stage.post("inbox/read", &json!({ "entries": ["x"] })).await.refused(422);
    stage
        .post("inbox/read", &json!({ "entries": [id.to_string()], "all": true }))
        .await
        .refused(422);
    stage.post("inbox/read", &json!({ "contact": operator })).await.refused(422);
    stage.get("inbox?contact=x").await.refused(422);
}

#[tokio::test]
async fn a_delivery_is_shown_with_every_word_of_the_channel_and_sent_again() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let id = DeliveryId::from_bytes([2; 16]);
    tell(&stage, "email", id, due()).await;
    stage.until("deliveries?state=due", |list| list["items"].as_array().unwrap().len() == 1).await;
    stage.post(&format!("deliveries/{id}/again"), &json!(null)).await.refused(409);
    let parked = DeliveryParked {
        attempt: 1,
        reason: "550 no such user".to_owned(),
        rests_until: Some(time::write(at(3_600))),
    };
    tell(&stage, "email", id, delivery_event::Event::Parked(parked)).await;
    let path = format!("deliveries/{id}");
    let delivery = stage.until(&path, |delivery| delivery["state"] == "parked").await;
    assert_eq!(each(&delivery["steps"], "state"), ["due", "parked"]);
    assert_eq!(delivery["steps"][1]["words"], "550 no such user");
    assert_eq!(delivery["steps"][1]["rests_until"], at(3_600).to_string());
    assert_eq!((&delivery["host"], &delivery["method"]), (&json!("a.example"), &json!("email")));
    for query in ["method=email", "domain=a.example", "state=parked"] {
        let list = stage.get(&format!("deliveries?{query}")).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{query}");
    }
    assert_eq!(stage.get("deliveries?method=internal").await.ok()["items"], json!([]));
    stage.get("deliveries?method=pigeon").await.refused(422);
    assert_eq!(stage.post(&format!("{path}/again"), &json!(null)).await.status, 202);
}

#[tokio::test]
async fn a_delivery_says_with_which_it_travels_and_never_shows_a_link() {
    let stage = Stage::open().await;
    let id = |byte| DeliveryId::from_bytes([byte; 16]);
    for (byte, cause) in [(1, Cause::Verification), (2, Cause::Escalation)] {
        let due = DeliveryDue {
            cause: cause as i32,
            sealed_link: b"hunter22"[..].into(),
            ..DeliveryDue::default()
        };
        tell(&stage, "email", id(byte), delivery_event::Event::Due(due)).await;
    }
    let attempted = DeliveryAttempted { attempt: 1, lead: id(1).to_string() };
    tell(&stage, "email", id(2), delivery_event::Event::Attempted(attempted)).await;
    let acknowledged = DeliveryDropped { why: Why::Acknowledged as i32 };
    tell(&stage, "email", id(2), delivery_event::Event::Dropped(acknowledged)).await;
    let dropped = |list: &Value| list["items"][0]["state"] == "dropped";
    let list = stage.until("deliveries?cause=escalation", dropped).await;
    let steps = &list["items"][0]["steps"];
    assert_eq!(each(steps, "state"), ["due", "attempted", "dropped"]);
    assert_eq!(steps[1]["lead"], id(1).to_string());
    assert_eq!(steps[2]["words"], "Somebody acknowledged the anomaly.");
    let verifying = stage.get("deliveries?cause=verification").await;
    assert!(!verifying.text.contains("hunter22") && !verifying.text.contains("link"));
    assert_eq!(each(&verifying.ok()["items"], "id"), [id(1).to_string()]);
}

#[tokio::test]
async fn the_events_of_a_domain_are_shown_latest_first() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    for (at, host, kind) in [
        (1, "a.example", Kind::Expiring),
        (2, "b.example", Kind::Weak),
        (3, "a.example", Kind::Expired),
    ] {
        happen(&stage, at, host, kind).await;
    }
    let events = stage.until("events", |list| list["items"].as_array().unwrap().len() == 3).await;
    assert_eq!(each(&events["items"], "kind"), ["expired", "weak", "expiring"]);
    let first = stage.get("domains/a.example/events?limit=1").await.ok();
    assert_eq!(each(&first["items"], "kind"), ["expired"]);
    let next = first["next"].as_str().unwrap();
    let second = stage.get(&format!("domains/a.example/events?limit=1&cursor={next}")).await.ok();
    assert_eq!(each(&second["items"], "kind"), ["expiring"]);
}

/// Says as the detector that something happened.
pub(crate) async fn happen(stage: &Stage, at: u32, host: &str, kind: Kind) -> u64 {
    let event = Event {
        id: format!("{at}"),
        domain_id: id_of(host).to_string(),
        host: host.to_owned(),
        port: 443,
        kind: kind as i32,
        severity: Severity::Critical as i32,
        occurred_at: Some(time::write(now())),
        ..Event::default()
    };
    let about = subject::About::Domain(host.parse().unwrap(), 443);
    stage.append(Service::Detector, &stream::EVENTS, subject::event(kind, &about), &event).await
}

#[tokio::test]
async fn the_coming_expiries_are_counted_by_day_and_by_week() {
    let stage = Stage::open().await;
    let certified = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    stage.post("domains", &json!(["a.example", "b.example"])).await.ok();
    let chain = v1::Chain {
        fingerprint: vec![7; 32].into(),
        certificates: vec![certified.cert.der().to_vec().into()],
    };
    let learned = v1::ChainLearned { chain: Some(chain), ..v1::ChainLearned::default() };
    let seen = v1::EndpointSeen {
        address: "192.0.2.1".to_owned(),
        port: 443,
        chain: vec![7; 32].into(),
        ..v1::EndpointSeen::default()
    };
    let events =
        vec![log_event::Event::ChainLearned(learned), log_event::Event::EndpointSeen(seen)];
    stage.log(id_of("a.example"), State::Secure, events).await;
    stage.until("domains/a.example", |domain| domain["expires_at"].is_string()).await;
    let days = stage.get("overview/expiries").await.ok();
    assert_eq!((days["spans"].as_array().unwrap().len(), &days["later"]), (90, &json!(1)));
    let weeks = stage.get("overview/expiries?by=week&time_zone=Asia/Shanghai").await.ok();
    assert_eq!(weeks["spans"].as_array().unwrap().len(), 13);
    assert_eq!(stage.get("domains?issuer=RCGEN").await.ok()["total"], 1);
    assert_eq!(stage.get("domains?issuer=nobody").await.ok()["total"], 0);
}

#[tokio::test]
async fn a_message_that_is_not_understood_keeps_nothing_else_from_being_shown() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let id = id_of("a.example");
    // A text where a record of the log has a number.
    let garbage = v1::CertificateSummary { subject: "CN=x".to_owned(), ..Default::default() };
    assert!(v1::LogRecord::decode(garbage.encode_to_vec().as_slice()).is_err(), "it is garbage");
    stage.append(Service::Detector, &stream::LOG, subject::log(&id), &garbage).await;
    stage.log(id, State::Secure, vec![]).await;
    stage.until("domains/a.example", |domain| domain["state"] == "secure").await;
    tokio::time::timeout(Duration::from_secs(5), stage.get("system")).await.unwrap().ok();
}

#[tokio::test]
async fn what_a_server_does_not_send_is_there_as_pem() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    stage.get("domains/a.example/missing.pem").await.refused(404);
    let pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
    let case = v1::MissingIssuer { pem: pem.to_owned(), ..v1::MissingIssuer::default() };
    let evidence =
        Evidence { case: Some(evidence::Case::MissingIssuer(case)), ..Evidence::default() };
    let opened = log_event::Event::AnomalyOpened(AnomalyOpened {
        kind: Kind::ChainIncomplete as i32,
        severity: Severity::Critical as i32,
        evidence: Some(evidence),
        ..AnomalyOpened::default()
    });
    stage.log(id_of("a.example"), State::Abnormal, vec![opened]).await;
    let answer = stage.get("domains/a.example/missing.pem").await;
    assert_eq!(answer.headers["content-type"], "application/x-pem-file");
    assert_eq!(answer.text, pem);
    stage.get("domains/absent.example/missing.pem").await.refused(404);
}
