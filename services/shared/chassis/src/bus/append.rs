//! What every bus does alike with an append: how large it is, and how a message is parked.

use proto::{
    stream::{MESSAGE_BYTES_MAX, PARKED, Service, Stream},
    subject,
};

use super::{Append, AppendError, BusError, Expect, Message};

/// Header of a parked message: why retrying could not help.
pub const PARKED_REASON: &str = "parked-reason";
/// Header of a parked message: the subject it came from.
pub const PARKED_SUBJECT: &str = "parked-subject";
/// Header of a parked message: its id there.
pub const PARKED_ID: &str = "parked-id";
/// Header of a parked message: its sequence there.
pub const PARKED_SEQUENCE: &str = "parked-sequence";
/// Header of a parked message whose content was left out, as it did not fit beside the reason: how
/// many bytes it had.
pub const PARKED_BYTES: &str = "parked-bytes";

/// Characters of a reason that are kept: an error with its causes is shorter, and nobody reads
/// more.
const REASON_CHARS_MAX: usize = 1_024;

/// Bytes that a bus writes around a message, at most: the first and last line of the headers, the
/// names of id and expected version, the version.
const FRAME_BYTES: usize = 128;

/// Bytes that each header costs beside its name and value: a colon, a space and a line's end.
const HEADER_BYTES: usize = 4;

impl Append {
    /// Bytes on the wire, headers included; the same on every bus, so that what fits on one fits on
    /// all.
    pub fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        let headers: usize = headers.map(|bytes| bytes + HEADER_BYTES).sum();
        self.payload.len() + self.id.len() + headers + FRAME_BYTES
    }

    /// Checks that it is within [`MESSAGE_BYTES_MAX`], and its subject within those of its stream.
    ///
    /// # Errors
    ///
    /// [`AppendError::TooLarge`] or [`BusError::Refused`] if it is not.
    pub fn fits(&self) -> Result<(), AppendError> {
        if !is_within(self.stream.subjects, &self.subject) {
            return Err(AppendError::Failed {
                subject: self.subject.clone(),
                source: BusError::Refused {
                    operation: format!("append to {}", self.stream.name),
                    source: format!("its subjects are {}", self.stream.subjects).into(),
                },
            });
        }
        let (bytes, max) = (self.bytes(), MESSAGE_BYTES_MAX);
        if bytes <= max {
            return Ok(());
        }
        Err(AppendError::TooLarge { subject: self.subject.clone(), bytes, max })
    }

    /// The append that parks a message which a service could not take from a stream.
    ///
    /// Parking the same message again gives the same id, and no other message does: ids may be
    /// empty, and sequences begin anew with a stream that was deleted. A content that leaves no
    /// room for the reason is left out: whoever looks finds the message by its id and subject, and
    /// that it was too large.
    pub fn parked(service: Service, stream: &Stream, message: &Message, reason: &str) -> Self {
        let sequence = message.sequence;
        let mut parked = Self {
            stream: &PARKED,
            subject: subject::parked(service, stream),
            id: format!("parked-{}-{}-{}-{}", service.token(), stream.name, sequence, message.id),
            expect: Expect::Any,
            headers: vec![
                (PARKED_REASON, line(reason)),
                (PARKED_SUBJECT, message.subject.clone()),
                (PARKED_ID, line(&message.id)),
                (PARKED_SEQUENCE, sequence.to_string()),
            ],
            payload: message.payload.clone(),
        };
        if parked.fits().is_err() {
            parked.headers.push((PARKED_BYTES, message.payload.len().to_string()));
            parked.payload = bytes::Bytes::new();
        }
        parked
    }
}

/// Whether a subject matches a pattern and is one: of whole tokens, and no pattern itself.
fn is_within(pattern: &str, subject: &str) -> bool {
    let is_token = |token: &str| {
        !matches!(token, "" | "*" | ">") && !token.contains(|c: char| c.is_ascii_whitespace())
    };
    subject::matches(pattern, subject) && subject.split('.').all(is_token)
}

/// A text as one line of at most [`REASON_CHARS_MAX`] characters: what a header may hold.
fn line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let cut: String = spaced.take(REASON_CHARS_MAX).collect();
    cut.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use proto::stream::JOBS;

    use super::*;

    fn message(payload: Bytes) -> Message {
        Message {
            subject: "certherald.jobs.any.x".to_owned(),
            sequence: 7,
            id: "look-1".to_owned(),
            stored_at: Timestamp::UNIX_EPOCH,
            headers: vec![],
            payload,
        }
    }

    fn header<'a>(append: &'a Append, name: &str) -> Option<&'a str> {
        append.headers.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_parked_message_says_where_it_comes_from_and_why() {
        let parked = Append::parked(
            Service::Prober,
            &JOBS,
            &message(Bytes::from_static(b"job")),
            " no such\r\nregion ",
        );
        assert_eq!(parked.subject, "certherald.parked.prober.JOBS");
        assert_eq!(header(&parked, PARKED_REASON), Some("no such  region"));
        assert_eq!(header(&parked, PARKED_SUBJECT), Some("certherald.jobs.any.x"));
        assert_eq!(header(&parked, PARKED_SEQUENCE), Some("7"));
        assert_eq!(header(&parked, PARKED_BYTES), None);
        assert_eq!(&parked.payload[..], b"job");
    }

    #[test]
    fn two_messages_without_an_id_are_parked_as_two() {
        let first = Message { id: String::new(), ..message(Bytes::new()) };
        let second = Message { sequence: 8, ..first.clone() };
        let parked = |message| Append::parked(Service::Prober, &JOBS, message, "why").id;
        assert_eq!(parked(&first), parked(&first));
        assert_ne!(parked(&first), parked(&second));
    }

    #[test]
    fn the_largest_message_can_be_parked_too() {
        let large = message(Bytes::from(vec![0; MESSAGE_BYTES_MAX - FRAME_BYTES - 6]));
        let parked = Append::parked(Service::Prober, &JOBS, &large, &"why ".repeat(1_000_000));
        parked.fits().unwrap();
        assert!(parked.payload.is_empty());
        assert_eq!(header(&parked, PARKED_BYTES), Some(large.payload.len().to_string().as_str()));
    }

    #[test]
    fn a_subject_of_another_stream_does_not_fit() {
        let parked = Append::parked(Service::Prober, &JOBS, &message(Bytes::new()), "why");
        for subject in ["certherald.jobs.any.x", "certherald.parked.>", "certherald.parked..JOBS"] {
            let append = Append { subject: subject.to_owned(), ..parked.clone() };
            let error = append.fits().unwrap_err();
            assert!(!error.is_transient(), "{subject}");
        }
    }

    #[test]
    fn what_fits_is_counted_with_its_headers() {
        let mut append = Append::parked(Service::Prober, &JOBS, &message(Bytes::new()), "why");
        append.payload = Bytes::from(vec![0; MESSAGE_BYTES_MAX - append.bytes()]);
        append.fits().unwrap();
        append.id.push('x');
        assert!(matches!(
            append.fits(),
            Err(AppendError::TooLarge { bytes, max, .. }) if bytes == max + 1
        ));
    }
}
