//! What holds for a domain now, whatever happens to it next.

use proto::v1::Kind;

use super::{Case, Effect, Rule, window};
use crate::domain::{
    inventory::{
        domain::Status,
        setting::Setting,
        silence::{Said, Target},
    },
    sentence,
};

/// All that decides whether somebody is told, in the order in which it is asked.
pub(super) fn rules(case: Case<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    if case.row.ordered.entity.status() != Status::Enabled {
        let text = "The domain is disabled: it is not looked at, and nothing happens to it.";
        rules.push(stops("domain", text));
    }
    match case.setting() {
        None => {
            let text =
                "Neither the domain nor the default has a notification setting: nobody is told.";
            rules.push(stops("setting", text));
        }
        Some((called, setting)) => {
            rules.push(switch(called, setting));
            rules.push(named(case, called, setting));
            rules.extend(addresses(case, setting));
            rules.push(kinds(setting));
            rules.push(anomaly_time(case, setting));
            rules.push(repeat(setting));
            rules.extend(escalation(case, setting));
        }
    }
    rules.extend(silences(case));
    rules
}

/// What would become of something critical now.
pub(super) fn summary(case: Case<'_>, rules: &[Rule]) -> String {
    let stop = rules.iter().find(|rule| {
        rule.effect == Effect::Stops && matches!(rule.name, "domain" | "setting" | "switch")
    });
    if let Some(stop) = stop {
        return stop.text.clone();
    }
    let Some((_, setting)) = case.setting() else { return String::new() };
    let reached = pairs(setting)
        .filter(|(id, method)| {
            let card = case.board.contact(id).and_then(|contact| contact.entity.card());
            card.is_some_and(|card| card.is_reached_by(method))
        })
        .count();
    let held = rules.iter().filter_map(|rule| rule.effect.until()).max();
    match (reached, held) {
        (0, _) => "No method reaches any of the contacts: nobody is told.".to_owned(),
        (_, Some(until)) => {
            let until = sentence::shown(until);
            format!("News waits until {until}, and is judged again then.")
        }
        (1, None) => "What happens now is told to one contact by one method.".to_owned(),
        (count, None) => format!("What happens now is told in {count} ways."),
    }
}

/// Each contact of a setting with each method.
pub(super) fn pairs(
    setting: &Setting,
) -> impl Iterator<Item = (proto::id::ContactId, String)> + use<'_> {
    setting.contacts().flat_map(|id| setting.methods().map(move |method| (id, method.to_owned())))
}

/// Whether a setting lets a kind through.
pub(super) fn wants(setting: &Setting, kind: Kind) -> bool {
    let kinds = &setting.as_wire().kinds;
    if kinds.is_empty() { kind != Kind::CertificateChanged } else { kinds.contains(&(kind as i32)) }
}

fn switch(called: &str, setting: &Setting) -> Rule {
    if setting.as_wire().enabled {
        return tells("switch", format!("The switch of {called} is on."));
    }
    let text =
        format!("The switch of {called} is off: nothing is sent, also nothing already on its way.");
    stops("switch", text)
}

fn named(case: Case<'_>, called: &str, setting: &Setting) -> Rule {
    let names = setting.contacts().map(|id| match case.name(&id) {
        Some(name) => format!("`{name}`"),
        None => "a contact that was removed".to_owned(),
    });
    let names: Vec<_> = names.collect();
    let methods: Vec<_> = setting.methods().collect();
    let called = capital(called);
    let text = format!("{called} tells {} by {}.", names.join(", "), methods.join(", "));
    tells("setting", text)
}

/// What stands between a contact and a method.
fn addresses(case: Case<'_>, setting: &Setting) -> Vec<Rule> {
    let gap = |(id, method): (proto::id::ContactId, String)| {
        let card = case.board.contact(&id)?.entity.card()?;
        let text = unreached(card.name(), &method, card.address(&method).is_some());
        (!card.is_reached_by(&method)).then(|| stops("address", text))
    };
    pairs(setting).filter_map(gap).collect()
}

