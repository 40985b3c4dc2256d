//! Bundles of certificates as text (RFC 7468): read with errors that name the line, and written.

use std::fmt::Write as _;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{Certificate, DER_BYTES_MAX, error::CertificateError};

/// Certificates of one bundle. The largest trust stores have some hundreds.
pub const CERTIFICATES_MAX: usize = 10_000;

/// Characters of a line of base64 (RFC 7468, section 2).
const LINE_LEN: usize = 64;

const LABEL: &str = "CERTIFICATE";

/// A certificate of a bundle, not yet read as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Line of its `-----BEGIN …`, counted from 1.
    pub line: usize,
    /// What stands between the lines.
    pub der: Vec<u8>,
}

/// Why a text is no bundle of certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No block of the label `CERTIFICATE`.
    #[error("there is no certificate: at least one block `-----BEGIN CERTIFICATE-----` is needed")]
    NoCertificate,
    /// A block that begins and never ends.
    #[error("line {line}: the block that begins here has no `-----END {label}-----`")]
    NoEnd {
        /// Line of its beginning.
        line: usize,
        /// Its label.
        label: String,
    },
    /// An end whose beginning is missing, or has another label.
    #[error("line {line}: `{found}` ends no block that has begun")]
    StrayEnd {
        /// The line.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A character that base64 does not know, or one too few.
    #[error("line {line}: this is not base64")]
    NotBase64 {
        /// The line, or that of the block's end if its length is wrong.
        line: usize,
    },
    /// A label of OpenSSL's own, which carries more than a certificate.
    #[error(
        "line {line}: a plain `CERTIFICATE` belongs here, not a `TRUSTED CERTIFICATE` \
         (convert it with `openssl x509`)"
    )]
    OpensslTrusted {
        /// The line.
        line: usize,
    },
    /// Too many certificates.
    #[error("line {line}: the bundle has more than {max} certificates")]
    TooMany {
        /// Line of the first that is too many.
        line: usize,
        /// How many are read.
        max: usize,
    },
    /// More in one block than a certificate may have.
    #[error("line {line}: the block that begins here has more than {max} bytes")]
    TooLong {
        /// Line of its beginning.
        line: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A block whose content is no certificate.
    #[error("line {line}: {malformation}")]
    Malformed {
        /// Line of its beginning.
        line: usize,
        /// What is wrong with it.
        malformation: CertificateError,
    },
}

/// The blocks of label `CERTIFICATE`, in order. Other blocks and text between blocks are ignored:
/// bundles carry comments, and files with a key in them are not worth a refusal.
///
/// # Errors
///
/// [`PemError`] names the line and what is wrong there.
pub fn blocks(text: &str) -> Result<Vec<Block>, PemError> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim).enumerate().map(|(index, line)| (index + 1, line));
    while let Some((line, text)) = lines.next() {
        if marker(text, "END").is_some() {
            return Err(PemError::StrayEnd { line, found: shown(text) });
        }
        let Some(label) = marker(text, "BEGIN") else { continue };
        let body = body(&mut lines, line, label)?;
        match label {
            LABEL | "X509 CERTIFICATE" => blocks.push(Block { line, der: body.decoded()? }),
            "TRUSTED CERTIFICATE" => return Err(PemError::OpensslTrusted { line }),
            _ => continue,
        }
        if blocks.len() > CERTIFICATES_MAX {
            return Err(PemError::TooMany { line, max: CERTIFICATES_MAX });
        }
    }
    if blocks.is_empty() { Err(PemError::NoCertificate) } else { Ok(blocks) }
}

/// The certificates of a bundle, in order.
///
/// # Errors
///
/// [`PemError`] names the line and what is wrong there.
pub fn certificates(text: &str) -> Result<Vec<Certificate>, PemError> {
    let read = |block: Block| {
        let line = block.line;
        Certificate::parse(&block.der)
            .map_err(|malformation| PemError::Malformed { line, malformation })
    };
    blocks(text)?.into_iter().map(read).collect()
}

