//! Messages whose content follows from their number, so that whoever reads them knows what must be
//! in them.

use bytes::Bytes;
use chassis::bus::{Append, Expect, Message};
use proto::stream::{JOBS, LOG};

/// Subjects among which messages are spread.
const SUBJECTS: u64 = 500;

/// Bytes of the longest content.
const CONTENT_BYTES_MAX: u64 = 1_200;

/// The message of a number on `LOG`.
pub fn log(number: u64) -> Append {
    Append {
        stream: &LOG,
        subject: format!("certherald.log.{}.{}", number % 16, number % SUBJECTS),
        id: format!("message-{number}"),
        expect: Expect::Any,
        headers: vec![("number", number.to_string())],
        payload: content(number),
    }
}

/// The message of a number on `JOBS`, on a subject of its own.
pub fn job(number: u64) -> Append {
    let subject = format!("certherald.jobs.any.{number}");
    Append { stream: &JOBS, subject, headers: vec![], ..log(number) }
}

/// The number of a message of `LOG`, if nothing of it is missing or wrong.
pub fn number(message: &Message) -> Option<u64> {
    let number: u64 = message.id.strip_prefix("message-")?.parse().ok()?;
    let wanted = log(number);
    let headers = vec![("number".to_owned(), number.to_string())];
    let same = message.subject == wanted.subject
        && message.payload == wanted.payload
        && message.headers == headers;
    same.then_some(number)
}

fn content(number: u64) -> Bytes {
    let length = number.wrapping_mul(7_919) % CONTENT_BYTES_MAX;
    (0..length).map(|at| (number.wrapping_add(at * 31) % 251) as u8).collect()
}
