//! What an assessment means for one host, now.

use std::sync::Arc;

use certificate::Certificate;
use jiff::{SignedDuration, Timestamp};
use proto::v1::{Kind, Reason, Severity, handshake::Proof};

use super::{
    Assessment, Question, above,
    cause::NoTrust,
    clock::{Clock, Timing},
    evidence::{self, Case, Evidence, Summary},
    instant::{self, Seconds},
    name,
    path::Path,
    remark::Remark,
    rungs::Ladder,
    verdict::{Anomaly, Verdict},
    weak,
};

impl Assessment {
    /// What is wrong with a domain that presents this chain: each finding on its own, in the order
    /// in which they are told.
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        let mut findings = Findings { question, leaf: self.leaf().cloned(), anomalies: Vec::new() };
        judge_proof(&mut findings);
        if let (Some(leaf), Some(clock)) = (self.leaf(), self.clock()) {
            self.judge_dates(leaf, clock, &mut findings);
            self.judge_trust(leaf, &mut findings);
            judge_name(leaf, &mut findings);
        } else if let Some((no_trust, _)) = &self.no_trust {
            findings.add_no_trust(no_trust);
        }
        self.judge_strength(&mut findings);
        Verdict::new(findings.anomalies, self.remarks_at(question))
    }

    fn judge_dates(&self, leaf: &Arc<Certificate>, clock: &Clock, findings: &mut Findings<'_>) {
        let now = findings.question.now;
        match clock.timing(now) {
            Timing::NotYetValid { .. } => {
                let limiting = self.begun_by(leaf);
                findings.add_expiry(Kind::NotYetValid, Severity::Critical, limiting, None);
            }
            Timing::Expired { ended } => {
                let limiting = self.ended_by(leaf, ended, now);
                findings.add_expiry(Kind::Expired, Severity::Critical, limiting, None);
            }
            Timing::Valid { ends, remaining } => {
                let ladder = Ladder::new(clock.lifetime(), findings.question.rungs);
                if let Some(rung) = ladder.below(remaining) {
                    let limiting = self.ended_by(leaf, ends, now);
                    let (severity, span) = (rung.severity, Some(rung.span));
                    findings.add_expiry(Kind::Expiring, severity, limiting, span);
                }
            }
        }
    }

    fn judge_trust(&self, leaf: &Arc<Certificate>, findings: &mut Findings<'_>) {
        let at = clamped(leaf, findings.question.now);
        if self.presented.span_at(at).is_some() {
            return;
        }
        if let Some(span) = self.completed.span_at(at) {
            findings.add_incomplete(&span.path, |it| self.is_presented(it));
        } else if let Some((no_trust, _)) = &self.no_trust {
            findings.add_no_trust(no_trust);
        }
        // Else a path exists at other times: the dates say so already.
    }

    fn judge_strength(&self, findings: &mut Findings<'_>) {
        let connection = findings.question.connection;
        let mut weaknesses = connection.map_or_else(Vec::new, weak::Connection::weaknesses);
        if let Some(leaf) = self.leaf() {
            let at = clamped(leaf, findings.question.now);
            let span = self.presented.span_at(at).or_else(|| self.completed.span_at(at));
            let path = match (span, &self.no_trust) {
                (Some(span), _) => above(&span.path),
                (None, Some((_, climbed))) => climbed.iter().map(AsRef::as_ref).collect(),
                (None, None) => {
                    self.presented.spans.first().map_or_else(Vec::new, |it| above(&it.path))
                }
            };
            weaknesses.extend(weak::weaknesses(leaf, &path));
        }
        if !weaknesses.is_empty() {
            findings.add(Kind::Weak, Severity::Warning, Case::Weakness { weaknesses });
        }
    }

    /// The certificate that keeps the chain from serving yet.
    fn begun_by<'a>(&'a self, leaf: &'a Arc<Certificate>) -> &'a Arc<Certificate> {
        match (&self.no_trust, self.presented.spans.first()) {
            (Some((NoTrust::Dates { begun_by, .. }, _)), _) => begun_by,
            (_, Some(span)) => &span.begun_by,
            (_, None) => leaf,
        }
    }

    /// The certificate whose end is the end that the clock names. Once the leaf has expired too, it
    /// is the leaf, since that must be renewed in any case.
    fn ended_by<'a>(
        &'a self,
        leaf: &'a Arc<Certificate>,
        ended: Timestamp,
        now: Timestamp,
    ) -> &'a Arc<Certificate> {
        if instant::second(now) > instant::not_after(leaf) {
            return leaf;
        }
        if let Some((NoTrust::Dates { ended_by, .. }, _)) = &self.no_trust {
            return ended_by;
        }
        let ended = instant::second(ended);
        let span = self.presented.spans.iter().find(|span| span.until == ended);
        span.map_or(leaf, |span| &span.ended_by)
    }

    fn is_presented(&self, certificate: &Certificate) -> bool {
        self.listed.iter().any(|fingerprint| *fingerprint == certificate.fingerprint())
    }

    fn remarks_at(&self, question: &Question<'_>) -> Vec<Remark> {
        let mut remarks = self.remarks.clone();
        if !self.extras.is_empty() {
            let now = instant::second(question.now);
            let expired = self.extras.iter().filter(|it| instant::not_after(it) < now).count();
            remarks.push(Remark::Extra { count: self.extras.len(), expired });
        }
        if let Some((NoTrust::Unchecked { detail }, _)) = &self.no_trust
            && self.completed.spans.is_empty()
        {
            remarks.push(Remark::Undecided(detail.clone()));
        }
        if let Some(connection) = question.connection {
            if connection.client_certificate_requested {
                remarks.push(Remark::ClientCertificateRequested);
            }
            if connection.proof == Proof::Unknown {
                remarks.push(Remark::KeyNotProved);
            }
        }
        remarks
    }
}

