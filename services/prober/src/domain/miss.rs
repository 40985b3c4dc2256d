//! Why an address gave no certificate: errors of sockets and of TLS, sorted into the reasons that a
//! fact can name, and into theirs and ours.

use std::{io, net::IpAddr, time::Duration};

use proto::v1::Reason;
use rustls::{AlertDescription, Error as TlsError, InvalidMessage};

use super::heard::Heard;

/// Characters of a detail, as `Failure.detail` promises.
const DETAIL_CHARACTERS_MAX: usize = 200;

/// What stood between us and a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The phase that failed, and how.
    pub reason: Reason,
    /// Description of the alert that the server sent.
    pub alert: Option<u8>,
    /// What happened, for people.
    pub detail: String,
    /// Whose fault it is.
    pub fault: Fault,
}

/// Whose fault a miss is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The endpoint's, or of the network between us.
    Theirs,
    /// Ours: this host has no route to the address.
    NoLocalRoute,
    /// Ours: no file descriptor, port or memory was left.
    OutOfResources,
}

/// When a connection attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before a packet left: the error is this host's own word.
    Local,
    /// After: the error is what the network or the endpoint answered.
    Remote,
}

/// Why a TLS conversation ended without its end being reached.
#[derive(Debug)]
pub enum Broken {
    /// The TLS library gave up, or the server did by an alert.
    Tls(TlsError),
    /// The connection failed.
    Io(io::Error),
    /// The server closed the connection.
    Closed,
    /// The server sent more than a handshake may have.
    Endless,
    /// Nothing more came within the time limit.
    Late(Duration),
}

impl Miss {
    /// A miss that is the endpoint's.
    pub fn theirs(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, alert: None, detail: detail.into(), fault: Fault::Theirs }
    }

    /// The guard refused to dial.
    pub fn not_allowed() -> Self {
        Self::theirs(
            Reason::AddressNotAllowed,
            "the address is not public, and its range is not allowed",
        )
    }

    /// No answer to our SYN.
    pub fn connect_timeout(waited: Duration) -> Self {
        Self::theirs(Reason::ConnectTimeout, format!("no TCP answer within {waited:.1?}"))
    }

    /// No socket became free for us.
    pub fn crowded() -> Self {
        Self {
            fault: Fault::OutOfResources,
            ..Self::theirs(Reason::ConnectTimeout, "every socket of this prober is in use")
        }
    }

    /// A connection attempt ended with this error.
    pub fn connect(error: &io::Error, stage: Stage, address: IpAddr) -> Self {
        let fault = fault(error, stage, address);
        let reason =
            if is_refusal(error) { Reason::ConnectRefused } else { Reason::ConnectTimeout };
        Self { fault, ..Self::theirs(reason, said(error)) }
    }

    /// A conversation broke before any certificate came.
    pub fn handshake(broken: &Broken, heard: &Heard) -> Self {
        if heard.is_foreign() {
            let detail = format!("answered `{}`, which is not TLS", heard.excerpt());
            return Self::theirs(Reason::NotTls, detail);
        }
        let reason = match broken {
            Broken::Tls(TlsError::NoCertificatesPresented) => Reason::NoCertificate,
            Broken::Tls(_) | Broken::Io(_) | Broken::Closed | Broken::Endless | Broken::Late(_) => {
                Reason::HandshakeFailed
            }
        };
        Self { alert: broken.alert(), ..Self::theirs(reason, broken.describe(heard)) }
    }
}

impl Miss {
    /// What to report when a second attempt failed as well: what it says of us or of an empty chain
    /// is worth more than how the first one broke off.
    #[must_use]
    pub fn or(self, second: Self) -> Self {
        match (second.fault, second.reason) {
            (Fault::NoLocalRoute | Fault::OutOfResources, _) | (_, Reason::NoCertificate) => second,
            (Fault::Theirs, _) => self,
        }
    }
}

