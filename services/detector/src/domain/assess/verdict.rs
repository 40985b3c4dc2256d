//! What is to be said of a domain after one look.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proto::v1::{Kind, Reason, Severity, State};
use serde::{Serialize, Serializer};

use super::{
    evidence::{Case, Evidence, GROUPS_MAX, Group},
    remark::Remark,
    summary,
};

/// What is to be said of a domain: its state, what is wrong, and what is odd.
///
/// It serialises to the JSON of `certherald check` and `certherald assess`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `secure`, `abnormal`, `enable_failed` or `unknown`.
    #[serde(serialize_with = "state_token")]
    pub state: State,
    /// The worst of the anomalies.
    pub severity: Level,
    /// What is wrong, in the order in which it is told; at most one of each kind.
    pub anomalies: Vec<Anomaly>,
    /// What is odd, and not wrong.
    #[serde(serialize_with = "sentences")]
    pub remarks: Vec<Remark>,
}

/// A verdict with the domain it speaks of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The domain as it was named.
    pub domain: String,
    /// The verdict on it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Anomaly {
    /// What.
    #[serde(serialize_with = "kind_token")]
    pub kind: Kind,
    /// How bad.
    #[serde(serialize_with = "severity_token")]
    pub severity: Severity,
    /// In one English sentence.
    pub summary: String,
    /// Why.
    pub evidence: Evidence,
}

/// How bad it is on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// Nothing that asks for action.
    Info,
    /// It cannot be told: neither fine nor wrong.
    Unknown,
    /// Somebody should act.
    Warning,
    /// Somebody must act now.
    Critical,
}

impl Level {
    /// The exit code that monitoring plugins use.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::Info => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Unspecified => Self::Unknown,
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
        }
    }
}

impl Anomaly {
    /// An anomaly, with its sentence.
    pub fn new(
        kind: Kind,
        severity: Severity,
        evidence: Evidence,
        host: &str,
        now: Timestamp,
    ) -> Self {
        Self { kind, severity, summary: summary::summary(kind, &evidence, host, now), evidence }
    }
}

impl Verdict {
    /// The verdict that these findings make. Without a finding, an undecided chain is unknown.
    pub fn new(anomalies: Vec<Anomaly>, remarks: Vec<Remark>) -> Self {
        let worst = anomalies.iter().map(|anomaly| Level::from(anomaly.severity)).max();
        let is_undecided = remarks.iter().any(Remark::is_undecided);
        let failed = anomalies.iter().any(|anomaly| anomaly.kind == Kind::EnableFailed);
        let (state, severity) = match worst.unwrap_or(Level::Ok) {
            level @ (Level::Warning | Level::Critical) if failed => (State::EnableFailed, level),
            level @ (Level::Warning | Level::Critical) => (State::Abnormal, level),
            Level::Unknown => (State::Unknown, Level::Unknown),
            Level::Ok | Level::Info if is_undecided => (State::Unknown, Level::Unknown),
            level @ (Level::Ok | Level::Info) => (State::Secure, level),
        };
        Self { state, severity, anomalies, remarks }
    }

    /// The verdict on a host from which no certificate came. An address that may not be dialled is
    /// our own refusal, and says nothing of the host.
    pub fn without_certificate(
        reason: Reason,
        detail: &str,
        alert: Option<u32>,
        host: &str,
        now: Timestamp,
    ) -> Self {
        if reason == Reason::AddressNotAllowed {
            return Self::undecided(detail);
        }
        let case = Case::NoCertificate { reason, detail: detail.to_owned(), alert };
        let evidence = Evidence { leaf: None, case };
        let anomaly = Anomaly::new(Kind::EnableFailed, Severity::Critical, evidence, host, now);
        Self::new(vec![anomaly], Vec::new())
    }

    /// The verdict on endpoints of one host that serve different leaves. `None` if all agree.
    pub fn disagreeing(mut groups: Vec<Group>, host: &str, now: Timestamp) -> Option<Self> {
        if groups.len() < 2 {
            return None;
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.endpoints.len()));
        groups.truncate(GROUPS_MAX);
        let evidence = Evidence {
            leaf: groups.first().map(|group| group.leaf.clone()),
            case: Case::Mixed { groups },
        };
        let (kind, severity) = (Kind::MixedCertificates, Severity::Warning);
        Some(Self::new(vec![Anomaly::new(kind, severity, evidence, host, now)], Vec::new()))
    }

    /// The verdict when we ourselves have failed.
    pub fn undecided(why: &str) -> Self {
        let remark = Remark::Other(format!("Nothing can be said: {why}."));
        Self {
            state: State::Unknown,
            severity: Level::Unknown,
            anomalies: Vec::new(),
            remarks: vec![remark],
        }
    }

    /// The verdict on a domain of which each endpoint has one: what is wrong with any is wrong with
    /// the domain, told once, at its worst. An endpoint that cannot be judged leaves the domain
    /// unknown unless another is found wrong.
    pub fn joined(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut anomalies: Vec<Anomaly> = Vec::new();
        let mut remarks: Vec<Remark> = Vec::new();
        let mut states = BTreeSet::new();
        for verdict in verdicts {
            states.insert(verdict.state);
            for anomaly in verdict.anomalies {
                match anomalies.iter_mut().find(|known| known.kind == anomaly.kind) {
                    Some(known) if known.severity >= anomaly.severity => {}
                    Some(known) => *known = anomaly,
                    None => anomalies.push(anomaly),
                }
            }
            for remark in verdict.remarks {
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
        anomalies.sort_by_key(|anomaly| told_as(anomaly.kind));
        let joined = Self::new(anomalies, remarks);
        let is_unknown = states.is_empty() || states.contains(&State::Unknown);
        if joined.severity < Level::Unknown && is_unknown {
            return Self { state: State::Unknown, severity: Level::Unknown, ..joined };
        }
        // Only a domain that shows no certificate anywhere could not be enabled.
        if joined.state == State::EnableFailed && states != BTreeSet::from([State::EnableFailed]) {
            return Self { state: State::Abnormal, ..joined };
        }
        joined
    }

    /// Whether nobody can tell if the chain is trusted, whatever else is wrong.
    pub fn is_undecided(&self) -> bool {
        self.remarks.iter().any(Remark::is_undecided)
    }

    /// The anomaly of this kind, if it is one of them.
    pub fn anomaly(&self, kind: Kind) -> Option<&Anomaly> {
        self.anomalies.iter().find(|anomaly| anomaly.kind == kind)
    }
}

/// The place of a kind in the order in which anomalies are told: no certificate first, then dates,
/// then trust, then the rest.
fn told_as(kind: Kind) -> usize {
    const ORDER: [Kind; 10] = [
        Kind::EnableFailed,
        Kind::Unreachable,
        Kind::Expired,
        Kind::NotYetValid,
        Kind::Expiring,
        Kind::ChainIncomplete,
        Kind::Untrusted,
        Kind::NameMismatch,
        Kind::Weak,
        Kind::MixedCertificates,
    ];
    ORDER.iter().position(|it| *it == kind).unwrap_or(ORDER.len())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn state_token<S: Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.token())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn kind_token<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.token())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn severity_token<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.token())
}

fn sentences<S: Serializer>(remarks: &[Remark], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(remarks.iter().map(ToString::to_string))
}
