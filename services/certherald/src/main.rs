//! The binary: `up`, `check`, `assess`, one subcommand for each service, and the client of the API.
//!
//! Wiring only. Start reading at [`cli::Command`].

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, error::ErrorKind};
use proto::stream::Service;

mod admin;
mod assess;
mod check;
mod cli;
mod client;
mod contacts;
mod domains;
mod events;
mod exit;
mod explain;
mod input;
mod key;
mod ready;
mod role;
mod settings;
mod up;

#[tokio::main]
async fn main() -> ExitCode {
    // One provider for all of TLS in this process; two would make the libraries panic.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.install_default().expect("this is the first thing that the process does");
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match cli::Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli.command).await,
        Err(error) => {
            // Help goes to where it can be read or piped, mistakes to where they are seen.
            drop(error.print());
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
                ExitCode::SUCCESS
            } else {
                exit::misused(arguments.get(1))
            }
        }
    }
}

async fn run(command: cli::Command) -> ExitCode {
    match command {
        cli::Command::Up(options) => up::run(options).await,
        cli::Command::Prober(options) => role::run(Service::Prober, options).await,
        cli::Command::Detector(options) => role::run(Service::Detector, options).await,
        cli::Command::Notifier(options) => role::run(Service::Notifier, options).await,
        cli::Command::Console(options) => role::run(Service::Console, options).await,
        cli::Command::Domains(options) => domains::run(options).await,
        cli::Command::Contacts(options) => contacts::run(options).await,
        cli::Command::Events(options) => events::run(options).await,
        cli::Command::Explain(options) => explain::run(options).await,
        cli::Command::Key(options) => key::run(options).await,
        cli::Command::Check(options) => check::run(options).await,
        cli::Command::Assess(options) => assess::run(&options),
        cli::Command::Admin(options) => admin::run(options),
        cli::Command::Ready(options) => ready::run(options).await,
        cli::Command::Completions { shell } => cli::completions(shell),
    }
}
