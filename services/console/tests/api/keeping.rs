//! What is kept of the board is worth nothing but time: killed while it is written, deleted, or of
//! other streams, the same is shown.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use chassis::snapshot::Snapshot;
use console::domain::board::memory;
use futures::future::join_all;
use proto::{
    stream::{self, Service},
    subject,
    v1::{AnomalyClosed, AnomalyOpened, Event, Kind, Severity, State, event, log_event},
};
use serde_json::{Value, json};

use crate::stage::{Stage, id_of, now, until};

/// Names the directory in which the one that is killed works.
const DIRECTORY: &str = "KEEPING_IN";
/// Domains of which there is news.
const DOMAINS: usize = 200;
/// Bytes that it writes before it is killed: more than opening the store takes.
const WRITTEN: u64 = 256 * 1024;
/// Times that it is killed.
const KILLS: usize = 4;

#[tokio::test]
async fn a_console_that_is_killed_while_it_writes_shows_what_a_new_one_shows() {
    let directory = tempfile::tempdir().unwrap();
    let board = directory.path().join("console/board");
    for _ in 0..KILLS {
        let before = bytes(&board);
        let killed = Killed::start(directory.path());
        until("it has written more", async || (bytes(&board) > before + WRITTEN).then_some(()))
            .await;
        drop(killed);
    }
    let snapshot = Snapshot::open(&board, memory::FORM).await.unwrap();
    let kept = snapshot.restore(|| 0, |count, _, _| *count += 1).await.state;
    assert!(kept > DOMAINS, "{kept} entries were kept");
    snapshot.close().await;
    let stage = Stage::open_in(directory).await;
    let recalled = shown(&stage).await;
    assert!(recalled["open"]["items"].as_array().is_some_and(|open| !open.is_empty()));

    let directory = stage.close().await;
    fs::remove_dir_all(&board).unwrap();
    let stage = Stage::open_in(directory).await;
    assert_eq!(shown(&stage).await, recalled);
}

#[tokio::test]
async fn a_board_of_other_streams_is_not_taken_for_one_of_these() {
    let stage = Stage::open().await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    stage.log(id_of("a.example"), State::Abnormal, vec![opened(Kind::Weak, 1)]).await;
    stage.until("anomalies", |open| open["total"] == 1).await;
    let directory = stage.close().await;

    // The same console, with a bus that holds something else at the same place.
    fs::remove_dir_all(directory.path().join("bus")).unwrap();
    fs::remove_file(directory.path().join("admin-token")).unwrap();
    let stage = Stage::open_in(directory).await;
    stage.post("domains", &json!(["a.example"])).await.ok();
    stage.log(id_of("a.example"), State::Secure, vec![]).await;
    let list = stage.until("domains", |list| list["items"][0]["state"] == "secure").await;
    assert_eq!(list["items"][0]["anomalies"], json!([]));
    assert_eq!(stage.get("anomalies").await.ok()["total"], 0);
}

/// Lists that are folded from what may be kept.
async fn shown(stage: &Stage) -> Value {
    json!({
        "domains": stage.get("domains?limit=1000").await.ok(),
        "open": stage.get("anomalies?limit=1000").await.ok(),
        "closed": stage.get("anomalies?state=closed&limit=1000").await.ok(),
        "events": stage.get("events?limit=1000").await.ok(),
    })
}

/// Bytes of all files in a directory.
fn bytes(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// A console amid much news, in a process of its own. It is killed when this is dropped.
struct Killed(Child);

impl Killed {
    fn start(directory: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "keeping::a_console_amid_much_news", "--ignored"])
            .env(DIRECTORY, directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "never ends by itself: the test above starts it, and kills it"]
async fn a_console_amid_much_news() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let stage = Stage::open_at(directory.as_ref()).await;
    let names: Vec<_> = (0..DOMAINS).map(|number| format!("{number}.example")).collect();
    stage.post("domains", &json!(names)).await.ok();
    for round in 0_u64.. {
        join_all(names.iter().map(|name| news(&stage, name, round))).await;
    }
}

/// Something is wrong with a domain, or over.
async fn news(stage: &Stage, name: &str, round: u64) {
    let kind = [Kind::Expired, Kind::Weak, Kind::NameMismatch][usize::try_from(round % 3).unwrap()];
    let (now_it_is, happened) = if round.is_multiple_of(2) {
        (State::Abnormal, opened(kind, round))
    } else {
        (State::Secure, closed(kind))
    };
    stage.log(id_of(name), now_it_is, vec![happened]).await;
    let about = subject::About::Domain(name.parse().unwrap(), 443);
    let event = Event {
        id: format!("{name}-{round}"),
        domain_id: id_of(name).to_string(),
        host: name.to_owned(),
        port: 443,
        kind: kind.into(),
        phase: event::Phase::Opened.into(),
        occurred_at: Some(proto::time::write(now())),
        ..Event::default()
    };
    stage.append(Service::Detector, &stream::EVENTS, subject::event(kind, &about), &event).await;
}

fn opened(kind: Kind, number: u64) -> log_event::Event {
    log_event::Event::AnomalyOpened(AnomalyOpened {
        anomaly_id: format!("{}-{number}", kind.token()),
        kind: kind.into(),
        severity: Severity::Critical.into(),
        since: Some(proto::time::write(now())),
        evidence: None,
    })
}

fn closed(kind: Kind) -> log_event::Event {
    log_event::Event::AnomalyClosed(AnomalyClosed { kind: kind.into(), ..AnomalyClosed::default() })
}
