//! Reads the three messages that a chain is seen by (RFC 5246, section 7.4). Each function takes
//! the body of one message, whole.

use crate::domain::presented::{self, Chain};

/// Says that the inner lengths of a message contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent a malformed {0}")]
pub struct Malformed(pub &'static str);

/// Version and cipher suite of a `ServerHello`. What follows the suite is of no interest here.
///
/// # Errors
///
/// When it ends before the suite.
pub fn server_hello(body: &[u8]) -> Result<(u16, u16), Malformed> {
    const MALFORMED: Malformed = Malformed("ServerHello");
    let (version, rest) = body.split_first_chunk::<2>().ok_or(MALFORMED)?;
    let (_random, rest) = rest.split_first_chunk::<32>().ok_or(MALFORMED)?;
    let (&id_len, rest) = rest.split_first().ok_or(MALFORMED)?;
    let (_session_id, rest) = rest.split_at_checked(usize::from(id_len)).ok_or(MALFORMED)?;
    let (suite, _) = rest.split_first_chunk::<2>().ok_or(MALFORMED)?;
    Ok((u16::from_be_bytes(*version), u16::from_be_bytes(*suite)))
}

/// The chain of a Certificate message.
///
/// # Errors
///
/// When the lengths in it do not add up.
pub fn certificate_list(body: &[u8]) -> Result<Chain, Malformed> {
    const MALFORMED: Malformed = Malformed("certificate list");
    let (mut list, rest) = split_vector(body).ok_or(MALFORMED)?;
    if !rest.is_empty() {
        return Err(MALFORMED);
    }
    let mut certificates = Vec::new();
    while !list.is_empty() {
        let (certificate, rest) = split_vector(list).ok_or(MALFORMED)?;
        certificates.push(certificate);
        list = rest;
    }
    Ok(presented::bounded(certificates.into_iter()))
}

/// Splits off what stands behind a length of three bytes.
fn split_vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[high, middle, low], rest) = bytes.split_first_chunk::<3>()?;
    let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    rest.split_at_checked(length)
}

/// The group of an ECDHE key exchange (RFC 8422, section 5.4). Those of DHE have none, and begin
/// with the length of a prime instead: they are told apart by the suite.
pub fn named_group(suite: u16, body: &[u8]) -> u16 {
    const NAMED_CURVE: u8 = 3;
    let is_elliptic = suite >= 0xc000 && suite != 0xccaa;
    match body {
        [NAMED_CURVE, high, low, ..] if is_elliptic => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prime_is_not_mistaken_for_a_group() {
        let exchange = [3, 0, 23, 1, 4];
        assert_eq!(named_group(0xc02b, &exchange), 23);
        assert_eq!(named_group(0x0033, &exchange), 0, "DHE with a prime of 768 bytes");
        assert_eq!(named_group(0xccaa, &exchange), 0);
        assert_eq!(named_group(0xc02b, &[1, 0, 23]), 0, "an explicit curve");
        assert_eq!(named_group(0xc02b, &[3, 0]), 0);
    }

    #[test]
    fn a_hello_is_read_up_to_its_suite() {
        let hello = [&[3, 3][..], &[7; 32], &[1, 9], &[0xc0, 0x2f], &[0, 0xff]].concat();
        assert_eq!(server_hello(&hello), Ok((0x0303, 0xc02f)));
        for cut in 0..37 {
            assert!(server_hello(&hello[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let list = [0, 0, 7, 0, 0, 1, b'a', 0, 0, 0];
        assert_eq!(certificate_list(&list).map(|chain| chain.certificates.len()), Ok(2));
        assert_eq!(certificate_list(&[0, 0, 0]), Ok(Chain::default()));
        for cut in 0..list.len() {
            assert!(certificate_list(&list[..cut]).is_err(), "{cut}");
        }
        assert!(certificate_list(&[&list[..], &[0]].concat()).is_err(), "bytes after the list");
    }
}
