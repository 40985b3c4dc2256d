//! What holds for a domain now, whatever happens to it next.

use jiff::Timestamp;
use proto::{id::ContactId, v1::Kind};

use super::{
    Case, Effect, Rule,
    reason::{Called, Overall, Reason, Resting, Silent, Standing, Unreached},
};
use crate::domain::inventory::{
    domain::Status,
    setting::Setting,
    silence::{Said, Target},
};

/// All that decides whether somebody is told, in the order in which it is asked.
pub(super) fn rules(case: Case<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    if case.row.ordered.entity.status() != Status::Enabled {
        rules.push(stops("domain", Standing::Disabled));
    }
    match case.setting() {
        None => rules.push(stops("setting", Standing::NoSetting)),
        Some((called, setting)) => {
            rules.push(switch(called, setting));
            rules.push(named(case, called, setting));
            rules.extend(addresses(case, setting));
            rules.push(kinds(setting));
            rules.push(anomaly_time(case, setting));
            rules.push(tells("repeat", Standing::Repeats(repeat_days(setting))));
            rules.extend(escalation(case, setting));
        }
    }
    rules.extend(silences(case));
    rules
}

/// What would become of something critical now.
pub(super) fn summary(case: Case<'_>, rules: &[Rule]) -> Overall {
    let stop = rules.iter().find_map(|rule| match (&rule.reason, rule.name) {
        (Reason::Standing(stop), "domain" | "setting" | "switch")
            if rule.effect == Effect::Stops =>
        {
            Some(stop.clone())
        }
        (_, _) => None,
    });
    if let Some(stop) = stop {
        return Overall::Stopped(stop);
    }
    let ways = case.setting().map_or(0, |(_, setting)| ways(case, setting));
    // Others are told although one address is left alone; how many are, `ways` says.
    let held = rules.iter().filter(|rule| rule.name != "address");
    let held: Vec<_> = held.filter_map(|rule| Some((rule, rule.effect.until()?))).collect();
    let longest = held.iter().map(|(_, until)| *until).max();
    let critical = held.iter().filter(|(rule, _)| !passes_critical(rule));
    let critical = critical.map(|(_, until)| *until).max();
    match (ways, critical, longest) {
        (0, _, _) => match addresses_rest(rules) {
            Some(until) => Overall::WaitsUntil(critical.map_or(until, |held| held.max(until))),
            None => Overall::ReachesNobody,
        },
        (_, Some(until), _) => Overall::WaitsUntil(until),
        (ways, None, Some(until)) => Overall::CriticalAlone { ways, until },
        (ways, None, None) => Overall::ToldIn(ways),
    }
}

/// In how many ways news goes now.
fn ways(case: Case<'_>, setting: &Setting) -> usize {
    let reaches = |(id, method): &(ContactId, String)| {
        let card = case.board.contact(id).and_then(|contact| contact.entity.card());
        let is_reached = card.is_some_and(|card| card.is_reached_by(method));
        is_reached && case.resting(id, method).is_none()
    };
    pairs(setting).filter(reaches).count()
}

/// When the first of the addresses is spoken to again that are left alone.
fn addresses_rest(rules: &[Rule]) -> Option<Timestamp> {
    let addresses = rules.iter().filter(|rule| rule.name == "address");
    addresses.filter_map(|rule| rule.effect.until()).min()
}

/// Whether a rule that holds news lets through what is critical.
fn passes_critical(rule: &Rule) -> bool {
    matches!(
        &rule.reason,
        Reason::Standing(Standing::WindowShut { window, .. }) if window.critical_any_time
    )
}

/// Each contact of a setting with each method.
pub(super) fn pairs(setting: &Setting) -> impl Iterator<Item = (ContactId, String)> + use<'_> {
    setting.contacts().flat_map(|id| setting.methods().map(move |method| (id, method.to_owned())))
}

