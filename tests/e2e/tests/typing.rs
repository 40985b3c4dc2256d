//! What a person types: domains in and out, who is told, what happens.

use harness::binary;
use harness::fleet::{Fleet, Shape};
use harness::process::Process;
use harness::scene::DAY;
use lab::site::{Behaviour, Site};
use serde_json::{Value, json};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_names_domains_and_watches_what_happens_to_them() {
    let fleet = Fleet::start(Shape::Embedded).await;
    let expired = fleet.scene.with_left("expired.test", -DAY);
    let site = Site::open(Behaviour::Serve(expired)).await.unwrap();
    let (port, address) = (site.port(), site.address().ip());
    let name = format!("expired.test:{port}");
    let mut tail = tailing(&fleet);

    // The only way to say an address on the command line is a file.
    let csv = format!("name,fixed_address,tags\n{name},{address},shop;web\n*.wild.test,,\n");
    let file = fleet.scene.file("domains.csv", &csv);
    let imported = typed(&fleet, &["domains", "import", file.to_str().unwrap()]).await;
    assert!(imported.said.contains("*.wild.test"), "the refused line is named: {imported:?}");
    assert_ne!(imported.code, 0, "a refused line is no success: {imported:?}");

    let watched = only(&fleet, &["domains", "list", "--json"]).await;
    assert_eq!(watched["name"], name.as_str());
    tail.said("expired.test", |c| c == '\n').await;
    let scanned = typed(&fleet, &["domains", "scan", &name]).await;
    assert!(scanned.said.contains("expired"), "{scanned:?}");
    let shown = typed(&fleet, &["domains", "show", &name, "--json"]).await;
    assert_eq!(shown.json()["anomalies"][0]["kind"], "expired", "{shown:?}");
    let exported = typed(&fleet, &["domains", "export"]).await;
    assert!(exported.said.contains(&name) && exported.said.contains("shop;web"), "{exported:?}");

    let tested = typed(&fleet, &["contacts", "test", "Ops"]).await;
    assert_eq!(tested.code, 0, "{tested:?}");
    let removed = typed(&fleet, &["domains", "remove", &name]).await;
    assert_eq!(removed.code, 0, "{removed:?}");
    let left = typed(&fleet, &["domains", "list", "--json"]).await;
    assert_eq!(left.json(), json!([]), "{left:?}");
    let absent = typed(&fleet, &["domains", "show", &name]).await;
    assert!(absent.code != 0 && absent.said.contains(&name), "{absent:?}");
}

#[tokio::test]
async fn whoever_cannot_reach_the_console_is_told_what_to_check() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary::path());
    command.args(["domains", "list", "--url", "http://127.0.0.1:1", "--data"]);
    let output = command.arg(directory.path()).env_clear().output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0));
    assert!(said.contains("127.0.0.1:1") || said.contains("token"), "{said}");
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) code: i32,
    pub(crate) said: String,
    out: String,
}

impl Typed {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) async fn typed(fleet: &Fleet, arguments: &[&str]) -> Typed {
    let output = command(fleet, arguments).output().await.unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let said = format!("{out}{}", String::from_utf8(output.stderr).unwrap());
    Typed { code: output.status.code().unwrap(), said, out }
}

async fn only(fleet: &Fleet, arguments: &[&str]) -> Value {
    let list = typed(fleet, arguments).await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list:#}");
    list[0].clone()
}

/// `events tail`, running.
fn tailing(fleet: &Fleet) -> Process {
    let follow = command(fleet, &["events", "tail", "--kind", "expired", "--after", "0"]);
    Process::start("events-tail", follow, fleet.directory())
}

fn command(fleet: &Fleet, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::path());
    command.args(arguments).env_clear().arg("--url").arg(fleet.api.base()).arg("--token-file");
    command.arg(fleet.token_file()).kill_on_drop(true);
    command
}
