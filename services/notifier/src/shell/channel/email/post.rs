//! The connections to the mail server.
//!
//! The blocking client is used on purpose: its connections honour their time limits. And they are
//! kept here, not in the library's pool: that hands over a mail and the dot at its end by two
//! writes, of which Nagle's algorithm holds back the second until the first is acknowledged, some
//! 40 ms later.

use std::{fmt, fs, sync::Arc, time::Duration};

use chassis::clock::SharedClock;
use lettre::{
    Message,
    address::Envelope,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{Certificate, SmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use super::{
    EmailError,
    reply::{self, Refused, Stage},
    waiting::Waiting,
};
use crate::{
    config::{MailConfig, Security},
    domain::thread::outcome::Outcome,
};

/// A server that takes our mail.
pub(super) struct Post {
    from: Mailbox,
    pool: Arc<Pool>,
    /// How many connections there may be.
    connections: Arc<Semaphore>,
}

struct Pool {
    server: Server,
    /// None when there is nobody to wait for.
    waiting: Mutex<Option<Waiting<SmtpConnection>>>,
    /// Told when one more waits.
    kept: Notify,
    clock: SharedClock,
}

struct Server {
    host: String,
    port: u16,
    tls: Tls,
    timeout: Duration,
    credentials: Option<Credentials>,
}

enum Tls {
    None,
    /// By STARTTLS.
    Upgraded(TlsParameters),
    Implicit(TlsParameters),
}

impl Post {
    pub(super) fn open(config: &MailConfig, clock: SharedClock) -> Result<Self, EmailError> {
        let relay = &config.relay;
        let tls = match relay.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Upgraded(trust(config)?),
            Security::Implicit => Tls::Implicit(trust(config)?),
        };
        let credentials = relay.user.clone().zip(config.password.as_ref());
        let server = Server {
            host: relay.host.clone(),
            port: relay.port,
            tls,
            timeout: config.timeout,
            credentials: credentials
                .map(|(user, password)| Credentials::new(user, password.expose().to_owned())),
        };
        Ok(Self {
            from: config.from.clone(),
            pool: Arc::new(Pool {
                server,
                waiting: Mutex::new(Some(Waiting::new())),
                kept: Notify::new(),
                clock,
            }),
            connections: Arc::new(Semaphore::new(config.connections)),
        })
    }

    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Ends connections that have waited for the next mail for long enough, for ever.
    pub(super) async fn tend(&self) {
        loop {
            let next_over = self.pool.waiting.lock().as_ref().and_then(Waiting::next_over);
            let Some(next_over) = next_over else {
                self.pool.kept.notified().await;
                continue;
            };
            self.pool.clock.sleep_until(next_over).await;
            let pool = self.pool.clone();
            // One that broke off has ended what it had taken out.
            drop(tokio::task::spawn_blocking(move || pool.end_over()).await);
        }
    }

    /// Runs to its end even when nobody waits for it any more, so that no connection is left half
    /// used.
    pub(super) async fn send(&self, message: Message) -> Outcome {
        // The semaphore is never closed.
        let place = self.connections.clone().acquire_owned().await.ok();
        let pool = self.pool.clone();
        let send = move || {
            let sent = pool.send(&message);
            drop(place);
            sent
        };
        match tokio::task::spawn_blocking(send).await {
            Ok(answer) => reply::outcome(answer),
            Err(join) => {
                let reply = format!("the sending broke off: {join}");
                Outcome::Again { reply, wait_min: None, perhaps_told: true }
            }
        }
    }
}

impl Drop for Post {
    /// Says goodbye on each connection that waits, and waits for the answers: not on a thread that
    /// has other things to do, and nobody waits for it.
    fn drop(&mut self) {
        let waiting = self.pool.waiting.lock().take();
        let goodbye = || waiting.into_iter().flat_map(Waiting::all).for_each(end);
        std::thread::Builder::new().name("mail-goodbye".to_owned()).spawn(goodbye).ok();
    }
}

impl Pool {
    fn send(&self, message: &Message) -> Result<Response, Refused> {
        let mut connection = self.connection().map_err(Stage::Other.refused())?;
        let answer = hand_over(&mut connection, message);
        if answer.is_err() {
            connection.abort();
        } else {
            self.keep(connection);
        }
        answer
    }

    /// One that waited and still stands, or a new one.
    fn connection(&self) -> Result<SmtpConnection, Error> {
        loop {
            let last = self.waiting.lock().as_mut().and_then(Waiting::take);
            let Some(mut connection) = last else { return self.server.connect() };
            if connection.test_connected() {
                return Ok(connection);
            }
            end(connection);
        }
    }

    /// Lets a connection wait for the next mail, or ends it if there is nobody to wait for.
    fn keep(&self, connection: SmtpConnection) {
        let left = match &mut *self.waiting.lock() {
            Some(waiting) => {
                waiting.put(connection, self.clock.now());
                self.kept.notify_one();
                None
            }
            None => Some(connection),
        };
        left.into_iter().for_each(end);
    }

    fn end_over(&self) {
        let now = self.clock.now();
        let over = self.waiting.lock().as_mut().map(|waiting| waiting.over(now));
        over.into_iter().flatten().for_each(end);
    }
}

/// Says goodbye, and waits for the answer.
fn end(mut connection: SmtpConnection) {
    connection.abort();
}

impl Server {
    fn connect(&self) -> Result<SmtpConnection, Error> {
        let hello = ClientId::default();
        let implicit = match &self.tls {
            Tls::Implicit(parameters) => Some(parameters),
            Tls::None | Tls::Upgraded(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            SmtpConnection::connect(server, Some(self.timeout), &hello, implicit, None)?;
        if let Tls::Upgraded(parameters) = &self.tls {
            connection.starttls(parameters, &hello)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials)?;
        }
        Ok(connection)
    }
}

fn hand_over(connection: &mut SmtpConnection, message: &Message) -> Result<Response, Refused> {
    let (envelope, bytes) = (message.envelope(), message.formatted());
    let Some(whole) = Whole::of(envelope, &bytes) else {
        // It needs an extension of the server's, which the library looks for.
        return connection.send(envelope, &bytes).map_err(Stage::Other.refused());
    };
    let sender = Mail::new(envelope.from().cloned(), Vec::new());
    connection.command(sender).map_err(Stage::Sender.refused())?;
    for to in envelope.to() {
        let recipient = Rcpt::new(to.clone(), Vec::new());
        connection.command(recipient).map_err(Stage::Recipient.refused())?;
    }
    connection.command(Data).map_err(Stage::Other.refused())?;
    connection.command(whole).map_err(Stage::Other.refused())
}

/// A mail with the dot at its end, to be written at once.
struct Whole<'a>(&'a str);

impl<'a> Whole<'a> {
    /// If it is what every server takes: lines of ASCII.
    fn of(envelope: &Envelope, mail: &'a [u8]) -> Option<Self> {
        let mut addresses = envelope.from().into_iter().chain(envelope.to());
        let is_plain =
            mail.is_ascii() && addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii());
        let text = std::str::from_utf8(mail).ok().filter(|_| is_plain)?;
        let lines = text.strip_suffix("\r\n")?;
        lines.split("\r\n").all(|line| !line.contains(['\r', '\n'])).then_some(Self(lines))
    }
}

