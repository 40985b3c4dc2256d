//! The evidence of news, as labelled values.

use jiff::{SignedDuration, Timestamp};
use proto::{
    time,
    v1::{
        CertificateSummary, Evidence, MissingIssuer, Mixed, NoCertificate, Reason, Severity,
        event::Phase, evidence::Case, untrusted,
    },
};

use super::{
    Brief, Fact,
    moment::{self, Clock},
    phrases::{Label, Phrases},
    plain,
};
use crate::domain::thread::step::Cause;

/// Items of a list that are shown: enough to act on, short enough for a telephone.
const ITEMS_MAX: usize = 10;

/// What is gathered for one letter.
struct Sheet<'a> {
    phrases: &'a dyn Phrases,
    clock: &'a Clock<'a>,
    facts: Vec<Fact>,
}

/// The facts of news, the most telling first. A test has its time alone, and a verification none.
pub(super) fn of(brief: &Brief<'_>, phrases: &dyn Phrases, clock: &Clock<'_>) -> Vec<Fact> {
    let news = brief.news;
    let mut sheet = Sheet { phrases, clock, facts: Vec::new() };
    if brief.cause == Cause::Verification {
        return sheet.facts;
    }
    if brief.cause == Cause::Test {
        sheet.instant(Label::Detected, news.detected_at());
        return sheet.facts;
    }
    if let Some(broken) = brief.broken_channel {
        sheet.text(Label::Answer, &broken.reason);
        sheet.instant(Label::Since, news.since());
        return sheet.facts;
    }
    if news.severity() != Severity::Unspecified {
        sheet.line(Label::Severity, phrases.severity(news.severity()).to_owned());
    }
    sheet.instant(Label::Detected, news.detected_at());
    if news.alarm().is_some() {
        sheet.instant(Label::Since, news.since());
    }
    if brief.reminder > 0 {
        sheet.line(Label::Reminder, brief.reminder.to_string());
    }
    sheet.recovered(brief);
    if let Some(evidence) = news.evidence().filter(|_| news.phase() != Phase::Recovered) {
        sheet.evidence(evidence);
    }
    sheet.facts
}

