//! The settings of who reaches the console, and how.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chassis::config::Reader;
use ipnet::IpNet;

use super::{ConsoleUrl, openid::OpenId};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Who reaches the console, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// `CONSOLE_TLS_CERT` and `CONSOLE_TLS_KEY`: PEM files of the certificate chain and its key.
    /// Read again when they change. Default: none; the console serves plain HTTP.
    pub tls: Option<TlsFiles>,
    /// `CONSOLE_TRUSTED_PROXIES`: addresses and ranges, with commas between, of proxies that serve
    /// TLS in front of the console: only they are believed where a request comes from
    /// (`X-Forwarded-For`) and how (`X-Forwarded-Proto`). Default: none.
    pub proxies: Vec<IpNet>,
    /// `CONSOLE_PLAIN`: whether plain HTTP may be served on an address that is not loopback, with
    /// neither TLS nor a trusted proxy. Passwords and sessions can then be read along the way.
    /// Default: false.
    pub plain: bool,
    /// `CONSOLE_SESSION_IDLE`: how long a session lasts without a request; what an open page asks
    /// by itself is none. Default 12 h, allowed 5 minutes to 30 days.
    pub session_idle: Duration,
    /// `CONSOLE_SESSION_MAX`: how long a session lasts in the whole. Default 7 days, allowed 1 h to
    /// 90 days.
    pub session_max: Duration,
    /// `CONSOLE_PASSWORDS`: whether people sign in with names and passwords. One-time links let
    /// their owners in all the same. Default: true.
    pub passwords: bool,
    /// The `OpenID` provider through which people sign in, if there is one.
    pub openid: Option<OpenId>,
}

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the console's own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Access {
    /// Reads the settings; `listen` is the address that the console is to listen on, `url` the one
    /// that people know it by.
    pub(super) fn read(reader: &Reader<'_>, listen: SocketAddr, url: Option<&ConsoleUrl>) -> Self {
        let access = Self {
            tls: tls(reader),
            proxies: reader.ranges("CONSOLE_TRUSTED_PROXIES"),
            plain: reader.flag("CONSOLE_PLAIN", false),
            session_idle: reader.duration("CONSOLE_SESSION_IDLE", 12 * HOUR, 5 * MINUTE..=30 * DAY),
            session_max: reader.duration("CONSOLE_SESSION_MAX", 7 * DAY, HOUR..=90 * DAY),
            passwords: reader.flag("CONSOLE_PASSWORDS", true),
            openid: OpenId::read(reader),
        };
        if !access.passwords && reader.path("CONSOLE_OPENID_ISSUER").is_none() {
            let why = "want CONSOLE_OPENID_ISSUER as well";
            reader.mistake(format!("CONSOLE_PASSWORDS=false: {why}"));
        }
        let is_elsewhere = !listen.ip().is_loopback() || !access.proxies.is_empty();
        if access.openid.is_some() && url.is_none() && is_elsewhere {
            let why = "want CONSOLE_URL as well: the provider sends people back there";
            reader.mistake(format!("CONSOLE_OPENID_ISSUER: {why}"));
        }
        if !listen.ip().is_loopback() && !access.is_encrypted() && !access.plain {
            reader.mistake(format!(
                "CONSOLE_LISTEN={listen}: want a loopback address, or TLS (CONSOLE_TLS_CERT and \
                 CONSOLE_TLS_KEY), or a proxy that serves it (CONSOLE_TRUSTED_PROXIES); \
                 CONSOLE_PLAIN=true allows passwords in the clear"
            ));
        }
        access
    }

    /// Whether people reach the console through TLS, its own or a proxy's.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some() || !self.proxies.is_empty()
    }
}

fn tls(reader: &Reader<'_>) -> Option<TlsFiles> {
    match (reader.file("CONSOLE_TLS_CERT"), reader.file("CONSOLE_TLS_KEY")) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
        (None, None) => None,
        (Some(_), None) => {
            reader.mistake("CONSOLE_TLS_CERT: want CONSOLE_TLS_KEY as well".to_owned());
            None
        }
        (None, Some(_)) => {
            reader.mistake("CONSOLE_TLS_KEY: want CONSOLE_TLS_CERT as well".to_owned());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Access, String> {
        let lookup = |key: &str| {
            let found = settings.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        };
        let config = Config::read(Reader::new(&lookup));
        config.map(|config| config.access).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_served_in_the_clear_to_others_unless_it_is_wanted() {
        let all = ("CONSOLE_LISTEN", "0.0.0.0:8080");
        let mistake = read(&[all]).unwrap_err();
        assert!(mistake.starts_with("CONSOLE_LISTEN=0.0.0.0:8080: want a loopback"), "{mistake}");
        assert!(read(&[all, ("CONSOLE_PLAIN", "true")]).is_ok_and(|access| access.plain));
        let proxied = read(&[all, ("CONSOLE_TRUSTED_PROXIES", "10.0.0.0/8,::1")]).unwrap();
        assert!(proxied.is_encrypted() && proxied.proxies.len() == 2);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let tls = [all, ("CONSOLE_TLS_CERT", file), ("CONSOLE_TLS_KEY", file)];
        assert!(read(&tls).unwrap().is_encrypted());
        assert!(!read(&[("CONSOLE_LISTEN", "[::1]:80")]).unwrap().is_encrypted());
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let mistake = read(&[("CONSOLE_TLS_CERT", file)]).unwrap_err();
        assert_eq!(mistake, "CONSOLE_TLS_CERT: want CONSOLE_TLS_KEY as well");
        let mistake = read(&[("CONSOLE_SESSION_IDLE", "1m")]).unwrap_err();
        assert_eq!(mistake, "CONSOLE_SESSION_IDLE=1m: want 5m to 30d");
    }
}
