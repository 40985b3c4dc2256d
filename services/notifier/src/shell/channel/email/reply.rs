//! What a mail server's answer means.

use std::{error::Error as _, io};

use lettre::transport::smtp::{Error, response::Response};

use crate::domain::thread::outcome::{self, Outcome};

/// What a server was asked when it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Whether it takes mail from us.
    Sender,
    /// Whether it takes mail to the mailbox.
    Recipient,
    /// Anything before, the content, or what nobody told.
    Other,
}

/// Why a mail was not taken.
pub(super) struct Refused {
    at: Stage,
    error: Error,
}

impl Stage {
    /// What an error at it comes to.
    pub(super) fn refused(self) -> impl FnOnce(Error) -> Refused {
        move |error| Refused { at: self, error }
    }
}

/// Says what came of a sending. Only 250 is success: any other positive code would be the answer to
/// something else.
pub(super) fn outcome(answer: Result<Response, Refused>) -> Outcome {
    match answer {
        Ok(response) if response.has_code(250) => {
            Outcome::Delivered { reply: said(&response), inbox: None }
        }
        Ok(response) => {
            Outcome::Again { reply: said(&response), wait_min: None, perhaps_told: true }
        }
        Err(refused) => failed(&refused),
    }
}

fn failed(Refused { at, error }: &Refused) -> Outcome {
    let reply = outcome::reply(&error.to_string());
    match error.status().map(u16::from) {
        Some(code @ 500..=599) if is_broken(*at, code, &reply) => Outcome::Broken { reply },
        Some(500..=599) => Outcome::Never { reply },
        Some(_) => Outcome::Again { reply, wait_min: None, perhaps_told: false },
        None => {
            let perhaps_told = was_connected(error);
            Outcome::Again { reply, wait_min: None, perhaps_told }
        }
    }
}

/// Whether a refusal is not about this mail, and will meet every other as well: it is about us, our
/// sign-in (RFC 4954), a policy (RFC 3463, class 5.7) or the mailbox (class 5.1 and 5.2.1). Where
/// nothing more is said, the codes of RFC 5321 for a mailbox are about one only where it is named:
/// behind the content the same codes refuse that.
fn is_broken(at: Stage, code: u16, reply: &str) -> bool {
    let mut statuses = reply.split([' ', '-', ':']).filter_map(status).peekable();
    match (code, statuses.peek()) {
        (530 | 534 | 535 | 538, _) => true,
        (550 | 551, None) => at == Stage::Recipient,
        (553, None) => at != Stage::Other,
        (_, None) => false,
        (_, Some(_)) => statuses.any(|status| matches!(status, (1 | 7, _) | (2, 1))),
    }
}

/// Subject and detail of an enhanced status code, such as `5.1.1`.
fn status(word: &str) -> Option<(u16, u16)> {
    let (subject, detail) = word.strip_prefix("5.")?.split_once('.')?;
    Some((subject.parse().ok()?, detail.parse().ok()?))
}

/// Whether the failure may have come after the mail was handed over. Time limits and broken
/// connections are not told apart by where they happened, so only what surely came before is
/// excluded.
fn was_connected(error: &Error) -> bool {
    let is_before = error.is_client()
        || error.is_tls()
        || error.is_transport_shutdown()
        || is_handshake(error)
        // The one kind without a question of its own.
        || error.to_string().starts_with("Connection error");
    !is_before
}

/// Whether TLS could not be agreed upon: with a connection that still stands, what is read is
/// garbage only then.
fn is_handshake(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData)
}

fn said(response: &Response) -> String {
    let lines: Vec<_> = response.message().collect();
    outcome::reply(&format!("{} {}", response.code(), lines.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_us_or_about_the_mailbox_is_told_from_what_is_about_one_mail() {
        for (code, reply, want) in [
            (550, "permanent error (550): 5.7.1 access denied", true),
            (550, "550-5.7.26 unauthenticated", true),
            (550, "550 5.1.1 no such user", true),
            (550, "550 5.2.1 mailbox disabled", true),
            (550, "550 5.2.3 too long", false),
            (552, "552 5.2.2 mailbox full", false),
            (552, "552 too large", false),
            (554, "554 host 15.7.1.2 is listed", false),
            (535, "535 wrong password", true),
        ] {
            for at in [Stage::Sender, Stage::Recipient, Stage::Other] {
                assert_eq!(is_broken(at, code, reply), want, "{reply} at {at:?}");
            }
        }
    }

    #[test]
    fn a_bare_code_is_about_the_mailbox_only_where_one_was_named() {
        for (code, at_sender) in [(550, false), (551, false), (553, true)] {
            assert!(is_broken(Stage::Recipient, code, "no"), "{code}");
            assert_eq!(is_broken(Stage::Sender, code, "no"), at_sender, "{code}");
            assert!(!is_broken(Stage::Other, code, "looks like spam"), "{code}");
        }
    }
}
