//! What may be typed.

#![expect(clippy::doc_markdown, reason = "these comments are what `--help` prints, as it stands")]

pub(crate) mod api;
pub(crate) mod run;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use ipnet::IpNet;
use jiff::Timestamp;
use proto::host::Host;

use crate::input::{Connect, Seconds};

/// Monitors the certificates that domain names actually serve, and tells those who must know.
#[derive(Debug, Parser)]
#[command(
    name = "certherald",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "To begin with:
  certherald check example.com    one look, with nothing else running
  certherald up --demo            broken sites on this machine, which are mended while you watch
  certherald up                   the real thing: console, API, and all that works behind them"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(run::Up),
    /// Run one service, over NATS: the prober, which looks at what servers present
    Prober(run::Role),
    /// Run one service, over NATS: the detector, which judges what was seen
    Detector(run::Role),
    /// Run one service, over NATS: the notifier, which tells those who must know
    Notifier(run::Role),
    /// Run one service, over NATS: the console, with its pages and its API
    Console(run::Role),
    Check(Check),
    Assess(Assess),
    Domains(api::Domains),
    Contacts(api::Contacts),
    Events(api::Events),
    Explain(api::Explain),
    Key(api::Key),
    Admin(Admin),
    Ready(Ready),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  certherald completions bash > /etc/bash_completion.d/certherald"
    )]
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// Look at domains once and judge what they serve
///
/// Every address of each name is looked at. Exits with 0 if all is secure, 1 for a warning, 2 if
/// something is critical, 3 if it cannot be told: the worst of all names.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald check example.com
  certherald check --json mail.example.com:465 '[2001:db8::1]:443'
  certherald check --connect 10.0.0.7:8443 --allow 10.0.0.0/8 shop.example.com   before DNS is moved
  certherald check --ca corporate-root.pem intranet.example.com")]
pub(crate) struct Check {
    #[arg(
        value_name = "NAME[:PORT]",
        required = true,
        help = "Domains: name, name:port, [v6]:port, or https://name/"
    )]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Dial this address, and still send and judge NAME
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(crate) connect: Option<Connect>,
    /// Admit a range of addresses that are not public, such as 10.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub(crate) allow: Vec<IpNet>,
    /// How the server is spoken to before TLS begins
    #[arg(long, value_name = "P", default_value = "tls", value_parser = ["tls"])]
    pub(crate) protocol: String,
    /// How long one domain may take, 1 to 60
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(crate) timeout: Seconds,
    /// Do not fetch missing issuers from where certificates say they are
    #[arg(long)]
    pub(crate) no_aia: bool,
    /// Print a line of JSON for each domain
    #[arg(long)]
    pub(crate) json: bool,
}

/// Judge a chain before it is deployed, without a network
///
/// Exits with 0 if all is secure, 1 for a warning, 2 if something is critical, 3 if it cannot be
/// told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald assess --host example.com fullchain.pem
  certherald assess --host example.com --at 2027-01-01T00:00:00Z fullchain.pem
  certherald assess --batch < chains.jsonl > verdicts.jsonl

A line of a batch is {\"id\",\"host\",\"at\",\"chain\":[…],\"anchors\":[…],\"intermediates\":[…]}:
base64 DER, the server's certificate first; `at`, `anchors` and `intermediates` may be left out.
The answer is a line {\"id\",\"state\",\"anomalies\":[…],\"remarks\":[…]}, or {\"id\",\"error\"} for a line
that is not understood.")]
pub(crate) struct Assess {
    /// The host that the chain is for
    #[arg(long, value_name = "NAME", required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) host: Option<Host>,
    /// The instant to judge for, RFC 3339; now if it is left out
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Read JSON lines from standard input, and answer each with a line
    #[arg(long)]
    pub(crate) batch: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The chain, PEM, the server's certificate first; `-` is standard input
    #[arg(value_name = "CHAIN.pem", required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) chain: Option<PathBuf>,
}

/// What is trusted, and known.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// Trust the certificates in this file, PEM, instead of the system's; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Vec<PathBuf>,
    /// Know these intermediates, PEM, which prove a chain incomplete; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) intermediate: Vec<PathBuf>,
}

/// Get into the console again, on the machine where it keeps its data
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald admin reset
  docker compose exec console certherald admin reset")]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) verb: AdminVerb,
}

/// What is done on the machine itself.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminVerb {
    Reset(Reset),
}

/// Make a one-time link that sets name and password of an administrator
///
/// Whoever may read the key file may do so; the console may run or not.
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// Data directory of the console [default: certherald-data]
    #[arg(long, value_name = "DIR", env = "CERTHERALD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Its key file [default: key in the data directory]
    #[arg(long, value_name = "FILE", env = "CERTHERALD_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Where people reach the console [default: as the data directory says, or where its
    /// settings make it listen]
    #[arg(long, value_name = "URL", env = "CONSOLE_URL")]
    pub(crate) url: Option<String>,
}

/// Ask a process of this system whether it is ready
///
/// Exits with 0 if it is, with 1 if it is not or does not answer.
#[derive(Debug, Args)]
pub(crate) struct Ready {
    /// Its admin port
    #[arg(long, env = "CERTHERALD_ADMIN", default_value = "127.0.0.1:9090")]
    pub(crate) admin: SocketAddr,
}

/// Prints the completions.
pub(crate) fn completions(shell: Shell) -> ExitCode {
    clap_complete::generate(shell, &mut Cli::command(), "certherald", &mut std::io::stdout());
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
