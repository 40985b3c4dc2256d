//! `domains`: what is monitored, and how it fares.

mod show;

use std::{
    io::{self, IsTerminal, Read, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use chassis::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::{
    cli::api::{Add, Domains, DomainsVerb, List},
    client::{Client, ClientError, part},
    exit, input,
};

/// How long `scan` waits for what is seen: a look may take 10 s, and issuers 5 s more.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// How often it asks.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Does what was typed. Exits with 1 if anything could not be done.
pub(crate) async fn run(Domains { access, verb }: Domains) -> ExitCode {
    let done = async {
        let client = Client::of(&access)?;
        let json = access.json;
        match verb {
            DomainsVerb::Add(add) => Ok(added(&add_all(&client, add).await?, json)),
            DomainsVerb::List(list) => listed(&client, list, json).await,
            DomainsVerb::Show { name } => shown(&client, &name, json).await,
            DomainsVerb::Remove { names } => removed(&client, names, json).await,
            DomainsVerb::Scan { names, no_wait } => scanned(&client, &names, no_wait, json).await,
            DomainsVerb::Import { template: true, .. } => {
                say(client.text("domains/template.csv").await?.trim_end());
                Ok(true)
            }
            DomainsVerb::Import { file, update, template: false } => {
                let file = file.unwrap_or_else(|| "-".into());
                Ok(added(&import(&client, &file, update).await?, json))
            }
            DomainsVerb::Export => {
                say(client.text("domains.csv").await?.trim_end());
                Ok(true)
            }
        }
    };
    ended(done.await)
}

/// What a command came to, as an exit code: whether everything was done.
pub(crate) fn ended(done: Result<bool, ClientError>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            exit::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn add_all(client: &Client, add: Add) -> Result<Value, ClientError> {
    let Add { names, tag, interval, note } = add;
    let options = json!({ "tags": tag, "interval_seconds": interval, "owner_note": note });
    let mut items = Vec::new();
    for name in names {
        if name == "-" {
            let mut text = String::new();
            let read = io::stdin().read_to_string(&mut text);
            read.map_err(|error| ClientError::Usage(format!("cannot read the names: {error}")))?;
            let names = text.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty());
            items.extend(names.map(|name| json!({ "name": name, "options": options })));
        } else {
            items.push(json!({ "name": name, "options": options }));
        }
    }
    client.post("domains", &json!(items)).await
}

async fn import(client: &Client, file: &Path, update: bool) -> Result<Value, ClientError> {
    let text = input::text(file)
        .map_err(|error| ClientError::Usage(chassis::error::Chain(&error).to_string()))?;
    let existing = if update { "update" } else { "keep" };
    client.post_text("domains", &[("existing", existing.to_owned())], "text/csv", text).await
}

/// Shows what became of each line.
fn added(answer: &Value, json: bool) -> bool {
    let all_good = items(answer, "rejected").is_empty();
    if json {
        say(&answer.to_string());
        return all_good;
    }
    for (list, word) in [("added", "added"), ("updated", "updated"), ("existing", "already there")]
    {
        for domain in items(answer, list) {
            say(&format!("{word}  {}", text(domain, "name")));
        }
    }
    for line in items(answer, "remarks") {
        say(&format!("remark  {}: {}", text(line, "text"), text(line, "reason")));
    }
    for line in items(answer, "rejected") {
        let (number, name) = (&line["line"], text(line, "text"));
        say(&format!("rejected  line {number}: {name}: {}", text(line, "reason")));
    }
    all_good
}

async fn listed(client: &Client, list: List, json: bool) -> Result<bool, ClientError> {
    let List { state, tag, text, issuer, kind, severity, sort } = list;
    let given = [
        ("state", state),
        ("tag", tag),
        ("text", text),
        ("issuer", issuer),
        ("kind", kind),
        ("severity", severity),
        ("sort", sort),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
    let domains = client.all("domains", &query).await?;
    say(&if json { Value::Array(domains).to_string() } else { table(&domains) });
    Ok(true)
}

async fn shown(client: &Client, name: &str, json: bool) -> Result<bool, ClientError> {
    let domain = client.get(&format!("domains/{}", part(name)), &[]).await?;
    let for_people = || show::detail(&domain, SystemClock.now(), io::stdout().is_terminal());
    say(&if json { domain.to_string() } else { for_people() });
    Ok(true)
}

fn table(domains: &[Value]) -> String {
    show::table(domains, SystemClock.now(), io::stdout().is_terminal())
}

async fn removed(client: &Client, names: Vec<String>, json: bool) -> Result<bool, ClientError> {
    let answer =
        client.post("domains/actions", &json!({ "action": "remove", "domains": names })).await?;
    let all_good = items(&answer, "rejected").is_empty();
    if json {
        say(&answer.to_string());
        return Ok(all_good);
    }
    say(&format!("removed {}", answer["done"]));
    for line in items(&answer, "rejected") {
        say(&format!("not removed  {}: {}", text(line, "text"), text(line, "reason")));
    }
    Ok(all_good)
}

async fn scanned(
    client: &Client,
    names: &[String],
    no_wait: bool,
    json: bool,
) -> Result<bool, ClientError> {
    let mut asked = Vec::new();
    for name in names {
        let path = format!("domains/{}/scan", part(name));
        asked.push(client.post(&path, &Value::Null).await?);
    }
    for before in asked {
        let domain = if no_wait { before } else { seen_since(client, &before).await? };
        say(&if json { domain.to_string() } else { table(&[domain]) });
    }
    Ok(true)
}

/// The domain once it was looked at again.
async fn seen_since(client: &Client, before: &Value) -> Result<Value, ClientError> {
    let path = format!("domains/{}", text(before, "id"));
    let asking = async {
        loop {
            let domain = client.get(&path, &[]).await?;
            if domain["looked_at"] != before["looked_at"] {
                return Ok(domain);
            }
            SystemClock.sleep(ASK_EVERY).await;
        }
    };
    let late = |_| {
        let (waited, name) = (SEEN_WITHIN.as_secs(), text(before, "name"));
        let line = format!("nothing was seen of {name} within {waited} s: is a prober running?");
        ClientError::Usage(line)
    };
    tokio::time::timeout(SEEN_WITHIN, asking).await.map_err(late)?
}

/// A text of an object; empty if it has none.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A list of an object; empty if it has none.
pub(crate) fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Prints a text. Whoever closed the pipe has read enough.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stdout(), "{text}"));
}
