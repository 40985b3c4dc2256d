//! The connection: requests that are answered, lost or unanswered within a bound, never anything else.

use std::{collections::BTreeSet, error::Error, io, sync::Arc, time::Duration};

use async_nats::{
    Client, ConnectOptions, Event, HeaderMap,
    client::{Request, RequestErrorKind},
    connection::State,
    jetstream::{ErrorCode, response::Response},
};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};
use tracing::{debug, info, warn};

use super::{Credentials, NatsOptions};
use crate::{bus::BusError, error::Chain};

/// How long an answer is waited for: longer than a cluster needs to elect a new leader, as a rule.
pub(super) const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// How long a call waits for a connection that is being made anew, before it says that there is none:
/// enough for a server to restart, too short to be noticed by people.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);

/// How often a call that waits for a connection looks for one.
const CONNECTION_LOOK: Duration = Duration::from_millis(20);

/// Longest wait between two attempts to connect: a broker that is back is found within a second.
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often the server is asked for a sign of life; after two that it did not give, it is left. A host
/// that vanished without a word is noticed within 15 s.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// Messages that a subscription holds before more are dropped. Above all that is ever asked for at once.
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

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// It was not sent.
    #[error("there is no connection to the server")]
    Unsent,
    /// Nobody listens on its subject.
    #[error("nobody answers: no stream or consumer of this kind, or no JetStream, or no leader")]
    Nobody,
    /// It was sent, and the connection was lost.
    #[error("the connection was lost")]
    Lost,
    /// It was sent, and no answer came.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// The client would not send it.
    #[error("the request was not accepted")]
    Unfit(#[source] Box<dyn Error + Send + Sync>),
}

/// Why `JetStream` did not do as asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// It did not answer.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// It said no.
    #[error(transparent)]
    Refused(#[from] async_nats::jetstream::Error),
    /// It said what nobody understands.
    #[error("an answer is not understood")]
    Garbled(#[source] serde_json::Error),
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

    /// Counts how often the connection was lost: a change means that answers will not come any more.
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

/// An answer of `JetStream`, or its error.
pub(super) fn understood<V: DeserializeOwned>(payload: &[u8]) -> Result<V, ApiError> {
    match serde_json::from_slice(payload).map_err(ApiError::Garbled)? {
        Response::Ok(answer) => Ok(answer),
        Response::Err { error } => Err(error.into()),
    }
}

/// Tells people once, and not at each attempt, that something is out of reach.
pub(super) struct Complaint {
    what: String,
    made: bool,
}

impl Complaint {
    pub(super) fn about(what: impl Into<String>) -> Self {
        Self { what: what.into(), made: false }
    }

    pub(super) fn make(&mut self, error: &BusError) {
        let (what, error) = (&self.what, Chain(error));
        if self.made {
            debug!(%what, %error, "{what} is still out of reach.");
        } else {
            warn!(%what, %error, "{what} is out of reach: trying again.");
        }
        self.made = true;
    }

    pub(super) fn over(self) {
        if self.made {
            info!(what = %self.what, "{} is in reach again.", self.what);
        }
    }
}

impl Unanswered {
    /// As an error of the bus.
    pub(super) fn while_doing(self, operation: impl Into<String>) -> BusError {
        let operation = operation.into();
        match self {
            Self::Unfit(source) => BusError::Refused { operation, source },
            Self::Unsent | Self::Nobody | Self::Lost | Self::Late(_) => {
                BusError::Unreachable { operation, source: self.into() }
            }
        }
    }
}

impl ApiError {
    /// Whether it was refused with this code.
    pub(super) fn is(&self, code: ErrorCode) -> bool {
        matches!(self, Self::Refused(error) if error.error_code() == code)
    }

    /// As an error of the bus.
    pub(super) fn while_doing(self, operation: impl Into<String>) -> BusError {
        let operation = operation.into();
        match self {
            Self::Unanswered(error) => error.while_doing(operation),
            Self::Garbled(source) => BusError::Refused { operation, source: source.into() },
            Self::Refused(error) if OUT_OF_SPACE.contains(&error.error_code()) => {
                BusError::Storage { operation, source: error.into() }
            }
            // 503 in any form: no leader yet, offline, restarting. It passes.
            Self::Refused(error)
                if error.code() == 503 || PASSING.contains(&error.error_code()) =>
            {
                BusError::Unreachable { operation, source: error.into() }
            }
            Self::Refused(error) => BusError::Refused { operation, source: error.into() },
        }
    }
}

/// Refusals for want of space.
const OUT_OF_SPACE: [ErrorCode; 6] = [
    ErrorCode::STREAM_STORE_FAILED,
    ErrorCode::INSUFFICIENT_RESOURCES,
    ErrorCode::STORAGE_RESOURCES_EXCEEDED,
    ErrorCode::MEMORY_RESOURCES_EXCEEDED,
    ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
    ErrorCode::TEMP_STORAGE_FAILED,
];

/// Refusals that a cluster gives while it makes up its mind.
const PASSING: [ErrorCode; 5] = [
    ErrorCode::STREAM_NOT_FOUND,
    ErrorCode::CONSUMER_NOT_FOUND,
    ErrorCode::STREAM_EXPECTED_LAST_SEQ_PER_SUBJECT_NOT_READY,
    ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT,
    ErrorCode::STREAM_TOO_MANY_REQUESTS,
];

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
        Credentials::File(path) => connect.credentials_file(path).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
        }),
    }
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
