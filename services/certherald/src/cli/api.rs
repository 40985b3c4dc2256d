//! What may be typed to a running console.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use crate::contacts::Robot;

/// The heading of what every command that asks the console takes.
const COMMON: &str = "Common options";

/// How the console is reached.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// Where the API answers [default: as the data directory says, or http://127.0.0.1:8080]
    #[arg(long, help_heading = COMMON, global = true, value_name = "URL", env = "CERTHERALD_URL")]
    pub(crate) url: Option<Url>,
    /// File with the token [default: admin-token in the data directory]
    #[arg(long, help_heading = COMMON, global = true)]
    #[arg(value_name = "FILE", env = "CERTHERALD_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Data directory of a console on this machine [default: certherald-data]
    #[arg(long, help_heading = COMMON, global = true, value_name = "DIR", env = "CERTHERALD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON, as the API answers it
    #[arg(long, help_heading = COMMON, global = true)]
    pub(crate) json: bool,
}

/// Add, list, scan and remove the domains that are monitored
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald domains add example.com example.org:8443 '[2001:db8::1]:443'
  certherald domains list --state abnormal
  certherald domains list --issuer \"Let's Encrypt\" --sort expires
  certherald domains show example.com
  certherald domains scan example.com
  certherald domains import domains.csv
  certherald domains export > domains.csv")]
pub(crate) struct Domains {
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(subcommand)]
    pub(crate) verb: DomainsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainsVerb {
    /// Monitor domains from now on
    #[command(after_help = "Examples:
  certherald domains add example.com
  certherald domains add --tag shop --interval 300 shop.example.com pay.example.com
  certherald domains add - < names.txt          names divided by commas or line ends")]
    Add(Add),
    /// List what is monitored
    List(List),
    /// Show one domain in full
    Show {
        /// Its name, name:port, or id
        name: String,
    },
    /// Monitor domains no more; their history is kept
    #[command(
        after_help = "Example:\n  certherald domains remove old.example.com 4rrewm3tr6pwn4kxotpjwlbjue"
    )]
    Remove {
        /// Names, name:port, or ids
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Look at domains now, and wait for what is seen
    #[command(after_help = "Examples:
  certherald domains scan example.com
  certherald domains scan --no-wait shop.example.com pay.example.com:8443")]
    Scan {
        /// Names, name:port, or ids
        #[arg(required = true)]
        names: Vec<String>,
        /// Do not wait
        #[arg(long)]
        no_wait: bool,
    },
    /// Add the domains of a CSV file
    #[command(after_help = "Examples:
  certherald domains import --template > domains.csv
  certherald domains import domains.csv
  certherald domains import --update domains.csv     replace the options of domains that are there")]
    Import {
        /// The file; `-` is standard input
        #[arg(required_unless_present = "template")]
        file: Option<PathBuf>,
        /// Replace the options of domains that are monitored already
        #[arg(long)]
        update: bool,
        /// Print a file to begin with, and import nothing
        #[arg(long, conflicts_with_all = ["file", "update"])]
        template: bool,
    },
    /// Print all domains as CSV that can be imported again
    Export,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    #[arg(
        required = true,
        value_name = "NAME[:PORT]",
        help = "Names, name:port, [v6]:port, or https://name/; `-` reads them from standard input"
    )]
    pub(crate) names: Vec<String>,
    /// Label; may be repeated
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Seconds between scans, 60 to 604800
    #[arg(long, value_name = "SECONDS")]
    pub(crate) interval: Option<u64>,
    /// Travels in every notification: whom to call, how to renew
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only in this state
    #[arg(long, value_parser = ["enabling", "secure", "abnormal", "enable_failed", "unknown", "disabled"])]
    pub(crate) state: Option<String>,
    /// Only with this tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// Only whose host contains this text
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// Only whose certificate was issued by a name that contains this text
    #[arg(long)]
    pub(crate) issuer: Option<String>,
    /// Only with an open anomaly of this kind, such as `expired`
    #[arg(long, value_name = "K")]
    pub(crate) kind: Option<String>,
    /// Only with an open anomaly of this severity or above
    #[arg(long, value_parser = ["info", "warning", "critical"])]
    pub(crate) severity: Option<String>,
    /// In this order; `state` puts first what should be looked at first
    #[arg(long, value_parser = ["name", "expires", "state", "added", "-name", "-expires", "-state", "-added"], allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
}

