//! A real Chromium, driven as `WebDriver` has it (<https://www.w3.org/TR/webdriver2/>), and the
//! console that it looks at.
//!
//! Every page that a test looks at is kept as a picture, and must be without an error in the
//! browser's log and without a serious finding of the accessibility checker. Start reading at
//! [`Browser`].

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![expect(clippy::missing_panics_doc, reason = "in a test, a panic is the report")]

mod chromium;
mod findings;
mod person;

use std::{fs, path::PathBuf, time::Duration};

use data_encoding::BASE64;
use fantoccini::{Client, Locator, elements::Element};
use harness::eventually::{SOON, eventually, eventually_within};
use serde_json::{Value, json};
use url::Url;

pub use self::chromium::{Looks, PHONE, SCREEN};
pub use self::person::{House, NAME, PASSWORD, SESSION};
use self::{
    chromium::Driver,
    findings::{Beforehand, Log, Picture},
};

/// A browser of one person.
pub struct Browser {
    /// What speaks to it.
    pub client: Client,
    base: Url,
    name: String,
    scripts: bool,
    _driver: Driver,
}

impl Browser {
    /// Opens a browser for a console. `name` stands in the names of its pictures.
    pub async fn open(base: &str, name: &str, looks: Looks) -> Self {
        let driver = Driver::start().await;
        let client = driver.client(looks).await;
        let base = Url::parse(base).unwrap();
        let (name, scripts) = (name.to_owned(), looks.scripts);
        Self { client, base, name, scripts, _driver: driver }
    }

    /// Goes to a path of the console.
    pub async fn visit(&self, path: &str) {
        let url = self.base.join(path).unwrap();
        self.client.goto(url.as_str()).await.unwrap();
    }

    /// Lets what pages do once a minute happen each second, from the next page on.
    pub async fn hurry(&self) {
        let hurried = "const usual = setInterval; \
                       window.setInterval = (work, wait) => usual(work, wait / 60);";
        self.client.issue_cmd(Beforehand(hurried)).await.unwrap();
    }

    /// The path and query it is at.
    pub async fn at(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    }

    /// The text that a person sees.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until a person sees a text, without loading the page again.
    pub async fn sees(&self, text: &str) {
        self.sees_within(SOON, text).await;
    }

    /// As [`Browser::sees`], for what takes its time.
    pub async fn sees_within(&self, within: Duration, text: &str) {
        eventually_within(within, &format!("`{text}` is seen"), async || {
            let seen = self.text().await;
            if seen.contains(text) { Ok(()) } else { Err(seen) }
        })
        .await;
    }

    /// Waits until a person sees a text so many times.
    pub async fn sees_times(&self, times: usize, text: &str) {
        eventually(&format!("`{text}` is seen {times} times"), async || {
            let seen = self.text().await;
            if seen.matches(text).count() == times { Ok(()) } else { Err(seen) }
        })
        .await;
    }

    /// The element that a selector finds, once it is there.
    pub async fn find(&self, selector: &str) -> Element {
        eventually(&format!("`{selector}` is there"), async || {
            let found = self.client.find(Locator::Css(selector)).await;
            found.map_err(|error| error.to_string())
        })
        .await
    }

    /// Presses what a selector finds.
    pub async fn press(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap();
    }

    /// Presses the first link, button or fold whose text contains another.
    pub async fn press_text(&self, text: &str) {
        let kinds = ["button", "a", "summary"];
        let paths = kinds.map(|kind| format!("//{kind}[contains(normalize-space(.), '{text}')]"));
        self.press_at(&format!("({})[1]", paths.join("|"))).await;
    }

    /// Ticks the box or the choice of a fieldset whose label contains a text, or unticks it.
    pub async fn tick(&self, legend: &str, label: &str) {
        self.press_at(&format!(
            "//fieldset[contains(legend, '{legend}')]//label[contains(., '{label}')]//input"
        ))
        .await;
    }

    async fn press_at(&self, path: &str) {
        let element = eventually(&format!("`{path}` can be pressed"), async || {
            let found = self.client.find(Locator::XPath(path)).await;
            found.map_err(|error| error.to_string())
        })
        .await;
        element.click().await.unwrap();
    }

    /// Writes into a field instead of what stands there.
    pub async fn write(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Whether a selector finds anything now.
    pub async fn has(&self, selector: &str) -> bool {
        !self.client.find_all(Locator::Css(selector)).await.unwrap().is_empty()
    }

    /// Keeps what is seen as a picture, and holds the page to its promises: nothing in the log of
    /// the browser, nothing that hinders people.
    pub async fn look(&self, picture: &str) {
        let taken = self.client.issue_cmd(Picture).await.unwrap();
        let png = BASE64.decode(taken["data"].as_str().unwrap().as_bytes()).unwrap();
        let directory = pictures();
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!("{}-{picture}.png", self.name)), png).unwrap();
        let log = self.client.issue_cmd(Log).await.unwrap();
        let log = findings::errors(&log);
        assert!(log.is_empty(), "{picture}: the browser complains: {log:#?}");
        let overflow = if self.scripts {
            self.run("return document.documentElement.scrollWidth - window.innerWidth").await
        } else {
            json!(0)
        };
        assert!(overflow.as_i64() <= Some(0), "{picture}: wider than the window by {overflow}");
        if self.scripts {
            let hindrances = findings::hindrances(&self.client).await;
            assert!(hindrances.is_empty(), "{picture}: {hindrances:#?}");
        }
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Closes the browser.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}

/// Where pictures are kept: `CERTHERALD_PICTURES`, or `browser` in the target directory.
pub fn pictures() -> PathBuf {
    let named = harness::surroundings::variable("CERTHERALD_PICTURES").map(PathBuf::from);
    named.unwrap_or_else(|| harness::binary::path().ancestors().nth(2).unwrap().join("browser"))
}

/// How long an element or a page may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
