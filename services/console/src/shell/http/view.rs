//! Domains and anomalies as the API shows them.

use jiff::Timestamp;
use proto::v1::{State, anomaly_closed::How};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{problem::Problem, silences::SilenceView};
use crate::domain::{
    board::{
        Board,
        domains::Row,
        watch::{Anomaly, Closed},
    },
    intake,
    inventory::{Invalid, Signature, domain::Status, options::OptionsDraft},
    language::Language,
    refusal::Thing,
    want::Want,
};

/// One domain in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "4rrewm3tr6pwn4kxotpjwlbjue", "name": "example.com:443", "host": "example.com",
    "port": 443, "protocol": "tls", "enabled": true, "state": "abnormal",
    "state_since": "2026-11-22T21:05:00Z", "severity": "critical",
    "anomalies": [{
        "id": "4rrewm3tr6pwn4kxotpjwlbjue-expired-1", "kind": "expired", "severity": "critical",
        "since": "2026-11-22T21:05:00Z", "detected_at": "2026-11-22T21:05:00Z",
        "summary": "The certificate expired at 2026-11-22 21:05 UTC."
    }],
    "expires_at": "2026-11-22T21:05:00Z", "issuer": "CN=R11,O=Let's Encrypt,C=US",
    "endpoints": 2, "tags": ["shop"], "looked_at": "2026-11-22T21:14:03Z",
    "added_at": "2026-11-01T08:00:00Z", "own_setting": false, "version": 17
}))]
pub struct DomainView {
    /// Its id.
    pub id: String,
    /// Host and port as they are written together.
    pub name: String,
    /// Host as A-labels, or an IP address.
    pub host: String,
    /// The host for people, if it looks different (IDN).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unicode: Option<String>,
    /// The port.
    pub port: u16,
    /// `tls`, or the protocol that begins in the clear.
    pub protocol: &'static str,
    /// Whether it is looked at.
    pub enabled: bool,
    /// `enabling`, `secure`, `abnormal`, `enable_failed`, `unknown` or `disabled`.
    pub state: &'static str,
    /// Since when. Absent before the first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Timestamp>,
    /// The worst of what is wrong: `info`, `warning` or `critical`. Absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// What is wrong, worst first.
    pub anomalies: Vec<AnomalyView>,
    /// When the certificate that expires first does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Who issued that certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// How many addresses the last look tried.
    pub endpoints: usize,
    /// Its labels.
    pub tags: Vec<String>,
    /// When it was last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether it has a notification setting of its own.
    pub own_setting: bool,
    /// The silences that hold for it: of itself, or of one of its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<SilenceView>,
    /// Grows with each change of what was ordered.
    pub version: u64,
}

impl DomainView {
    /// Shows a row of the board as it is at an instant.
    pub fn of(row: &Row, board: &Board, now: Timestamp) -> Self {
        let place = row.place();
        let (host, unicode) = (place.host.to_string(), place.host.to_unicode());
        let (state, since) = (row.state(), row.watch.state());
        let anomalies = row.watch.anomalies().iter();
        let tags = row.ordered.entity.options().map(|o| o.as_wire().tags.clone());
        let tags = tags.unwrap_or_default();
        let silences = board.silences().over(row.id, &tags, now).into_iter();
        Self {
            id: row.id.to_string(),
            name: place.host.with_port(place.port),
            unicode: (unicode != host).then_some(unicode),
            host,
            port: place.port,
            protocol: place.protocol.token(),
            enabled: row.ordered.entity.status() == Status::Enabled,
            state: state.token(),
            state_since: (since.0 == state && state != State::Unspecified).then_some(since.1),
            severity: row.severity().map(proto::v1::Severity::token),
            anomalies: anomalies.map(|a| AnomalyView::open(a, row, board)).collect(),
            expires_at: row.expires_at(),
            issuer: row.watch.leaf().map(|leaf| leaf.issuer.to_string()),
            endpoints: row.look.endpoints as usize,
            tags,
            looked_at: row.look.at,
            added_at: row.added_at,
            own_setting: board.setting(&row.id).is_some_and(|s| s.entity.setting().is_some()),
            silences: silences.map(|(id, said)| SilenceView::of(id, said, board)).collect(),
            version: row.ordered.version,
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnomalyView {
    /// Unique for ever.
    pub id: String,
    /// What it is.
    pub kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// Since when it is so.
    pub since: Timestamp,
    /// When it was noticed.
    pub detected_at: Timestamp,
    /// What is wrong, in one sentence.
    pub summary: String,
    /// The same in Chinese, for pages.
    #[serde(skip)]
    chinese: Box<str>,
    /// Who has it in hand, as long as that holds: until it is over, it is worse, or the certificate
    /// changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AcknowledgementView>,
}

/// That somebody has an anomaly in hand.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcknowledgementView {
    /// Who said so: name of the account or of the token.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why nobody need be reminded.
    pub reason: String,
}

impl AnomalyView {
    /// What is wrong, in the language of a page.
    pub fn said(&self, language: Language) -> &str {
        match language {
            Language::English => &self.summary,
            Language::Chinese => &self.chinese,
        }
    }

    /// Shows an anomaly that is open.
    fn open(anomaly: &Anomaly, row: &Row, board: &Board) -> Self {
        let acknowledged = board.acknowledged(row, anomaly).map(|said| AcknowledgementView {
            by: signer(&said.signature, board),
            at: said.signature.at,
            reason: said.what.reason.clone(),
        });
        Self { acknowledged, ..Self::of(anomaly) }
    }

    fn of(anomaly: &Anomaly) -> Self {
        Self {
            id: anomaly.id.to_string(),
            kind: anomaly.kind.token(),
            severity: anomaly.severity.token(),
            since: anomaly.since,
            detected_at: anomaly.detected_at,
            summary: anomaly.sentence.english.to_string(),
            chinese: anomaly.sentence.chinese.clone(),
            acknowledged: None,
        }
    }
}

/// Something that is or was wrong, and with what.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnomalyOfDomain {
    /// The anomaly.
    #[serde(flatten)]
    pub anomaly: AnomalyView,
    /// Id of the domain. Absent if it is a prober that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
    /// Host and port of the domain, or the prober's name. Absent if the domain was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// When it was over. Absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How it came to its end: `recovered`, `superseded` by a worse one, or `abandoned` because the
    /// domain was disabled or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<&'static str>,
}

impl AnomalyOfDomain {
    /// Shows an open anomaly of a row.
    pub fn open(anomaly: &Anomaly, row: &Row, board: &Board) -> Self {
        let prober = row.watch.prober();
        Self {
            anomaly: AnomalyView::open(anomaly, row, board),
            domain_id: prober.is_none().then(|| row.id.to_string()),
            domain: prober.map(str::to_owned).or_else(|| name(row)),
            closed_at: None,
            how: None,
        }
    }

