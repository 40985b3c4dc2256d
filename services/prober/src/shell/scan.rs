//! One look: from the job to the fact.
//!
//! Every address is looked at, all at the same time, under one deadline; each family as soon as its
//! lookup answers. Nothing here fails: whatever happens is a fact, ours or theirs.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use chassis::{address::Guard, clock::SharedClock, dice::Dice};
use futures::future::{join, join_all};
use ipnet::IpNet;
use proto::{
    time::{write, write_span},
    v1::{Job, OwnFailure, Resolution, ScanFact, own_failure::Cause},
};
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::{
    aia::Fetcher,
    dial::{Dialer, Turn},
    legacy::{self, LegacyReader},
    resolve::{Family, Found, LOOKUP_DEADLINE, Resolver, ResolverError},
    tls::{Greeter, PostQuantum},
};
use crate::domain::{
    fact::{self, Endpoints, Look},
    miss::{self, Miss},
    old_tls::client_hello::client_hello,
    presented::Presented,
    target::{Place, Target},
};

/// How to look.
#[derive(Debug, Clone)]
pub struct ScannerConfig {
    /// Name of this prober, unique among all.
    pub name: String,
    /// Region it looks from.
    pub region: String,
    /// Time for one scan: lookups, connections, handshakes. Fetching issuers has its own.
    pub deadline: Duration,
    /// Ranges that may be dialled beside public addresses.
    pub allow: Vec<IpNet>,
    /// Name servers to ask. Empty: those of the system.
    pub name_servers: Vec<SocketAddr>,
    /// Whether the post-quantum group is offered.
    pub post_quantum: PostQuantum,
    /// Whether missing issuers are fetched from where certificates say they are.
    pub aia: bool,
    /// Sockets open at the same time.
    pub sockets: usize,
}

/// Looks at domains. Cheap to clone; the clones share sockets, slots and what they remember.
#[derive(Clone)]
pub struct Scanner {
    name: String,
    region: String,
    deadline: Duration,
    resolver: Resolver,
    dialer: Dialer,
    greeter: Greeter,
    legacy: LegacyReader,
    fetcher: Option<Fetcher>,
    clock: SharedClock,
    dice: Arc<Dice>,
}

impl Scanner {
    /// A scanner.
    ///
    /// # Errors
    ///
    /// When there is no resolver to be had.
    pub fn new(
        config: ScannerConfig,
        clock: SharedClock,
        dice: Arc<Dice>,
    ) -> Result<Self, ResolverError> {
        let resolver = Resolver::new(&config.name_servers)?;
        let dialer = Dialer::new(Guard::new(config.allow), config.sockets);
        let fetcher = config.aia.then(|| Fetcher::new(resolver.clone(), dialer.clone()));
        Ok(Self {
            name: config.name,
            region: config.region,
            deadline: config.deadline,
            resolver,
            dialer,
            greeter: Greeter::new(config.post_quantum),
            legacy: LegacyReader::default(),
            fetcher,
            clock,
            dice,
        })
    }

    /// Looks at one domain.
    pub async fn scan(&self, job: &Job) -> ScanFact {
        let begun = Instant::now();
        let mut fact = self.blank(job);
        fact.started_at = Some(write(self.clock.now()));
        match Target::try_from(job) {
            Ok(target) => self.look(&target, job, begun + self.deadline, &mut fact).await,
            Err(refusal) => fact.own_failure = Some(failed(&refusal.to_string())),
        }
        fact.took = Some(write_span(begun.elapsed()));
        fact
    }

    /// The fact that says that this prober cannot do the job.
    pub fn give_up(&self, job: &Job, detail: &str) -> ScanFact {
        ScanFact { own_failure: Some(failed(detail)), ..self.blank(job) }
    }

    fn blank(&self, job: &Job) -> ScanFact {
        ScanFact {
            domain_id: job.domain_id.clone(),
            look: job.look,
            inventory_revision: job.inventory_revision,
            prober: self.name.clone(),
            region: self.region.clone(),
            ..ScanFact::default()
        }
    }

    async fn look(&self, target: &Target, job: &Job, deadline: Instant, fact: &mut ScanFact) {
        let looks = match &target.place {
            Place::Address(address) => vec![self.endpoint(*address, target, deadline).await],
            Place::Name(name) => self.resolved(name, target, deadline, fact).await,
        };
        if fact.own_failure.is_none() {
            fact.own_failure = fact::own_failure(&looks);
        }
        let endpoints = Endpoints::gather(looks, target.port, &job.known_chains);
        if let Some(fetcher) = self.fetcher.as_ref().filter(|_| !endpoints.new_chains.is_empty()) {
            // Boxed: rare, and larger than all the rest of a scan.
            fact.fetched = Box::pin(fetcher.complete(&endpoints.new_chains)).await;
        }
        fact.endpoints = endpoints.facts;
        fact.chains = endpoints.new_chains;
    }

