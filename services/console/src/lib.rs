//! Takes orders and shows the state of everything: the REST API.
//!
//! People order through it what is monitored and who is told: each order becomes a record of
//! `INVENTORY`. What it shows is folded from the streams and may be folded anew at any time. It
//! scans nothing, judges nothing and tells nobody. Start reading at [`run`], then
//! [`domain::inventory`] and [`domain::board`].

pub mod config;
pub mod domain;
pub mod shell;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use chassis::{
    context::Context,
    dice::Dice,
    seal::{Seal, SealError},
    skew,
    snapshot::SnapshotError,
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    net::TcpSocket,
    sync::{Semaphore, oneshot},
};
use tracing::info;
use url::Url;

pub use crate::config::Config;
use crate::{
    config::ConsoleUrl,
    domain::session::{Limits, Purpose},
    shell::{
        entry::{Entry, Ways, link},
        eraser::Eraser,
        first_start::{self, FirstStartError},
        http::{
            self, Api,
            listener::Bounded,
            serving::{self, Patience},
            tls::{self, TlsError},
        },
        mirror::Mirror,
        openid::{Provider, http::OpenError},
        passwords::HashError,
        pulse,
        requests::Requests,
        session::{Gate, cookie::Cookies},
        store::Store,
        verifier::Verifier,
    },
};

/// Connections that the system accepts before the console does: a burst of a load balancer.
const CALLERS_WAITING_MAX: u32 = 1_024;

/// Why the console does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The address of the API cannot be had.
    #[error(
        "cannot listen on {address}; CONSOLE_LISTEN, or `--listen` of `up`, names another address"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The key file cannot be used.
    #[error("cannot seal secrets")]
    Key(#[from] SealError),
    /// Passwords cannot be hashed.
    #[error("cannot let people sign in")]
    Passwords(#[from] HashError),
    /// The `OpenID` provider cannot be spoken to as it is configured.
    #[error("cannot let people sign in through OpenID")]
    OpenId(#[from] OpenError),
    /// What is shown cannot be kept.
    #[error("cannot keep the board")]
    Board(#[from] SnapshotError),
    /// Its address cannot be noted.
    #[error("cannot note the console's address in {}", path.display())]
    Address {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The first start did not come to its end.
    #[error("the first start failed")]
    FirstStart(#[from] FirstStartError),
    /// TLS cannot be served.
    #[error("cannot serve TLS")]
    Tls(#[from] TlsError),
    /// The API stopped answering.
    #[error("the API stopped")]
    Serve(#[source] io::Error),
}

/// Runs the console until the process stops.
///
/// # Errors
///
/// See [`RunError`].
pub async fn run(context: Context, config: Config) -> Result<(), RunError> {
    let address = reserve(config.listen)?;
    let (invited, _) = oneshot::channel();
    serve(context, config, address, invited).await
}

/// Takes the address of the API; apart from [`serve`], so that whoever starts several services
/// learns at once that it is taken, and which port it is. It opens when there is an answer: until
/// then callers are refused, and need not wait.
///
/// # Errors
///
/// When it cannot be had.
pub fn reserve(address: SocketAddr) -> Result<TcpSocket, RunError> {
    let reserve = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A port whose last connections are still fading away is free.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    reserve().map_err(|source| RunError::Listen { address, source })
}

/// Runs the console on an address that was taken until the process stops. Says before it is ready
/// whether it printed a one-time link for the first account.
///
/// # Errors
///
/// See [`RunError`].
pub async fn serve(
    context: Context,
    config: Config,
    reserved: TcpSocket,
    invited: oneshot::Sender<bool>,
) -> Result<(), RunError> {
    let prepared = context.health.check("console");
    skew::watch(&context);
    let stopping = context.tasks.stopping();
    let mirror = Mirror::begin(&context, &context.data.join("board")).await?;
    let store = Store::new(
        context.bus.clone(),
        context.clock.clone(),
        context.dice.clone(),
        mirror.clone(),
    );
    let Some(()) = stopping.run_until_cancelled(mirror.caught_up()).await else { return Ok(()) };
    let token_file = config.token_file.clone().unwrap_or_else(|| context.data.join("admin-token"));
    let address = reserved.local_addr().map_err(RunError::Serve)?;
    let key_file = config.key_file.clone().unwrap_or_else(|| context.data.join("key"));
    let seal = Seal::open_or_create(&key_file)?;
    let address_file = config.address_file.clone();
    let requests = Requests::new(context.clone());
    let tls = config.access.tls.clone().map(|files| tls::begin(files, &context)).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = config.url_at(address);
    let doors = (gate(&config, seal.clone()), ways(&config, &url, &context)?);
    let entry = Entry::new(doors, context.clone(), mirror.clone(), store.clone(), url.clone())?;
    first_start::prepare(&context, &mirror, &store, &token_file).await?;
    // Nobody need want to know.
    invited.send(first_start::invite(&mirror, &entry)?).unwrap_or_default();
    let api = Arc::new(Api {
        eraser: Eraser::begin(&context, mirror.clone()),
        verifier: Verifier::new(context.clone(), requests.clone(), seal.clone(), url.clone()),
        requests,
        seal,
        entry,
        streams: Arc::new(Semaphore::new(config.streams_max)),
        pulse: pulse::begin(&context),
        context,
        config,
        mirror,
        store,
    });
    let listener = reserved
        .listen(CALLERS_WAITING_MAX)
        .map_err(|source| RunError::Listen { address, source })?;
    if let Some(path) = address_file {
        std::fs::write(&path, format!("{}\n", url.as_str()))
            .map_err(|source| RunError::Address { path, source })?;
    }
    info!(api = %address, "The console answers on {scheme}://{address}.");
    prepared.ready();
    let listener = Bounded::new(listener, tls, Patience::USUAL.silence);
    serving::serve(listener, http::router(api), Patience::USUAL, stopping).await;
    Ok(())
}

/// A one-time link that sets name and password of an administrator of the console at a URL. For
/// whoever holds its key; the console need not run.
///
/// # Errors
///
/// When it cannot be sealed.
pub fn reset_link(
    seal: &Seal,
    url: &ConsoleUrl,
    dice: &Dice,
    now: Timestamp,
) -> Result<Url, SealError> {
    link::make(Purpose::Reset, (seal, url), dice, now)
}

/// How people may sign in.
fn ways(config: &Config, url: &ConsoleUrl, context: &Context) -> Result<Ways, OpenError> {
    let openid = config.access.openid.clone();
    let open = |settings| Provider::open(settings, url, context.clock.clone());
    Ok(Ways { password: config.access.passwords, openid: openid.map(open).transpose()? })
}

/// What sessions are opened with.
fn gate(config: &Config, seal: Seal) -> Gate {
    let access = &config.access;
    Gate {
        seal,
        limits: Limits {
            idle: SignedDuration::try_from(access.session_idle).unwrap_or(SignedDuration::MAX),
            whole: SignedDuration::try_from(access.session_max).unwrap_or(SignedDuration::MAX),
        },
        cookies: if access.is_encrypted() { Cookies::Secure } else { Cookies::InTheClear },
        origin: config.url.as_ref().map(ConsoleUrl::origin),
    }
}
