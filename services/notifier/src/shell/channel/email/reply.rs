//! What a mail server's answer means.

use std::{error::Error as _, io};

use lettre::transport::smtp::{Error, response::Response};

use crate::domain::thread::outcome::{self, Outcome};

/// Says what came of a sending. Only 250 is success: any other positive code would be the answer to
/// something else.
pub(super) fn outcome(answer: Result<Response, Error>) -> Outcome {
    match answer {
        Ok(response) if response.has_code(250) => {
            Outcome::Delivered { reply: said(&response), inbox: None }
        }
        Ok(response) => {
            Outcome::Again { reply: said(&response), wait_min: None, perhaps_told: true }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Outcome {
    let reply = outcome::reply(&error.to_string());
    match error.status().map(u16::from) {
        Some(code @ 500..=599) if is_broken(code, &reply) => Outcome::Broken { reply },
        Some(500..=599) => Outcome::Never { reply },
        Some(_) => Outcome::Again { reply, wait_min: None, perhaps_told: false },
        None => {
            let perhaps_told = was_connected(error);
            Outcome::Again { reply, wait_min: None, perhaps_told }
        }
    }
}

/// Whether a refusal is about us and not about this mail: sign-in (RFC 4954) or policy (RFC 3463,
/// class 5.7). It will meet every other mail as well.
fn is_broken(code: u16, reply: &str) -> bool {
    matches!(code, 530 | 534 | 535 | 538) || reply.split([' ', '-', ':']).any(is_policy)
}

fn is_policy(word: &str) -> bool {
    word.strip_prefix("5.7.")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
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
    fn only_words_of_the_policy_class_are_policy() {
        for (reply, want) in [
            ("permanent error (550): 5.7.1 access denied", true),
            ("550-5.7.26 unauthenticated", true),
            ("550 5.1.1 no such user", false),
            ("554 host 15.7.1.2 is listed", false),
        ] {
            assert_eq!(is_broken(550, reply), want, "{reply}");
        }
        assert!(is_broken(535, "535 wrong password"));
    }
}
