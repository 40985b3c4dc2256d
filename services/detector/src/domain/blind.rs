//! Whether a prober can be believed when it says that nothing answers.
//!
//! Each prober is judged over the last minute of its looks at domains that gave a certificate the
//! time before. When most of many fail at once, it is the prober that has lost the network: its
//! failures count as not seen until its looks succeed again. It judges itself by the same rule, and
//! takes no jobs until it has passed a test of its own.
//! A certificate it brings is believed all the time, since nobody can make one up.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::outage::Looks;
use proto::{id::DomainId, v1::ProberBlindness};

/// Looks that must succeed running before a blind prober is believed again.
const LOOKS_TO_SEE: u8 = 3;
/// Probers that are remembered; the one that was heard of longest ago makes room.
const PROBERS_MAX: usize = 1_024;

/// What all probers did lately.
#[derive(Debug, Default)]
pub struct Probers {
    by_name: BTreeMap<Box<str>, Prober>,
}

#[derive(Debug)]
struct Prober {
    looks: Looks<DomainId>,
    heard_at: Timestamp,
    /// While blind: looks that succeeded running.
    blind: Option<u8>,
}

/// What becomes of a look.
#[derive(Debug, Clone, PartialEq)]
pub enum Belief {
    /// It is believed.
    Believed,
    /// It counts as not seen.
    Doubted,
    /// It counts as not seen, and the prober is blind from now on: say so once.
    Blinded(ProberBlindness),
    /// It is believed, and the prober sees again: say so once.
    Seeing,
}

impl Probers {
    /// What becomes of a prober's look at a domain that was reachable the time before.
    pub fn look(&mut self, name: &str, domain: DomainId, failed: bool, at: Timestamp) -> Belief {
        if !self.by_name.contains_key(name) && self.by_name.len() >= PROBERS_MAX {
            self.forget_one();
        }
        let fresh = || Prober { looks: Looks::default(), heard_at: at, blind: None };
        let prober = self.by_name.entry(name.into()).or_insert_with(fresh);
        prober.heard_at = at;
        match prober.blind {
            Some(_) if failed => {
                prober.blind = Some(0);
                Belief::Doubted
            }
            Some(seen) if seen + 1 >= LOOKS_TO_SEE => {
                prober.blind = None;
                prober.looks.clear();
                Belief::Seeing
            }
            Some(seen) => {
                prober.blind = Some(seen + 1);
                Belief::Believed
            }
            None => prober.judge(name, domain, failed, at),
        }
    }

    /// Whether a prober is blind: what it says of failures counts as not seen.
    pub fn is_blind(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|prober| prober.blind.is_some())
    }

    /// Takes up what an earlier life of this program said: the prober is blind.
    pub fn resume_blind(&mut self, name: &str, at: Timestamp) {
        let blind = Prober { looks: Looks::default(), heard_at: at, blind: Some(0) };
        self.by_name.insert(name.into(), blind);
    }

    fn forget_one(&mut self) {
        let oldest = self.by_name.iter().min_by_key(|(_, prober)| prober.heard_at);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.by_name.remove(&name);
        }
    }
}

impl Prober {
    fn judge(&mut self, name: &str, domain: DomainId, failed: bool, at: Timestamp) -> Belief {
        let Some(outage) = self.looks.look(domain, failed, at) else { return Belief::Believed };
        self.blind = Some(0);
        Belief::Blinded(ProberBlindness {
            prober: name.to_owned(),
            failed: u32::try_from(outage.failed).unwrap_or(u32::MAX),
            looked: u32::try_from(outage.looked).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn domain(n: u8) -> DomainId {
        DomainId::from_bytes([n; 16])
    }

    fn fail(probers: &mut Probers, domains: std::ops::Range<u8>, second: i64) -> Vec<Belief> {
        domains.map(|n| probers.look("p", domain(n), true, at(second))).collect()
    }

    #[test]
    fn a_prober_that_fails_everywhere_is_blind_and_said_so_once() {
        let mut probers = Probers::default();
        let beliefs = fail(&mut probers, 0..25, 0);
        assert!(beliefs[..19].iter().all(|belief| *belief == Belief::Believed));
        let blindness = ProberBlindness { prober: "p".to_owned(), failed: 20, looked: 20 };
        assert_eq!(beliefs[19], Belief::Blinded(blindness));
        assert!(beliefs[20..].iter().all(|belief| *belief == Belief::Doubted));
        assert!(probers.is_blind("p") && !probers.is_blind("another"));
    }

    #[test]
    fn failures_among_successes_are_the_domains_own() {
        let mut probers = Probers::default();
        for n in 0..8 {
            probers.look("p", domain(n), false, at(0));
        }
        assert!(fail(&mut probers, 8..38, 1).iter().all(|belief| *belief == Belief::Believed));
    }

    #[test]
    fn a_blind_prober_sees_again_after_three_looks_running() {
        let mut probers = Probers::default();
        fail(&mut probers, 0..20, 0);
        assert_eq!(probers.look("p", domain(1), false, at(1)), Belief::Believed);
        assert_eq!(probers.look("p", domain(2), true, at(2)), Belief::Doubted);
        assert_eq!(probers.look("p", domain(1), false, at(3)), Belief::Believed);
        assert_eq!(probers.look("p", domain(2), false, at(4)), Belief::Believed);
        assert_eq!(probers.look("p", domain(3), false, at(5)), Belief::Seeing);
        assert_eq!(probers.look("p", domain(3), true, at(6)), Belief::Believed);
    }

    #[test]
    fn each_prober_is_judged_on_its_own() {
        let mut probers = Probers::default();
        fail(&mut probers, 0..25, 0);
        assert_eq!(probers.look("q", domain(1), true, at(1)), Belief::Believed);
    }
}
