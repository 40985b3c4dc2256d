//! The connection: requests that are answered, lost or unanswered within a bound, never anything
//! else.

use std::{collections::BTreeSet, error::Error, fs, io, path::Path, sync::Arc, time::Duration};

use async_nats::{
    Client, ConnectOptions, Event, HeaderMap,
    client::{Request, RequestErrorKind},
    connection::State,
};
use bytes::Bytes;
use parking_lot::Mutex;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};
use tracing::{info, warn};

use super::{
    Credentials, NatsOptions,
    fault::{ApiError, Unanswered, understood},
};
use crate::bus::BusError;

/// How long an answer is waited for: longer than a cluster needs to elect a new leader, as a rule.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// How long a call waits for a connection that is being made anew, before it says that there is
/// none: enough for a server to restart, too short to be noticed by people.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);

/// How often a call that waits for a connection looks for one.
const CONNECTION_LOOK: Duration = Duration::from_millis(20);

/// Longest wait between two attempts to connect: a broker that is back is found within a second.
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often the server is asked for a sign of life; after two that it did not give, it is left. A
/// host that vanished without a word is noticed within 15 s.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// Messages that a subscription holds before more are dropped. Above all that is ever asked for at
/// once.
const SUBSCRIPTION_CAPACITY: usize = 128 * 1024;

/// The oldest server with all that is needed: limits of single messages (2.11) and asynchronous
/// persistence (2.12).
const SERVER_MIN: (i64, i64, i64) = (2, 12, 0);

/// A connection that makes itself anew.
pub(super) struct Link {
    client: Client,
    losses: watch::Receiver<u64>,
    resigned_to: Mutex<BTreeSet<String>>,
    pub(super) replicas: usize,
}

impl Link {
    pub(super) async fn open(options: NatsOptions) -> Result<Self, BusError> {
        let wrong = |source: Box<dyn Error + Send + Sync>| BusError::Refused {
            // Not the URL: it may hold a password.
            operation: "read how to reach NATS".to_owned(),
            source,
        };
        let addresses: Result<Vec<async_nats::ServerAddr>, _> =
            options.url.split(',').map(|url| url.trim().parse()).collect();
        let addresses = addresses.map_err(|error: io::Error| wrong(error.into()))?;
        let (lost, losses) = watch::channel(0);
        let connect = connect_options(&options).await.map_err(|error| wrong(error.into()))?;
        let lost = Arc::new(lost);
        let connect = connect.event_callback(move |event| {
            let lost = lost.clone();
            async move { heard(&event, &lost) }
        });
        let client = connect.connect(addresses).await.map_err(|error| wrong(error.into()))?;
        Ok(Self { client, losses, resigned_to: Mutex::default(), replicas: options.replicas })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Counts how often the connection was lost: a change means that answers will not come any
    /// more.
    pub(super) fn losses(&self) -> watch::Receiver<u64> {
        let mut losses = self.losses.clone();
        losses.mark_unchanged();
        losses
    }

    pub(super) async fn close(&self) -> Result<(), BusError> {
        self.client.drain().await.map_err(|_| BusError::Closed)
    }

    /// Waits for the connection, but not for long.
    pub(super) async fn reachable(&self) -> Result<(), Unanswered> {
        let deadline = Instant::now() + CONNECTION_WAIT;
        while !self.connected() {
            if Instant::now() >= deadline {
                return Err(Unanswered::Unsent);
            }
            sleep(CONNECTION_LOOK).await;
        }
        Ok(())
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        payload: Bytes,
        wait: Duration,
    ) -> Result<async_nats::Message, Unanswered> {
        self.reachable().await?;
        let mut losses = self.losses();
        let mut request = Request::new().payload(payload).timeout(None);
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        let answer = timeout(wait, self.client.send_request(subject, request));
        let answered = tokio::select! {
            biased;
            answered = answer => answered.map_err(|_| Unanswered::Late(wait))?,
            _ = losses.changed() => return Err(Unanswered::Lost),
        };
        answered.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => Unanswered::Nobody,
            RequestErrorKind::TimedOut => Unanswered::Late(wait),
            RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                Unanswered::Unfit(error.into())
            }
            RequestErrorKind::Other => Unanswered::Lost,
        })
    }

    /// Calls the API of `JetStream`.
    pub(super) async fn api<T: Serialize, V: DeserializeOwned>(
        &self,
        call: &str,
        request: &T,
        wait: Duration,
    ) -> Result<V, ApiError> {
        let body = serde_json::to_vec(request).map_err(ApiError::Garbled)?;
        let answer = self.ask(format!("$JS.API.{call}"), None, body.into(), wait).await?;
        understood(&answer.payload)
    }

    /// Sends something that is not answered, or is answered on an inbox.
    pub(super) async fn send(
        &self,
        subject: String,
        inbox: Option<String>,
        payload: Bytes,
    ) -> Result<(), Unanswered> {
        self.reachable().await?;
        let deadline = Instant::now() + ANSWER_WAIT;
        let sent = match inbox {
            Some(inbox) => {
                let send = self.client.publish_with_reply(subject, inbox, payload);
                timeout_at(deadline, send).await
            }
            None => timeout_at(deadline, self.client.publish(subject, payload)).await,
        };
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Unanswered::Unfit(error.into())),
            Err(_) => Err(Unanswered::Late(ANSWER_WAIT)),
        }
    }

    /// Whether a stream is used as it is, since we tried to change it and may not.
    pub(super) fn is_resigned_to(&self, stream: &str) -> bool {
        self.resigned_to.lock().contains(stream)
    }

    /// Uses a stream as it is from now on.
    pub(super) fn resign_to(&self, stream: &str) {
        self.resigned_to.lock().insert(stream.to_owned());
    }

    /// Refuses a server that is too old to be relied on.
    pub(super) fn recent(&self) -> Result<(), BusError> {
        let (major, minor, patch) = SERVER_MIN;
        if self.client.is_server_compatible(major, minor, patch) {
            return Ok(());
        }
        let have = self.client.server_info().version;
        Err(BusError::Refused {
            operation: "use the server".to_owned(),
            source: format!("it is nats-server {have}: want {major}.{minor} or later").into(),
        })
    }
}