/// Add, list and test the people and teams who are told
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald contacts add --name Ada --email ada@example.com --time-zone Europe/Berlin
  certherald contacts add --name Shop --robot dingtalk=robot.txt --robot wecom=-
  certherald contacts list
  certherald contacts test Ada --method email")]
pub(crate) struct Contacts {
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(subcommand)]
    pub(crate) verb: ContactsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContactsVerb {
    /// Add a person or a team; the first one is told of every domain, by default
    #[command(after_help = "Examples:
  certherald contacts add --name Ada --email ada@example.com --time-zone Europe/Berlin
  certherald contacts add --name Shop --robot dingtalk=ding.txt --robot wecom=we.txt
  certherald contacts add --name Ops --robot slack=- < slack.txt
  certherald contacts add --name Pager --robot webhook=hook.txt
  certherald contacts test Shop --method dingtalk

A file of a robot, such as ding.txt: its URL as its page shows it, its secret, whom to call
  https://oapi.dingtalk.com/robot/send?access_token=…
  SEC…
  @13800001111
  @all

Robots of dingtalk, feishu and lark have a secret if they sign; those of wecom and slack have none.
A webhook needs one, `whsec_` and 24 to 64 bytes in base64, and calls nobody.")]
    Add {
        /// What people call it
        #[arg(long)]
        name: String,
        /// Mailbox; it is sent a link, and told nothing until somebody has followed it
        #[arg(long)]
        email: Option<String>,
        /// The mailbox is known to work, and needs no link
        #[arg(long, requires = "email")]
        verified: bool,
        /// Robot of a group: dingtalk, wecom, feishu, lark, slack, or a webhook. The file, or `-`
        /// for standard input, holds its URL, in another line its secret if it has one, and in one
        /// with `@` before it each of those whom messages mention
        #[arg(long, value_name = "CHANNEL=FILE")]
        robot: Vec<Robot>,
        /// Language of the news
        #[arg(long, value_parser = ["en", "zh-CN"])]
        language: Option<String>,
        /// IANA time zone, such as Asia/Shanghai
        #[arg(long)]
        time_zone: Option<String>,
    },
    /// List the contacts
    List,
    /// Send a contact a test, and show what the channel answers
    Test {
        /// Its name or id
        contact: String,
        /// By which method: email, internal, dingtalk, wecom, feishu, lark, slack, or webhook
        #[arg(long, value_name = "METHOD", default_value = "email")]
        method: String,
    },
}

/// Follow what happens, as it happens
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald events tail
  certherald events tail --kind expired
  certherald events tail --domain example.com --json | jq .summary")]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(subcommand)]
    pub(crate) verb: EventsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsVerb {
    /// Print each event as it happens, until interrupted
    Tail(Tail),
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Only this kind, such as `expired`
    #[arg(long, value_name = "K")]
    pub(crate) kind: Option<String>,
    /// Only this domain
    #[arg(long, value_name = "D")]
    pub(crate) domain: Option<String>,
    /// Begin behind this event; 0 with the oldest that is kept [default: with the next]
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) after: Option<u64>,
}

/// See why somebody was told of a domain, or was not
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald explain example.com
  certherald explain --last 3 shop.example.com:8443
  certherald explain --event 4rrewm3tr6pwn4kxotpjwlbjue-17-0 example.com --json

Each line begins with what becomes of news: + it is told, ~ it waits, - it is not told.")]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) access: Access,
    /// Its name, name:port, or id
    pub(crate) name: String,
    /// Only this event: its id
    #[arg(long, value_name = "ID")]
    pub(crate) event: Option<String>,
    /// Only what speaks of this anomaly: its id
    #[arg(long, value_name = "ID")]
    pub(crate) anomaly: Option<String>,
    /// How many events, the latest first
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) last: u16,
}

/// Change the key that seals secrets
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  certherald key rotate     seal with a fresh key from now on; older keys still open
  certherald key retire     forget the older keys, unless something still needs one")]
pub(crate) struct Key {
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(subcommand)]
    pub(crate) verb: KeyVerb,
}

/// What is done with keys.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum KeyVerb {
    /// Put a fresh key in front, and seal with it what older keys sealed
    Rotate,
    /// Forget all keys but the newest; refused while something needs another
    Retire,
}
