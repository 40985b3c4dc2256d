//! Reads what a server answers to the old hello: records, the messages within, the chain.
//!
//! Fed piece by piece, since the pieces of a stream fall where they like: a message may span
//! records and a record may hold many. Whatever came before an error can still be asked for.

use super::message::{self, Malformed};
use crate::domain::presented::Chain;

/// Bytes of one handshake message. The largest chain seen in public tests has 211 KiB; one that
/// does not fit into a fact is of no use.
const MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a whole answer, records and all: twice a message, for those who send tiny records.
const ANSWER_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;
/// Bytes of one record (RFC 5246, section 6.2.3: 2^14 and 2,048 for what encryption may add).
const RECORD_BYTES_MAX: usize = (1 << 14) + 2048;
const RECORD_HEADER_LEN: usize = 5;
const MESSAGE_HEADER_LEN: usize = 4;

/// What a server said of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Version and cipher suite that the server chose, from its hello.
    pub chosen: Option<(u16, u16)>,
    /// Named group of the key exchange, 0 if none was seen.
    pub group: u16,
    /// What it presented. May be a chain of none.
    pub chain: Option<Chain>,
    /// Whether it asked for a client certificate.
    pub client_certificate_requested: bool,
}

/// How far the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The server will say more.
    More,
    /// It awaits our turn: nothing more will come.
    Done,
}

/// Why the rest of an answer is not worth reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// The server ended the conversation.
    #[error("the server sent alert {0}")]
    Alert(u8),
    /// These bytes are no TLS record.
    #[error("the server sent something that is no TLS record")]
    Foreign,
    /// A record that has no place here, or is longer than a record may be.
    #[error(
        "the server sent a record of type {kind} with {length} bytes, which is not allowed here"
    )]
    Record {
        /// Content type on the wire.
        kind: u8,
        /// Its length.
        length: usize,
    },
    /// A message that has no place here.
    #[error("the server sent a handshake message of type {0}, which is not expected here")]
    Message(u8),
    /// A message above what we read.
    #[error("the server announced a handshake message of {0} bytes: 524288 are read")]
    MessageTooLong(usize),
    /// A message whose inner lengths contradict each other.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// More bytes than an answer may have.
    #[error("the server sent 1048576 bytes and no end of its answer")]
    Endless,
}

/// Reads one answer.
#[derive(Debug, Default)]
pub struct Reader {
    total: usize,
    header: Vec<u8>,
    record: Option<Record>,
    /// Content of handshake records that is not yet a whole message.
    message: Vec<u8>,
    alert: Vec<u8>,
    answer: Answer,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    kind: u8,
    left: usize,
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

const HELLO_REQUEST: u8 = 0;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CERTIFICATE_STATUS: u8 = 22;

impl Reader {
    /// Takes the bytes that came next.
    ///
    /// # Errors
    ///
    /// When the server ended the conversation, or sent what no answer may hold. The reader is then
    /// of no more use, except for [`Reader::answer`].
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Progress, Garbled> {
        self.total += bytes.len();
        if self.total > ANSWER_BYTES_MAX {
            return Err(Garbled::Endless);
        }
        while !bytes.is_empty() {
            bytes = match self.record {
                None => self.take_header(bytes)?,
                Some(record) => self.take_content(record, bytes)?,
            };
        }
        self.take_messages()
    }

    /// What was understood so far.
    pub fn answer(self) -> Answer {
        self.answer
    }

    fn take_header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Garbled> {
        let missing = RECORD_HEADER_LEN - self.header.len();
        let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
        self.header.extend(taken);
        let &[kind, major, _minor, high, low] = self.header.as_slice() else { return Ok(rest) };
        self.header.clear();
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !matches!((kind, major), (20..=24, 1 | 3)) {
            return Err(Garbled::Foreign);
        }
        if !matches!(kind, ALERT | HANDSHAKE) || !(1..=RECORD_BYTES_MAX).contains(&length) {
            return Err(Garbled::Record { kind, length });
        }
        self.record = Some(Record { kind, left: length });
        Ok(rest)
    }

