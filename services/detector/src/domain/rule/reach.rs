//! Why a domain gave no certificate, as one reason for all that was tried.

use proto::v1::{Lookup, Reason, Resolution, lookup::Outcome};

use crate::domain::sight::Absence;

/// The reason of the endpoint that came furthest; without endpoints, that of the lookups. `None` if
/// nothing was tried at all.
pub fn absence(
    endpoints: impl Iterator<Item = Absence>,
    resolution: Option<&Resolution>,
) -> Option<Absence> {
    endpoints.max_by_key(|absence| advance(absence.reason)).or_else(|| unresolved(resolution?))
}

/// How far a look came before it failed: what is furthest says most of what is wrong.
fn advance(reason: Reason) -> u8 {
    match reason {
        Reason::Unspecified => 0,
        Reason::DnsFailure => 1,
        Reason::DnsNoAddress => 2,
        Reason::AddressNotAllowed => 3,
        Reason::ConnectTimeout => 4,
        Reason::ConnectRefused => 5,
        Reason::NotTls => 6,
        Reason::HandshakeFailed => 7,
        Reason::NoCertificate => 8,
    }
}

/// Lookups that found no address. One that failed leaves open whether there is an address, so it
/// outweighs one that says there is none.
fn unresolved(resolution: &Resolution) -> Option<Absence> {
    let lookups = || [&resolution.a, &resolution.aaaa].into_iter().flatten();
    let failed = |lookup: &&Lookup| {
        matches!(
            Outcome::try_from(lookup.outcome),
            Ok(Outcome::Failed | Outcome::Timeout | Outcome::Unspecified) | Err(_)
        )
    };
    let (reason, lookup) = match lookups().find(failed) {
        Some(lookup) => (Reason::DnsFailure, lookup),
        None => (Reason::DnsNoAddress, lookups().next()?),
    };
    let detail = lookup.detail.chars().take(200).collect();
    Some(Absence { reason, detail, alert: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(reasons: &[Reason]) -> Option<Reason> {
        let absences = reasons.iter().map(|reason| Absence {
            reason: *reason,
            detail: String::new(),
            alert: None,
        });
        absence(absences, None).map(|absence| absence.reason)
    }

    fn resolving(a: Outcome, aaaa: Outcome) -> Option<Reason> {
        let lookup = |outcome: Outcome| Lookup { outcome: outcome as i32, ..Lookup::default() };
        let resolution =
            Resolution { a: Some(lookup(a)), aaaa: Some(lookup(aaaa)), ..Resolution::default() };
        absence([].into_iter(), Some(&resolution)).map(|absence| absence.reason)
    }

    #[test]
    fn the_endpoint_that_came_furthest_names_the_reason() {
        use Reason::{ConnectRefused, ConnectTimeout, HandshakeFailed, NotTls};
        assert_eq!(failing(&[ConnectTimeout, NotTls, ConnectRefused]), Some(NotTls));
        assert_eq!(failing(&[HandshakeFailed, ConnectTimeout]), Some(HandshakeFailed));
        assert_eq!(failing(&[]), None);
    }

    #[test]
    fn a_lookup_that_failed_outweighs_one_that_found_none() {
        use Outcome::{Failed, NoName, NoRecords, Timeout};
        assert_eq!(resolving(NoName, NoName), Some(Reason::DnsNoAddress));
        assert_eq!(resolving(NoRecords, NoRecords), Some(Reason::DnsNoAddress));
        assert_eq!(resolving(NoRecords, Failed), Some(Reason::DnsFailure));
        assert_eq!(resolving(Timeout, NoRecords), Some(Reason::DnsFailure));
    }
}
