//! Why no path leads to a trust anchor.
//!
//! Found from names and signatures, since webpki's one error hides the others: an expired extra
//! certificate, say, hides a missing issuer. webpki is asked again only about the one path that the
//! names spell out, where its error is the reason.

use std::sync::Arc;

use certificate::{Certificate, error::CertificateError, signature::Verdict};
use proto::v1::untrusted::Cause;

use super::{
    anchors::Anchor,
    clock::Window,
    instant,
    path::{Field, NoPath},
};

/// Signatures that are checked to find a cause. Real chains need three.
const SIGNATURES_MAX: usize = 64;

/// Why a leaf is not trusted.
#[derive(Debug)]
pub(super) enum NoTrust {
    /// It is not trusted.
    Untrusted(Untrusted),
    /// The certificates of its path are never valid together with it.
    Dates {
        /// When those above the leaf are valid together; may end before it begins.
        window: Window,
        /// The one that begins last.
        begun_by: Arc<Certificate>,
        /// The one that ends first.
        ended_by: Arc<Certificate>,
    },
    /// A signature on its path is of an algorithm that is not checked here.
    Unchecked {
        /// For people.
        detail: String,
    },
}

/// The finding that a leaf is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Untrusted {
    pub(super) cause: Cause,
    /// The issuer that no path goes beyond.
    pub(super) issuer: String,
    /// Whether an incomplete chain is excluded as the cause.
    pub(super) incomplete_excluded: bool,
    /// For people.
    pub(super) detail: String,
}

