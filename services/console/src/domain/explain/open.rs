//! What is said next of an anomaly that is open.

use jiff::{SignedDuration, Timestamp};
use proto::v1::{Severity, delivery_due::Cause};

use super::{
    Case, Effect, OpenAnomaly, Rule,
    standing::{repeat_days, wants},
};
use crate::domain::{
    board::{
        delivery::{Delivery, DeliveryState},
        watch::Anomaly,
    },
    sentence,
};

/// Each open anomaly, worst first.
pub(super) fn all<'b>(
    case: Case<'b>,
    deliveries: impl Iterator<Item = &'b Delivery>,
) -> Vec<OpenAnomaly> {
    let deliveries: Vec<_> = deliveries.collect();
    let one = |anomaly: &Anomaly| OpenAnomaly {
        id: anomaly.id.to_string(),
        kind: anomaly.kind,
        severity: anomaly.severity,
        since: anomaly.since,
        rules: rules(case, anomaly, &deliveries),
    };
    case.row.watch.anomalies().iter().map(one).collect()
}

fn rules(case: Case<'_>, anomaly: &Anomaly, deliveries: &[&Delivery]) -> Vec<Rule> {
    let Some((called, setting)) = case.setting() else { return vec![] };
    if !wants(setting, anomaly.kind) {
        let text = format!("{} are not told: {called} leaves this kind out.", anomaly.kind.token());
        return vec![Rule { name: "kinds", effect: Effect::Stops, text }];
    }
    let said = |delivery: &&&Delivery| {
        delivery.news.kind == anomaly.kind && delivery.due_at >= anomaly.detected_at
    };
    let of_it: Vec<_> = deliveries.iter().filter(said).copied().collect();
    let mut rules = Vec::new();
    match case.board.acknowledged(case.row, anomaly) {
        Some(said) => {
            let since = sentence::shown(said.signature.at);
            let reason = match said.what.reason.as_str() {
                "" => String::new(),
                reason => format!(" ({reason})"),
            };
            let text = format!(
                "Somebody has it in hand since {since}{reason}: no reminder and no escalation, until it is over, it is worse, or the certificate changes."
            );
            rules.push(Rule { name: "acknowledgement", effect: Effect::Stops, text });
        }
        None => {
            rules.extend(next_reminder(repeat_days(setting), &of_it));
            let minutes = setting.as_wire().escalation.as_ref().map(|one| one.minutes);
            rules.extend(minutes.and_then(|minutes| next_escalation(minutes, anomaly, &of_it)));
        }
    }
    rules
}

fn next_reminder(days: u32, of_it: &[&Delivery]) -> Option<Rule> {
    let told_at = |delivery: &&&Delivery| {
        let told = delivery.steps.iter().filter(|step| step.state == DeliveryState::Delivered);
        told.map(|step| step.at).max()
    };
    let told_at = of_it.iter().filter_map(|delivery| told_at(&delivery)).max();
    let (name, text) = match (told_at, days) {
        (None, _) => return None,
        (Some(_), 0) => {
            let text = "It is not told again, unless it becomes worse.".to_owned();
            return Some(Rule { name: "repeat", effect: Effect::Stops, text });
        }
        (Some(told_at), days) => {
            let at = after(told_at, SignedDuration::from_hours(24 * i64::from(days)));
            (
                at,
                format!(
                    "It was last told at {}, and is told again after {}.",
                    sentence::shown(told_at),
                    sentence::shown(at)
                ),
            )
        }
    };
    Some(Rule { name: "repeat", effect: Effect::Holds(name), text })
}

fn next_escalation(minutes: u32, anomaly: &Anomaly, of_it: &[&Delivery]) -> Option<Rule> {
    if anomaly.severity != Severity::Critical {
        return None;
    }
    let waits = |delivery: &&&Delivery| {
        delivery.cause == Cause::Escalation && delivery.state == DeliveryState::Due
    };
    let due_at = of_it.iter().find(waits)?.due_at;
    let at = after(due_at, SignedDuration::from_mins(minutes.into()));
    let text = format!(
        "Unless somebody acknowledges it, it is told to the second contacts at {}.",
        sentence::shown(at)
    );
    Some(Rule { name: "escalation", effect: Effect::Holds(at), text })
}

/// A while after an instant.
pub(super) fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