/// Why a method does not reach a contact.
pub(super) fn unreached(name: &str, method: &str, has_address: bool) -> String {
    if has_address {
        format!("`{name}` is not told by {method}: its address is not verified.")
    } else {
        format!("`{name}` is not told by {method}: it has no address there.")
    }
}

fn kinds(setting: &Setting) -> Rule {
    let kinds: Vec<_> = setting.as_wire().kinds().map(Kind::token).collect();
    if kinds.is_empty() {
        let text = "Every kind is told but certificate_changed; recoveries are told to those who heard of the anomaly.";
        return tells("kinds", text);
    }
    let text = format!(
        "Only {} are told, and recoveries to those who heard of the anomaly.",
        kinds.join(", ")
    );
    tells("kinds", text)
}

fn anomaly_time(case: Case<'_>, setting: &Setting) -> Rule {
    let Some(window) = &setting.as_wire().anomaly_time else {
        return tells("anomaly_time", "The anomaly time is all day.");
    };
    let span = window::shown(window);
    let passes =
        if window.critical_any_time { "; what is critical is told all the same" } else { "" };
    match window::opens(window, case.now) {
        None => tells("anomaly_time", format!("The anomaly time is {span}: it is open now.")),
        Some(at) => {
            let opens = sentence::shown(at);
            let text = format!(
                "The anomaly time is {span}: news waits until it opens at {opens}, and is judged again then{passes}."
            );
            Rule { name: "anomaly_time", effect: Effect::Holds(at), text }
        }
    }
}

fn repeat(setting: &Setting) -> Rule {
    let text = match repeat_days(setting) {
        0 => "What is still wrong is not told again, unless it becomes worse.".to_owned(),
        1 => "What is still wrong is told again each day.".to_owned(),
        days => format!("What is still wrong is told again every {days} days."),
    };
    tells("repeat", text)
}

/// Days between reminders; 0: never.
pub(super) fn repeat_days(setting: &Setting) -> u32 {
    setting.as_wire().repeat.as_ref().map_or(1, |repeat| repeat.days)
}

fn escalation(case: Case<'_>, setting: &Setting) -> Option<Rule> {
    let escalation = setting.as_wire().escalation.as_ref()?;
    let names: Vec<_> = setting
        .escalation_contacts()
        .filter_map(|id| Some(format!("`{}`", case.name(&id)?)))
        .collect();
    let text = format!(
        "Something critical that nobody acknowledges within {} minutes is told to {}.",
        escalation.minutes,
        names.join(", ")
    );
    Some(tells("escalation", text))
}

fn silences(case: Case<'_>) -> Vec<Rule> {
    let options = case.row.ordered.entity.options();
    let tags = options.map(|options| options.as_wire().tags.as_slice()).unwrap_or_default();
    let rule = |said: &Said| {
        let of = match &said.what.target {
            Target::Domain(_) => "the domain".to_owned(),
            Target::Tag(tag) => format!("tag `{tag}`"),
        };
        let reason = match said.what.reason.as_str() {
            "" => String::new(),
            reason => format!(" ({reason})"),
        };
        let (until, effect) = (sentence::shown(said.what.until), Effect::Holds(said.what.until));
        let text = format!(
            "A silence of {of}{reason} holds until {until}; what is still wrong then is told then."
        );
        Rule { name: "silence", effect, text }
    };
    let over = case.board.silences().over(case.row.id, tags, case.now);
    over.into_iter().map(|(_, said)| rule(said)).collect()
}

fn tells(name: &'static str, text: impl Into<String>) -> Rule {
    Rule { name, effect: Effect::Tells, text: text.into() }
}

fn stops(name: &'static str, text: impl Into<String>) -> Rule {
    Rule { name, effect: Effect::Stops, text: text.into() }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
