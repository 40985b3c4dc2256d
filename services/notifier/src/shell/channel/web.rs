//! Posts to robots and webhooks, whose addresses people enter: nothing that they enter may make us
//! speak to what is not public, follow others elsewhere, or read without end.

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chassis::{
    address::Guard,
    clock::SharedClock,
    error::Chain,
    seal::{Seal, SealError},
};
use proto::address::SecretAddress;
use reqwest::{
    Certificate, Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderName, RETRY_AFTER},
    redirect,
};
use serde::de::DeserializeOwned;
use url::Host;

use super::{Parcel, words::scrubbed};
use crate::{
    config::WebConfig,
    domain::{
        roster::Address,
        thread::outcome::{self, Outcome},
    },
};

/// Longest reply that is read. What robots say is shorter by far.
const REPLY_MAX: usize = 64 * 1024;

/// How we present ourselves: some who guard a receiver refuse whoever does not.
const USER_AGENT: &str = concat!("certherald/", env!("CARGO_PKG_VERSION"));

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Longest wait that a reply may ask for: as long as a delivery is tried.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// What all channels of this kind speak with.
#[derive(Clone)]
pub struct Web {
    /// Speaks to whoever is public or allowed.
    client: Client,
    /// Speaks to whoever is allowed: without encryption, everybody on the way reads the secret.
    clear: Client,
    guard: Arc<Guard>,
    seal: Seal,
    bases: Arc<BTreeMap<&'static str, Url>>,
    clock: SharedClock,
}

/// Why the client cannot be made as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The file with the certificates cannot be read.
    #[error("cannot read NOTIFIER_HTTP_CA={}", path.display())]
    ReadCa {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The client cannot be made.
    #[error("cannot set up HTTP")]
    Client(#[from] reqwest::Error),
}

/// Something to post.
pub struct Post {
    /// Where.
    pub url: Url,
    /// Beside the type of the content.
    pub headers: Vec<(HeaderName, String)>,
    /// The content.
    pub body: String,
    /// Its type.
    pub media_type: &'static str,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, as far as it is read.
    pub text: String,
    /// How long to wait, if the answer says so.
    pub retry_after: Option<Duration>,
}

impl Post {
    /// A message for a robot, which reads JSON and no headers.
    pub fn json(url: Url, body: String) -> Self {
        let media_type = "application/json; charset=utf-8";
        Self { url, headers: Vec::new(), body, media_type }
    }
}

impl Web {
    /// Makes the clients.
    ///
    /// # Errors
    ///
    /// When a file that is configured cannot be used.
    pub fn open(config: &WebConfig, seal: Seal, clock: SharedClock) -> Result<Self, WebError> {
        let guard = Arc::new(Guard::new(config.allow.clone()));
        let client = |reach| client(config, Guarded { guard: Arc::clone(&guard), reach });
        let (client, clear) = (client(Reach::Public)?, client(Reach::Allowed)?);
        let bases = Arc::new(config.bases.clone());
        Ok(Self { client, clear, guard, seal, bases, clock })
    }

    /// An address, opened, below the base that is configured for the channel.
    ///
    /// # Errors
    ///
    /// The outcome of a parcel whose address cannot be used.
    pub fn address(&self, channel: &str, address: &Address) -> Result<SecretAddress, Outcome> {
        let broken = |reply: &str| Outcome::Broken { reply: reply.to_owned() };
        let Address::Sealed { content, .. } = address else {
            return Err(broken("the contact has no address for this channel"));
        };
        let opened = self.seal.open(content).map_err(|error| match error {
            SealError::UnknownKey { .. } | SealError::Damaged => broken(
                "the address cannot be opened: console and notifier need the same \
                 CERTHERALD_KEY_FILE; then save the contact again",
            ),
            SealError::File { .. }
            | SealError::Malformed { .. }
            | SealError::StillNeeded { .. }
            | SealError::Failed => {
                Outcome::Unready { reply: outcome::reply(&Chain(&error).to_string()) }
            }
        })?;
        let mut address: SecretAddress = serde_json::from_slice(&opened)
            .map_err(|_| broken("the address is of another version: save the contact again"))?;
        if let Some(base) = self.bases.get(channel) {
            address.url = below(base, &address.url);
        }
        Ok(address)
    }

    /// Whether something fits, by an address. Where there is none nothing goes, and that is seen
    /// when it is tried.
    pub fn fits(
        &self,
        channel: &str,
        address: &Address,
        fits: impl FnOnce(&SecretAddress) -> bool,
    ) -> bool {
        self.address(channel, address).map_or(true, |address| fits(&address))
    }

    /// Posts what is made of a parcel to where it goes, and judges what is answered.
    pub async fn tell(
        &self,
        channel: &str,
        parcel: &Parcel,
        post: impl FnOnce(&SecretAddress) -> Post + Send,
        judged: impl FnOnce(&Reply, &SecretAddress) -> Outcome + Send,
    ) -> Outcome {
        let address = match self.address(channel, &parcel.address) {
            Ok(address) => address,
            Err(outcome) => return outcome,
        };
        match self.post(post(&address)).await {
            Ok(reply) => judged(&reply, &address),
            Err(outcome) => outcome,
        }
    }

    /// Posts, and reads what is answered.
    ///
    /// # Errors
    ///
    /// The outcome of a sending without an answer.
    pub async fn post(&self, post: Post) -> Result<Reply, Outcome> {
        let reach = self.reach(&post.url);
        // A resolver is not asked for an address that stands in the URL itself.
        let literal = match post.url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        if literal.is_some_and(|address| !reach.holds(&self.guard, address)) {
            return Err(Outcome::Unready { reply: reach.refused().to_string() });
        }
        let client = match reach {
            Reach::Public => &self.client,
            Reach::Allowed => &self.clear,
        };
        let mut request = client.post(post.url).header(CONTENT_TYPE, post.media_type);
        for (name, value) in post.headers {
            request = request.header(name, value);
        }
        let mut response = request.body(post.body).send().await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| {
            let asked = self.waits(value.to_str().ok()?)?;
            Some(asked.min(WAIT_MAX))
        });
        let mut body = Vec::new();
        // A body that breaks off says as much as came of it.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = REPLY_MAX - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if chunk.len() >= room {
                break;
            }
        }
        Ok(Reply { status, text: String::from_utf8_lossy(&body).into_owned(), retry_after })
    }

    /// How far a URL may reach. Of a base, its setting says that it may be in the clear.
    fn reach(&self, url: &Url) -> Reach {
        let is_below = |base: &Url| base.origin() == url.origin();
        if url.scheme() == "https" || self.bases.values().any(is_below) {
            Reach::Public
        } else {
            Reach::Allowed
        }
    }

    /// Now, by the clock of the process.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Seconds, or an instant (RFC 9110, section 10.2.3).
    fn waits(&self, text: &str) -> Option<Duration> {
        if let Ok(seconds) = text.trim().parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = httpdate::parse_http_date(text.trim()).ok()?;
        let now = self.clock.now();
        Some(at.duration_since(now.into()).unwrap_or_default())
    }
}

