//! What may be typed to run the services.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

/// Run everything in this process, with nothing else installed
///
/// Console and API answer on the address of --listen. The first start prints a one-time link with
/// which you make the first account, and keeps an admin token for scripts in the data directory.
/// The streams are kept there as well, unless CERTHERALD_NATS_URL names a NATS server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald up
  certherald up --demo                          broken sites that are mended while you watch
  certherald up --data /var/lib/certherald --listen 127.0.0.1:9000
  NOTIFIER_SMTP_URL=smtp://mail.example.com NOTIFIER_MAIL_FROM=certherald@example.com \\
    certherald up

Every setting is described in deploy/env; it comes from the environment, or from the file
of --settings:
  [notifier]
  smtp_url = \"smtps://certherald@mail.example.com\"
  smtp_password_file = \"/etc/certherald/smtp-password\"
  mail_from = \"certherald <certherald@example.com>\"")]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) common: Role,
    /// Address and port of console and API; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Show broken sites on this machine, which are mended while you watch; keeps nothing, and
    /// reads no setting but --listen: neither the environment nor a file
    #[arg(long, conflicts_with = "data")]
    pub(crate) demo: bool,
}

/// Run one service; the others find it through NATS
#[derive(Debug, Args)]
pub(crate) struct Role {
    /// Directory of keys, of the embedded bus, and of what may be thrown away [default:
    /// certherald-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// TOML file with settings; the environment goes first
    #[arg(long, value_name = "FILE", env = "CERTHERALD_SETTINGS")]
    pub(crate) settings: Option<PathBuf>,
}
