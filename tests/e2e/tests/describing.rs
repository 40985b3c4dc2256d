//! The document of the API is true: whatever is asked, nothing fails inside, and nothing is
//! answered that it does not describe.
//!
//! A property-based tester reads the document, makes up requests that fit it and requests that do
//! not, and holds every answer to it.

use harness::binary;
use harness::fleet::{Fleet, Role, Shape};
use serde_json::json;
use tokio::process::Command;

/// Requests made up for each operation in each phase. Together they take about a minute.
const EXAMPLES: &str = "25";

/// Streams have no end, and are held to what they promise by tests of their own.
const ENDLESS: &str = "(events/stream|live)$";

/// What every answer is held to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,unsupported_method,ignored_auth";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_that_the_document_does_not_describe() {
    let mut fleet = Fleet::start(Shape::Embedded).await;
    // What the examples of the document name is there, so that they meet more than its absence.
    fleet.api.post("/domains", &json!(["example.com", "mail.example.com:465"])).await.unwrap();
    let remedy = "`pip install schemathesis`, as tests/run does";
    let mut tester = Command::new(binary::tool("schemathesis", "SCHEMATHESIS", remedy));
    tester
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", fleet.api.base()))
        .args(["--header", &format!("Authorization: Bearer {}", fleet.api.token())])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES])
        .args(["--seed", "1", "--generation-database", "none", "--no-shrink"])
        .args(["--checks", CHECKS, "--exclude-path-regex", ENDLESS])
        .args(["--continue-on-failure", "--warnings", "off", "--request-timeout", "30"])
        .current_dir(fleet.directory())
        .kill_on_drop(true);
    let told = tester.output().await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "{out}\n{err}");
    let log = fleet.log(Role::All, 1);
    assert!(!log.contains("ran into a bug"), "{log}");
}