impl fmt::Display for Whole<'_> {
    /// With a dot before each line that begins with one (RFC 5321, section 4.5.2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.split("\r\n") {
            let dot = if line.starts_with('.') { "." } else { "" };
            write!(f, "{dot}{line}\r\n")?;
        }
        f.write_str(".\r\n")
    }
}

fn trust(config: &MailConfig) -> Result<TlsParameters, EmailError> {
    let failed = |source| EmailError::Tls { relay: config.relay.to_string(), source };
    let mut builder = TlsParameters::builder(config.relay.host.clone());
    if let Some(path) = &config.ca {
        let read = |source| EmailError::ReadCa { path: path.clone(), source };
        let pem = fs::read(path).map_err(read)?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(failed)?);
    }
    builder.build().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(to: &str) -> Envelope {
        Envelope::new(Some("a@example.com".parse().unwrap()), vec![to.parse().unwrap()]).unwrap()
    }

    #[test]
    fn a_mail_ends_with_its_only_lonely_dot() {
        let to = envelope("b@example.com");
        let written = |mail: &str| Whole::of(&to, mail.as_bytes()).map(|whole| whole.to_string());
        assert_eq!(written("A: b\r\n\r\nc\r\n").unwrap(), "A: b\r\n\r\nc\r\n.\r\n");
        assert_eq!(written("A: b\r\n\r\n.\r\n").unwrap(), "A: b\r\n\r\n..\r\n.\r\n");
        assert_eq!(written(".\r\n\r\n.c\r\n..\r\n").unwrap(), "..\r\n\r\n..c\r\n...\r\n.\r\n");
    }

    #[test]
    fn what_asks_for_an_extension_or_care_is_left_to_the_library() {
        let to = envelope("b@example.com");
        for mail in ["A: b\r\n\r\nc", "A: b\n\r\n", "A: b\r\r\n", "A: \u{e9}\r\n"] {
            assert!(Whole::of(&to, mail.as_bytes()).is_none(), "{mail:?}");
        }
        assert!(Whole::of(&envelope("\u{e9}@example.com"), b"A: b\r\n").is_none());
    }
}