impl Reply {
    /// The body, if it is JSON of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.text).ok()
    }

    /// The outcome of an answer that is not understood: it may have been taken all the same.
    pub fn unknown(&self, address: &SecretAddress) -> Outcome {
        Outcome::Again {
            reply: self.words(address),
            wait_min: self.retry_after,
            perhaps_told: (200..300).contains(&self.status),
        }
    }

    /// Status and body as they may be kept.
    pub fn words(&self, address: &SecretAddress) -> String {
        scrubbed(&format!("HTTP {}: {}", self.status, self.text), address)
    }
}

/// The address of a private deployment or a proxy, with what names the robot.
fn below(base: &Url, url: &Url) -> Url {
    let mut joined = base.clone();
    joined.set_path(&format!("{}{}", base.path().trim_end_matches('/'), url.path()));
    joined.set_query(url.query());
    joined
}

/// Nothing was answered. No error may name the URL: it is the secret.
fn unanswered(error: reqwest::Error) -> Outcome {
    let perhaps_told = !error.is_connect() && !error.is_builder();
    let error = error.without_url();
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Outcome::Unready { reply: refused.to_string() };
        }
        cause = error.source();
    }
    let reply = outcome::reply(&Chain(&error).to_string());
    Outcome::Again { reply, wait_min: None, perhaps_told }
}

fn client(config: &WebConfig, guarded: Guarded) -> Result<Client, WebError> {
    let mut builder = Client::builder()
        .no_proxy()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_WITHIN.min(config.timeout))
        .timeout(config.timeout)
        .dns_resolver(Arc::new(guarded));
    if let Some(path) = &config.ca {
        let read = |source| WebError::ReadCa { path: path.clone(), source };
        let pem = std::fs::read(path).map_err(read)?;
        for certificate in Certificate::from_pem_bundle(&pem)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    Ok(builder.build()?)
}

/// Which addresses may be spoken to.
#[derive(Debug, Clone, Copy)]
enum Reach {
    /// Those that are public, and those that the operator allows.
    Public,
    /// Those that the operator allows.
    Allowed,
}

/// An address that may not be spoken to.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(
        "the host is not public: NOTIFIER_ALLOW names the ranges that are allowed all the same"
    )]
    NotPublic,
    #[error("http is not encrypted: NOTIFIER_ALLOW names the ranges that are allowed all the same")]
    InTheClear,
}

impl Reach {
    fn holds(self, guard: &Guard, address: IpAddr) -> bool {
        match self {
            Self::Public => guard.admits(address),
            Self::Allowed => guard.allows(address),
        }
    }

    fn refused(self) -> Refused {
        match self {
            Self::Public => Refused::NotPublic,
            Self::Allowed => Refused::InTheClear,
        }
    }
}

/// Resolves as the system does, and refuses names behind which anything is beyond reach: the
/// address that is dialled is one that was looked at.
struct Guarded {
    guard: Arc<Guard>,
    reach: Reach,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, reach) = (Arc::clone(&self.guard), self.reach);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            if !addresses.iter().all(|address| reach.holds(&guard, address.ip())) {
                return Err(reach.refused().into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn address() -> SecretAddress {
        SecretAddress::read("dingtalk", TOKEN, "SECabcdefgh", &[], &[]).unwrap()
    }

    #[test]
    fn a_base_takes_the_place_of_the_vendors_host() {
        let base: Url = "http://127.0.0.1:8081/robots/".parse().unwrap();
        let url = below(&base, &address().url);
        let want = format!("http://127.0.0.1:8081/robots/robot/send?access_token={TOKEN}");
        assert_eq!(url.as_str(), want);
    }
}
