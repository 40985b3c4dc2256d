//! The names and addresses that a certificate is for, and the URLs that it names.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use x509_parser::{
    asn1_rs::{Any, FromDer},
    extensions::{AuthorityInfoAccess, CRLDistributionPoints, DistributionPointName, GeneralName},
    oid_registry::{OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS, OID_PKIX_ACCESS_DESCRIPTOR_OCSP},
};

use crate::{Certificate, URL_BYTES_MAX, URLS_MAX, text};

/// One subject alternative name that a TLS client may match. Shown cleaned by `Display`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectName<'a> {
    /// A DNS name as it stands: possibly a wildcard, possibly nothing that DNS would know.
    Dns(&'a str),
    /// An address.
    Ip(IpAddr),
}

impl fmt::Display for SubjectName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(&text::clean(name)),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl Certificate {
    /// Its subject alternative names, DNS and IP, in their order. None if the extension is missing,
    /// repeated or unreadable; the common name of the subject is never one (RFC 9525, section 2).
    pub fn names(&self) -> impl Iterator<Item = SubjectName<'_>> {
        let mut rest = self
            .places
            .names
            .clone()
            .and_then(|place| Any::from_der(&self.der[place]).ok())
            .map_or(&[][..], |(_, list)| list.data);
        std::iter::from_fn(move || {
            let (after, name) = GeneralName::from_der(rest).ok()?;
            rest = after;
            Some(name)
        })
        .filter_map(|name| subject_name(&name))
    }

    /// Where certificates of its issuer are kept (`caIssuers`), at most [`URLS_MAX`].
    pub fn ca_issuer_urls(&self) -> Vec<String> {
        self.access_urls(|access| access.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS)
    }

    /// Where its revocation can be asked, at most [`URLS_MAX`].
    pub fn ocsp_urls(&self) -> Vec<String> {
        self.access_urls(|access| access.access_method == OID_PKIX_ACCESS_DESCRIPTOR_OCSP)
    }

    /// Where the revocation lists are kept, at most [`URLS_MAX`].
    pub fn crl_urls(&self) -> Vec<String> {
        let Some(place) = self.places.crl_points.clone() else { return Vec::new() };
        let Ok((_, points)) = CRLDistributionPoints::from_der(&self.der[place]) else {
            return Vec::new();
        };
        let full = points.points.iter().filter_map(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => Some(names),
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) | None => None,
        });
        full.flatten().filter_map(url).take(URLS_MAX).collect()
    }

    fn access_urls(
        &self,
        wanted: impl Fn(&x509_parser::extensions::AccessDescription<'_>) -> bool,
    ) -> Vec<String> {
        let Some(place) = self.places.authority_information.clone() else { return Vec::new() };
        let Ok((_, access)) = AuthorityInfoAccess::from_der(&self.der[place]) else {
            return Vec::new();
        };
        let locations = access.accessdescs.iter().filter(|access| wanted(access));
        locations.filter_map(|access| url(&access.access_location)).take(URLS_MAX).collect()
    }
}

fn subject_name<'a>(name: &GeneralName<'a>) -> Option<SubjectName<'a>> {
    if let GeneralName::DNSName(name) = name {
        return Some(SubjectName::Dns(name));
    }
    let GeneralName::IPAddress(octets) = name else { return None };
    address(octets).map(SubjectName::Ip)
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(octets).ok().map(|v6| Ipv6Addr::from(v6).into())
}

/// A URL of visible ASCII characters and bounded length.
fn url(name: &GeneralName<'_>) -> Option<String> {
    let GeneralName::URI(url) = name else { return None };
    let fits = url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| (*url).to_owned())
}
