//! Whether this prober has lost its network, and how it finds out that it has it again.
//!
//! It judges itself by the rule by which the detector judges it ([`kernel::outage`]): the detector
//! believes none of a blind prober's failures, and a job that is left to another prober is worth
//! more than one that fails. Until it sees again it takes no jobs, and looks at witnesses instead:
//! domains that lately gave it a certificate.

use std::collections::VecDeque;

use jiff::Timestamp;
use kernel::outage::{Looks, Outage};
use proto::{id::DomainId, v1::Job};

/// Witnesses that are remembered.
const WITNESSES_MAX: usize = 64;
/// Witnesses that are asked in one self-test.
const ASKED_MAX: usize = 8;
/// After so many self-tests in vain, a job is a test as well.
const TRIAL_EACH: u32 = 6;

/// What this prober knows of its own sight.
#[derive(Debug, Default)]
pub struct Eyes {
    looks: Looks<DomainId>,
    witnesses: VecDeque<(DomainId, Job)>,
    is_blind: bool,
    /// When it last passed a self-test.
    passed_at: Option<Timestamp>,
}

/// What a look came to.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    /// Whether any address gave a certificate.
    pub gave: bool,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

impl Eyes {
    /// Takes up what a job's look came to. Answers the outage that makes the prober blind from now
    /// on, if any.
    pub fn look(&mut self, domain: DomainId, job: &Job, glance: Glance) -> Option<Outage> {
        if glance.gave {
            self.witness(domain, job);
        }
        // What began in the dark says nothing of the time since.
        let is_past = self.passed_at.is_some_and(|passed_at| glance.began_at < passed_at);
        if self.is_blind || !job.was_reachable || is_past {
            return None;
        }
        let outage = self.looks.look(domain, !glance.gave, glance.ended_at);
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

    /// Whether the next job shall be a test, after so many that were not passed: those who are
    /// asked may be gone for good.
    pub fn wants_trial(&self, tests: u32) -> bool {
        self.witnesses.is_empty() || tests.is_multiple_of(TRIAL_EACH)
    }

    /// Takes up how many were asked and how many of them gave nothing. Answers whether it sees
    /// again: most of them would have failed if it did not.
    pub fn tested(&mut self, test: Outage, at: Timestamp) -> bool {
        if test.looked == 0 || test.is_most() {
            return false;
        }
        self.looks.clear();
        self.is_blind = false;
        self.passed_at = Some(at);
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
        Job { host: format!("d{n}.test"), was_reachable: true, ..Job::default() }
    }

    fn glance(gave: bool, second: i64) -> Glance {
        Glance { gave, began_at: at(second), ended_at: at(second + 1) }
    }

    fn look(eyes: &mut Eyes, n: u8, gave: bool, second: i64) -> Option<Outage> {
        eyes.look(DomainId::from_bytes([n; 16]), &job(n), glance(gave, second))
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
        let outages = domains.filter_map(|n| look(&mut eyes, n, false, 100)).count();
        assert_eq!((outages, eyes.is_blind), (1, true), "said once");
        eyes
    }

    #[test]
    fn a_prober_to_which_twenty_fail_that_were_fine_is_blind() {
        blind(0..20);
    }

    #[test]
    fn domains_that_were_not_reachable_blind_nobody() {
        let mut eyes = Eyes::default();
        for n in 0..50 {
            let job = Job { was_reachable: false, ..job(n) };
            let outage = eyes.look(DomainId::from_bytes([n; 16]), &job, glance(false, 0));
            assert_eq!(outage, None);
        }
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
            let test = Outage { failed, looked: 8 };
            assert_eq!(eyes.tested(test, at(110)), sees, "{failed} of 8 failed");
            assert_eq!(eyes.is_blind, !sees);
        }
        assert!(!blind(0..20).tested(Outage { failed: 0, looked: 0 }, at(110)), "nobody was asked");
    }

    #[test]
    fn a_job_is_a_test_where_there_are_no_witnesses_or_they_fail_for_a_minute() {
        let trials = |eyes: &Eyes| (1..=12).filter(|tests| eyes.wants_trial(*tests)).count();
        assert_eq!(trials(&seeing(0..1)), 2);
        assert_eq!(trials(&Eyes::default()), 12);
    }

    #[test]
    fn a_look_that_was_under_way_is_no_test() {
        let mut eyes = blind(0..20);
        assert_eq!(look(&mut eyes, 3, true, 101), None);
        assert!(eyes.is_blind);
    }

    #[test]
    fn whoever_sees_again_is_judged_by_what_begins_from_then_on() {
        let mut eyes = blind(0..30);
        assert!(eyes.tested(Outage { failed: 0, looked: 1 }, at(120)));
        assert!((0..30).all(|n| look(&mut eyes, n, false, 119).is_none()));
        assert!((0..30).any(|n| look(&mut eyes, n, false, 120).is_some()));
    }
}
