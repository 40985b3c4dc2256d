//! Tells what a watch says, for tests: looks go in, news comes out in words.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use kernel::decider::Decider;
use proto::{
    id::DomainId,
    time,
    v1::{
        CertificateSummary, Chain, Evidence, Expiry, Kind, LogRecord, Reason, Severity, State,
        anomaly_closed::How, evidence, log_event::Event,
    },
};

use super::{
    Refusal, Watch,
    command::{Ask, Clock, Command, Finding, Judged, Judgement, Trust, Weigh},
};
use crate::domain::sight::{Absence, Endpoint, Look, Showing, Sight};

/// A certificate of a story: a letter, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cert(pub(super) u8, pub(super) &'static [Wrong]);

/// What is wrong: kind, severity, and the days of a rung.
pub(super) type Wrong = (Kind, Severity, Option<u64>);

pub(super) const GOOD: Cert = Cert(b'g', &[]);
pub(super) const RENEWED: Cert = Cert(b'r', &[]);
pub(super) const EXPIRED: Cert = Cert(b'e', &[(Kind::Expired, Severity::Critical, None)]);
pub(super) const WRONG_NAME: Cert = Cert(b'n', &[(Kind::NameMismatch, Severity::Critical, None)]);
pub(super) const INCOMPLETE: Cert =
    Cert(b'i', &[(Kind::ChainIncomplete, Severity::Critical, None)]);
pub(super) const UNTRUSTED: Cert = Cert(b'u', &[(Kind::Untrusted, Severity::Critical, None)]);
pub(super) const WEAK: Cert = Cert(b'w', &[(Kind::Weak, Severity::Warning, None)]);
pub(super) const EXPIRING: Cert = Cert(b'x', &[(Kind::Expiring, Severity::Warning, Some(30))]);
/// Nobody can tell if it is trusted.
pub(super) const UNCHECKED: Cert = Cert(b'c', &[]);
pub(super) const SOONER: Cert = Cert(b'x', &[(Kind::Expiring, Severity::Warning, Some(14))]);
pub(super) const SOON: Cert = Cert(b'x', &[(Kind::Expiring, Severity::Critical, Some(3))]);
pub(super) const PASSED: Cert = Cert(b'x', &[(Kind::Expired, Severity::Critical, None)]);

/// A domain and all that was said of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Story {
    pub(super) watch: Watch,
    pub(super) log: Vec<LogRecord>,
    pub(super) second: i64,
    pub(super) look: u64,
    pub(super) revision: u64,
    pub(super) clock: Clock,
}

impl Story {
    /// A domain that was just added.
    pub(super) fn added() -> Self {
        let mut story = Self::default();
        story.order(watch);
        story
    }

    /// A domain that shows a good certificate.
    pub(super) fn secure() -> Self {
        let mut story = Self::added();
        assert_eq!(story.sees(&[GOOD]), NOTHING);
        assert_eq!(story.state(), State::Secure);
        story
    }

    pub(super) fn state(&self) -> State {
        self.watch.state()
    }

    pub(super) fn order(&mut self, ask: impl FnOnce(u64) -> Ask) -> Vec<String> {
        self.revision += 1;
        self.ask(ask(self.revision)).unwrap()
    }

    /// A look at endpoints that each show a certificate, a minute later.
    pub(super) fn sees(&mut self, certs: &[Cert]) -> Vec<String> {
        self.sees_or_not(&certs.iter().copied().map(Some).collect::<Vec<_>>())
    }

    /// The same, with endpoints that do not answer.
    pub(super) fn sees_or_not(&mut self, certs: &[Option<Cert>]) -> Vec<String> {
        self.second += 60;
        self.look += 1;
        let weigh = self.weigh(self.look, certs);
        self.ask(Ask::Weigh(weigh)).unwrap()
    }

    pub(super) fn weigh(&self, number: u64, certs: &[Option<Cert>]) -> Weigh {
        let shown = certs.iter().flatten().copied();
        let chains = shown.clone().map(|cert| (showing(cert).chain, chain(cert))).collect();
        let endpoints = certs.iter().zip(1..).map(|(cert, last)| Endpoint {
            address: [192, 0, 2, last].into(),
            shows: cert.map(showing).ok_or_else(|| absence(Reason::ConnectTimeout)),
        });
        let sight = Sight::Certificates(endpoints.collect());
        let look = self.at(number, sight, chains);
        Weigh { look, port: 443, judgement: judgement(shown, self.clock, &self.watch) }
    }

    /// A look at which nothing answers.
    pub(super) fn fails(&mut self, reason: Reason) -> Vec<String> {
        self.second += 20;
        self.look += 1;
        let sight = Sight::Nothing { absence: absence(reason), tried: vec![[192, 0, 2, 1].into()] };
        let look = self.at(self.look, sight, BTreeMap::new());
        let weigh = Weigh { look, port: 443, judgement: Judgement::default() };
        self.ask(Ask::Weigh(weigh)).unwrap()
    }

