//! Mail as servers see it, and what their answers mean.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use chassis::{clock::SystemClock, config::Reader};
use jiff::{SignedDuration, Timestamp};
use lab::{
    authority::{Authority, KeyKind, Leaf, Validity, identity::Identity},
    mail::{MailSink, Manner, Reply, Security, Step},
};
use notifier::{
    config::Config,
    domain::{
        news::News,
        plan::Root,
        roster::{Address, Contact, Roster},
        thread::{outcome::Outcome, step::Cause},
        wording::{self, Brief, Letterhead},
    },
    shell::channel::{Channel, Parcel, email::Email},
};
use proto::{
    id::{ContactId, DeliveryId},
    subject::Entity,
    v1::{
        ContactSaved, Evidence, InventoryEvent, Kind, MissingIssuer, evidence::Case,
        inventory_event::Event as Ordered,
    },
};

use crate::{script, world};

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn contact() -> Contact {
    let mut roster = Roster::default();
    let id = ContactId::from_bytes([7; 16]);
    let saved = ContactSaved {
        name: "Ops 值班".to_owned(),
        language: "zh-CN".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        addresses: vec![],
    };
    let event = InventoryEvent { event: Some(Ordered::ContactSaved(saved)) };
    roster.evolve(&Entity::Contact(id), &event, Timestamp::UNIX_EPOCH);
    roster.contact(&id).unwrap().clone()
}

pub(crate) fn parcel(number: u8, roots: Vec<Root>) -> Parcel {
    let case =
        Case::MissingIssuer(MissingIssuer { pem: PEM.to_owned(), ..MissingIssuer::default() });
    let mut event = world::opened("shop.example.com", Kind::ChainIncomplete);
    event.evidence = Some(Evidence { case: Some(case), ..Evidence::default() });
    let news = News::read(event).unwrap();
    let contact = contact();
    let delivery = DeliveryId::from_bytes([number; 16]);
    let now = Timestamp::UNIX_EPOCH;
    let brief = Brief {
        delivery,
        news: &news,
        cause: Cause::Event,
        reminder: 0,
        contact: &contact,
        owner_note: "",
        roots: &roots,
        link: None,
        broken_channel: None,
        now,
    };
    let console = "https://tls.example.com".to_owned();
    let letter = wording::compose(&brief, &Letterhead { prefix: "[TLS]".to_owned(), console });
    let address = Address::Clear("ops@example.com".to_owned());
    let (name, news) = (contact.name.clone(), vec![Arc::new(news)]);
    Parcel {
        delivery,
        attempt: 1,
        at: now,
        name,
        address,
        letter,
        news,
        broken_channel: None,
        roots,
    }
}

pub(crate) fn email(url: &str, more: &[(&str, &str)]) -> Email {
    let usual = [
        ("NOTIFIER_SMTP_URL", url),
        ("NOTIFIER_MAIL_FROM", "TLS watch <watch@tls.example.com>"),
        ("NOTIFIER_SMTP_TIMEOUT", "1s"),
    ];
    let lookup = |key: &str| {
        let found = more.iter().chain(&usual).find(|(name, _)| *name == key);
        found.map(|(_, value)| (*value).to_owned())
    };
    let config = Config::read(Reader::new(&lookup)).unwrap();
    Email::open(config.mail.as_ref(), Arc::new(SystemClock)).unwrap()
}

fn at(address: SocketAddr) -> String {
    format!("smtp://{address}")
}

fn is_again(outcome: &Outcome, perhaps: bool) -> bool {
    matches!(outcome, Outcome::Again { perhaps_told, .. } if *perhaps_told == perhaps)
}

