//! `up --demo`: broken sites on this machine that are mended while one watches.

use std::{collections::BTreeSet, convert::Infallible, error::Error, io, io::Write, sync::Arc};

use certificate::pem;
use chassis::clock::{Clock, SystemClock};
use futures::StreamExt;
use lab::{
    demo::{Demo, Exhibit},
    error::LabError,
    mail::{Mail, MailSink},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::greeting::Greeting;
use crate::{
    client::{Client, ClientError, sse},
    events::line,
    settings::Settings,
};

/// Who is told in the demonstration.
const MAILBOX: &str = "you@demo.test";

/// What is said at the beginning.
const BEGUN: &str = "\
The demonstration begins; it takes about two minutes. Watch it here, or in the console: the
one-time link above makes your account.

";

/// What is said at the end.
const OVER: &str = "
That was all: every site is mended, and each recovery goes to whoever was told of the trouble.
The sites stay as they are: add domains of your own, or press Ctrl-C.
";

/// The demonstration, open and not yet begun.
pub(super) struct Show(Demo);

/// Why the demonstration does not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShowError {
    #[error("cannot open the sites of the demonstration")]
    Lab(#[from] LabError),
    #[error("cannot make a directory for the demonstration")]
    Directory(#[from] io::Error),
}

impl Show {
    /// Opens the sites, and sets what the services must be told to see them. What they keep is in a
    /// directory that is gone when it is dropped: the sites have other ports next time.
    pub(super) async fn open(settings: &mut Settings) -> Result<(Self, TempDir), ShowError> {
        let demo = Demo::open(SystemClock.now()).await?;
        // Sites and mail server are on this machine; mail goes nowhere else.
        settings.say("PROBER_ALLOW", Some("127.0.0.0/8".to_owned()));
        let relay = format!("smtp://{}?tls=none", demo.mail().address());
        settings.say("NOTIFIER_SMTP_URL", Some(relay));
        settings.say("NOTIFIER_MAIL_FROM", Some("certherald <certherald@demo.test>".to_owned()));
        let data = tempfile::Builder::new().prefix("certherald-demo-").tempdir()?;
        settings.say("CERTHERALD_DATA", Some(data.path().display().to_string()));
        let authorities = data.path().join("authorities.pem");
        std::fs::write(&authorities, authorities_with(demo.authority_pem()))?;
        settings.say("DETECTOR_CA_BUNDLE", Some(authorities.display().to_string()));
        settings.say("CERTHERALD_ADMIN", Some("127.0.0.1:0".to_owned()));
        Ok((Self(demo), data))
    }

    /// Adds the sites as domains, mends them in their time, and prints what happens meanwhile. A
    /// demonstration that fails stops nothing else.
    pub(super) async fn run(
        self,
        greeting: &Greeting,
        stopping: CancellationToken,
    ) -> Result<(), Infallible> {
        let Self(demo) = self;
        let sites = demo.to_string();
        let mail = demo.mail().clone();
        let broken = demo.exhibits().iter().filter_map(Exhibit::mended_after).count();
        match begin(&demo, greeting).await {
            Ok(client) => {
                say(&format!("{BEGUN}{sites}"));
                let showing = async {
                    tokio::join!(events(&client, broken), mails(&mail));
                };
                let mending = demo.run(stopping.clone());
                tokio::join!(mending, stopping.run_until_cancelled(showing));
            }
            Err(error) => warn!(%error, "The demonstration does not begin."),
        }
        Ok(())
    }
}

/// The authority of the demonstration beside those of the system, so that whoever adds a domain of
/// their own meanwhile gets the same verdict as ever.
fn authorities_with(authority: &str) -> String {
    // What cannot be read of the system's is not trusted in the demonstration.
    let system = rustls_native_certs::load_native_certs().certs;
    let system: String = system.iter().map(|der| pem::encode(der)).collect();
    format!("{authority}\n{system}")
}

/// Adds a contact and the domains.
async fn begin(demo: &Demo, greeting: &Greeting) -> Result<Client, Box<dyn Error + Send + Sync>> {
    let token = std::fs::read_to_string(&greeting.token_file)?;
    let client = Client::new(greeting.console.as_str(), token.trim())?;
    // The mail server of the demonstration is here: nobody would follow a link.
    let contact = json!({ "name": "You", "email": MAILBOX, "verified": true });
    let contact = client.post("contacts", &contact).await?;
    // Nobody else, so that the inbox says everything once.
    let setting = json!({ "contacts": [contact["id"]], "methods": ["email", "internal"] });
    client.put("settings/default", &setting).await?;
    let domains: Vec<Value> = demo
        .exhibits()
        .iter()
        .map(|exhibit| {
            json!({
                "name": exhibit.domain(),
                "options": {
                    "fixed_address": exhibit.address().to_string(),
                    "interval_seconds": 60,
                    "tags": ["demo"],
                    "owner_note": exhibit.trouble(),
                },
            })
        })
        .collect();
    client.post("domains", &json!(domains)).await?;
    Ok(client)
}

/// Prints each event as it happens, and says so when all that were broken have recovered.
async fn events(client: &Client, broken: usize) {
    let mut recovered = BTreeSet::new();
    let told = async {
        // From the first: some may have happened since the domains were added.
        let mut events = client.follow(&[("after", "0".to_owned())]).await?;
        while let Some(event) = events.next().await {
            let sse::Event { data, .. } = event?;
            if let Ok(event) = serde_json::from_str::<Value>(&data) {
                say(&line(&event));
                if event["kind"] == "recovered"
                    && recovered.insert(event["domain_id"].to_string())
                    && recovered.len() == broken
                {
                    say(OVER);
                }
            }
        }
        Ok::<_, ClientError>(())
    };
    if let Err(error) = told.await {
        warn!(%error, "The events of the demonstration are not shown any more.");
    }
}

/// Prints the subject of each mail as it arrives.
async fn mails(sink: &MailSink) {
    let mut seen = 0;
    while let Some(mail) = sink.after(seen).await {
        seen += 1;
        let mail: Arc<Mail> = mail;
        say(&format!("          mail to {MAILBOX}: {}", mail.subject()));
    }
}

fn say(text: &str) {
    // Whoever closed the pipe has seen enough.
    drop(writeln!(io::stdout(), "{text}"));
}
