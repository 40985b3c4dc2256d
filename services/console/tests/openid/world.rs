//! A console that knows a provider.

use std::{collections::BTreeMap, path::Path};

use chassis::config::Reader;
use console::Config;
use harness::openid::Provider;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    browser::Browser,
    stage::{Answer, Stage},
};

/// A console and a provider.
pub(crate) struct World {
    pub(crate) stage: Stage,
    pub(crate) provider: Provider,
    _directory: TempDir,
}

impl World {
    /// Opens both, the console with more settings.
    pub(crate) async fn open(settings: &[(&str, &str)]) -> Self {
        let provider = Provider::open().await;
        let directory = tempfile::tempdir().unwrap();
        let known = provider.settings(directory.path());
        let stage = console(directory.path(), &known, settings).await;
        provider.register(&stage.base);
        Self { stage, provider, _directory: directory }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.stage.base)
    }

    /// The accounts there are, by name.
    pub(crate) async fn accounts(&self) -> BTreeMap<String, Value> {
        let accounts = self.stage.get("accounts").await.ok();
        let named =
            |account: &Value| (account["name"].as_str().unwrap().to_owned(), account.clone());
        accounts["items"].as_array().unwrap().iter().map(named).collect()
    }

    /// Adds an account as an administrator does, without a password.
    pub(crate) async fn invite(&self, name: &str, role: &str) {
        self.stage.post("accounts", &json!({ "name": name, "role": role })).await.ok();
    }
}

/// A console that knows a provider, with more settings.
pub(crate) async fn console(
    place: &Path,
    known: &[(&'static str, String)],
    settings: &[(&str, &str)],
) -> Stage {
    let label = ("CONSOLE_OPENID_LABEL", "Example ID");
    let known = known.iter().map(|(key, text)| (*key, text.as_str()));
    let settings: BTreeMap<_, _> = known.chain([label]).chain(settings.iter().copied()).collect();
    let lookup = |key: &str| settings.get(key).map(|text| (*text).to_owned());
    let access = Config::read(Reader::new(&lookup)).unwrap().access;
    Stage::open_with(place, |config| Config { access, ..config }).await
}

/// The claims of somebody with a verified mail address.
pub(crate) fn person(subject: &str, email: &str) -> Value {
    json!({ "sub": subject, "email": email, "email_verified": true })
}

/// Somebody is not let in, and told why, as a page.
#[track_caller]
pub(crate) fn assert_kept_out(browser: &Browser, answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert!(answer.text.contains(words), "{words}: {answer:?}");
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.text.contains("/sign-in/openid"), "and may try again: {answer:?}");
    assert!(!browser.is_signed_in(), "{answer:?}");
}
