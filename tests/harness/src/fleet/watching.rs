//! What a fleet is asked and told in the course of a test.

use std::sync::Arc;
use std::time::Duration;

use lab::mail::Mail;
use lab::site::Site;
use reqwest::Method;
use serde_json::{Value, json};

use super::Fleet;
use crate::eventually::{eventually, eventually_within};

/// How long an anomaly may take to close after its cause is gone: three clean looks take a minute,
/// the first of them comes within another.
pub const RECOVERY: Duration = Duration::from_mins(4);

/// One domain that the fleet watches.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its id.
    pub id: String,
    /// Host and port.
    pub name: String,
}

/// What reached the contact of one event: the mail and the inbox entry.
#[derive(Debug, Clone)]
pub struct News {
    /// The mail.
    pub mail: Arc<Mail>,
    /// The entry.
    pub entry: Value,
}

impl Fleet {
    /// Watches `host` at a site, looked at once a minute.
    pub async fn watch(&self, host: &str, site: &Site) -> Watched {
        let options = json!({
            "fixed_address": site.address().ip().to_string(), "interval_seconds": 60,
        });
        self.watch_with(host, site.port(), options).await
    }

    /// Watches `host` at a port with any options.
    pub async fn watch_with(&self, host: &str, port: u16, options: Value) -> Watched {
        let domain = json!([{ "name": format!("{host}:{port}"), "options": options }]);
        self.watch_all(domain).await.remove(0)
    }

    /// Watches all of a list as the API takes it.
    pub async fn watch_all(&self, domains: Value) -> Vec<Watched> {
        let answer = self.api.post("/domains", &domains).await.unwrap();
        assert_eq!(answer["rejected"], json!([]), "{answer:#}");
        let watched = |added: &Value| Watched {
            id: added["id"].as_str().unwrap().to_owned(),
            name: added["name"].as_str().unwrap().to_owned(),
        };
        answer["added"].as_array().unwrap().iter().map(watched).collect()
    }

    /// Asks for a look now.
    pub async fn scan(&self, domain: &Watched) {
        let path = format!("/domains/{}/scan", domain.id);
        self.api.order(Method::POST, &path).await.unwrap();
    }

    /// What the API says of a domain.
    ///
    /// # Errors
    /// When the console does not answer.
    pub async fn domain(&self, domain: &Watched) -> Result<Value, String> {
        self.api.get(&format!("/domains/{}", domain.id)).await
    }

    /// Its events, oldest first.
    ///
    /// # Errors
    /// As [`Fleet::domain`].
    pub async fn events(&self, domain: &Watched) -> Result<Vec<Value>, String> {
        let mut events = self.api.all(&format!("/domains/{}/events", domain.id)).await?;
        events.reverse();
        Ok(events)
    }

    /// Waits until exactly these kinds are open.
    pub async fn until_open(&self, domain: &Watched, kinds: &[&str]) {
        self.until_open_within(RECOVERY, domain, kinds).await;
    }

    /// As [`Fleet::until_open`] with a limit of its own.
    pub async fn until_open_within(&self, within: Duration, domain: &Watched, kinds: &[&str]) {
        let what = format!("`{}` has open {kinds:?}", domain.name);
        eventually_within(within, &what, async || {
            let shown = self.domain(domain).await?;
            let open = shown["anomalies"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut open: Vec<_> =
                open.iter().filter_map(|anomaly| anomaly["kind"].as_str()).collect();
            open.sort_unstable();
            let mut wanted = kinds.to_vec();
            wanted.sort_unstable();
            if open == wanted { Ok(()) } else { Err(format!("{shown:#}")) }
        })
        .await;
    }

    /// Waits until a domain is in a state.
    pub async fn until_state(&self, domain: &Watched, state: &str) {
        let what = format!("`{}` is {state}", domain.name);
        eventually_within(RECOVERY, &what, async || {
            let shown = self.domain(domain).await?;
            if shown["state"] == state { Ok(()) } else { Err(format!("{shown:#}")) }
        })
        .await;
    }

    /// Waits until a look that was asked for after `looks` connections has been answered.
    pub async fn scan_and_see(&self, domain: &Watched) {
        let seen_before = self.domain(domain).await.unwrap()["looked_at"].clone();
        self.scan(domain).await;
        let what = format!("a look at `{}` after the one at {seen_before}", domain.name);
        eventually(&what, async || {
            let shown = self.domain(domain).await?;
            let seen = shown["looked_at"].clone();
            if seen == seen_before { Err(format!("{shown:#}")) } else { Ok(()) }
        })
        .await;
    }

    /// The inbox entries about a domain, oldest first.
    ///
    /// # Errors
    /// As [`Fleet::domain`].
    pub async fn inbox(&self, domain: &Watched) -> Result<Vec<Value>, String> {
        let mut entries = self.api.all("/inbox").await?;
        let contacts = self.api.all("/contacts").await?;
        let ops = contacts.iter().find(|contact| contact["name"] == "Ops").ok_or("no contact")?;
        entries.retain(|entry| {
            entry["domain_id"] == domain.id.as_str() && entry["contact_id"] == ops["id"]
        });
        entries.reverse();
        Ok(entries)
    }

    /// The deliveries of mails about a domain, oldest first.
    ///
    /// # Errors
    /// As [`Fleet::domain`].
    pub async fn letters(&self, domain: &Watched) -> Result<Vec<Value>, String> {
        let path = format!("/deliveries?method=email&domain={}", domain.id);
        let mut letters = self.api.all(&path).await?;
        letters.reverse();
        Ok(letters)
    }

    /// The mails that came of one delivery: one, unless something died in the act.
    pub fn mails_of(&self, letter: &Value) -> Vec<Arc<Mail>> {
        let id = letter["id"].as_str().unwrap_or("none");
        let mut mails = self.post.mails();
        mails.retain(|mail| mail.message_id().split('@').next() == Some(id));
        mails
    }

    /// Waits until the contact has both the mail and the inbox entry of the `nth` piece of news
    /// (counted from 0) of one kind about a domain.
    pub async fn until_told(&self, domain: &Watched, kind: &str, nth: usize) -> News {
        let what =
            format!("`{}` is told of as {kind}, for the {nth}th time after the first", domain.name);
        eventually_within(RECOVERY, &what, async || {
            let is_wanted = |news: &&Value| news["kind"] == kind;
            let (entries, letters) = (self.inbox(domain).await?, self.letters(domain).await?);
            let entry = entries.iter().filter(is_wanted).nth(nth);
            let letter = letters.iter().filter(is_wanted).nth(nth);
            let mail = letter.and_then(|letter| self.mails_of(letter).into_iter().next());
            match (entry, mail) {
                (Some(entry), Some(mail)) => Ok(News { mail, entry: entry.clone() }),
                (None, _) => Err(format!("inbox: {entries:#?}")),
                (Some(_), None) => Err(format!("mails: {letters:#?}")),
            }
        })
        .await
    }
}