    fn take_content<'a>(&mut self, record: Record, bytes: &'a [u8]) -> Result<&'a [u8], Garbled> {
        let (taken, rest) = bytes.split_at(record.left.min(bytes.len()));
        let left = record.left - taken.len();
        self.record = (left > 0).then_some(Record { left, ..record });
        match record.kind {
            HANDSHAKE => self.message.extend(taken),
            _ => self.take_alert(taken)?,
        }
        Ok(rest)
    }

    /// A warning is let pass: servers send one about a name they do not know, and go on.
    fn take_alert(&mut self, bytes: &[u8]) -> Result<(), Garbled> {
        const WARNING: u8 = 1;
        const CLOSE_NOTIFY: u8 = 0;
        self.alert.extend(bytes);
        let alerts = std::mem::take(&mut self.alert);
        let (whole, rest) = alerts.as_chunks::<2>();
        self.alert.extend(rest);
        match whole.iter().find(|[level, kind]| *level != WARNING || *kind == CLOSE_NOTIFY) {
            Some([_, description]) => {
                // What was said before the alert still counts.
                self.take_messages()?;
                Err(Garbled::Alert(*description))
            }
            None => Ok(()),
        }
    }

    fn take_messages(&mut self) -> Result<Progress, Garbled> {
        let buffered = std::mem::take(&mut self.message);
        let mut rest = buffered.as_slice();
        let mut progress = Progress::More;
        while let Some(&[kind, high, middle, low]) = rest.first_chunk::<MESSAGE_HEADER_LEN>() {
            let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            if length > MESSAGE_BYTES_MAX {
                return Err(Garbled::MessageTooLong(length));
            }
            let Some((message, after)) = rest.split_at_checked(MESSAGE_HEADER_LEN + length) else {
                break;
            };
            rest = after;
            progress = self.take_message(kind, &message[MESSAGE_HEADER_LEN..])?;
            if progress == Progress::Done {
                break;
            }
        }
        // The usual case moves nothing: either all was consumed, or nothing was.
        let consumed = buffered.len() - rest.len();
        self.message = buffered;
        self.message.drain(..consumed);
        Ok(progress)
    }

    fn take_message(&mut self, kind: u8, body: &[u8]) -> Result<Progress, Garbled> {
        let greeted = self.answer.chosen.is_some();
        match kind {
            HELLO_REQUEST => {}
            SERVER_HELLO if !greeted => self.answer.chosen = Some(message::server_hello(body)?),
            CERTIFICATE if greeted && self.answer.chain.is_none() => {
                self.answer.chain = Some(message::certificate_list(body)?);
            }
            SERVER_KEY_EXCHANGE => match self.answer.chosen {
                Some((_, suite)) => self.answer.group = message::named_group(suite, body),
                None => return Err(Garbled::Message(kind)),
            },
            CERTIFICATE_REQUEST if greeted => self.answer.client_certificate_requested = true,
            CERTIFICATE_STATUS if greeted => {}
            SERVER_HELLO_DONE if greeted => return Ok(Progress::Done),
            kind => return Err(Garbled::Message(kind)),
        }
        Ok(Progress::More)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUITE_ECDHE: u16 = 0xc02b;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &u24(body.len()), body].concat()
    }

    fn u24(length: usize) -> [u8; 3] {
        let [.., a, b, c] = length.to_be_bytes();
        [a, b, c]
    }

    fn hello(suite: u16) -> Vec<u8> {
        let suite = suite.to_be_bytes();
        message(SERVER_HELLO, &[&[3, 1][..], &[7; 32], &[2, 9, 9], &suite, &[0]].concat())
    }

    fn chain(certificates: &[&[u8]]) -> Vec<u8> {
        let list: Vec<u8> =
            certificates.iter().flat_map(|der| [&u24(der.len()), *der].concat()).collect();
        message(CERTIFICATE, &[&u24(list.len())[..], &list].concat())
    }

    fn records(messages: &[u8], length: usize) -> Vec<u8> {
        let record = |part: &[u8]| {
            let length = u16::try_from(part.len()).unwrap().to_be_bytes();
            [&[HANDSHAKE, 3, 1][..], &length, part].concat()
        };
        messages.chunks(length).flat_map(record).collect()
    }

    fn whole_answer() -> Vec<u8> {
        let key_exchange = message(SERVER_KEY_EXCHANGE, &[3, 0, 23, 1, 4]);
        let request = message(CERTIFICATE_REQUEST, &[1, 1, 0, 0]);
        let done = message(SERVER_HELLO_DONE, &[]);
        [hello(SUITE_ECDHE), chain(&[b"leaf", b"issuer"]), key_exchange, request, done].concat()
    }

    /// Feeds pieces of one length until the reader has enough, or gives up.
    fn read(bytes: &[u8], piece: usize) -> (Result<Progress, Garbled>, Answer) {
        let mut reader = Reader::default();
        let mut progress = Ok(Progress::More);
        for piece in bytes.chunks(piece) {
            progress = reader.feed(piece);
            if progress != Ok(Progress::More) {
                break;
            }
        }
        (progress, reader.answer())
    }

    #[test]
    fn the_answer_is_the_same_however_it_is_cut() {
        for record in [1, 3, 64, 16_384] {
            let bytes = records(&whole_answer(), record);
            for piece in [1, 2, 5, 7, bytes.len()] {
                let (progress, answer) = read(&bytes, piece);
                assert_eq!(progress, Ok(Progress::Done), "{record} {piece}");
                assert_eq!(answer.chosen, Some((0x0301, SUITE_ECDHE)));
                assert_eq!(answer.group, 23);
                assert!(answer.client_certificate_requested);
                assert_eq!(answer.chain.unwrap().certificates, ["leaf", "issuer"]);
            }
        }
    }

    #[test]
    fn what_came_before_an_alert_counts() {
        let shown = [hello(SUITE_ECDHE), chain(&[b"leaf"])].concat();
        let bytes = [records(&shown, 1000), vec![ALERT, 3, 1, 0, 2, 2, 40]].concat();
        let (progress, answer) = read(&bytes, bytes.len());
        assert_eq!(progress, Err(Garbled::Alert(40)));
        assert_eq!(answer.chain.unwrap().certificates, ["leaf"]);
    }

    #[test]
    fn a_warning_is_let_pass() {
        let warning = vec![ALERT, 3, 1, 0, 2, 1, 112];
        let bytes = [warning, records(&whole_answer(), 1000)].concat();
        assert_eq!(read(&bytes, 3).0, Ok(Progress::Done));
    }

    #[test]
    fn what_does_not_belong_is_named() {
        let error = |bytes: &[u8]| read(bytes, 7).0.unwrap_err();
        assert_eq!(error(b"HTTP/1.1 400 Bad Request"), Garbled::Foreign);
        assert_eq!(error(&[20, 3, 1, 0, 1, 1]), Garbled::Record { kind: 20, length: 1 });
        assert_eq!(error(&[22, 3, 1, 0, 0]), Garbled::Record { kind: 22, length: 0 });
        let long = Garbled::Record { kind: 22, length: 0xffff };
        assert_eq!(error(&[22, 3, 1, 0xff, 0xff]), long);
        assert_eq!(error(&records(&chain(&[b"leaf"]), 100)), Garbled::Message(CERTIFICATE));
        let twice = [hello(SUITE_ECDHE), hello(SUITE_ECDHE)].concat();
        assert_eq!(error(&records(&twice, 100)), Garbled::Message(SERVER_HELLO));
        let short = message(SERVER_HELLO, &[3, 1, 7]);
        assert_eq!(error(&records(&short, 100)), Garbled::Malformed(Malformed("ServerHello")));
        let list = [hello(SUITE_ECDHE), message(CERTIFICATE, &[0, 0, 9, 0, 0, 1])].concat();
        assert_eq!(error(&records(&list, 100)), Garbled::Malformed(Malformed("certificate list")));
    }

    #[test]
    fn nothing_grows_without_end() {
        let announced = [&[CERTIFICATE][..], &u24(MESSAGE_BYTES_MAX + 1)].concat();
        let bytes = records(&announced, 100);
        let too_long = Garbled::MessageTooLong(MESSAGE_BYTES_MAX + 1);
        assert_eq!(read(&bytes, 100).0, Err(too_long));

        let endless = records(&message(HELLO_REQUEST, &[]).repeat(1 << 18), 16_384);
        let (progress, _) = read(&endless, 4096);
        assert_eq!(progress, Err(Garbled::Endless));
    }

    #[test]
    fn a_chain_of_the_largest_size_is_read() {
        let huge = vec![7; 250 * 1024];
        let bytes = [hello(SUITE_ECDHE), chain(&[&huge, b"issuer"])].concat();
        let (progress, answer) = read(&records(&bytes, 64), 4096);
        assert_eq!(progress, Ok(Progress::More));
        assert_eq!(answer.chain.unwrap().certificates.len(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..400), piece in 1_usize..40,
        ) {
            let (_, answer) = read(&bytes, piece);
            prop_assert!(answer.chain.is_none() || answer.chosen.is_some());
        }

        #[test]
        fn no_change_of_a_real_answer_makes_it_panic(
            at in 0_usize..200, byte in any::<u8>(), cut in 0_usize..200, piece in 1_usize..40,
        ) {
            let mut bytes = records(&whole_answer(), 50);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            let (progress, answer) = read(&bytes, piece);
            prop_assert!(progress != Ok(Progress::Done) || answer.chosen.is_some());
        }
    }
}