/// Whether a setting lets a kind through.
pub(super) fn wants(setting: &Setting, kind: Kind) -> bool {
    let kinds = &setting.as_wire().kinds;
    if kinds.is_empty() { kind != Kind::CertificateChanged } else { kinds.contains(&(kind as i32)) }
}

fn switch(called: Called, setting: &Setting) -> Rule {
    if setting.as_wire().enabled {
        tells("switch", Standing::SwitchOn(called))
    } else {
        stops("switch", Standing::SwitchOff(called))
    }
}

fn named(case: Case<'_>, called: Called, setting: &Setting) -> Rule {
    let contacts = setting.contacts().map(|id| case.name(&id).map(str::to_owned)).collect();
    let methods = setting.methods().map(str::to_owned).collect();
    tells("setting", Standing::Names { called, contacts, methods })
}

/// What stands between a contact and a method.
fn addresses(case: Case<'_>, setting: &Setting) -> Vec<Rule> {
    let gap = |(id, method): (ContactId, String)| {
        let card = case.board.contact(&id)?.entity.card()?;
        let is_reached = card.is_reached_by(&method);
        let has_address = card.address(&method).is_some();
        if is_reached {
            return case.resting(&id, &method).map(rests);
        }
        let gap = Unreached { name: card.name().to_owned(), method, has_address };
        Some(stops("address", Standing::Unreached(gap)))
    };
    pairs(setting).filter_map(gap).collect()
}

fn rests(resting: Resting) -> Rule {
    let effect = resting.until.map_or(Effect::Stops, Effect::Holds);
    Rule { name: "address", effect, reason: Standing::Resting(resting).into() }
}

fn kinds(setting: &Setting) -> Rule {
    let kinds: Vec<_> = setting.as_wire().kinds().collect();
    let kinds = if kinds.is_empty() { Standing::UsualKinds } else { Standing::OnlyKinds(kinds) };
    tells("kinds", kinds)
}

fn anomaly_time(case: Case<'_>, setting: &Setting) -> Rule {
    let Some(window) = setting.as_wire().anomaly_time.clone() else {
        return tells("anomaly_time", Standing::AllDay);
    };
    match case.shut_until(&window) {
        None => tells("anomaly_time", Standing::WindowOpen(window)),
        Some(opens) => Rule {
            name: "anomaly_time",
            effect: Effect::Holds(opens),
            reason: Standing::WindowShut { window, opens }.into(),
        },
    }
}

/// Days between reminders; 0: never.
pub(super) fn repeat_days(setting: &Setting) -> u32 {
    setting.as_wire().repeat.as_ref().map_or(1, |repeat| repeat.days)
}

fn escalation(case: Case<'_>, setting: &Setting) -> Option<Rule> {
    let minutes = setting.as_wire().escalation.as_ref()?.minutes;
    let names = setting.escalation_contacts().filter_map(|id| case.name(&id).map(str::to_owned));
    Some(tells("escalation", Standing::Escalates { minutes, contacts: names.collect() }))
}

fn silences(case: Case<'_>) -> Vec<Rule> {
    let options = case.row.ordered.entity.options();
    let tags = options.map(|options| options.as_wire().tags.as_slice()).unwrap_or_default();
    let rule = |said: &Said| {
        let of = match &said.what.target {
            Target::Domain(_) => Silent::Domain,
            Target::Tag(tag) => Silent::Tag(tag.clone()),
        };
        let (reason, until) = (said.what.reason.clone(), said.what.until);
        let reason = Standing::Silenced { of, reason, until }.into();
        Rule { name: "silence", effect: Effect::Holds(until), reason }
    };
    let over = case.board.silences().over(case.row.id, tags, case.now);
    over.into_iter().map(|(_, said)| rule(said)).collect()
}

fn tells(name: &'static str, why: Standing) -> Rule {
    Rule { name, effect: Effect::Tells, reason: why.into() }
}

fn stops(name: &'static str, why: Standing) -> Rule {
    Rule { name, effect: Effect::Stops, reason: why.into() }
}
