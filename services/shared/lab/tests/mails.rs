//! The mail sink as a real mail client meets it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::net::SocketAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lab::authority::{Authority, Leaf, Validity};
use lab::mail::{MailSink, Manner, Reply, Security, Step};
use lettre::message::MultiPart;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use tokio::task::spawn_blocking;

const WAIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_mail_is_kept_as_it_was_sent() {
    let sink = MailSink::open().await.unwrap();

    send(&sink, Tls::None, mail("Expired: a.test")).await.unwrap();

    let mails = sink.until(WAIT, |mails| mails.len() == 1).await.unwrap();
    let mail = &mails[0];
    assert_eq!(mail.subject(), "Expired: a.test");
    assert_eq!(mail.sender, "herald@lab.test");
    assert_eq!(mail.recipients, ["ops@lab.test", "two@lab.test"]);
    assert_eq!(mail.message_id(), "2@lab.test");
    assert_eq!(mail.references(), ["0@lab.test", "1@lab.test"]);
    assert_eq!(mail.text().trim_end(), ".a dot in front\n..two\n.\nand ü".replace('\n', "\r\n"));
    assert!(mail.html().contains("<p>rich</p>"));
    assert_eq!(mail.header("Subject").unwrap(), "Expired: a.test");
    assert_eq!(mail.header("X-Absent"), None);
}

#[tokio::test]
async fn each_refusal_reaches_the_client_with_its_code() {
    let sink = MailSink::open().await.unwrap();
    for step in [Step::Greeting, Step::Sender, Step::Recipient, Step::Mail] {
        sink.behave(Manner::Refuse(step, Reply::new(451, "Come back later")));
        let error = send(&sink, Tls::None, mail("refused")).await.unwrap_err();
        assert!(error.is_transient(), "{step:?}: {error:?}");
    }
    sink.behave(Manner::RefuseMailbox("two@lab.test".into(), Reply::new(550, "No such user")));
    let error = send(&sink, Tls::None, mail("refused")).await.unwrap_err();
    assert!(error.is_permanent(), "{error:?}");
    assert!(sink.mails().is_empty(), "what was refused is not kept");

    sink.behave(Manner::Accept);
    send(&sink, Tls::None, mail("accepted")).await.unwrap();
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn hanging_up_after_the_mail_leaves_the_client_in_doubt() {
    let sink = MailSink::open().await.unwrap();
    sink.behave(Manner::DropAndHangUp);
    send(&sink, Tls::None, mail("dropped")).await.unwrap_err();
    assert!(sink.mails().is_empty());
    sink.behave(Manner::KeepAndHangUp);
    send(&sink, Tls::None, mail("kept")).await.unwrap_err();
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn mail_comes_in_over_tls_in_both_ways() {
    #[expect(clippy::disallowed_methods, reason = "the client judges by the real clock")]
    let now = Timestamp::now();
    let hour = SignedDuration::from_hours(1);
    let validity = Validity::around(now, hour, hour);
    let root = Authority::root("Root", validity).unwrap();
    let identity = root.issue(&Leaf::named("localhost", validity)).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned())
        .add_root_certificate(Certificate::from_pem(root.pem().as_bytes()).unwrap())
        .build_rustls()
        .unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));

    let sink = MailSink::open_at(any, Security::StartTls(identity.clone())).await.unwrap();
    send(&sink, Tls::None, mail("in the clear")).await.unwrap_err();
    send(&sink, Tls::Required(parameters.clone()), mail("STARTTLS")).await.unwrap();
    assert_eq!(sink.mails().len(), 1, "only the one after STARTTLS");

    let sink = MailSink::open_at(any, Security::Tls(identity)).await.unwrap();
    send(&sink, Tls::Wrapper(parameters), mail("TLS")).await.unwrap();
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn mails_that_do_not_come_are_reported_with_those_that_did() {
    let sink = MailSink::open().await.unwrap();
    send(&sink, Tls::None, mail("the only one")).await.unwrap();
    let missing = sink.until(Duration::ZERO, |mails| mails.len() == 2).await.unwrap_err();
    assert_eq!(missing.to_string(), r#"within 0ns came 1 mails: ["the only one"]"#);
}

#[tokio::test]
async fn waiting_for_the_next_mail_finds_it_whenever_it_comes() {
    let sink = MailSink::open().await.unwrap();
    let (next, sent) = tokio::join!(sink.after(0), send(&sink, Tls::None, mail("first")));
    sent.unwrap();
    assert_eq!(next.unwrap().subject(), "first");
}

fn mail(subject: &str) -> Message {
    Message::builder()
        .from("herald@lab.test".parse().unwrap())
        .to("ops@lab.test".parse().unwrap())
        .cc("two@lab.test".parse().unwrap())
        .subject(subject)
        .message_id(Some("<2@lab.test>".to_owned()))
        .references("<0@lab.test> <1@lab.test>".to_owned())
        .multipart(MultiPart::alternative_plain_html(
            ".a dot in front\n..two\n.\nand ü".to_owned(),
            "<p>rich</p>".to_owned(),
        ))
        .unwrap()
}

async fn send(sink: &MailSink, tls: Tls, mail: Message) -> Result<(), Error> {
    let port = sink.address().port();
    let sending = spawn_blocking(move || {
        let transport = SmtpTransport::builder_dangerous("127.0.0.1")
            .port(port)
            .tls(tls)
            .timeout(Some(WAIT))
            .build();
        transport.send(&mail).map(drop)
    });
    sending.await.unwrap()
}
