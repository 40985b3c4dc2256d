//! Texts of strangers, made fit to be shown.
//!
//! Whoever writes a certificate may put anything in it. What leaves here has no control characters,
//! nothing that turns the direction of the text around it, and is at most [`CHARACTERS_MAX`] long.

use std::borrow::Cow;

use x509_parser::{
    asn1_rs::{Any, Oid, Tag},
    prelude::{FromDer, X509Name},
};

/// Characters of a text that is shown.
pub const CHARACTERS_MAX: usize = 256;

/// Bytes of a serial number that is shown. RFC 5280 allows 20.
const SERIAL_BYTES_MAX: usize = 64;

/// The text without what must not be shown; if it was longer than allowed, it ends in `…`.
pub fn clean(text: &str) -> String {
    let mut shown = text.chars().filter(|c| is_shown(*c));
    let mut kept: String = shown.by_ref().take(CHARACTERS_MAX).collect();
    if shown.next().is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// Whether a character is harmless: no control, no mark of direction, no invisible joiner.
fn is_shown(c: char) -> bool {
    let invisible = matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    !c.is_control() && !invisible
}

/// A DER name as RFC 4514 writes it: the last part first, special characters escaped. Numbers
/// without a short name are written as numbers.
pub(crate) fn distinguished_name(der: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(der) else {
        return String::new();
    };
    let parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let pairs: Vec<String> = rdn
                .iter()
                .map(|pair| {
                    format!("{}={}", short_name(pair.attr_type()), escaped(pair.attr_value()))
                })
                .collect();
            pairs.join("+")
        })
        .collect();
    let last_first: Vec<&str> = parts.iter().rev().map(String::as_str).collect();
    clean(&last_first.join(","))
}

/// The short name of an attribute (RFC 4514, section 3, and those seen in practice).
fn short_name(oid: &Oid<'_>) -> Cow<'static, str> {
    let number = oid.to_id_string();
    Cow::Borrowed(match number.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.15" => "businessCategory",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "GN",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return Cow::Owned(number),
    })
}

/// A value as text, escaped so that it cannot be taken for more than one (RFC 4514, section 2.4).
fn escaped(value: &Any<'_>) -> String {
    let text = decoded(value);
    let last = text.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(text.len());
    for (place, c) in text.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (c == '#' && place == 0)
            || (c == ' ' && (place == 0 || place == last));
        if special {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The characters of any of the string types of X.520.
fn decoded<'a>(value: &Any<'a>) -> Cow<'a, str> {
    match value.tag() {
        Tag::BmpString => {
            let units = value.data.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => u16::from(b'?'),
            });
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // T.61 is written as Latin-1 by everybody who still writes it.
        Tag::T61String => value.data.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(value.data),
    }
}

/// A serial number in hexadecimal.
pub(crate) fn serial(bytes: &[u8]) -> String {
    let shown = bytes.get(..SERIAL_BYTES_MAX).unwrap_or(bytes);
    let mut text = data_encoding::HEXLOWER.encode(shown);
    if shown.len() < bytes.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_turns_or_hides_text_is_taken_out() {
        assert_eq!(clean("a\u{202e}b\u{200b}c\r\nd\u{0}\u{2066}"), "abcd");
        assert_eq!(clean("Ünïcode ok"), "Ünïcode ok");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let cut = clean(&"x".repeat(CHARACTERS_MAX + 1));
        assert_eq!(cut.chars().count(), CHARACTERS_MAX);
        assert!(cut.ends_with('…'));
        assert_eq!(clean(&"x".repeat(CHARACTERS_MAX)), "x".repeat(CHARACTERS_MAX));
    }

    #[test]
    fn a_long_serial_is_cut_and_says_so() {
        assert_eq!(serial(&[0, 0xab, 0x01]), "00ab01");
        assert!(serial(&[7; 65]).ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_text_escapes_the_rules(text in any::<String>()) {
            let shown = clean(&text);
            prop_assert!(shown.chars().count() <= CHARACTERS_MAX);
            prop_assert!(shown.chars().all(|c| c == '…' || is_shown(c)));
            prop_assert_eq!(clean(&shown), shown);
        }

        #[test]
        fn no_bytes_break_the_reader_of_names(
            der in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            distinguished_name(&der);
        }
    }
}
