//! Asks name servers: A and AAAA apart, each with its own outcome and time limit.
//!
//! One combined lookup would hide a family that fails and wait for one that hangs. Nothing is cached
//! here: a scan is to see what is true now, and the name servers in front of us keep what may be kept.

use std::{net::IpAddr, sync::Arc, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};
use proto::v1::{self, lookup::Outcome};
use tokio::{sync::Semaphore, time::timeout};

use crate::domain::miss;

/// Lookups in flight. Above it, resolvers begin to drop: 2,000 at once against a slow one timed out by
/// a third.
const LOOKUPS_MAX: usize = 256;
/// Time for one packet and its answer; three fit into [`LOOKUP_DEADLINE`].
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Packets sent again after the first went unanswered.
const RETRIES: usize = 2;
/// Time for one lookup, retries and waiting for its turn included. Half of the scan's default
/// deadline, so that as much is left for the handshake.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);
/// Time in which any name server must answer anything, before we say that none can be reached.
const SELF_TEST_DEADLINE: Duration = Duration::from_secs(2);
/// Addresses taken of one family. More are a load balancer's catalogue, or a way to make us its arms.
const ADDRESSES_MAX: usize = 32;
/// Aliases recorded; resolvers give up at about as many.
const ALIASES_MAX: usize = 16;

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}

/// What one lookup brought.
#[derive(Debug)]
pub struct Found {
    /// As it travels.
    pub lookup: v1::Lookup,
    /// The addresses, each once, at most [`ADDRESSES_MAX`].
    pub addresses: Vec<IpAddr>,
    /// Names gone through after the first, without trailing dot.
    pub aliases: Vec<String>,
    /// Whether a name server answered, be it with an error.
    pub answered: bool,
}

/// Why no resolver could be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up a resolver for {servers}")]
pub struct ResolverError {
    servers: String,
    source: NetError,
}

/// Looks up names. Cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
    slots: Arc<Semaphore>,
}

impl Resolver {
    /// A resolver that asks these servers, or those of the system if there are none.
    ///
    /// # Errors
    ///
    /// When the system's settings cannot be read.
    pub fn new(servers: &[std::net::SocketAddr]) -> Result<Self, ResolverError> {
        let described = || match servers {
            [] => "the system's name servers".to_owned(),
            some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let failed = |source| ResolverError { servers: described(), source };
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(failed)?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = ATTEMPT_TIMEOUT;
        options.attempts = RETRIES;
        options.cache_size = 0;
        options.max_active_requests = LOOKUPS_MAX;
        if !servers.is_empty() {
            // Who names the servers wants to hear them, and not this machine's file.
            options.use_hosts_file = ResolveHosts::Never;
        }
        let inner = builder.build().map_err(failed)?;
        Ok(Self { inner, slots: Arc::new(Semaphore::new(LOOKUPS_MAX)) })
    }

    /// Looks up the addresses of one family. `host` has no trailing dot.
    pub async fn lookup(&self, host: &str, family: Family) -> Found {
        let answer = timeout(LOOKUP_DEADLINE, self.ask(host, family)).await;
        match answer {
            Ok(Ok(lookup)) => found(&lookup, family),
            Ok(Err(error)) => not_found(&error),
            Err(_) => not_found(&NetError::Timeout),
        }
    }

    /// Whether any name server answers anything. Asked when lookups went unanswered, to tell a
    /// domain's dead name servers from our own.
    pub async fn is_reachable(&self) -> bool {
        let answer = timeout(SELF_TEST_DEADLINE, self.inner.lookup(Name::root(), RecordType::NS));
        matches!(answer.await, Ok(Ok(_) | Err(NetError::Dns(_))))
    }

    async fn ask(&self, host: &str, family: Family) -> Result<Lookup, NetError> {
        let _slot = self.slots.acquire().await.map_err(|_| NetError::Busy)?;
        // The dot keeps `search` of resolv.conf from answering for another name.
        let name = Name::from_ascii(format!("{host}."))?;
        let records = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        self.inner.lookup(name, records).await
    }
}

fn name_server(address: std::net::SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut config.connections {
        connection.port = address.port();
    }
    config
}

fn found(lookup: &Lookup, family: Family) -> Found {
    let mut addresses = Vec::new();
    let mut aliases = Vec::new();
    for record in lookup.answers() {
        match (&record.data, family) {
            (RData::A(a), Family::V4) => addresses.push(IpAddr::V4(a.0)),
            (RData::AAAA(aaaa), Family::V6) => addresses.push(IpAddr::V6(aaaa.0)),
            (RData::CNAME(alias), _) => aliases.push(without_dot(&alias.0)),
            _ => {}
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    let count = addresses.len();
    addresses.truncate(ADDRESSES_MAX);
    aliases.truncate(ALIASES_MAX);
    let (outcome, detail) = match count {
        0 => (Outcome::NoRecords, "no such record".to_owned()),
        1..=ADDRESSES_MAX => (Outcome::Addresses, String::new()),
        _ => (Outcome::Addresses, format!("{ADDRESSES_MAX} of {count} addresses are scanned")),
    };
    let lookup = v1::Lookup {
        outcome: outcome.into(),
        addresses: addresses.iter().map(ToString::to_string).collect(),
        detail,
    };
    Found { lookup, addresses, aliases, answered: true }
}

fn not_found(error: &NetError) -> Found {
    let silent = matches!(
        error,
        NetError::Timeout | NetError::NoConnections | NetError::Io(_) | NetError::Busy
    );
    let (outcome, detail) = if let NetError::Dns(DnsError::NoRecordsFound(none)) = error {
        let is_no_name = none.response_code == ResponseCode::NXDomain;
        let outcome = if is_no_name { Outcome::NoName } else { Outcome::NoRecords };
        (outcome, none.response_code.to_string())
    } else if matches!(error, NetError::Timeout) {
        (Outcome::Timeout, "no name server answered in time".to_owned())
    } else {
        (Outcome::Failed, error.to_string())
    };
    let lookup = v1::Lookup {
        outcome: outcome.into(),
        addresses: Vec::new(),
        detail: miss::detail(&detail),
    };
    Found { lookup, addresses: Vec::new(), aliases: Vec::new(), answered: !silent }
}

fn without_dot(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}