    /// Shows an anomaly that is over.
    pub fn closed(closed: &Closed, board: &Board) -> Self {
        let row = board.domains().row(&closed.domain);
        Self {
            anomaly: AnomalyView::of(&closed.anomaly),
            domain_id: Some(closed.domain.to_string()),
            domain: row.and_then(name),
            closed_at: Some(closed.closed_at),
            how: Some(match closed.how {
                How::Unspecified | How::Recovered => "recovered",
                How::Superseded => "superseded",
                How::Abandoned => "abandoned",
            }),
        }
    }
}

/// Host and port as they are written together.
pub(in crate::shell) fn name(row: &Row) -> Option<String> {
    row.ordered.entity.place().map(|place| place.host.with_port(place.port))
}

/// Who ordered something, by the name of the account, or of the token if it is still there.
pub(super) fn signer(signature: &Signature, board: &Board) -> String {
    let token = signature.token().and_then(|id| board.token(&id)?.entity.issued());
    let token = token.map(|issued| issued.name.as_str());
    let account = signature.account().and_then(|id| board.account(&id)?.entity.name());
    token.or(account).unwrap_or(&signature.by).to_owned()
}

/// What an owner may set for one domain. What is absent or null has its default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({
    "interval_seconds": 600, "rungs": ["30d", "7d", "10%"], "tags": ["shop"],
    "owner_note": "Call Ada. Renew with certbot."
}))]
pub struct OptionsBody {
    /// Name sent as SNI and judged instead of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    /// IPv4 or IPv6 address dialled instead of resolving the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_address: Option<String>,
    /// PEM certificates trusted beside the usual anchors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ca_pem: Option<String>,
    /// When to warn before expiry, each `30d`, `12h`, or `10%` of the lifetime; at most 10.
    pub rungs: Vec<String>,
    /// Seconds between scans, 60 to 604800. Default 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u64>,
    /// Labels, at most 20.
    pub tags: Vec<String>,
    /// Travels in every notification: whom to call, how to renew. At most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_note: Option<String>,
}

impl From<OptionsBody> for OptionsDraft {
    fn from(body: OptionsBody) -> Self {
        let OptionsBody {
            sni,
            fixed_address,
            private_ca_pem,
            rungs,
            interval_seconds,
            tags,
            owner_note,
        } = body;
        Self { sni, fixed_address, private_ca_pem, rungs, interval_seconds, tags, owner_note }
    }
}

impl From<OptionsDraft> for OptionsBody {
    fn from(draft: OptionsDraft) -> Self {
        let OptionsDraft {
            sni,
            fixed_address,
            private_ca_pem,
            rungs,
            interval_seconds,
            tags,
            owner_note,
        } = draft;
        Self { sni, fixed_address, private_ca_pem, rungs, interval_seconds, tags, owner_note }
    }
}

/// The domain that a filter names.
///
/// # Errors
///
/// Names the filter when there is none.
pub fn filtered<'b>(board: &'b Board, key: &str) -> Result<&'b Row, Problem> {
    named(board, key)
        .map_err(|_| Problem::invalid(vec![Invalid::new("domain", key, Want::DomainThere)]))
}

/// The domain that a part of a path names: by its id, or as people write it.
///
/// # Errors
///
/// When there is none.
pub fn named<'b>(board: &'b Board, key: &str) -> Result<&'b Row, Problem> {
    let by_id = key.parse().ok().and_then(|id| board.domains().row(&id));
    let by_name = || {
        let (place, _) = intake::place(key, None).ok()?;
        board.domains().at(&place.host, place.port)
    };
    by_id.or_else(by_name).ok_or_else(|| Problem::absent(Thing::Domain, key))
}