async fn connect_options(options: &NatsOptions) -> io::Result<ConnectOptions> {
    let mut connect = ConnectOptions::new()
        .name(&options.name)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .ping_interval(PING_INTERVAL)
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        .reconnect_delay_callback(|attempts| {
            let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
            (Duration::from_millis(1) * 2_u32.pow(doublings)).min(RECONNECT_WAIT_MAX)
        })
        .require_tls(options.tls);
    if let Some(authority) = &options.authority {
        // The client reads it too, but as often as it connects, and does not say which file it is.
        is_authority(authority).map_err(|error| unreadable(authority, &error))?;
        connect = connect.add_root_certificates(authority.clone());
    }
    if let Some(inbox) = &options.inbox {
        connect = connect.custom_inbox_prefix(inbox);
    }
    match &options.credentials {
        Credentials::None => Ok(connect),
        Credentials::Token(token) => Ok(connect.token(token.expose().to_owned())),
        Credentials::Password { user, password } => {
            Ok(connect.user_and_password(user.clone(), password.expose().to_owned()))
        }
        Credentials::File(path) => {
            connect.credentials_file(path).await.map_err(|error| unreadable(path, &error))
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}

/// Whether a file holds certificates of authorities, and nothing that is none.
fn is_authority(path: &Path) -> io::Result<()> {
    let text = fs::read(path)?;
    let mut anchors = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(io::Error::other)?;
        anchors.add(certificate).map_err(io::Error::other)?;
    }
    if anchors.is_empty() {
        return Err(io::Error::other("it holds no certificate"));
    }
    Ok(())
}

/// Tells people what happens to the connection, and calls that their answers will not come.
fn heard(event: &Event, lost: &watch::Sender<u64>) {
    match event {
        Event::Connected => info!("Connected to NATS."),
        Event::Disconnected => {
            warn!("The connection to NATS was lost: connecting again.");
            lost.send_modify(|losses| *losses += 1);
        }
        Event::SlowConsumer(_) => warn!("Messages came faster than they were taken."),
        Event::ServerError(error) => warn!(%error, "NATS reports an error."),
        Event::ClientError(error) => warn!(%error, "The NATS client reports an error."),
        Event::LameDuckMode | Event::Draining | Event::Closed => info!(%event, "NATS: {event}."),
    }
}