/// How far names and signatures lead.
struct Climb<'f> {
    field: &'f Field,
    signatures_left: usize,
    /// Certificates reached, and from which place in this list; the leaf first.
    reached: Vec<(&'f Arc<Certificate>, usize)>,
    /// The first anchor reached, and from which place.
    anchor: Option<(&'f Arc<Certificate>, usize)>,
    /// A certificate of the wanted name stood there, and its key had not made the signature.
    namesake: Option<&'f Arc<Certificate>>,
}

impl NoTrust {
    /// No certificate could be read.
    pub(super) fn malformed(error: CertificateError) -> Self {
        Self::Untrusted(Untrusted {
            cause: Cause::Malformed,
            issuer: String::new(),
            incomplete_excluded: false,
            detail: error.to_string(),
        })
    }

    /// Why the field has no path, given webpki's answer. The second value is the path that names
    /// and signatures lead along, from the leaf's issuer upwards.
    pub(super) fn find(field: &Field, refusal: Option<&NoPath>) -> (Self, Vec<Arc<Certificate>>) {
        let leaf = &field.leaf;
        if instant::not_after(leaf) < instant::not_before(leaf) {
            let detail = "the certificate ends before it begins".to_owned();
            return (Self::untrusted(Cause::Malformed, leaf, true, detail), Vec::new());
        }
        if refusal.is_some_and(NoPath::is_too_complex) {
            let detail = "the chain is too complex to be followed".to_owned();
            return (Self::untrusted(Cause::NotPermitted, leaf, false, detail), Vec::new());
        }
        let climb = Climb::new(field);
        let above = climb.above();
        let no_trust = match climb.anchor {
            Some((anchor, _)) => Self::along(field, &above, anchor),
            None => climb.short_of_anchor(),
        };
        (no_trust, above)
    }

    /// Why a path that names and signatures lead along to an anchor is none.
    fn along(field: &Field, above: &[Arc<Certificate>], anchor: &Arc<Certificate>) -> Self {
        let leaf = &field.leaf;
        let begun_by = above.iter().max_by_key(|it| instant::not_before(it)).unwrap_or(anchor);
        let ended_by = above.iter().min_by_key(|it| instant::not_after(it)).unwrap_or(anchor);
        let window =
            Window { from: instant::not_before(begun_by), until: instant::not_after(ended_by) };
        let first = window.from.max(instant::not_before(leaf));
        let last = window.until.min(instant::not_after(leaf));
        if last < first {
            let (begun_by, ended_by) = (Arc::clone(begun_by), Arc::clone(ended_by));
            return Self::Dates { window, begun_by, ended_by };
        }
        let steps = [leaf].into_iter().chain(above);
        let unchecked = steps
            .zip(above)
            .find(|(signed, issuer)| signed.signature_under(issuer) == Verdict::Unchecked);
        if let Some((signed, _)) = unchecked {
            let algorithm = signed.signature_algorithm();
            let detail = format!("a signature on the path ({algorithm}) cannot be checked here");
            return Self::Unchecked { detail };
        }
        let detail = broken_rule(anchor, field, above, first);
        let top = above.last().unwrap_or(anchor);
        Self::untrusted(Cause::NotPermitted, top, true, detail)
    }

    fn untrusted(
        cause: Cause,
        beyond: &Certificate,
        incomplete_excluded: bool,
        detail: String,
    ) -> Self {
        Self::Untrusted(Untrusted { cause, issuer: beyond.issuer(), incomplete_excluded, detail })
    }
}

impl<'f> Climb<'f> {
    fn new(field: &'f Field) -> Self {
        let mut climb = Self {
            field,
            signatures_left: SIGNATURES_MAX,
            reached: vec![(&field.leaf, 0)],
            anchor: None,
            namesake: None,
        };
        let mut next = 0;
        while let Some((certificate, _)) = climb.reached.get(next).copied() {
            climb.climb_from(certificate, next);
            if climb.anchor.is_some() {
                break;
            }
            next += 1;
        }
        climb
    }

    fn climb_from(&mut self, certificate: &Arc<Certificate>, place: usize) {
        for anchor in &self.field.anchors {
            if self.is_issuer(certificate, &anchor.certificate) {
                self.anchor = Some((&anchor.certificate, place));
                return;
            }
        }
        for known in &self.field.candidates {
            let is_new = !self.reached.iter().any(|(it, _)| it.der() == known.certificate.der());
            if is_new && self.is_issuer(certificate, &known.certificate) {
                self.reached.push((&known.certificate, place));
            }
        }
    }

    /// Whether one certificate issued the other, as far as there are checks left.
    fn is_issuer(&mut self, certificate: &Certificate, issuer: &'f Arc<Certificate>) -> bool {
        if certificate.issuer_der() != issuer.subject_der() || self.signatures_left == 0 {
            return false;
        }
        self.signatures_left -= 1;
        let is_issuer = certificate.issued_by(issuer);
        if !is_issuer {
            self.namesake = Some(issuer);
        }
        is_issuer
    }

    /// The path from the leaf's issuer to the anchor, else to the last certificate reached.
    fn above(&self) -> Vec<Arc<Certificate>> {
        let (mut place, mut path) = match self.anchor {
            Some((anchor, place)) => (place, vec![Arc::clone(anchor)]),
            None => (self.top(), Vec::new()),
        };
        while place > 0 {
            let Some((certificate, below)) = self.reached.get(place) else { break };
            path.push(Arc::clone(certificate));
            place = *below;
        }
        path.reverse();
        path
    }

    /// The place of a root, if one was reached, else of the last certificate reached.
    fn top(&self) -> usize {
        let is_root = |(certificate, _): &(&Arc<Certificate>, usize)| certificate.is_self_issued();
        self.reached.iter().skip(1).position(is_root).map_or(self.reached.len() - 1, |it| it + 1)
    }

    /// Why names and signatures lead to no anchor.
    fn short_of_anchor(&self) -> NoTrust {
        let leaf = &self.field.leaf;
        if leaf.is_self_signed() {
            let detail = "the certificate is its own issuer".to_owned();
            return NoTrust::untrusted(Cause::SelfSigned, leaf, true, detail);
        }
        let top = self.reached.get(self.top()).map_or(leaf, |(top, _)| top);
        if top.is_self_issued() && top.der() != leaf.der() {
            let detail = "the path ends in a root that is not trusted".to_owned();
            return NoTrust::untrusted(Cause::UnknownRoot, top, true, detail);
        }
        let detail = match self.namesake {
            None => "no issuer is presented or known".to_owned(),
            Some(_) => "an authority of the issuer's name is known, but its key did not make \
                        the signature"
                .to_owned(),
        };
        NoTrust::untrusted(Cause::IssuerNotFound, top, false, detail)
    }
}

/// The rule that this one path breaks at this second.
fn broken_rule(
    anchor: &Arc<Certificate>,
    field: &Field,
    above: &[Arc<Certificate>],
    at: instant::Seconds,
) -> String {
    if !anchor.may_issue() {
        return "the trust anchor does not say that it is an authority".to_owned();
    }
    if anchor.has_unknown_critical_extension() {
        return "the trust anchor has a critical extension that nobody knows".to_owned();
    }
    let is_usable = |it: &Arc<Anchor>| it.issuer.is_some() && it.certificate.der() == anchor.der();
    if !field.anchors.iter().any(is_usable) {
        return "the trust anchor is malformed".to_owned();
    }
    let on_path = |der: &[u8]| above.iter().any(|it| it.der() == der);
    let alone = Field {
        leaf: Arc::clone(&field.leaf),
        candidates: field
            .candidates
            .iter()
            .filter(|known| on_path(known.certificate.der()))
            .cloned()
            .collect(),
        anchors: field.anchors.iter().filter(|it| on_path(it.certificate.der())).cloned().collect(),
        leaf_is_anchor: false,
    };
    match alone.path_at(at) {
        // The signatures on it are known to be good: webpki met another of the same name.
        Ok(_) | Err(NoPath { error: webpki::Error::InvalidSignatureForPublicKey, .. }) => {
            "a rule of RFC 5280 forbids the path".to_owned()
        }
        Err(no_path) => rule_name(&no_path.error),
    }
}

/// What a client would object to, in words.
#[expect(clippy::wildcard_enum_match_arm, reason = "an enumeration of another crate")]
fn rule_name(error: &webpki::Error) -> String {
    use webpki::Error;
    let text = match error {
        Error::CaUsedAsEndEntity => "the certificate is that of an authority, not of a server",
        Error::EndEntityUsedAsCa => "a certificate on the path is not that of an authority",
        Error::CertDistrusted => "a key on the path is known to be compromised",
        Error::EmptyEkuExtension | Error::RequiredEkuNotFoundContext(_) => {
            "a certificate on the path may not be used for servers (extended key usage)"
        }
        Error::InvalidCertValidity => "a certificate on the path ends before it begins",
        Error::SignatureAlgorithmMismatch => {
            "a certificate on the path names two different signature algorithms"
        }
        Error::NameConstraintViolation => {
            "an authority on the path may not issue for this name (name constraints)"
        }
        Error::InvalidNetworkMaskConstraint | Error::MalformedNameConstraint => {
            "a name constraint on the path cannot be read"
        }
        Error::PathLenConstraintViolated => {
            "the path is longer than an authority on it allows (path length)"
        }
        Error::UnsupportedCertVersion => "a certificate on the path is not of version 3",
        Error::UnsupportedCriticalExtension => {
            "a certificate on the path has a critical extension that nobody knows"
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature on the path is of an algorithm that clients do not take"
        }
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::MalformedDnsIdentifier
        | Error::MalformedExtensions
        | Error::TrailingData(_) => "a certificate on the path is malformed",
        Error::MaximumPathDepthExceeded => "the path is too long",
        other => return format!("a rule of RFC 5280 forbids the path ({other})"),
    };
    text.to_owned()
}