/// One certificate as PEM, newline at the end.
pub fn encode(der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let mut text = format!("-----BEGIN {LABEL}-----\n");
    for line in base64.as_bytes().chunks(LINE_LEN) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    writeln!(text, "-----END {LABEL}-----").expect("a String takes whatever is written");
    text
}

/// What stands between the lines of a block.
struct Body {
    base64: Vec<(usize, String)>,
    end: usize,
}

fn body<'t>(
    lines: &mut impl Iterator<Item = (usize, &'t str)>,
    begin: usize,
    label: &str,
) -> Result<Body, PemError> {
    let mut base64 = Vec::new();
    let mut length = 0;
    for (line, text) in lines {
        if let Some(found) = marker(text, "END") {
            return if found == label {
                Ok(Body { base64, end: line })
            } else {
                Err(PemError::StrayEnd { line, found: shown(text) })
            };
        }
        if marker(text, "BEGIN").is_some() {
            break;
        }
        length += text.len();
        if length > DER_BYTES_MAX / 3 * 4 + 4 {
            return Err(PemError::TooLong { line: begin, max: DER_BYTES_MAX });
        }
        base64.push((line, text.to_owned()));
    }
    Err(PemError::NoEnd { line: begin, label: shown(label) })
}

impl Body {
    fn decoded(self) -> Result<Vec<u8>, PemError> {
        let is_base64 =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let mut whole = String::new();
        for (line, text) in self.base64 {
            if !text.bytes().all(is_base64) {
                return Err(PemError::NotBase64 { line });
            }
            whole.push_str(&text);
        }
        BASE64_STANDARD.decode(whole).map_err(|_| PemError::NotBase64 { line: self.end })
    }
}

/// The label of a `-----BEGIN label-----` or `-----END label-----` line.
fn marker<'t>(line: &'t str, word: &str) -> Option<&'t str> {
    let inner = line.strip_prefix("-----")?.strip_suffix("-----")?;
    inner.strip_prefix(word)?.strip_prefix(' ')
}

/// Enough to recognise it by.
fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    text.chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = format!("# comment\n{}\r\nmore\n{}", encode(&[7; 100]), encode(&[8; 3]));
        let read = blocks(&text).unwrap();
        assert_eq!(read[0], Block { line: 2, der: vec![7; 100] });
        assert_eq!(read[1].der, vec![8; 3]);
    }

    #[test]
    fn a_key_in_the_bundle_is_passed_over() {
        let text = format!(
            "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n{}",
            encode(&[1])
        );
        assert_eq!(blocks(&text).unwrap().len(), 1);
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        let refusal = |text: &str| blocks(text).unwrap_err().to_string();
        assert!(refusal("hello").starts_with("there is no certificate"));
        assert!(refusal("\n-----BEGIN CERTIFICATE-----\nMAA=\n").starts_with("line 2: "));
        assert_eq!(
            refusal("-----BEGIN CERTIFICATE-----\nM!A=\n-----END CERTIFICATE-----"),
            "line 2: this is not base64"
        );
        assert_eq!(
            refusal("-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----"),
            "line 3: this is not base64"
        );
        assert!(refusal("-----END CERTIFICATE-----").contains("ends no block"));
        assert!(refusal("-----BEGIN CERTIFICATE-----\n-----END RSA-----").starts_with("line 2: "));
        let trusted =
            "-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n-----END TRUSTED CERTIFICATE-----";
        assert!(refusal(trusted).contains("openssl x509"));
    }

    #[test]
    fn a_block_that_is_no_certificate_is_named_with_its_line() {
        let error = certificates(&format!("\n\n{}", encode(&[4, 0]))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 3: this is no DER certificate: it begins with byte 0x04 and not with 0x30"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_survive(der in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(&blocks(&encode(&der)).unwrap()[0].der, &der);
        }

        #[test]
        fn no_text_breaks_the_reader(
            text in "(-----(BEGIN|END) CERTIFICATE-----\n|[A-Za-z=+ -]{0,20}\n){0,12}",
        ) {
            let _outcome = certificates(&text);
        }
    }
}
