//! Mail through a server that is not ours, by every door that it has.

use harness::eventually::eventually;
use harness::exim::{Door, Exim, Lock};
use notifier::{domain::thread::outcome::Outcome, shell::channel::Channel};

use crate::email::{certified, email, parcel};

/// Who signs in.
const GUEST: (&str, &str) = ("ops", "right horse battery");

#[tokio::test]
async fn a_real_server_takes_mail_by_every_door() {
    let (_, identity, ca) = certified();
    let ca = ca.path().to_str().unwrap();
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), GUEST.1).unwrap();
    let password = password.path().to_str().unwrap();
    let doors = [
        (Door::default(), "smtp://", "?tls=none"),
        (
            Door { lock: Lock::StartTls(identity.clone()), sign_in: None },
            "smtp://",
            "?tls=starttls",
        ),
        (Door { lock: Lock::Implicit(identity.clone()), sign_in: None }, "smtps://", ""),
        (
            Door { lock: Lock::StartTls(identity.clone()), sign_in: Some(GUEST) },
            "smtp://ops@",
            "?tls=starttls",
        ),
        (Door { lock: Lock::Implicit(identity), sign_in: Some(GUEST) }, "smtps://ops@", ""),
    ];
    for (door, scheme, query) in doors {
        let server = Exim::start_behind(&door).await;
        let url = format!("{scheme}{}{query}", server.address());
        let settings = [
            ("NOTIFIER_SMTP_CA", ca),
            ("NOTIFIER_SMTP_PASSWORD_FILE", password),
            // It is to take the mail, however busy this host is.
            ("NOTIFIER_SMTP_TIMEOUT", "30s"),
        ];
        let outcome = email(&url, &settings).send(&parcel(1, vec![])).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{url}: {outcome:?}");
        let mail =
            eventually("the mail is there", async || server.mails().pop().ok_or("no mail")).await;
        assert_eq!(mail.recipients, ["ops@example.com"], "{url}");
        assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    }
}

#[tokio::test]
async fn a_real_server_that_is_not_satisfied_is_out_of_order_or_asked_again() {
    let (_, identity, ca) = certified();
    let ca = ca.path().to_str().unwrap();
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "wrong horse").unwrap();
    let wrong = wrong.path().to_str().unwrap();
    let door = Door { lock: Lock::Implicit(identity), sign_in: Some(GUEST) };
    let server = Exim::start_behind(&door).await;
    let address = server.address();
    let settings = [("NOTIFIER_SMTP_CA", ca), ("NOTIFIER_SMTP_PASSWORD_FILE", wrong)];
    let outcome =
        email(&format!("smtps://ops@{address}"), &settings).send(&parcel(1, vec![])).await;
    let Outcome::Broken { reply } = outcome else { panic!("{outcome:?}") };
    assert!(reply.contains("535") && !reply.contains("horse"), "{reply}");

    let settings = [("NOTIFIER_SMTP_CA", ca)];
    let outcome = email(&format!("smtps://{address}"), &settings).send(&parcel(2, vec![])).await;
    assert!(matches!(outcome, Outcome::Broken { .. }), "it wants a sign-in: {outcome:?}");
    let outcome = email(&format!("smtps://{address}"), &[]).send(&parcel(3, vec![])).await;
    let is_again = matches!(outcome, Outcome::Again { perhaps_told: false, .. });
    assert!(is_again, "its authority is not known: {outcome:?}");
    assert!(server.mails().is_empty());
}