impl Sheet<'_> {
    fn line(&mut self, label: Label, line: String) {
        self.lines(label, vec![line]);
    }

    /// Adds a fact, unless it says nothing.
    fn lines(&mut self, label: Label, lines: Vec<String>) {
        let lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            self.facts.push(Fact::new(self.phrases.label(label), lines));
        }
    }

    fn text(&mut self, label: Label, text: &str) {
        self.line(label, plain::line(text));
    }

    fn instant(&mut self, label: Label, at: Timestamp) {
        self.line(label, self.clock.both(at));
    }

    /// A list on one line, cut between items. `total` counts those that were cut before.
    fn list(&mut self, label: Label, items: &[String], total: usize) {
        let shown = items.iter().take(ITEMS_MAX).map(|item| plain::line(item));
        let mut shown: Vec<_> = shown.filter(|item| !item.is_empty()).collect();
        let more =
            total.max(items.len()).saturating_sub(shown.len().max(items.len().min(ITEMS_MAX)));
        if more > 0 {
            shown.push(self.phrases.more(more));
        }
        self.line(label, shown.join(self.phrases.comma()));
    }

    fn recovered(&mut self, brief: &Brief<'_>) {
        let line = |one: &crate::domain::news::Recovered| {
            let span = self.phrases.span(one.until.duration_since(one.since));
            let (from, to) = (self.clock.local(one.since), self.clock.local(one.until));
            let lasted = self.phrases.lasted(&from, &to, &span);
            format!("{}{}{lasted}", self.phrases.title(one.kind), self.phrases.colon())
        };
        let lines = brief.news.recovered().iter().map(line).collect();
        self.lines(Label::Recovered, lines);
    }

    fn evidence(&mut self, evidence: &Evidence) {
        match &evidence.case {
            None => {}
            Some(Case::NoCertificate(no)) => self.no_certificate(no),
            Some(Case::Expiry(expiry)) => {
                if let Some(limiting) = expiry.limiting.as_ref().filter(|_| !expiry.is_leaf) {
                    self.line(Label::Limiting, self.summary(limiting));
                }
                if let Some(rung) = &expiry.rung {
                    let rung = SignedDuration::try_from(time::read_span(rung)).unwrap_or_default();
                    self.line(Label::Rung, self.phrases.span(rung));
                }
            }
            Some(Case::MissingIssuer(missing)) => self.missing(missing),
            Some(Case::NameMismatch(mismatch)) => {
                self.text(Label::Expected, &mismatch.expected);
                let presented = &mismatch.presented;
                self.list(Label::Presented, presented, presented.len());
            }
            Some(Case::Untrusted(one)) => {
                let cause = untrusted::Cause::try_from(one.cause).unwrap_or_default();
                self.text(Label::Cause, self.phrases.distrust(cause));
                self.text(Label::Detail, &one.detail);
            }
            Some(Case::Weakness(weak)) => {
                self.list(Label::Weaknesses, &weak.weaknesses, weak.weaknesses.len());
            }
            Some(Case::Mixed(mixed)) => self.mixed(mixed),
            Some(Case::Change(change)) => {
                let summary = |side: &Option<CertificateSummary>| {
                    side.as_ref().map(|one| self.summary(one)).unwrap_or_default()
                };
                let (before, after) = (summary(&change.before), summary(&change.after));
                self.line(Label::Before, before);
                self.line(Label::After, after);
                self.list(Label::NamesGained, &change.names_gained, change.names_gained.len());
                self.list(Label::NamesLost, &change.names_lost, change.names_lost.len());
            }
            Some(Case::Blindness(blind)) => {
                if let Some(at) = blind.last_seen.as_ref().and_then(time::read) {
                    self.instant(Label::LastSeen, at);
                }
                self.line(Label::Unanswered, blind.unanswered.to_string());
            }
            Some(Case::ProberBlindness(blind)) => {
                let share = self.phrases.share(blind.failed.into(), blind.looked.into());
                self.line(Label::Failed, share);
            }
        }
        if let Some(leaf) = &evidence.leaf {
            self.leaf(leaf);
        }
        self.list(Label::Endpoints, &evidence.endpoints, evidence.endpoints.len());
    }

    fn no_certificate(&mut self, no: &NoCertificate) {
        let reason = Reason::try_from(no.reason).unwrap_or_default();
        self.line(Label::Reason, self.phrases.reason(reason).to_owned());
        let alert = no.alert.map(|alert| format!("TLS alert {alert}"));
        let detail = [plain::line(&no.detail), alert.unwrap_or_default()];
        let said = detail.into_iter().filter(|part| !part.is_empty());
        self.line(Label::Detail, said.collect::<Vec<_>>().join(self.phrases.comma()));
    }

    fn missing(&mut self, missing: &MissingIssuer) {
        let shown = missing.missing.iter().take(ITEMS_MAX).map(|one| self.summary(one)).collect();
        self.lines(Label::Missing, shown);
    }

    fn mixed(&mut self, mixed: &Mixed) {
        let group = |group: &proto::v1::mixed::Group| {
            let leaf = group.leaf.as_ref().map(|leaf| self.summary(leaf)).unwrap_or_default();
            let mut at: Vec<_> =
                group.endpoints.iter().take(ITEMS_MAX).map(|one| plain::line(one)).collect();
            let more = group.endpoints.len() - at.len();
            if more > 0 {
                at.push(self.phrases.more(more));
            }
            format!("{leaf}{}{}", self.phrases.colon(), at.join(self.phrases.comma()))
        };
        let groups = mixed.groups.iter().take(ITEMS_MAX).map(group).collect();
        self.lines(Label::Groups, groups);
    }

    fn leaf(&mut self, leaf: &CertificateSummary) {
        self.text(Label::Certificate, &leaf.subject);
        self.text(Label::Issuer, &leaf.issuer);
        self.line(Label::Validity, validity(leaf));
        let total = usize::try_from(leaf.names_total).unwrap_or(usize::MAX);
        self.list(Label::Names, &leaf.names, total);
        let bytes = leaf.sha256.iter().map(|byte| format!("{byte:02x}"));
        self.line(Label::Fingerprint, bytes.collect());
    }

    /// A certificate on one line: subject and validity.
    fn summary(&self, one: &CertificateSummary) -> String {
        let parts = [plain::line(&one.subject), validity(one)];
        let said = parts.into_iter().filter(|part| !part.is_empty());
        said.collect::<Vec<_>>().join(self.phrases.comma())
    }
}

fn validity(certificate: &CertificateSummary) -> String {
    let instant = |wire: &Option<prost_types::Timestamp>| wire.as_ref().and_then(time::read);
    match (instant(&certificate.not_before), instant(&certificate.not_after)) {
        (Some(from), Some(to)) => format!("{} – {}", moment::utc(from), moment::utc(to)),
        (Some(one), None) | (None, Some(one)) => moment::utc(one),
        (None, None) => String::new(),
    }
}
