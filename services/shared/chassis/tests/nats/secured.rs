//! TLS and sign-in: the right credentials let us in, wrong ones are an error and not a hang.

use std::{fs, path::PathBuf};

use chassis::{
    bus::{
        BusError,
        nats::{Credentials, Nats, NatsOptions},
    },
    config::Secret,
};
use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity};
use proto::stream::Service;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{server::Server, world::PATIENCE};

async fn now(options: NatsOptions) -> Result<Timestamp, BusError> {
    let nats = Nats::connect(options).await?;
    timeout(PATIENCE, nats.bus(Service::Detector).now()).await.expect("an answer, of either kind")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_and_a_wrong_one_does_not() {
    let server = Server::start("guarded", "", "authorization { token: \"open-sesame\" }").await;
    let with = |token: &str| NatsOptions {
        credentials: Credentials::Token(Secret::new(token)),
        ..NatsOptions::new(server.address())
    };
    now(with("open-sesame")).await.unwrap();
    let error = now(with("open-barley")).await.unwrap_err();
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_with_servers_of_a_known_authority_alone() {
    let directory = tempfile::tempdir().unwrap();
    let authority = write_certificates(&directory);
    let file = |name: &str| directory.path().join(name).display().to_string();
    let tls = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        file("chain.pem"),
        file("key.pem")
    );
    let server = Server::start("secured", "", &tls).await;
    let port = server.address().rsplit_once(':').unwrap().1.to_owned();
    let known = NatsOptions {
        authority: Some(authority),
        tls: true,
        ..NatsOptions::new(format!("tls://localhost:{port}"))
    };
    now(known.clone()).await.unwrap();
    let error = now(NatsOptions { authority: None, ..known }).await.unwrap_err();
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");

    let plain = Server::start("plain", "", "").await;
    let error =
        now(NatsOptions { tls: true, ..NatsOptions::new(plain.address()) }).await.unwrap_err();
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused_at_once() {
    let url = NatsOptions::new("http://localhost:4222");
    assert!(matches!(Nats::connect(url).await.err(), Some(BusError::Refused { .. })));
    let file = NatsOptions {
        credentials: Credentials::File(PathBuf::from("/nowhere/user.creds")),
        ..NatsOptions::new("localhost")
    };
    let error = Nats::connect(file).await.err().unwrap();
    let shown = chassis::error::Chain(&error).to_string();
    assert!(shown.contains("/nowhere/user.creds"), "{shown}");
}

#[tokio::test]
async fn an_authority_that_cannot_be_used_is_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    write_certificates(&directory);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(directory.path().join("broken.pem"), broken).unwrap();
    for name in ["mistyped.pem", "key.pem", "broken.pem"] {
        let path = directory.path().join(name);
        let options =
            NatsOptions { authority: Some(path.clone()), ..NatsOptions::new("tls://localhost") };
        let error = Nats::connect(options).await.err().expect(name);
        assert!(matches!(error, BusError::Refused { .. }), "{error:?}");
        let shown = chassis::error::Chain(&error).to_string();
        assert!(shown.contains(path.to_str().unwrap()), "{shown}");
    }
}

/// A certificate for `localhost`. Answers the file of its authority.
fn write_certificates(directory: &TempDir) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "certificates for a real server are of today")]
    let now = Timestamp::now();
    let day = SignedDuration::from_hours(24);
    let authority = Authority::root("brokers", Validity::of_an_authority(now)).unwrap();
    let leaf = authority.issue(&Leaf::named("localhost", Validity::around(now, day, day))).unwrap();
    let write = |name: &str, text: String| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    write("chain.pem", leaf.chain_pem());
    write("key.pem", leaf.key_pem());
    write("authority.pem", authority.pem())
}
