//! What is said when everything runs: where it is, and what to type next.

use std::{
    fmt,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use chassis::{clock::SharedClock, health::Health};
use console::config::ConsoleUrl;

/// How often readiness is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where everything is.
#[derive(Debug)]
pub(super) struct Greeting {
    /// Where people reach the console.
    pub(super) console: ConsoleUrl,
    /// Where readiness and metrics are.
    pub(super) admin: SocketAddr,
    /// Where everything is kept.
    pub(super) data: PathBuf,
    /// Where the token is.
    pub(super) token_file: PathBuf,
    /// Whether the console printed a one-time link for the first account.
    pub(super) invited: bool,
    /// Whether mail is configured.
    pub(super) mail: bool,
    /// Whether everything is kept when this process ends.
    pub(super) kept: bool,
}

impl Greeting {
    /// Waits until everything is ready, and says where it is.
    pub(super) async fn when_ready(&self, health: &Health, clock: &SharedClock) {
        while !health.unready().is_empty() {
            clock.sleep(LOOK_EVERY).await;
        }
        // Whoever closed the pipe need not be greeted.
        drop(write!(io::stdout(), "{self}"));
    }

    /// How this program was called, so that what is shown can be typed.
    fn program() -> String {
        std::env::args_os()
            .next()
            .and_then(|name| name.into_string().ok())
            .unwrap_or_else(|| "certherald".to_owned())
    }
}

impl fmt::Display for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { console, admin, data, token_file, invited, mail, kept } = self;
        let program = Self::program();
        let at = format!("--data {}", data.display());
        writeln!(f, "\ncertherald {} is up.\n", env!("CARGO_PKG_VERSION"))?;
        let first = if *invited { ", the first time by the one-time link above" } else { "" };
        writeln!(f, "  console  {}{first}", console.as_str())?;
        let api = console.place("api/v1");
        writeln!(f, "  API      {api}, described by {}/openapi.json", api.path())?;
        writeln!(f, "  token    {}", token_file.display())?;
        writeln!(f, "  data     {}", data.display())?;
        writeln!(f, "  metrics  http://{admin}/metrics, and /ready")?;
        writeln!(f, "\nType next, in another terminal:\n")?;
        writeln!(f, "  {program} domains add example.com {at}")?;
        writeln!(f, "  {program} domains list {at}")?;
        writeln!(f, "  {program} contacts add --name Ada --email ada@example.com {at}")?;
        writeln!(f, "  {program} events tail {at}\n")?;
        if !mail {
            writeln!(
                f,
                "Mail is not configured: news goes to the inbox only, which the console shows."
            )?;
            writeln!(
                f,
                "NOTIFIER_SMTP_URL and NOTIFIER_MAIL_FROM change that: `{program} up --help`."
            )?;
        }
        let then = if *kept { "nothing is lost" } else { "nothing of this is kept" };
        writeln!(f, "Ctrl-C stops everything; {then}.\n")
    }
}
