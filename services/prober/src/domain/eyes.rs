//! Whether this prober has lost its network, and how it finds out that it has it again.
//!
//! It judges itself by the rule by which the detector judges it ([`kernel::outage`]): the detector
//! believes none of a blind prober's failures, and a job that is left to another prober is worth
//! more than one that fails. Until it sees again it takes no jobs, and looks at witnesses instead:
//! domains that lately gave it a certificate.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use kernel::outage::{Looks, Outage};
use proto::{id::DomainId, v1::Job};

/// Domains of which it is remembered whether they gave a certificate. With more, all are forgotten
/// and learned again.
const DOMAINS_MAX: usize = 100_000;
/// Witnesses that are remembered.
const WITNESSES_MAX: usize = 64;
/// Witnesses that are asked in one self-test.
const ASKED_MAX: usize = 8;

/// What this prober knows of its own sight.
#[derive(Debug, Default)]
pub struct Eyes {
    gave: HashMap<DomainId, bool>,
    looks: Looks<DomainId>,
    witnesses: VecDeque<(DomainId, Job)>,
    is_blind: bool,
}

impl Eyes {
    /// Takes up what a job's look came to. Answers the outage that makes the prober blind from now
    /// on, if any.
    pub fn look(
        &mut self,
        domain: DomainId,
        job: &Job,
        gave: bool,
        at: Timestamp,
    ) -> Option<Outage> {
        if self.gave.len() >= DOMAINS_MAX && !self.gave.contains_key(&domain) {
            self.gave.clear();
        }
        // Of a domain that is new to this prober, the job says whether another one saw it.
        let was_fine = self.gave.insert(domain, gave).unwrap_or(!job.known_chains.is_empty());
        if gave {
            self.witness(domain, job);
        }
        if self.is_blind || !was_fine {
            return None;
        }
        let outage = self.looks.look(domain, !gave, at);
        self.is_blind = outage.is_some();
        outage
    }

    fn witness(&mut self, domain: DomainId, job: &Job) {
        self.witnesses.retain(|(known, _)| *known != domain);
        if self.witnesses.len() >= WITNESSES_MAX {
            self.witnesses.pop_front();
        }
        self.witnesses.push_back((domain, job.clone()));
    }

    /// Whether it has lost its network.
    pub fn is_blind(&self) -> bool {
        self.is_blind
    }

    /// Jobs for a self-test: of witnesses spread over all of them, from a random one on.
    pub fn witnesses(&self, random: usize) -> Vec<Job> {
        let all = self.witnesses.len();
        let stride = all.div_ceil(ASKED_MAX).max(1);
        let spread = (0..all).step_by(stride).map(|n| (random % all + n) % all);
        spread.filter_map(|n| self.witnesses.get(n)).map(|(_, job)| job.clone()).collect()
    }

    /// Takes up how many witnesses were asked and how many of them gave nothing. Answers whether it
    /// sees again: most of them would have failed if it did not.
    pub fn tested(&mut self, test: Outage) -> bool {
        if test.looked == 0 || test.is_most() {
            return false;
        }
        self.looks.clear();
        self.is_blind = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn job(n: u8) -> Job {
        Job { host: format!("d{n}.test"), ..Job::default() }
    }

    fn look(eyes: &mut Eyes, n: u8, gave: bool, second: i64) -> Option<Outage> {
        eyes.look(DomainId::from_bytes([n; 16]), &job(n), gave, at(second))
    }

    /// A prober to which these gave a certificate.
    fn seeing(domains: Range<u8>) -> Eyes {
        let mut eyes = Eyes::default();
        for n in domains {
            assert_eq!(look(&mut eyes, n, true, 0), None);
        }
        eyes
    }

    fn blind(domains: Range<u8>) -> Eyes {
        let mut eyes = seeing(domains.clone());
        let outages = domains
            .map(|n| look(&mut eyes, n, false, 100))
            .fold(0, |sum, outage| sum + usize::from(outage.is_some()));
        assert_eq!((outages, eyes.is_blind()), (1, true), "said once");
        eyes
    }

    #[test]
    fn a_prober_to_which_twenty_fail_that_were_fine_is_blind() {
        blind(0..20);
    }

    #[test]
    fn domains_that_never_gave_anything_blind_nobody() {
        let mut eyes = Eyes::default();
        for second in 0..3 {
            assert!((0..50).all(|n| look(&mut eyes, n, false, second).is_none()));
        }
    }

    #[test]
    fn what_others_saw_counts_once_for_a_prober_that_is_new() {
        let seen = |n| Job { known_chains: vec![vec![7; 32].into()], ..job(n) };
        let mut eyes = Eyes::default();
        let mut outages = |second| {
            let looks = (0..19)
                .map(|n| eyes.look(DomainId::from_bytes([n; 16]), &seen(n), false, at(second)));
            looks.flatten().count()
        };
        assert_eq!((outages(0), outages(1)), (0, 0), "nineteen, however often");
        assert!(eyes.look(DomainId::from_bytes([19; 16]), &seen(19), false, at(2)).is_some());
    }

    #[test]
    fn eight_witnesses_are_asked_and_each_once() {
        for (known, asked) in [(0..3, 3), (0..8, 8), (0..64, 8), (0..100, 8)] {
            let eyes = seeing(known.clone());
            for random in [0, 7, 100, usize::MAX] {
                let mut hosts: Vec<_> =
                    eyes.witnesses(random).into_iter().map(|job| job.host).collect();
                hosts.sort();
                hosts.dedup();
                assert_eq!(hosts.len(), asked, "{known:?} from {random}");
            }
        }
        assert!(Eyes::default().witnesses(1).is_empty());
    }

    #[test]
    fn a_test_is_passed_when_more_than_a_fifth_gives_a_certificate() {
        for (failed, sees) in [(8, false), (7, false), (6, true), (0, true)] {
            let mut eyes = blind(0..20);
            assert_eq!(eyes.tested(Outage { failed, looked: 8 }), sees, "{failed} of 8 failed");
            assert_eq!(eyes.is_blind(), !sees);
        }
        assert!(!blind(0..20).tested(Outage { failed: 0, looked: 0 }), "nobody was asked");
    }

    #[test]
    fn a_look_that_was_under_way_is_no_test() {
        let mut eyes = blind(0..20);
        assert_eq!(look(&mut eyes, 3, true, 101), None);
        assert!(eyes.is_blind());
    }

    #[test]
    fn whoever_sees_again_is_judged_anew() {
        let mut eyes = blind(0..30);
        assert!(eyes.tested(Outage { failed: 0, looked: 1 }));
        // They failed the last time: that they still do proves nothing.
        assert!((0..30).all(|n| look(&mut eyes, n, false, 101).is_none()));
        assert!((0..30).all(|n| look(&mut eyes, n, true, 102).is_none()));
        assert!((0..30).any(|n| look(&mut eyes, n, false, 200).is_some()));
    }
}
