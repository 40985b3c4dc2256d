//! What is said next of an anomaly that is open.

use jiff::{SignedDuration, Timestamp};
use proto::v1::{Severity, delivery_due::Cause};

use super::{
    Case, Effect, OpenAnomaly, Rule,
    reason::Next,
    standing::{repeat_days, wants},
};
use crate::domain::board::{
    delivery::{Delivery, DeliveryState},
    watch::Anomaly,
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
        let left_out = Next::KindLeftOut { kind: anomaly.kind, called };
        return vec![stops("kinds", left_out)];
    }
    let said = |delivery: &&&Delivery| {
        delivery.news.kind == anomaly.kind && delivery.due_at >= anomaly.detected_at
    };
    let of_it: Vec<_> = deliveries.iter().filter(said).copied().collect();
    let mut rules = Vec::new();
    match case.board.acknowledged(case.row, anomaly) {
        Some(said) => {
            let (since, reason) = (said.signature.at, said.what.reason.clone());
            rules.push(stops("acknowledgement", Next::InHand { since, reason }));
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
    match (told_at, days) {
        (None, _) => None,
        (Some(_), 0) => Some(stops("repeat", Next::NotAgain)),
        (Some(told_at), days) => {
            let at = after(told_at, SignedDuration::from_hours(24 * i64::from(days)));
            Some(holds("repeat", at, Next::AgainAt { told_at, at }))
        }
    }
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
    Some(holds("escalation", at, Next::SecondAt(at)))
}

fn stops(name: &'static str, why: Next) -> Rule {
    Rule { name, effect: Effect::Stops, reason: why.into() }
}

fn holds(name: &'static str, until: Timestamp, why: Next) -> Rule {
    Rule { name, effect: Effect::Holds(until), reason: why.into() }
}

/// A while after an instant.
pub(super) fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
