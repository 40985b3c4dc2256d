//! Subjects, spelled and read side by side. Nothing else in the workspace builds or cuts one.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    sync::Arc,
};

use crate::{
    host::Host,
    id::{AccountId, ContactId, DomainId, LinkId, RequestId, SilenceId, TokenId},
    stream::{Service, Stream},
    v1::Kind,
};

/// All of `INVENTORY`.
pub const INVENTORY_ALL: &str = "certherald.inventory.>";
/// All of `JOBS`.
pub const JOBS_ALL: &str = "certherald.jobs.>";
/// All of `FACTS`.
pub const FACTS_ALL: &str = "certherald.facts.>";
/// All of `LOG`.
pub const LOG_ALL: &str = "certherald.log.>";
/// All of `EVENTS`.
pub const EVENTS_ALL: &str = "certherald.events.>";
/// All of `DELIVERIES`.
pub const DELIVERIES_ALL: &str = "certherald.deliveries.>";
/// All of `INTERMEDIATES`.
pub const INTERMEDIATES_ALL: &str = "certherald.intermediates.>";
/// All of `REQUESTS`.
pub const REQUESTS_ALL: &str = "certherald.requests.>";
/// All of `PARKED`.
pub const PARKED_ALL: &str = "certherald.parked.>";

/// The first label of an IPv4 address in an event subject. No host name ends in a label that begins
/// with an underscore, so it cannot be taken for one.
const IPV4: &str = "_ip4";
/// The same for IPv6.
const IPV6: &str = "_ip6";

/// A name that is a single token: a region, a prober, a channel.
///
/// Invariant: 1 to 64 characters, each `a`–`z`, `A`–`Z`, `0`–`9`, `-` or `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(Arc<str>);

/// Says that a text is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no token: want 1 to 64 characters a-z, A-Z, 0-9, `-`, `_`")]
pub struct InvalidToken(String);