impl Broken {
    /// Whether a server that broke off so, before any certificate came, may still show one to the
    /// reader for old TLS. An alert about the name or about us would only be repeated there.
    pub fn may_be_old(&self, heard: &Heard) -> bool {
        match self {
            Self::Tls(TlsError::AlertReceived(alert)) => matches!(
                alert,
                AlertDescription::ProtocolVersion
                    | AlertDescription::HandshakeFailure
                    | AlertDescription::InsufficientSecurity
                    | AlertDescription::InternalError
                    | AlertDescription::IllegalParameter
                    | AlertDescription::DecodeError
                    | AlertDescription::UnexpectedMessage
                    | AlertDescription::CloseNotify
            ),
            Self::Tls(
                TlsError::PeerIncompatible(_)
                | TlsError::PeerMisbehaved(_)
                | TlsError::InvalidMessage(_),
            ) => !heard.is_foreign(),
            Self::Io(_) | Self::Closed => heard.total() == 0,
            Self::Tls(_) | Self::Endless | Self::Late(_) => false,
        }
    }

    /// What happened, for people.
    pub fn describe(&self, heard: &Heard) -> String {
        match self {
            Self::Tls(TlsError::AlertReceived(alert)) => {
                format!("the server sent the alert {alert:?} ({})", u8::from(*alert))
            }
            Self::Tls(TlsError::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge)) => {
                "the server sent a handshake message above 64 KiB".into()
            }
            Self::Tls(error) => error.to_string(),
            Self::Io(error) => format!("the connection failed: {}", said(error)),
            Self::Closed if heard.total() == 0 => {
                "the server closed the connection without an answer".into()
            }
            Self::Closed => "the server closed the connection within the handshake".into(),
            Self::Endless => {
                format!("the server sent {} bytes and no end of its handshake", heard.total())
            }
            Self::Late(waited) if heard.total() == 0 => {
                format!("connected, but no answer within {waited:.1?}")
            }
            Self::Late(waited) => format!("the handshake was not done within {waited:.1?}"),
        }
    }

    fn alert(&self) -> Option<u8> {
        match self {
            Self::Tls(TlsError::AlertReceived(alert)) => Some(u8::from(*alert)),
            Self::Tls(_) | Self::Io(_) | Self::Closed | Self::Endless | Self::Late(_) => None,
        }
    }
}

/// A text as a detail may hold it: what strangers sent is shortened and loses its control
/// characters.
pub fn detail(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(DETAIL_CHARACTERS_MAX).collect()
}

/// What an error of the system says, without its number.
fn said(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.clone(), |(words, _)| words.to_owned())
}