    /// Time passes until what is believed is as bad as this.
    pub(super) fn wakes(&mut self, certs: &[Cert]) -> Vec<String> {
        self.second += 3_600;
        let judgement = judgement(certs.iter().copied(), self.clock, &Watch::default());
        self.ask(Ask::Wake { port: 443, judgement }).unwrap()
    }

    /// Answers what was said in words: only what is news, not the book-keeping.
    pub(super) fn ask(&mut self, ask: Ask) -> Result<Vec<String>, Refusal> {
        let domain = DomainId::from_bytes([1; 16]);
        let records = self.watch.decide(Command { domain, at: at(self.second), ask })?;
        let before = self.log.len();
        for record in records {
            self.watch.evolve(&record);
            self.log.push(record);
        }
        assert_eq!(Watch::folded(&self.log), self.watch, "live and folded anew are the same");
        let kept = Watch::recall(&self.watch.keep()).unwrap();
        assert_eq!(kept, self.watch, "kept and recalled is the same");
        Ok(self.log.iter().skip(before).flat_map(said).collect())
    }

    fn at(&self, number: u64, sight: Sight, chains: BTreeMap<[u8; 32], Chain>) -> Look {
        let prober = "prober".parse().unwrap();
        Look { number, revision: self.revision, prober, sight, chains, fetched: vec![] }
    }
}

pub(super) const NOTHING: [&str; 0] = [];

/// The order to watch, by terms of its own.
pub(super) fn watch(revision: u64) -> Ask {
    Ask::Watch { revision, terms_at: revision }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn showing(cert: Cert) -> Showing {
    Showing { chain: [cert.0; 32], version: 0x0304, cipher_suite: 0x1301 }
}

/// What is said of certificates as they are, and of all that a watch believes of its story.
fn judgement(certs: impl Iterator<Item = Cert>, clock: Clock, watch: &Watch) -> Judgement {
    let all =
        [GOOD, RENEWED, EXPIRED, WRONG_NAME, INCOMPLETE, UNTRUSTED, WEAK, EXPIRING, UNCHECKED];
    let believed = watch
        .faces()
        .iter()
        .filter_map(|face| all.into_iter().find(|cert| showing(*cert) == face.showing));
    let judged =
        certs.chain(believed.collect::<Vec<_>>()).map(|cert| (showing(cert), judged(cert)));
    // A certificate of the story comes first; the catalogue fills in what is only believed.
    let mut showings = BTreeMap::new();
    for (showing, judged) in judged {
        showings.entry(showing).or_insert(judged);
    }
    Judgement { showings, under: 1, clock }
}

fn judged(Cert(letter, wrongs): Cert) -> Judged {
    let names = vec![format!("{}.example", char::from(letter))];
    let summary = CertificateSummary { names, ..CertificateSummary::default() };
    let findings = wrongs.iter().map(|(kind, severity, days)| {
        let rung = days.map(|days| time::write_span(Duration::from_secs(days * 86_400)));
        let case = evidence::Case::Expiry(Expiry { rung, ..Expiry::default() });
        let case = matches!(kind, Kind::Expired | Kind::Expiring).then_some(case);
        Finding {
            kind: *kind,
            severity: *severity,
            since: None,
            evidence: Evidence { case, ..Evidence::default() },
        }
    });
    let trust = if letter == UNCHECKED.0 { Trust::Undecided } else { Trust::Decided };
    Judged { leaf: [letter; 32], summary, findings: findings.collect(), trust, wake_at: None }
}

fn chain(Cert(letter, _): Cert) -> Chain {
    let certificates = vec![Bytes::copy_from_slice(&[letter])];
    Chain { fingerprint: Bytes::copy_from_slice(&[letter; 32]), certificates }
}

fn absence(reason: Reason) -> Absence {
    Absence { reason, detail: "as told".to_owned(), alert: None }
}

fn said(record: &LogRecord) -> Vec<String> {
    let events = record.events.iter().filter_map(|event| event.event.as_ref());
    events
        .filter_map(|event| match event {
            Event::AnomalyOpened(opened) => {
                let (kind, severity) = (opened.kind().token(), opened.severity().token());
                Some(format!("opened {kind} {severity}"))
            }
            Event::AnomalyWorsened(worsened) => {
                let (kind, severity) = (worsened.kind().token(), worsened.severity().token());
                Some(format!("worsened {kind} {severity}"))
            }
            Event::AnomalyClosed(closed) => {
                let how = match closed.how() {
                    How::Recovered => "recovered",
                    How::Superseded => "superseded",
                    How::Abandoned => "abandoned",
                    How::Unspecified => "?",
                };
                Some(format!("{how} {}", closed.kind().token()))
            }
            Event::CertificateChanged(_) => Some("changed".to_owned()),
            Event::Watched(_)
            | Event::Unwatched(_)
            | Event::StateChanged(_)
            | Event::ChainLearned(_)
            | Event::EndpointSeen(_)
            | Event::EndpointGone(_)
            | Event::RoundCounted(_) => None,
        })
        .collect()
}