impl Token {
    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if (1..=64).contains(&text.len()) && clean {
            Ok(Self(text.into()))
        } else {
            Err(InvalidToken(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entity of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A domain.
    Domain(DomainId),
    /// A contact.
    Contact(ContactId),
    /// The notification setting for domains that have none of their own.
    DefaultSetting,
    /// The notification setting of one domain.
    Setting(DomainId),
    /// A bearer token.
    Token(TokenId),
    /// The marks in the inbox of one contact.
    Inbox(ContactId),
    /// A silence.
    Silence(SilenceId),
    /// What was acknowledged of one domain.
    Acknowledgement(DomainId),
    /// An account.
    Account(AccountId),
    /// What is done under names that no account has.
    Strangers,
    /// A one-time link.
    Link(LinkId),
    /// The key that seals secrets.
    Key,
}

/// `certherald.inventory.<entity>.<id>`: all that was ordered of one entity.
pub fn inventory(entity: &Entity) -> String {
    match entity {
        Entity::Domain(id) => format!("certherald.inventory.domain.{id}"),
        Entity::Contact(id) => format!("certherald.inventory.contact.{id}"),
        Entity::DefaultSetting => "certherald.inventory.setting.default".to_owned(),
        Entity::Setting(id) => format!("certherald.inventory.setting.{id}"),
        Entity::Token(id) => format!("certherald.inventory.token.{id}"),
        Entity::Inbox(id) => format!("certherald.inventory.inbox.{id}"),
        Entity::Silence(id) => format!("certherald.inventory.silence.{id}"),
        Entity::Acknowledgement(id) => format!("certherald.inventory.acknowledgement.{id}"),
        Entity::Account(id) => format!("certherald.inventory.account.{id}"),
        Entity::Strangers => "certherald.inventory.account.strangers".to_owned(),
        Entity::Link(id) => format!("certherald.inventory.link.{id}"),
        Entity::Key => "certherald.inventory.key.seal".to_owned(),
    }
}

/// The entity an inventory subject speaks of, or `None` if it is some other subject.
pub fn inventory_entity(subject: &str) -> Option<Entity> {
    let (entity, id) = subject.strip_prefix("certherald.inventory.")?.split_once('.')?;
    match (entity, id) {
        ("domain", id) => id.parse().ok().map(Entity::Domain),
        ("contact", id) => id.parse().ok().map(Entity::Contact),
        ("setting", "default") => Some(Entity::DefaultSetting),
        ("setting", id) => id.parse().ok().map(Entity::Setting),
        ("token", id) => id.parse().ok().map(Entity::Token),
        ("inbox", id) => id.parse().ok().map(Entity::Inbox),
        ("silence", id) => id.parse().ok().map(Entity::Silence),
        ("acknowledgement", id) => id.parse().ok().map(Entity::Acknowledgement),
        ("account", "strangers") => Some(Entity::Strangers),
        ("account", id) => id.parse().ok().map(Entity::Account),
        ("link", id) => id.parse().ok().map(Entity::Link),
        ("key", "seal") => Some(Entity::Key),
        _ => None,
    }
}

/// `certherald.inventory.<entity>.>`: one kind of entity, by its token (`domain`, `contact`, …).
pub fn inventory_of(entity: &str) -> String {
    format!("certherald.inventory.{entity}.>")
}

/// `certherald.jobs.<region>.<domain>`: the wish that a domain be scanned from a region.
pub fn job(region: &Token, domain: &DomainId) -> String {
    format!("certherald.jobs.{region}.{domain}")
}

/// `certherald.jobs.<region>.>`: all jobs of a region.
pub fn jobs_of(region: &Token) -> String {
    format!("certherald.jobs.{region}.>")
}

/// The region and domain of a job subject, or `None` if it is some other subject.
pub fn job_domain(subject: &str) -> Option<(Token, DomainId)> {
    let (region, domain) = subject.strip_prefix("certherald.jobs.")?.split_once('.')?;
    Some((region.parse().ok()?, domain.parse().ok()?))
}

/// `certherald.facts.<partition>.<domain>`: what scans of one domain saw.
pub fn fact(domain: &DomainId) -> String {
    format!("certherald.facts.{}.{domain}", domain.partition())
}

/// The domain a fact subject speaks of, or `None` if it is some other subject.
pub fn fact_domain(subject: &str) -> Option<DomainId> {
    partitioned(subject.strip_prefix("certherald.facts.")?)
}

/// `certherald.log.<partition>.<domain>`: all that happened to one domain, in order.
pub fn log(domain: &DomainId) -> String {
    format!("certherald.log.{}.{domain}", domain.partition())
}

/// The domain a log subject speaks of, or `None` if it is some other subject.
pub fn log_domain(subject: &str) -> Option<DomainId> {
    partitioned(subject.strip_prefix("certherald.log.")?)
}

fn partitioned(rest: &str) -> Option<DomainId> {
    let (partition, domain) = rest.split_once('.')?;
    let domain: DomainId = domain.parse().ok()?;
    (partition == domain.partition().to_string()).then_some(domain)
}

/// What an event speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A domain.
    Domain(Host, u16),
    /// A prober, by its name.
    Prober(Token),
}

/// `certherald.events.<kind>.<host labels reversed>.<port>`: one kind of news of one domain.
///
/// An address is `_ip4` and its four numbers, or `_ip6` and its eight groups, most significant
/// first, so that a wildcard takes in a network. A prober is its name and the port 0.
pub fn event(kind: Kind, about: &About) -> String {
    format!("certherald.events.{}.{}", kind.token(), about_tokens(about))
}

fn about_tokens(about: &About) -> String {
    match about {
        About::Domain(Host::Name(name), port) => {
            let labels: Vec<_> = name.as_str().rsplit('.').collect();
            format!("{}.{port}", labels.join("."))
        }
        About::Domain(Host::Address(IpAddr::V4(address)), port) => {
            format!("{IPV4}.{address}.{port}")
        }
        About::Domain(Host::Address(IpAddr::V6(address)), port) => {
            let groups: Vec<_> = address.segments().iter().map(|g| format!("{g:x}")).collect();
            format!("{IPV6}.{}.{port}", groups.join("."))
        }
        About::Prober(name) => format!("{name}.0"),
    }
}

/// Kind and what it is about of an event subject, or `None` if it is some other subject.
pub fn event_about(subject: &str) -> Option<(Kind, About)> {
    let (kind, rest) = subject.strip_prefix("certherald.events.")?.split_once('.')?;
    let kind = Kind::from_token(kind)?;
    let (host, port) = rest.rsplit_once('.')?;
    let port: u16 = port.parse().ok()?;
    let about = if kind == Kind::ProberBlind && port == 0 {
        About::Prober(host.parse().ok()?)
    } else {
        About::Domain(host_of(host)?, port)
    };
    // One spelling only: a subject that we would not write is not ours.
    (event(kind, &about) == subject).then_some((kind, about))
}

/// The host that the tokens between kind and port spell.
fn host_of(tokens: &str) -> Option<Host> {
    match tokens.split_once('.') {
        Some((IPV4, numbers)) => Some(Host::Address(numbers.parse::<Ipv4Addr>().ok()?.into())),
        Some((IPV6, groups)) => {
            Some(Host::from(groups.replace('.', ":").parse::<Ipv6Addr>().ok()?))
        }
        Some(_) | None => tokens.rsplit('.').collect::<Vec<_>>().join(".").parse().ok(),
    }
}

/// `certherald.events.*.<host labels reversed>.<port>`: all news of one domain.
pub fn events_of(host: &Host, port: u16) -> String {
    format!("certherald.events.*.{}", about_tokens(&About::Domain(host.clone(), port)))
}

/// `certherald.events.<kind>.>`: one kind of news of every domain.
pub fn events_of_kind(kind: Kind) -> String {
    format!("certherald.events.{}.>", kind.token())
}

/// `certherald.deliveries.<channel>.<contact>.<domain>`: what one contact is told of one domain
/// through one channel. The domain is `-` where the news speaks of none.
pub fn delivery(channel: &Token, contact: &ContactId, domain: Option<&DomainId>) -> String {
    match domain {
        Some(domain) => format!("certherald.deliveries.{channel}.{contact}.{domain}"),
        None => format!("certherald.deliveries.{channel}.{contact}.-"),
    }
}

/// `certherald.deliveries.*.<contact>.*`: all that one contact is told.
pub fn deliveries_to(contact: &ContactId) -> String {
    format!("certherald.deliveries.*.{contact}.*")
}

/// Channel, contact and domain of a delivery subject, or `None` if it is some other subject.
pub fn delivery_parts(subject: &str) -> Option<(Token, ContactId, Option<DomainId>)> {
    let mut parts = subject.strip_prefix("certherald.deliveries.")?.splitn(3, '.');
    let channel = parts.next()?.parse().ok()?;
    let contact = parts.next()?.parse().ok()?;
    let domain = match parts.next()? {
        "-" => None,
        id => Some(id.parse().ok()?),
    };
    Some((channel, contact, domain))
}

/// `certherald.intermediates.<sha-256>`: one intermediate certificate.
pub fn intermediate(sha256: &[u8; 32]) -> String {
    format!("certherald.intermediates.{}", data_encoding::HEXLOWER.encode(sha256))
}

/// `certherald.requests.<service>.<id>`: one wish to a service.
pub fn request(service: Service, id: &RequestId) -> String {
    format!("certherald.requests.{}.{id}", service.token())
}

/// `certherald.requests.<service>.>`: all wishes to a service.
pub fn requests_to(service: Service) -> String {
    format!("certherald.requests.{}.>", service.token())
}

/// `certherald.parked.<service>.<stream>`: what a service could not take from a stream.
pub fn parked(service: Service, stream: &Stream) -> String {
    format!("certherald.parked.{}.{}", service.token(), stream.name)
}

/// Whether a subject matches a pattern, where `*` stands for one token and a last `>` for one or
/// more.
pub fn matches(pattern: &str, subject: &str) -> bool {
    let mut subject = subject.split('.');
    let mut pattern = pattern.split('.').peekable();
    while let Some(token) = pattern.next() {
        match (token, subject.next()) {
            (">", Some(_)) if pattern.peek().is_none() => return true,
            ("*", Some(_)) => {}
            (want, Some(have)) if want == have => {}
            (_, _) => return false,
        }
    }
    subject.next().is_none()
}

#[cfg(test)]
mod tests;
