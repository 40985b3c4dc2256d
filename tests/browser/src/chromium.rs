//! The browser and its driver: Debian's packages `chromium` and `chromium-driver`.

use std::path::Path;

use fantoccini::{Client, ClientBuilder};
use harness::{binary, eventually::eventually, process::Process};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::PATIENCE;

/// How a person looks at the console.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Width and height of the window, in pixels.
    pub size: (u32, u32),
    /// What the browser asks for.
    pub language: &'static str,
    /// Whether scripts run.
    pub scripts: bool,
    /// Whether the person prefers dark pages.
    pub dark: bool,
}

/// At a desk.
pub const SCREEN: Looks =
    Looks { size: (1_440, 1_000), language: "en", scripts: true, dark: false };

/// On the way.
pub const PHONE: Looks = Looks { size: (390, 844), ..SCREEN };

/// A running driver, and the directory that its browser keeps.
pub(crate) struct Driver {
    address: String,
    profile: TempDir,
    _process: Process,
}

impl Driver {
    pub(crate) async fn start() -> Self {
        let remedy = "`apt-get install chromium chromium-driver`";
        let path = binary::tool("chromedriver", "CHROMEDRIVER", remedy);
        let profile = tempfile::tempdir().unwrap();
        loop {
            let mut command = Command::new(&path);
            command.arg("--port=0");
            let mut process = Process::start("chromedriver", command, profile.path());
            let started = eventually("chromedriver listens or ends", async || {
                let log = process.log();
                let port = log.split_once("successfully on port ").and_then(|(_, rest)| {
                    Some(rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?).0.to_owned())
                });
                match (port, process.is_running()) {
                    (Some(port), _) => Ok(Ok(port)),
                    // The port that it drew for one family is taken in the other.
                    (None, false) if log.contains("Address already in use") => Ok(Err(log)),
                    (None, false) => panic!("chromedriver ended:\n{log}"),
                    (None, true) => Err(log),
                }
            });
            if let Ok(port) = started.await {
                let address = format!("http://127.0.0.1:{port}");
                return Self { address, profile, _process: process };
            }
        }
    }

    pub(crate) async fn client(&self, looks: Looks) -> Client {
        let capabilities = capabilities(looks, self.profile.path());
        let serde_json::Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = eventually("a browser opens", async || {
            let mut builder = ClientBuilder::new(fantoccini_connector());
            let builder = builder.capabilities(capabilities.clone());
            builder.connect(&self.address).await.map_err(|error| error.to_string())
        })
        .await;
        let mut timeouts = fantoccini::wd::TimeoutConfiguration::default();
        timeouts.set_page_load(Some(PATIENCE));
        client.update_timeouts(timeouts).await.unwrap();
        client
    }
}

fn fantoccini_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}

fn capabilities(looks: Looks, profile: &Path) -> serde_json::Value {
    let (width, height) = looks.size;
    let mut arguments = vec![
        "--headless=new".to_owned(),
        // Tests run as root in containers, where the browser's own sandbox cannot be.
        "--no-sandbox".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-gpu".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--lang={}", looks.language),
        format!("--user-data-dir={}", profile.join("profile").display()),
    ];
    if looks.dark {
        arguments.push("--force-dark-mode".to_owned());
    }
    let scripts = if looks.scripts { 1 } else { 2 };
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": {
                "intl.accept_languages": looks.language,
                "profile.managed_default_content_settings.javascript": scripts,
            },
            // A window is never narrower than 500 pixels; a phone is.
            "mobileEmulation": if width < 500 {
                json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0 } })
            } else {
                json!({})
            },
        },
        "goog:loggingPrefs": { "browser": "ALL" },
    })
}
