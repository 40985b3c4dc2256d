//! A chain as it is drawn: which certificate was issued by which, from the leaf upwards, and what
//! is odd about the list.
//!
//! Whether the path ends in something trusted is not asked here: that is the detector's judgement,
//! and stands in the anomalies.

use certificate::Certificate;
use jiff::Timestamp;

/// A chain as it is drawn. Certificates are named by their place in the list as presented.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// From the leaf upwards, each issued by the next.
    pub path: Vec<usize>,
    /// Who issued the last of them; the last itself, if it is self-signed.
    pub ends_in: String,
    /// Whether the last is self-signed.
    pub ends_in_root: bool,
    /// What is odd, in the order of the list.
    pub remarks: Vec<Remark>,
}

/// Something that clients put up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is, as one word.
    pub what: &'static str,
    /// The certificate, if it is of one.
    pub certificate: Option<usize>,
    /// The same for people.
    pub text: String,
}

/// Draws a chain as it is at an instant. The path goes around certificates whose time is over, but
/// for the one that is known to end it: its fingerprint is `limiting`, if there is one.
pub fn drawn(chain: &[Certificate], now: Timestamp, limiting: Option<&[u8]>) -> Drawn {
    let Some(leaf) = leaf(chain) else { return Drawn::default() };
    let mut path = vec![leaf];
    let mut top = leaf;
    let is_in_the_way = |certificate: &Certificate| {
        is_over(certificate, now) && limiting != Some(certificate.fingerprint().as_slice())
    };
    while let Some(next) = issuer_of(top, chain, &path, is_in_the_way) {
        path.push(next);
        top = next;
    }
    let ends_in_root = chain[top].is_self_signed();
    let ends_in = if ends_in_root { chain[top].subject() } else { chain[top].issuer() };
    let remarks = remarks(chain, &path, ends_in_root, now);
    Drawn { path, ends_in, ends_in_root, remarks }
}

/// The first that is no authority; the first, if all are.
pub(super) fn leaf(chain: &[Certificate]) -> Option<usize> {
    let first = (!chain.is_empty()).then_some(0);
    chain.iter().position(|certificate| !certificate.is_ca()).or(first)
}

fn issuer_of(
    at: usize,
    chain: &[Certificate],
    path: &[usize],
    is_in_the_way: impl Fn(&Certificate) -> bool,
) -> Option<usize> {
    let certificate = &chain[at];
    if certificate.is_self_signed() {
        return None;
    }
    let others = (0..chain.len()).filter(|other| !path.contains(other));
    let mut others = others.filter(|other| !is_in_the_way(&chain[*other]));
    others.find(|other| certificate.issued_by(&chain[*other]))
}

fn is_over(certificate: &Certificate, now: Timestamp) -> bool {
    certificate.validity().not_after < now
}

fn remarks(
    chain: &[Certificate],
    path: &[usize],
    ends_in_root: bool,
    now: Timestamp,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if !path.is_sorted() {
        let text = "The certificates are not in the order of the path.".to_owned();
        remarks.push(Remark { what: "misordered", certificate: None, text });
    }
    for (at, certificate) in chain.iter().enumerate() {
        let name = certificate.subject();
        let seen_before =
            chain[..at].iter().any(|other| other.fingerprint() == certificate.fingerprint());
        let (what, text) = if seen_before {
            ("repeated", format!("`{name}` is sent more than once."))
        } else if !path.contains(&at) && is_over(certificate, now) {
            ("expired", format!("`{name}` has expired, and is not needed for the path."))
        } else if !path.contains(&at) {
            ("not_needed", format!("`{name}` is not needed for the path."))
        } else if ends_in_root && path.len() > 1 && path.last() == Some(&at) {
            (
                "root_sent",
                format!("The root `{name}` is sent as well; clients have it or do not trust it."),
            )
        } else {
            continue;
        };
        remarks.push(Remark { what, certificate: Some(at), text });
    }
    remarks
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    fn params(name: &str, is_ca: bool) -> CertificateParams {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    /// Root, intermediate, leaf, and another root.
    fn family() -> [Certificate; 4] {
        let key = || KeyPair::generate().unwrap();
        let read = |certificate: rcgen::Certificate| Certificate::parse(certificate.der()).unwrap();
        let (root_key, middle_key, leaf_key, other_key) = (key(), key(), key(), key());
        let (root, middle) = (params("Root", true), params("Middle", true));
        let root_certificate = root.self_signed(&root_key).unwrap();
        let root = Issuer::new(root, root_key);
        let middle_certificate = middle.signed_by(&middle_key, &root).unwrap();
        let middle = Issuer::new(middle, middle_key);
        let leaf = params("Leaf", false).signed_by(&leaf_key, &middle).unwrap();
        let other = params("Other", true).self_signed(&other_key).unwrap();
        [read(root_certificate), read(middle_certificate), read(leaf), read(other)]
    }

    fn at(chain: &[Certificate]) -> Drawn {
        drawn(chain, Timestamp::from_second(1_790_000_000).unwrap(), None)
    }

    fn words(drawn: &Drawn) -> Vec<(&'static str, Option<usize>)> {
        drawn.remarks.iter().map(|remark| (remark.what, remark.certificate)).collect()
    }

    #[test]
    fn a_good_chain_goes_from_the_leaf_to_whoever_issued_the_last() {
        let [_, middle, leaf, _] = family();
        let drawn = at(&[leaf, middle]);
        assert_eq!((drawn.path.as_slice(), drawn.ends_in_root), (&[0, 1][..], false));
        assert!(drawn.ends_in.contains("Root") && drawn.remarks.is_empty(), "{drawn:?}");
    }

    #[test]
    fn what_is_odd_is_remarked() {
        let [root, middle, leaf, other] = family();
        let drawn = at(&[leaf, root, middle.clone(), other, middle]);
        assert_eq!(drawn.path, [0, 2, 1]);
        assert!(drawn.ends_in_root);
        assert_eq!(
            words(&drawn),
            [
                ("misordered", None),
                ("root_sent", Some(1)),
                ("not_needed", Some(3)),
                ("repeated", Some(4)),
            ]
        );
    }

    #[test]
    fn what_has_ended_is_on_the_path_only_if_it_is_known_to_be() {
        let [_, middle, leaf, _] = family();
        let ends = middle.validity().not_after;
        let chain = [leaf, middle];
        let later = ends + jiff::SignedDuration::from_secs(1);
        let around = drawn(&chain, later, None);
        assert_eq!(
            (around.path.as_slice(), words(&around)),
            (&[0][..], vec![("expired", Some(1))])
        );
        let limiting = chain[1].fingerprint();
        assert_eq!(drawn(&chain, later, Some(&limiting)).path, [0, 1]);
        assert_eq!(drawn(&chain, ends, None).path, [0, 1]);
    }

    #[test]
    fn a_chain_of_one_or_none_is_drawn() {
        assert_eq!(at(&[]), Drawn::default());
        let [root, ..] = family();
        let alone = at(&[root]);
        assert_eq!((alone.path.as_slice(), alone.ends_in_root), (&[0][..], true));
        assert!(alone.remarks.is_empty(), "a certificate that signed itself is judged elsewhere");
    }
}