    async fn resolved(
        &self,
        name: &str,
        target: &Target,
        deadline: Instant,
        fact: &mut ScanFact,
    ) -> Vec<Look> {
        let begun = Instant::now();
        // Half of the time at most, so that as much is left for the handshake.
        let limit = LOOKUP_DEADLINE.min(self.deadline / 2);
        let family = async |family| {
            let found = self.resolver.lookup(name, family, limit).await;
            let took = begun.elapsed();
            let addresses = found.addresses.iter();
            // The wait for a turn is ours, so it moves the deadline.
            let deadline = deadline + found.waited;
            let looks = addresses.map(|address| self.endpoint(*address, target, deadline));
            (join_all(looks).await, found, took)
        };
        let ((mut looks, v4, v4_took), (more, v6, v6_took)) =
            join(family(Family::V4), family(Family::V6)).await;
        looks.extend(more);
        if !(v4.asked && v6.asked) && looks.iter().all(|look| look.outcome.is_err()) {
            fact.own_failure = Some(OwnFailure {
                cause: Cause::OutOfResources.into(),
                detail: "too many lookups were waiting".to_owned(),
            });
        } else if !v4.answered && !v6.answered && !self.resolver.is_reachable(limit).await {
            fact.own_failure = Some(OwnFailure {
                cause: Cause::ResolverUnreachable.into(),
                detail: miss::detail(&format!("no name server answers: {}", v4.lookup.detail)),
            });
        }
        fact.resolution = Some(resolution(v4, v6, v4_took.max(v6_took)));
        looks
    }

    async fn endpoint(&self, address: IpAddr, target: &Target, deadline: Instant) -> Look {
        let mut look =
            Look { address, connect: None, handshake: None, outcome: Err(Miss::crowded()) };
        look.outcome = self.attempt(target, deadline, &mut look).await;
        look
    }

    async fn attempt(
        &self,
        target: &Target,
        deadline: Instant,
        look: &mut Look,
    ) -> Result<Presented, Miss> {
        self.dialer.check(look.address)?;
        let turn = self.dialer.turn(deadline).await?;
        let to = SocketAddr::new(look.address, target.port);
        let begun = Instant::now();
        let stream = self.dialer.dial(&turn, to).await?;
        let connected = Instant::now();
        look.connect = Some(connected - begun);
        let greeted =
            self.greeter.greet(&stream, server_name(target, to.ip()), turn.deadline).await;
        look.handshake = Some(connected.elapsed());
        drop(stream);
        match greeted {
            Ok(presented) => Ok(presented),
            Err(failed) if failed.may_be_old => {
                // Boxed: few servers are that old, and no other scan should carry its weight.
                let old = Box::pin(self.old(target, to, &turn)).await;
                old.map_err(|second| failed.miss.or(second))
            }
            Err(failed) => Err(failed.miss),
        }
    }

    /// Has the server read by the reader for old TLS, over a connection of its own.
    async fn old(&self, target: &Target, to: SocketAddr, turn: &Turn) -> Result<Presented, Miss> {
        let _slot = self.legacy.slot(turn.deadline).await.ok_or_else(Miss::crowded)?;
        let stream = self.dialer.dial(turn, to).await?;
        let hello = client_hello(target.sni.as_deref(), &self.dice.bytes());
        legacy::read_chain(stream, &hello, turn.deadline).await
    }
}

fn failed(detail: &str) -> OwnFailure {
    OwnFailure { cause: Cause::ProberFailed.into(), detail: miss::detail(detail) }
}

/// The name for SNI, or the address, which sends none.
fn server_name(target: &Target, address: IpAddr) -> ServerName<'static> {
    let name = target.sni.clone().and_then(|name| ServerName::try_from(name).ok());
    name.unwrap_or(ServerName::IpAddress(address.into()))
}

fn resolution(v4: Found, v6: Found, took: Duration) -> Resolution {
    // Both families go through the same aliases; one of them may have failed before the end.
    let aliases = if v4.aliases.len() >= v6.aliases.len() { v4.aliases } else { v6.aliases };
    Resolution {
        a: Some(v4.lookup),
        aaaa: Some(v6.lookup),
        cname_chain: aliases,
        took: Some(write_span(took)),
    }
}