#[tokio::test]
async fn a_mail_is_whole_and_says_what_it_is() {
    let sink = MailSink::open().await.unwrap();
    let email = email(&at(sink.address()), &[]);
    let outcome = email.send(&parcel(2, vec![])).await;
    assert!(
        matches!(&outcome, Outcome::Delivered { reply, .. } if reply == "250 Kept"),
        "{outcome:?}"
    );
    let mails = sink.mails();
    let mail = &mails[0];
    assert_eq!(mail.recipients, ["ops@example.com"]);
    assert_eq!(mail.sender, "watch@tls.example.com");
    assert_eq!(mail.subject(), "[TLS] shop.example.com:443：证书链不完整");
    let id = format!("{}@tls.example.com", DeliveryId::from_bytes([2; 16]));
    assert_eq!(mail.message_id(), id);
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(mail.header("X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert!(mail.header("Date").is_some() && mail.header("References").is_none());
    assert!(mail.text().contains("处理建议") && mail.html().starts_with("<!doctype html>"));
    let attached = mail.message.attachment(0).unwrap();
    assert_eq!(String::from_utf8_lossy(attached.contents()).replace("\r\n", "\n"), PEM);
    let raw = String::from_utf8_lossy(mail.message.raw_message());
    let (text, html) = (raw.find("text/plain"), raw.find("text/html"));
    assert!(
        text < html && raw.contains("multipart/alternative"),
        "the last alternative is the richest"
    );
}

#[tokio::test]
async fn what_follows_answers_to_what_came_first() {
    let sink = MailSink::open().await.unwrap();
    let email = email(&at(sink.address()), &[]);
    let root = |number| Root { id: DeliveryId::from_bytes([number; 16]), kind: Kind::Expired };
    email.send(&parcel(3, vec![root(1), root(2)])).await;
    let mail = &sink.mails()[0];
    let id = |number| format!("{}@tls.example.com", DeliveryId::from_bytes([number; 16]));
    assert_eq!(mail.references(), [id(1), id(2)]);
    assert_eq!(mail.header("In-Reply-To"), Some(format!("<{}>", id(1))));
    assert_eq!(mail.subject(), "Re: [TLS] shop.example.com:443：证书已过期");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let sink = MailSink::open().await.unwrap();
    let email = email(&at(sink.address()), &[]);
    let send = async |step, code, text: &str| {
        sink.behave(Manner::Refuse(step, Reply::new(code, text)));
        email.send(&parcel(1, vec![])).await
    };
    for (step, code) in
        [(Step::Greeting, 421), (Step::Sender, 451), (Step::Recipient, 450), (Step::Mail, 452)]
    {
        let outcome = send(step, code, "4.7.1 later").await;
        assert!(is_again(&outcome, false), "{code} at {step:?}: {outcome:?}");
    }
    for text in ["5.2.3 too long", "looks like spam"] {
        let outcome = send(Step::Mail, 550, text).await;
        let is_never = matches!(&outcome, Outcome::Never { reply } if reply.contains(text));
        assert!(is_never, "only this mail is refused: {outcome:?}");
    }
    for (step, text) in [
        (Step::Recipient, "5.1.1 no such user"),
        (Step::Recipient, "no such user"),
        (Step::Sender, "5.7.1 not allowed to send"),
    ] {
        let outcome = send(step, 550, text).await;
        let is_broken = matches!(&outcome, Outcome::Broken { reply } if reply.contains(text));
        assert!(is_broken, "{outcome:?}");
    }
    sink.behave(Manner::Accept);
    let outcome = email.send(&parcel(1, vec![])).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "nothing of it sticks: {outcome:?}");
}

#[tokio::test]
async fn a_connection_that_dies_after_the_mail_leaves_it_open_whether_it_came() {
    let sink = MailSink::open().await.unwrap();
    let email = email(&at(sink.address()), &[]);
    for manner in [Manner::KeepAndHangUp, Manner::DropAndHangUp] {
        sink.behave(manner);
        let outcome = email.send(&parcel(1, vec![])).await;
        assert!(is_again(&outcome, true), "{outcome:?}");
    }
    sink.behave(Manner::Accept);
    assert!(matches!(email.send(&parcel(1, vec![])).await, Outcome::Delivered { .. }));
    let mails = sink.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id(), mails[1].message_id());
}

