//! What a page may not have: errors in the browser's log, and what keeps people from using it.

use fantoccini::{Client, wd::WebDriverCompatibleCommand};
use harness::surroundings::variable;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// Asks the driver for what the browser has logged since it was asked last.
#[derive(Debug)]
pub(crate) struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// Asks the driver for a picture of the whole page, also of what a person would scroll to.
#[derive(Debug)]
pub(crate) struct Picture;

impl WebDriverCompatibleCommand for Picture {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let params = json!({ "captureBeyondViewport": true, "optimizeForSpeed": true });
        let body = json!({ "cmd": "Page.captureScreenshot", "params": params });
        (Method::POST, Some(body.to_string()))
    }
}

/// Asks the driver to run a script in every page from the next one on, before those of the page.
#[derive(Debug)]
pub(crate) struct Beforehand(pub(crate) &'static str);

impl WebDriverCompatibleCommand for Beforehand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        Picture.endpoint(base, session)
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let params = json!({ "source": self.0 });
        let body = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": params });
        (Method::POST, Some(body.to_string()))
    }
}

/// The entries that are errors: of scripts, of the content security policy, of what did not load.
/// A page that says no is none: the browser logs its status as it logs that of what a page loads.
pub(crate) fn errors(log: &Value) -> Vec<&Value> {
    let entries = log.as_array().into_iter().flatten();
    let is_error = |entry: &&Value| {
        let message = entry["message"].as_str().unwrap_or_default();
        let is_loaded = message.contains("/assets/") || message.contains("/api/");
        let is_page = message.contains("responded with a status of 4") && !is_loaded;
        matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")) && !is_page
    };
    entries.filter(is_error).collect()
}

/// What axe-core (<https://github.com/dequelabs/axe-core>) finds that is serious or worse. Its
/// script is the file that `AXE_SCRIPT` names.
pub(crate) async fn hindrances(client: &Client) -> Vec<String> {
    let path = variable("AXE_SCRIPT").unwrap_or_else(|| {
        panic!("AXE_SCRIPT names no file: `tests/run browser` fetches axe-core and sets it")
    });
    let axe = std::fs::read_to_string(path).unwrap();
    client.execute(&axe, vec![]).await.unwrap();
    let run = "const done = arguments[0]; \
               axe.run(document, { resultTypes: ['violations'] }).then(done, e => done(String(e)))";
    let found = client.execute_async(run, vec![]).await.unwrap();
    let violations = found["violations"].as_array();
    let violations = violations.unwrap_or_else(|| panic!("axe-core does not run: {found}"));
    let is_serious = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    let told = |one: &Value| {
        let nodes = one["nodes"].as_array().into_iter().flatten();
        let places: Vec<_> = nodes.map(|node| node["html"].to_string()).take(5).collect();
        format!("{}: {} {}", one["id"], one["help"], places.join(" "))
    };
    violations.iter().filter(is_serious).map(told).collect()
}
