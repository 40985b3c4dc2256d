//! Asks name servers: A and AAAA apart, each with its own outcome and time limit.
//!
//! One combined lookup would hide a family that fails and wait for one that hangs. Nothing is
//! cached here: a scan is to see what is true now, and the name servers in front of us keep what
//! may be kept.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use chassis::error::Chain;
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
use parking_lot::RwLock;
use proto::v1::{self, lookup::Outcome};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};
use tracing::{info, warn};

use crate::domain::miss;

/// Lookups in flight. Above it, resolvers begin to drop: 2,000 at once against a slow one timed out
/// by a third.
const LOOKUPS_MAX: usize = 256;
/// Time for one packet and its answer; three fit into [`LOOKUP_DEADLINE`].
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Packets sent again after the first went unanswered.
const RETRIES: usize = 2;
/// Most that one lookup may take, retries included: who has not answered by then is down.
pub const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);
/// Longest wait for a lookup's turn.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// Time in which any name server must answer anything, before we say that none can be reached.
const SELF_TEST_DEADLINE: Duration = Duration::from_secs(2);
/// How long that answer holds for all scans.
const SELF_TEST_HOLDS: Duration = Duration::from_secs(2);
/// Addresses taken of one family. More are a load balancer's catalogue, or a way to make us its
/// arms.
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
    /// The addresses, each once, at most 32.
    pub addresses: Vec<IpAddr>,
    /// Names gone through after the first, without trailing dot.
    pub aliases: Vec<String>,
    /// Whether a name server answered, be it with an error. `SERVFAIL` is none: a resolver on this
    /// host says it as well when it has lost its network.
    pub answered: bool,
    /// How long it waited for its turn. That is ours, like a turn that did not come.
    pub waited: Duration,
    /// Whether its turn came.
    pub asked: bool,
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
    servers: Arc<[SocketAddr]>,
    inner: Arc<RwLock<TokioResolver>>,
    slots: Arc<Semaphore>,
    /// When any name server was asked for a sign of life, and whether it gave one.
    tested: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Resolver {
    /// A resolver that asks these servers, or those of the system if there are none.
    ///
    /// # Errors
    ///
    /// When the system's settings cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Ok(Self {
            servers: servers.into(),
            inner: Arc::new(RwLock::new(built(servers)?)),
            slots: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            tested: Arc::default(),
        })
    }

    /// Looks up the addresses of one family, for no longer than `limit` once it is its turn. `host`
    /// has no trailing dot.
    pub async fn lookup(&self, host: &str, family: Family, limit: Duration) -> Found {
        let begun = Instant::now();
        let Ok(Ok(_slot)) = timeout(QUEUE_WAIT, self.slots.acquire()).await else {
            return Found { asked: false, ..not_found(&NetError::Busy) };
        };
        let waited = begun.elapsed();
        let found = match timeout(limit, self.ask(host, family)).await {
            Ok(Ok(lookup)) => found(&lookup, family),
            Ok(Err(error)) => not_found(&error),
            Err(_) => not_found(&NetError::Timeout),
        };
        Found { waited, ..found }
    }

    /// Whether any name server answers anything. Asked when lookups went unanswered, to tell a
    /// domain's dead name servers from our own. If none does, the system's settings are read anew:
    /// a laptop may have moved to another network.
    pub async fn is_reachable(&self, limit: Duration) -> bool {
        // Held while one asks, so that a thousand scans in the dark ask once.
        let mut tested = self.tested.lock().await;
        if let Some((at, reachable)) = *tested
            && at.elapsed() < SELF_TEST_HOLDS
        {
            return reachable;
        }
        let reachable = self.test(limit).await;
        *tested = Some((Instant::now(), reachable));
        reachable
    }

    async fn test(&self, limit: Duration) -> bool {
        let inner = self.inner.read().clone();
        let ask = inner.lookup(Name::root(), RecordType::NS);
        let answer = timeout(limit.min(SELF_TEST_DEADLINE), ask).await;
        let reachable = match answer {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => matches!(error, NetError::Dns(_)) && !is_servfail(&error),
            Err(_) => false,
        };
        if !reachable && self.servers.is_empty() {
            self.reload();
        }
        reachable
    }

    fn reload(&self) {
        match built(&self.servers) {
            Ok(fresh) => {
                info!("No name server answers: read the system's settings anew.");
                *self.inner.write() = fresh;
            }
            Err(error) => warn!(error = %Chain(&error), "No name server answers."),
        }
    }

    async fn ask(&self, host: &str, family: Family) -> Result<Lookup, NetError> {
        // The dot keeps `search` of resolv.conf from answering for another name.
        let name = Name::from_ascii(format!("{host}."))?;
        let records = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        // Cloned, so that the lock is not held while we wait.
        let inner = self.inner.read().clone();
        inner.lookup(name, records).await
    }
}

fn built(servers: &[SocketAddr]) -> Result<TokioResolver, ResolverError> {
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
    builder.build().map_err(failed)
}

fn name_server(address: SocketAddr) -> NameServerConfig {
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
    Found { lookup, addresses, aliases, answered: true, waited: Duration::ZERO, asked: true }
}

fn is_servfail(error: &NetError) -> bool {
    matches!(error, NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)))
        || matches!(error, NetError::Dns(DnsError::NoRecordsFound(none))
            if none.response_code == ResponseCode::ServFail)
}

fn not_found(error: &NetError) -> Found {
    let is_silent = matches!(
        error,
        NetError::Timeout | NetError::NoConnections | NetError::Io(_) | NetError::Busy
    ) || is_servfail(error);
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
    Found {
        lookup,
        addresses: Vec::new(),
        aliases: Vec::new(),
        answered: !is_silent,
        waited: Duration::ZERO,
        asked: true,
    }
}

fn without_dot(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}
