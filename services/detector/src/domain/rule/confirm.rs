//! How often something must be seen, or not be seen, before it is believed.

use std::time::Duration;

use proto::v1::Kind;

/// Rounds without a certificate that make a domain unreachable, or its enabling failed.
pub const ROUNDS_TO_OPEN: u32 = 3;
/// Rounds with a certificate that make it reachable again.
pub const ROUNDS_TO_REACH: u32 = 2;
/// Clean rounds that close an anomaly of the certificate.
pub const ROUNDS_TO_CLOSE: u32 = 3;
/// Clean rounds that close one that has relapsed often: two hours of one a minute.
pub const ROUNDS_TO_CLOSE_MAX: u32 = 120;

/// From the first round to the second.
const SECOND: Duration = Duration::from_secs(20);
/// From each further round to the next: the third follows a minute after the first.
const THIRD: Duration = Duration::from_secs(40);
/// From each round beyond the third to the next.
const FURTHER: Duration = Duration::from_mins(1);

/// The same for a domain that was just enabled, so that three looks fit in a minute with their
/// deadlines.
const ENABLING: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(20)];

/// How long after its `round`th round (1 for the first) the next is due.
pub fn next_round(round: u32) -> Duration {
    match round {
        0 | 1 => SECOND,
        2 => THIRD,
        _ => FURTHER,
    }
}

/// How long after the `round`th look that found nothing a domain that is being enabled is looked at
/// again.
pub fn next_enabling(round: u32) -> Duration {
    ENABLING[usize::from(round > 1)]
}

/// Clean rounds needed from now on, after a relapse.
pub fn after_relapse(needed: u32) -> u32 {
    needed.saturating_mul(2).clamp(ROUNDS_TO_CLOSE, ROUNDS_TO_CLOSE_MAX)
}

/// Whether an anomaly is about what the certificates say, so that certificates close it.
pub fn is_of_certificate(kind: Kind) -> bool {
    match kind {
        Kind::Expired
        | Kind::Expiring
        | Kind::ChainIncomplete
        | Kind::NameMismatch
        | Kind::Untrusted
        | Kind::NotYetValid
        | Kind::Revoked
        | Kind::MixedCertificates
        | Kind::Weak
        | Kind::RenewalOverdue => true,
        Kind::Unspecified
        | Kind::EnableFailed
        | Kind::Recovered
        | Kind::Unreachable
        | Kind::NotObserved
        | Kind::CertificateChanged
        | Kind::ProberBlind => false,
    }
}

/// Whether it comes with time alone, without a scan.
pub fn is_of_time(kind: Kind) -> bool {
    matches!(kind, Kind::Expired | Kind::Expiring)
}

/// Whether it cannot be judged of a chain of which nobody can tell if it is trusted: what is wrong
/// may be wrong above the leaf, where no path leads.
pub fn rests_on_trust(kind: Kind) -> bool {
    matches!(kind, Kind::Untrusted | Kind::ChainIncomplete | Kind::Revoked | Kind::Weak)
}

/// Whether a clock must be trusted to judge it.
pub fn needs_the_time(kind: Kind) -> bool {
    matches!(kind, Kind::Expired | Kind::Expiring | Kind::NotYetValid | Kind::RenewalOverdue)
}

/// What an anomaly that opens puts in the shade: the same matter, only worse or known better. One
/// way only, so that two chains that are served in turn do not make news for ever.
pub fn supersedes(opening: Kind) -> &'static [Kind] {
    match opening {
        Kind::Expired => &[Kind::Expiring],
        Kind::ChainIncomplete => &[Kind::Untrusted],
        Kind::Unspecified
        | Kind::EnableFailed
        | Kind::Expiring
        | Kind::NameMismatch
        | Kind::Recovered
        | Kind::Untrusted
        | Kind::NotYetValid
        | Kind::Revoked
        | Kind::Unreachable
        | Kind::MixedCertificates
        | Kind::Weak
        | Kind::RenewalOverdue
        | Kind::NotObserved
        | Kind::CertificateChanged
        | Kind::ProberBlind => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relapses_double_up_to_two_hours() {
        let needed: Vec<_> =
            std::iter::successors(Some(ROUNDS_TO_CLOSE), |n| Some(after_relapse(*n)))
                .take(8)
                .collect();
        assert_eq!(needed, [3, 6, 12, 24, 48, 96, 120, 120]);
    }

    #[test]
    fn three_rounds_take_a_minute() {
        assert_eq!(next_round(1), Duration::from_secs(20));
        assert_eq!(next_round(1) + next_round(2), Duration::from_mins(1));
        assert_eq!(next_round(3), Duration::from_mins(1));
        assert!(next_enabling(1) + next_enabling(2) < Duration::from_mins(1));
    }
}
