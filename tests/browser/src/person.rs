//! Somebody who uses the console: enters by the one-time link, and signs in again.

use std::net::{IpAddr, Ipv4Addr};

use harness::fleet::{Fleet, Plan, Role, Shape};

use crate::{Browser, Looks};

/// What the first administrator is called.
pub const NAME: &str = "ada";

/// Its password.
pub const PASSWORD: &str = "correct horse battery";

/// The cookie of a session that travels in the clear.
pub const SESSION: &str = "certherald";

impl Browser {
    /// Signs in as the first administrator, where that is asked for.
    pub async fn sign_in(&self, password: &str) {
        self.write("#name", NAME).await;
        self.write("#password", password).await;
        self.press("main button").await;
    }
}

/// A console whose first administrator has an account.
pub struct House {
    /// The system.
    pub fleet: Fleet,
    welcome: String,
}

impl House {
    /// Starts the whole system in one process, in which these names lead to this machine.
    pub async fn open(names: &[&str]) -> Self {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let plan = names.iter().fold(Plan::new(Shape::Embedded), |p, name| p.knowing(name, here));
        Self::of(plan).await
    }

    /// The same by a plan, whose shape is [`Shape::Embedded`].
    pub async fn of(plan: Plan) -> Self {
        let mut fleet = plan.start().await;
        let log = fleet.log(Role::All, 1);
        let link = log.split_once("Make yours within a day, once: ");
        let link = link.and_then(|(_, rest)| rest.split_whitespace().next());
        let link = link.unwrap_or_else(|| panic!("no one-time link was printed:\n{log}"));
        Self { welcome: link.to_owned(), fleet }
    }

    /// A browser that is signed in as the first administrator, for whom an account is made if there
    /// is none yet.
    pub async fn enter(&self, name: &str, looks: Looks) -> Browser {
        let browser = Browser::open(self.fleet.api.base(), name, looks).await;
        browser.visit("/").await;
        browser.sign_in(PASSWORD).await;
        browser.find("nav.side, .alarm").await;
        if browser.has(".alarm").await {
            self.begin(&browser).await;
        }
        browser
    }

    /// Follows the one-time link.
    pub async fn begin(&self, browser: &Browser) {
        browser.client.goto(&self.welcome).await.unwrap();
        browser.write("#name", NAME).await;
        browser.write("#password", PASSWORD).await;
        browser.write("#again", PASSWORD).await;
        browser.press("main button").await;
        browser.find("nav.side").await;
    }

    /// The one-time link.
    pub fn welcome(&self) -> &str {
        &self.welcome
    }
}
