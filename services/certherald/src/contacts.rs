//! `contacts`: who may be told.

use std::{path::PathBuf, process::ExitCode, str::FromStr, time::Duration};

use chassis::{
    clock::{Clock, SystemClock},
    error::Chain,
};
use proto::address::SECRET_CHANNELS;
use serde_json::{Map, Value, json};

use crate::{
    cli::api::{Contacts, ContactsVerb},
    client::{Client, ClientError, part},
    domains::{ended, items, say, text},
    input,
};

/// How long `test` waits for what the channel says: one attempt, and a little.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// How often it asks.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Does what was typed. Exits with 1 if it could not be done.
pub(crate) async fn run(Contacts { access, verb }: Contacts) -> ExitCode {
    let done = async {
        let client = Client::of(&access)?;
        let json = access.json;
        match verb {
            ContactsVerb::Add { name, email, verified, robot, language, time_zone } => {
                let mut contact = json!({
                    "name": name, "email": email, "verified": verified,
                    "language": language, "time_zone": time_zone,
                });
                for robot in &robot {
                    contact[robot.channel.as_str()] = robot.address()?;
                }
                let added = client.post("contacts", &contact).await?;
                let (name, id, note) =
                    (text(&added, "name"), text(&added, "id"), text(&added, "note"));
                say(&if json { added.to_string() } else { format!("added  {name}  {id}\n{note}") });
                Ok(true)
            }
            ContactsVerb::List => listed(&client, json).await,
            ContactsVerb::Test { contact, method } => {
                tested(&client, &contact, &method, json).await
            }
        }
    };
    ended(done.await)
}

/// A robot of a group, and the file that holds its secrets: what is typed can be seen by others.
#[derive(Debug, Clone)]
pub(crate) struct Robot {
    channel: String,
    file: PathBuf,
}

/// Says that a text names no robot.
#[derive(Debug, thiserror::Error)]
#[error("want CHANNEL=FILE, with one of {}", SECRET_CHANNELS.join(", "))]
pub(crate) struct InvalidRobot;

impl FromStr for Robot {
    type Err = InvalidRobot;

    fn from_str(text: &str) -> Result<Self, InvalidRobot> {
        let (channel, file) = text.split_once('=').ok_or(InvalidRobot)?;
        let is_known = SECRET_CHANNELS.contains(&channel) && !file.is_empty();
        let robot = || Self { channel: channel.to_owned(), file: file.into() };
        is_known.then(robot).ok_or(InvalidRobot)
    }
}

impl Robot {
    /// Its address as the API takes it.
    fn address(&self) -> Result<Value, ClientError> {
        let unreadable = |error| ClientError::Usage(format!("{}", Chain(&error)));
        let text = input::text(&self.file).map_err(unreadable)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (mentions, lines): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('@'));
        let mut address = Map::new();
        let keys = [if self.channel == "webhook" { "url" } else { "webhook" }, "secret"];
        if lines.len() > keys.len() {
            let file = self.file.display();
            let line = format!("{file}: want a URL, a secret, and lines that begin with `@`");
            return Err(ClientError::Usage(line));
        }
        for (key, line) in keys.into_iter().zip(lines) {
            address.insert(key.to_owned(), line.into());
        }
        if !mentions.is_empty() {
            let names: Vec<_> = mentions.iter().map(|line| line.trim_start_matches('@')).collect();
            address.insert("mentions".to_owned(), json!(names));
        }
        Ok(Value::Object(address))
    }
}

async fn listed(client: &Client, json: bool) -> Result<bool, ClientError> {
    let contacts = client.all("contacts", &[]).await?;
    if json {
        say(&Value::Array(contacts).to_string());
        return Ok(true);
    }
    for contact in &contacts {
        let methods: Vec<_> = items(contact, "methods").iter().filter_map(Value::as_str).collect();
        let told = if contact["in_default_setting"] == true { ", told by default" } else { "" };
        say(&format!(
            "{}  {}  {}  ({}{told})",
            text(contact, "id"),
            text(contact, "name"),
            text(contact, "email"),
            methods.join(", ")
        ));
    }
    Ok(true)
}

async fn tested(
    client: &Client,
    contact: &str,
    method: &str,
    json: bool,
) -> Result<bool, ClientError> {
    let id = found(client, contact).await?;
    let path = format!("contacts/{}/test", part(&id));
    let asked = client.post(&path, &json!({ "method": method })).await?;
    let Some(delivery) = told(client, &id, method, text(&asked, "delivery_id")).await? else {
        let waited = TOLD_WITHIN.as_secs();
        let line = format!("nothing was told within {waited} s: is the notifier running?");
        return Err(ClientError::Usage(line));
    };
    let delivered = text(&delivery, "state") == "delivered";
    if json {
        say(&delivery.to_string());
        return Ok(delivered);
    }
    let words = items(&delivery, "steps").last().map(|step| text(step, "words"));
    let words = words.unwrap_or_default();
    say(format!("{}  {words}", text(&delivery, "state")).trim_end());
    Ok(delivered)
}

/// The id of the contact that was named.
async fn found(client: &Client, contact: &str) -> Result<String, ClientError> {
    let contacts = client.all("contacts", &[]).await?;
    let named: Vec<_> = contacts
        .iter()
        .filter(|have| text(have, "id") == contact || text(have, "name") == contact)
        .collect();
    match named.as_slice() {
        [one] => Ok(text(one, "id").to_owned()),
        [] => Err(ClientError::Usage(format!("there is no contact `{contact}`"))),
        _ => {
            Err(ClientError::Usage(format!("several contacts are called `{contact}`: give the id")))
        }
    }
}

/// The delivery of the test, once the channel has said something.
async fn told(
    client: &Client,
    contact: &str,
    method: &str,
    delivery: &str,
) -> Result<Option<Value>, ClientError> {
    let query = [
        ("contact", contact.to_owned()),
        ("method", method.to_owned()),
        ("cause", "test".to_owned()),
    ];
    let asking = async {
        loop {
            let page = client.get("deliveries", &query).await?;
            let spoken = |found: &&Value| {
                let is_it = text(found, "id") == delivery;
                is_it && matches!(text(found, "state"), "delivered" | "failed" | "parked")
            };
            if let Some(delivery) = items(&page, "items").iter().find(spoken) {
                return Ok(delivery.clone());
            }
            SystemClock.sleep(ASK_EVERY).await;
        }
    };
    match tokio::time::timeout(TOLD_WITHIN, asking).await {
        Ok(told) => told.map(Some),
        Err(_) => Ok(None),
    }
}
