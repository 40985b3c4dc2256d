//! Looks at domains once, with the prober's eyes, and judges them with the detector's mind.

use std::{process::ExitCode, sync::Arc};

use chassis::{
    clock::{Clock, SystemClock},
    config::{Reader, Source},
    dice::Dice,
};
use detector::domain::assess::{
    anchors::Anchors,
    pool::Pool,
    verdict::{Level, Report, Verdict},
};
use futures::{StreamExt, stream};
use prober::{
    config::NameServer,
    shell::{
        scan::{Scanner, ScannerConfig},
        tls::PostQuantum,
    },
};
use proto::{
    id::DomainId,
    name::DomainName,
    v1::{Job, Protocol, Purpose},
};

use crate::{cli::Check, exit, input::Connect};
use endpoint::Endpoint;

mod endpoint;
pub(crate) mod print;
mod verdict;

/// Port of a domain that names none.
const PORT: u16 = 443;
/// Domains looked at in the same moment.
const DOMAINS_AT_ONCE: usize = 32;
/// Sockets open in the same moment.
const SOCKETS: usize = 256;

/// One domain with its verdict, and each of its endpoints.
struct Checked {
    report: Report,
    endpoints: Vec<Endpoint>,
}

/// Looks at all domains, prints a verdict for each in the order they were named, and exits with the
/// worst.
pub(crate) async fn run(options: Check) -> ExitCode {
    match prepared(&options) {
        Ok(checker) => checker.all(&options).await,
        Err(error) => exit::unknown(&*error),
    }
}

/// All that is needed to look and to judge.
struct Checker {
    scanner: Scanner,
    anchors: Anchors,
    pool: Pool,
    connect: Option<Connect>,
}

fn prepared(options: &Check) -> Result<Checker, Box<dyn std::error::Error>> {
    let source = Source::environment();
    let lookup = |key: &str| source.get(key);
    let reader = Reader::new(&lookup);
    let name_servers: Vec<NameServer> = reader.list("PROBER_NAME_SERVERS");
    let name_servers = reader.finish(name_servers)?;
    let config = ScannerConfig {
        name: "check".to_owned(),
        region: "default".to_owned(),
        deadline: options.timeout.0,
        allow: options.allow.clone(),
        name_servers: name_servers.into_iter().map(|server| server.0).collect(),
        post_quantum: PostQuantum::Omitted,
        aia: !options.no_aia,
        sockets: SOCKETS,
    };
    Ok(Checker {
        scanner: Scanner::new(config, Arc::new(SystemClock), Arc::new(Dice::fresh()))?,
        anchors: options.trust.anchors()?,
        pool: options.trust.pool()?,
        connect: options.connect,
    })
}

impl Checker {
    async fn all(&self, options: &Check) -> ExitCode {
        let looks = stream::iter(&options.names).map(|name| self.one(name));
        let mut looks = looks.buffered(DOMAINS_AT_ONCE);
        let mut worst = Level::Ok;
        while let Some(Checked { report, endpoints }) = looks.next().await {
            worst = worst.max(report.verdict.severity);
            print::report(&report, &endpoints, options.json);
        }
        ExitCode::from(worst.exit_code())
    }

    async fn one(&self, text: &str) -> Checked {
        let name: DomainName = match text.parse() {
            Ok(name) => name,
            Err(error) => {
                let verdict = Verdict::undecided(&error.to_string());
                let report = Report { domain: text.to_owned(), verdict };
                return Checked { report, endpoints: Vec::new() };
            }
        };
        let port = name.port.unwrap_or(PORT);
        let job = self.job(&name, port);
        let fact = self.scanner.scan(&job).await;
        let now = SystemClock.now();
        let verdict = verdict::of(&fact, &name.host, now, &self.anchors, &self.pool);
        let domain = name.host.with_port(port);
        Checked { report: Report { domain, verdict }, endpoints: endpoint::all(&fact) }
    }

    fn job(&self, name: &DomainName, port: u16) -> Job {
        let dialled = self.connect.map(|connect| connect.address.to_string());
        Job {
            domain_id: DomainId::of(&name.host, port, Protocol::Tls).to_string(),
            look: 1,
            host: name.host.to_string(),
            port: self.connect.and_then(|connect| connect.port).unwrap_or(port).into(),
            protocol: Protocol::Tls.into(),
            fixed_address: dialled.unwrap_or_default(),
            purpose: Purpose::Requested.into(),
            ..Job::default()
        }
    }
}
