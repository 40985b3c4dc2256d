//! The settings by which a process finds its broker.

use crate::{
    bus::nats::{Credentials, NatsOptions},
    config::{ConfigError, Reader},
};

/// Where the streams are kept.
#[derive(Debug, Clone)]
pub enum BrokerConfig {
    /// In the data directory of this process.
    Embedded,
    /// On a NATS server.
    Nats(NatsOptions),
}

impl BrokerConfig {
    /// Reads the settings:
    ///
    /// - `CERTHERALD_NATS_URL`: one or more URLs with commas between. Default: none, the streams
    ///   are kept in the data directory.
    /// - `CERTHERALD_NATS_USER` with `CERTHERALD_NATS_PASSWORD_FILE`, or
    ///   `CERTHERALD_NATS_TOKEN_FILE`, or `CERTHERALD_NATS_CREDENTIALS`, a file of a JWT and its
    ///   seed: who we are. Default: nobody in particular.
    /// - `CERTHERALD_NATS_AUTHORITY`: PEM file of the authorities that may have signed the server's
    ///   certificate, in place of those of the system. Default: none.
    /// - `CERTHERALD_NATS_TLS`: whether a connection without TLS is refused. Default `false`.
    /// - `CERTHERALD_NATS_INBOX`: first part of the subjects on which answers are received. Default
    ///   `_INBOX`.
    /// - `CERTHERALD_NATS_REPLICAS`: copies of each stream, 1 to 5. Default 1.
    ///
    /// # Errors
    ///
    /// All mistakes in them.
    pub fn read(reader: Reader<'_>) -> Result<Self, ConfigError> {
        let url = reader.text("CERTHERALD_NATS_URL", "");
        let replicas = reader.number("CERTHERALD_NATS_REPLICAS", 1, 1..=5);
        let options = NatsOptions {
            credentials: credentials(&reader),
            authority: reader.path("CERTHERALD_NATS_AUTHORITY"),
            tls: reader.flag("CERTHERALD_NATS_TLS", false),
            inbox: reader.optional("CERTHERALD_NATS_INBOX"),
            replicas: usize::try_from(replicas).unwrap_or(1),
            ..NatsOptions::new(url.clone())
        };
        reader.finish(if url.is_empty() { Self::Embedded } else { Self::Nats(options) })
    }
}

fn credentials(reader: &Reader<'_>) -> Credentials {
    let user = reader.optional::<String>("CERTHERALD_NATS_USER");
    let password = reader.secret("CERTHERALD_NATS_PASSWORD");
    let token = reader.secret("CERTHERALD_NATS_TOKEN");
    let file = reader.path("CERTHERALD_NATS_CREDENTIALS");
    match (user, password, token, file) {
        (None, None, None, None) => Credentials::None,
        (Some(user), Some(password), None, None) => Credentials::Password { user, password },
        (None, None, Some(token), None) => Credentials::Token(token),
        (None, None, None, Some(file)) => Credentials::File(file),
        _ => {
            reader.mistake(
                "CERTHERALD_NATS_…: want one of USER with PASSWORD_FILE, TOKEN_FILE, or CREDENTIALS"
                    .to_owned(),
            );
            Credentials::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<BrokerConfig, ConfigError> {
        let lookup = |key: &str| {
            pairs.iter().find(|(name, _)| *name == key).map(|(_, text)| (*text).to_owned())
        };
        BrokerConfig::read(Reader::new(&lookup))
    }

    #[test]
    fn without_a_url_the_streams_are_our_own() {
        assert!(matches!(read(&[]), Ok(BrokerConfig::Embedded)));
    }

    #[test]
    fn a_user_without_a_password_is_a_mistake() {
        let url = ("CERTHERALD_NATS_URL", "nats://127.0.0.1:4222");
        assert!(matches!(read(&[url]), Ok(BrokerConfig::Nats(_))));
        let error = read(&[url, ("CERTHERALD_NATS_USER", "prober")]).unwrap_err();
        assert!(error.to_string().contains("USER with PASSWORD_FILE"), "{error}");
    }
}