#[tokio::test]
async fn a_server_that_is_not_there_has_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = email(&at(address), &[]).send(&parcel(1, vec![])).await;
    assert!(is_again(&outcome, false), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_its_time_limit() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let email = email(&at(silent.local_addr().unwrap()), &[]);
    let begun = std::time::Instant::now();
    let outcome = email.send(&parcel(1, vec![])).await;
    assert!(matches!(outcome, Outcome::Again { .. }), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// What happened with a pool that takes back connections in the middle of a conversation: the
/// answer to one mail is taken for the answer to the next.
#[tokio::test]
async fn an_answer_that_comes_too_late_is_nobody_elses() {
    let answers = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let address = script::serve("220 script.test", move |line| {
        if line == "." {
            let nth = answers.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if nth == 0 {
                std::thread::sleep(Duration::from_millis(1_500));
                return Some("250 the first".to_owned());
            }
            return Some("552 the second".to_owned());
        }
        Some(script::accept(line))
    });
    let email = email(&at(address), &[]);
    assert!(is_again(&email.send(&parcel(1, vec![])).await, true));
    let outcome = email.send(&parcel(2, vec![])).await;
    assert!(
        matches!(&outcome, Outcome::Never { reply } if reply.contains("second")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_positive_code_that_is_no_250_is_no_success() {
    let address = script::serve("220 script.test", |line| {
        Some(if line == "." { "251 elsewhere".to_owned() } else { script::accept(line) })
    });
    let outcome = email(&at(address), &[]).send(&parcel(1, vec![])).await;
    assert!(is_again(&outcome, true), "{outcome:?}");
}

pub(crate) fn certified() -> (Authority, Identity, tempfile::NamedTempFile) {
    let now = SignedDuration::from_secs(1_800_000_000);
    let now = Timestamp::UNIX_EPOCH + now;
    let authority = Authority::root("Mail CA", Validity::of_an_authority(now)).unwrap();
    let leaf = Leaf::named("127.0.0.1", Validity::of_an_authority(now));
    // Debian's OpenSMTPD cannot use another key with its OpenSSL.
    let identity = authority.issue(&leaf.with_key(KeyKind::Rsa2048)).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    (authority, identity, file)
}

#[tokio::test]
async fn tls_is_spoken_as_it_is_configured_and_never_less() {
    let (_, identity, ca) = certified();
    let ca = ca.path().to_str().unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let starttls = MailSink::open_at(any, Security::StartTls(identity.clone())).await.unwrap();
    let implicit = MailSink::open_at(any, Security::Tls(identity)).await.unwrap();
    let plain = MailSink::open().await.unwrap();
    let with_starttls = |sink: &MailSink| format!("smtp://{}?tls=starttls", sink.address());
    let with_tls = |sink: &MailSink| format!("smtps://{}", sink.address());
    for (url, sink) in [(with_starttls(&starttls), &starttls), (with_tls(&implicit), &implicit)] {
        let trusting = email(&url, &[("NOTIFIER_SMTP_CA", ca)]);
        let outcome = trusting.send(&parcel(1, vec![])).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{url}: {outcome:?}");
        let outcome = email(&url, &[]).send(&parcel(2, vec![])).await;
        assert!(is_again(&outcome, false), "an unknown authority is not trusted: {outcome:?}");
        assert_eq!(sink.mails().len(), 1);
    }
    let outcome = email(&with_starttls(&plain), &[]).send(&parcel(1, vec![])).await;
    assert!(is_again(&outcome, false), "{outcome:?}");
    assert_eq!(plain.mails().len(), 0, "nothing goes in the clear that should not");
}

/// `\0ops\0right`, as AUTH PLAIN (RFC 4616) sends it.
const SIGN_IN: &str = "AUTH PLAIN AG9wcwByaWdodA==";

#[tokio::test]
async fn a_wrong_password_is_not_the_recipients_fault() {
    let address = script::serve("220 script.test", |line| {
        Some(match line.get(..4) {
            Some("AUTH") if line == SIGN_IN => "235 welcome".to_owned(),
            Some("AUTH") => "535 5.7.8 wrong password".to_owned(),
            _ => script::accept(line),
        })
    });
    let send = async |password: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), password).unwrap();
        let path = file.path().to_str().unwrap();
        let settings = [("NOTIFIER_SMTP_PASSWORD_FILE", path)];
        email(&format!("smtp://ops@{address}"), &settings).send(&parcel(1, vec![])).await
    };
    let outcome = send("right\n").await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let outcome = send("wrong-secret").await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.contains("5.7.8 wrong password"), "{reply}");
    assert!(!reply.contains("wrong-secret"), "{reply}");
}

#[tokio::test]
async fn a_server_that_wants_a_sign_in_is_out_of_order_for_all() {
    let address = script::serve("220 script.test", |line| {
        Some(match line.get(..4) {
            Some("MAIL") => "530 sign in first".to_owned(),
            _ => script::accept(line),
        })
    });
    let outcome = email(&at(address), &[]).send(&parcel(1, vec![])).await;
    assert!(matches!(outcome, Outcome::Broken { .. }), "{outcome:?}");
}

#[tokio::test]
async fn without_a_server_it_is_said_what_to_set() {
    let email = Email::open(None, Arc::new(SystemClock)).unwrap();
    let outcome = email.send(&parcel(1, vec![])).await;
    assert!(matches!(&outcome, Outcome::Unready { reply } if reply.contains("NOTIFIER_SMTP_URL")));
}

#[tokio::test]
async fn what_is_no_mailbox_is_refused_with_its_name() {
    let sink = MailSink::open().await.unwrap();
    let mut parcel = parcel(1, vec![]);
    parcel.address = Address::Clear("ops@example.com\r\nBcc: all@example.com".to_owned());
    let outcome = email(&at(sink.address()), &[]).send(&parcel).await;
    assert!(
        matches!(&outcome, Outcome::Never { reply } if reply.contains("is no mailbox")),
        "{outcome:?}"
    );
    assert_eq!(sink.mails().len(), 0);
}