/// The second for which trust is judged: now, within the leaf's validity, so that an expired leaf
/// does not hide what else is wrong.
fn clamped(leaf: &Certificate, now: Timestamp) -> Seconds {
    instant::second(now).min(instant::not_after(leaf)).max(instant::not_before(leaf))
}

/// A server that signs with another key than its certificate's has shown no certificate of its own.
fn judge_proof(findings: &mut Findings<'_>) {
    if findings.question.connection.is_some_and(|it| it.proof == Proof::Disproved) {
        let detail = "the server does not hold the key of its certificate".to_owned();
        let case = Case::NoCertificate { reason: Reason::HandshakeFailed, detail, alert: None };
        findings.add(Kind::EnableFailed, Severity::Critical, case);
    }
}

fn judge_name(leaf: &Certificate, findings: &mut Findings<'_>) {
    let host = findings.question.host;
    if !name::covers(leaf, host) {
        let case =
            Case::NameMismatch { expected: host.to_string(), presented: evidence::names(leaf) };
        findings.add(Kind::NameMismatch, Severity::Critical, case);
    }
}

/// What has been found so far.
struct Findings<'q> {
    question: &'q Question<'q>,
    leaf: Option<Arc<Certificate>>,
    anomalies: Vec<Anomaly>,
}

impl Findings<'_> {
    fn add(&mut self, kind: Kind, severity: Severity, case: Case) {
        let leaf = self.leaf.as_deref().map(Summary::from);
        let (host, now) = (self.question.host.to_string(), self.question.now);
        self.anomalies.push(Anomaly::new(kind, severity, Evidence { leaf, case }, &host, now));
    }

    fn add_expiry(
        &mut self,
        kind: Kind,
        severity: Severity,
        limiting: &Certificate,
        rung: Option<SignedDuration>,
    ) {
        let is_leaf = self.leaf.as_ref().is_some_and(|leaf| leaf.der() == limiting.der());
        let case = Case::Expiry { limiting: limiting.into(), is_leaf, rung };
        self.add(kind, severity, case);
    }

    fn add_incomplete(&mut self, path: &Path, is_presented: impl Fn(&Certificate) -> bool) {
        let missing = || path.issuers.iter().filter(|known| !is_presented(&known.certificate));
        let case = Case::MissingIssuer {
            missing: missing().map(|known| Summary::from(&*known.certificate)).collect(),
            pem: missing().map(|known| known.certificate.to_pem()).collect(),
            source: missing().next().map(|known| known.source.to_string()).unwrap_or_default(),
        };
        self.add(Kind::ChainIncomplete, Severity::Critical, case);
    }

    fn add_no_trust(&mut self, no_trust: &NoTrust) {
        match no_trust {
            NoTrust::Untrusted(untrusted) => {
                let case = Case::Untrusted {
                    cause: untrusted.cause,
                    issuer: untrusted.issuer.clone(),
                    incomplete_excluded: untrusted.incomplete_excluded,
                    detail: untrusted.detail.clone(),
                };
                self.add(Kind::Untrusted, Severity::Critical, case);
            }
            // The dates are a finding of their own; what is undecided is a remark.
            NoTrust::Dates { .. } | NoTrust::Unchecked { .. } => {}
        }
    }
}
