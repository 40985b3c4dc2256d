//! What people ask not to be told: acknowledgements and silences.

use jiff::SignedDuration;
use proto::{
    time,
    v1::{
        AnomalyClosed, AnomalyOpened, AnomalyWorsened, CertificateChanged, Kind, Severity, State,
        log_event,
    },
};
use serde_json::json;

use crate::stage::{Stage, each, id_of, now};

fn opened(severity: Severity) -> log_event::Event {
    log_event::Event::AnomalyOpened(AnomalyOpened {
        anomaly_id: "x-expiring-1".to_owned(),
        kind: Kind::Expiring as i32,
        severity: severity as i32,
        since: Some(time::write(now())),
        evidence: None,
    })
}

const PATH: &str = "domains/a.example/anomalies/x-expiring-1/acknowledgement";

/// A stage on which an anomaly is open and acknowledged.
async fn acknowledged() -> Stage {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    stage.post(PATH, &json!({})).await.refused(409);
    stage.log(id_of("a.example"), State::Abnormal, vec![opened(Severity::Warning)]).await;
    stage.until("anomalies", |list| list["total"] == 1).await;
    let said = stage.post(PATH, &json!({ "reason": "Ordered a new one" })).await.ok();
    let acknowledged = &said["acknowledged"];
    assert_eq!(
        (&acknowledged["by"], &acknowledged["reason"]),
        (&json!("first admin"), &json!("Ordered a new one"))
    );
    assert!(acknowledged["at"].is_string());
    let shown = stage.get("domains/a.example").await.ok();
    assert_eq!(&shown["anomalies"][0]["acknowledged"], acknowledged);
    let told = &stage.get("audit").await.ok()["items"][0]["deeds"][0]["values"];
    assert_eq!(told["anomaly"], "x-expiring-1", "{told}");
    assert_eq!(&stage.get("anomalies").await.ok()["items"][0]["acknowledged"], acknowledged);
    stage
}

#[tokio::test]
async fn an_acknowledgement_holds_until_the_anomaly_is_worse() {
    let stage = acknowledged().await;
    let worsened = log_event::Event::AnomalyWorsened(AnomalyWorsened {
        anomaly_id: "x-expiring-1".to_owned(),
        kind: Kind::Expiring as i32,
        severity: Severity::Critical as i32,
        ..AnomalyWorsened::default()
    });
    stage.log(id_of("a.example"), State::Abnormal, vec![worsened]).await;
    let worse = stage.until("domains/a.example", |d| d["severity"] == "critical").await;
    assert!(worse["anomalies"][0]["acknowledged"].is_null(), "{worse}");
    let again = stage.post(PATH, &json!({ "reason": "" })).await.ok();
    assert_eq!(again["acknowledged"]["reason"], "");
}

#[tokio::test]
async fn an_acknowledgement_holds_until_the_certificate_changes() {
    let stage = acknowledged().await;
    let changed = log_event::Event::CertificateChanged(CertificateChanged::default());
    stage.log(id_of("a.example"), State::Abnormal, vec![changed]).await;
    let of_another = |list: &serde_json::Value| list["items"][0]["acknowledged"].is_null();
    assert_eq!(stage.until("anomalies", of_another).await["total"], 1);
}

#[tokio::test]
async fn what_is_over_is_not_acknowledged() {
    let stage = acknowledged().await;
    let closed = AnomalyClosed { kind: Kind::Expiring as i32, ..AnomalyClosed::default() };
    let closed = log_event::Event::AnomalyClosed(closed);
    stage.log(id_of("a.example"), State::Secure, vec![closed]).await;
    stage.until("anomalies", |list| list["total"] == 0).await;
    stage.post(PATH, &json!({})).await.refused(409);
    stage.post(PATH, &json!({ "reason": "x".repeat(501) })).await.refused(409);
    stage.post("domains/b.example/anomalies/x/acknowledgement", &json!({})).await.refused(404);
}

#[tokio::test]
async fn a_silence_is_shown_on_its_domains_until_it_is_lifted() {
    let stage = Stage::open().await;
    let tagged = json!([{ "name": "a.example", "options": { "tags": ["staging"] } }, "b.example"]);
    stage.post("domains", &tagged).await.ok();
    let until = (now() + SignedDuration::from_hours(1)).to_string();
    let of_tag = json!({ "tag": "staging", "until": until, "reason": "Moving house" });
    let of_tag = stage.post("silences", &of_tag).await;
    assert_eq!(of_tag.status, 201, "{of_tag:?}");
    let of_tag = of_tag.ok();
    assert_eq!((&of_tag["tag"], &of_tag["by"]), (&json!("staging"), &json!("first admin")));
    let of_domain = json!({ "domain": "b.example", "until": until });
    let of_domain = stage.post("silences", &of_domain).await.ok();
    assert_eq!(of_domain["domain"], "b.example:443");
    assert_eq!(stage.get("silences").await.ok()["items"].as_array().unwrap().len(), 2);
    let shown = stage.get("domains").await.ok();
    assert_eq!(shown["items"][0]["silences"], json!([of_tag]));
    assert_eq!(shown["items"][1]["silences"], json!([of_domain]));

    let path = format!("silences/{}", of_tag["id"].as_str().unwrap());
    assert_eq!(stage.delete(&path).await.status, 204);
    stage.delete(&path).await.refused(404);
    let left = stage.get("silences").await.ok();
    assert_eq!(each(&left["items"], "domain"), ["b.example:443"]);
    assert!(stage.get("domains/a.example").await.ok()["silences"].is_null());
}

#[tokio::test]
async fn a_silence_needs_a_target_and_an_end() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    let later = |hours| (now() + SignedDuration::from_hours(hours)).to_string();
    for (body, field) in [
        (json!({ "until": later(1) }), "domain"),
        (json!({ "until": later(1), "domain": "a.example", "tag": "x" }), "tag"),
        (json!({ "until": later(1), "tag": "a,b" }), "tag"),
        (json!({ "until": later(-1), "tag": "x" }), "until"),
        (json!({ "until": later(367 * 24), "tag": "x" }), "until"),
        (json!({ "until": "tomorrow", "tag": "x" }), "until"),
        (json!({ "until": later(1), "tag": "x", "reason": "a\nb" }), "reason"),
    ] {
        let problem = stage.post("silences", &body).await.refused(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let unknown = json!({ "until": later(1), "domain": "c.example" });
    stage.post("silences", &unknown).await.refused(404);
}

#[tokio::test]
async fn silences_and_acknowledgements_survive_a_restart() {
    let stage = acknowledged().await;
    let until = (now() + SignedDuration::from_hours(1)).to_string();
    stage.post("silences", &json!({ "domain": "a.example", "until": until })).await.ok();
    let before = stage.get("domains/a.example").await.ok();
    let stage = stage.reopen().await;
    let after = stage.until("domains/a.example", |d| d["anomalies"] == before["anomalies"]).await;
    assert_eq!(after["silences"], before["silences"]);
}