/// Whether the error speaks of us. A refusal never does: on loopback it comes at once.
fn fault(error: &io::Error, stage: Stage, address: IpAddr) -> Fault {
    let starved = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    if error.raw_os_error().is_some_and(|code| starved.contains(&code)) {
        return Fault::OutOfResources;
    }
    // In IPv4 it means that no port is free; in IPv6 mostly that this host has no address.
    let no_port = error.kind() == io::ErrorKind::AddrNotAvailable && address.is_ipv4();
    match stage {
        Stage::Local if no_port => Fault::OutOfResources,
        Stage::Local if !is_refusal(error) => Fault::NoLocalRoute,
        Stage::Local | Stage::Remote => Fault::Theirs,
    }
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use rustls::{PeerIncompatible, PeerMisbehaved};

    use super::*;

    const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    fn connect(code: i32, stage: Stage, address: IpAddr) -> (Reason, Fault) {
        let miss = Miss::connect(&io::Error::from_raw_os_error(code), stage, address);
        (miss.reason, miss.fault)
    }

    fn heard(bytes: &[u8]) -> Heard {
        let mut heard = Heard::default();
        heard.note(bytes);
        heard
    }

    fn alert(description: AlertDescription) -> Broken {
        Broken::Tls(TlsError::AlertReceived(description))
    }

    #[test]
    fn a_refusal_is_theirs_also_when_it_comes_at_once() {
        let refused = (Reason::ConnectRefused, Fault::Theirs);
        assert_eq!(connect(libc::ECONNREFUSED, Stage::Remote, V4), refused);
        assert_eq!(connect(libc::ECONNREFUSED, Stage::Local, V4), refused);
        assert_eq!(connect(libc::ECONNRESET, Stage::Remote, V4), refused);
    }

    #[test]
    fn an_unreachable_network_is_ours_only_if_we_say_it_ourselves() {
        let remote = (Reason::ConnectTimeout, Fault::Theirs);
        let local = (Reason::ConnectTimeout, Fault::NoLocalRoute);
        assert_eq!(connect(libc::ENETUNREACH, Stage::Remote, V6), remote);
        assert_eq!(connect(libc::EHOSTUNREACH, Stage::Remote, V4), remote);
        assert_eq!(connect(libc::ETIMEDOUT, Stage::Remote, V4), remote);
        assert_eq!(connect(libc::ENETUNREACH, Stage::Local, V6), local);
        assert_eq!(connect(libc::EAFNOSUPPORT, Stage::Local, V6), local);
        assert_eq!(connect(libc::EADDRNOTAVAIL, Stage::Local, V6), local);
    }

    #[test]
    fn running_out_is_ours() {
        for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert_eq!(connect(code, Stage::Local, V4).1, Fault::OutOfResources);
        }
        assert_eq!(connect(libc::EADDRNOTAVAIL, Stage::Local, V4).1, Fault::OutOfResources);
    }

    #[test]
    fn an_answer_that_is_not_tls_is_quoted() {
        let http = heard(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let miss = Miss::handshake(&Broken::Closed, &http);
        assert_eq!(miss.reason, Reason::NotTls);
        assert_eq!(miss.detail, "answered `HTTP/1.1 400 Bad Request`, which is not TLS");
        let silent = Miss::handshake(&Broken::Late(Duration::from_secs(10)), &heard(b""));
        assert_eq!(silent.reason, Reason::HandshakeFailed);
        assert_eq!(silent.detail, "connected, but no answer within 10.0s");
    }

    #[test]
    fn the_alert_travels_with_the_miss() {
        let broken = alert(AlertDescription::UnrecognisedName);
        let miss = Miss::handshake(&broken, &heard(&[0x15, 3, 3, 0, 2, 2, 112]));
        assert_eq!((miss.reason, miss.alert), (Reason::HandshakeFailed, Some(112)));
        assert_eq!(miss.detail, "the server sent the alert UnrecognisedName (112)");
        let empty = Broken::Tls(TlsError::NoCertificatesPresented);
        assert_eq!(Miss::handshake(&empty, &heard(&[0x16])).reason, Reason::NoCertificate);
    }

    #[test]
    fn what_may_be_old_tls_is_read_again() {
        let tls = heard(&[0x15, 3, 1, 0, 2, 2, 70]);
        for broken in [
            alert(AlertDescription::ProtocolVersion),
            alert(AlertDescription::HandshakeFailure),
            alert(AlertDescription::InternalError),
            Broken::Tls(TlsError::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge)),
            Broken::Tls(TlsError::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13,
            )),
            Broken::Tls(TlsError::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedKxGroup)),
        ] {
            assert!(broken.may_be_old(&tls), "{broken:?}");
        }
        assert!(Broken::Closed.may_be_old(&heard(b"")), "version-intolerant servers hang up");
    }

    #[test]
    fn what_would_only_be_said_again_is_not_asked_again() {
        let tls = heard(&[0x16, 3, 3]);
        assert!(!alert(AlertDescription::UnrecognisedName).may_be_old(&tls));
        assert!(!Broken::Late(Duration::ZERO).may_be_old(&tls));
        assert!(!Broken::Closed.may_be_old(&tls));
        let invalid = Broken::Tls(TlsError::InvalidMessage(InvalidMessage::InvalidContentType));
        assert!(!invalid.may_be_old(&heard(b"HTTP/1.1 400")));
    }

    #[test]
    fn the_first_attempt_speaks_unless_the_second_knows_more() {
        let first = Miss::theirs(Reason::HandshakeFailed, "first");
        let vague = Miss::theirs(Reason::HandshakeFailed, "second");
        let empty = Miss::theirs(Reason::NoCertificate, "an empty chain");
        assert_eq!(first.clone().or(vague), first);
        assert_eq!(first.clone().or(Miss::crowded()), Miss::crowded());
        assert_eq!(first.or(empty.clone()), empty);
    }

    #[test]
    fn a_detail_is_short_and_printable() {
        assert_eq!(detail("a\u{1b}[31mb\n"), "a[31mb");
        assert_eq!(detail(&"é".repeat(300)).chars().count(), 200);
    }
}
