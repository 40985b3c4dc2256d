//! What was said of one event to one contact by one method, or why it was not.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proto::{
    id::ContactId,
    time,
    v1::{Event, Severity, delivery_dropped::Why, delivery_due::Cause, event::Phase},
};

use super::{
    Case, Fate, Message,
    open::after,
    standing::{pairs, unreached, wants},
    window,
};
use crate::domain::{
    board::delivery::{Delivery, DeliveryState, Step, why_token},
    inventory::setting::Setting,
    sentence,
};

/// How long the notifier may take before it is worth a word that it said nothing.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What became of an event, for everyone who was told of it or whom the setting names.
pub(super) fn all(case: Case<'_>, event: &Event, said: &[&Delivery]) -> Vec<Message> {
    let mut messages: Vec<_> = said.iter().map(|delivery| of(case, delivery)).collect();
    let spoken: BTreeSet<_> =
        said.iter().map(|delivery| (delivery.contact, delivery.channel.to_string())).collect();
    let mut unsaid = |contact: ContactId, method: String, second: bool| {
        if !spoken.contains(&(contact, method.clone())) {
            messages.push(nothing(case, event, contact, method, second));
        }
    };
    if let Some((_, setting)) = case.setting() {
        pairs(setting).for_each(|(contact, method)| unsaid(contact, method, false));
        let first: BTreeSet<_> = setting.contacts().collect();
        for contact in setting.escalation_contacts().filter(|second| !first.contains(second)) {
            setting.methods().for_each(|method| unsaid(contact, method.to_owned(), true));
        }
    }
    messages
}

/// What a delivery came to.
fn of(case: Case<'_>, delivery: &Delivery) -> Message {
    let last = delivery.steps.last();
    let at = last.map(|step| step.at);
    let words = last.map(|step| &*step.words).unwrap_or_default();
    let (method, because) = (&delivery.channel, because(delivery));
    let (fate, why, text, until) = match delivery.state {
        DeliveryState::Due => waiting(case, delivery),
        DeliveryState::Attempted => {
            let text = format!("It is being sent{because}: {method} has not answered yet.");
            (Fate::Waits, "being_sent", text, None)
        }
        DeliveryState::Delivered => {
            let when = sentence::shown(at.unwrap_or(delivery.due_at));
            let text = format!("Told by {method} at {when}{because}{}.", together(delivery));
            (Fate::Told, "told", text, None)
        }
        DeliveryState::Failed => {
            let again = last.and_then(|step| step.retry_at);
            let when = again.map(sentence::shown).unwrap_or_default();
            let text = format!("{method} said `{words}`; it is tried again at {when}.");
            (Fate::Waits, "failed", text, again)
        }
        DeliveryState::Parked => {
            (Fate::NotTold, "given_up", format!("Given up by {method}: {words}"), None)
        }
        DeliveryState::Dropped => {
            let (token, text) = dropped(last.and_then(|step| step.why), words);
            (Fate::NotTold, token, text, None)
        }
    };
    Message {
        contact: delivery.contact,
        name: case.name(&delivery.contact).map(str::to_owned),
        method: method.to_string(),
        fate,
        why,
        text,
        at,
        until,
        delivery: Some(delivery.id),
    }
}

/// Why a delivery is told, if not for the event alone.
fn because(delivery: &Delivery) -> String {
    match delivery.cause {
        Cause::Unspecified | Cause::Event => String::new(),
        Cause::Reminder => format!(" as reminder {}", delivery.reminder),
        Cause::Test => " as a test".to_owned(),
        Cause::Again => " because somebody asked for it again".to_owned(),
        Cause::Escalation => " because nobody acknowledged it in time".to_owned(),
        Cause::Verification => " to verify the address".to_owned(),
    }
}

fn together(delivery: &Delivery) -> &'static str {
    let lead = delivery.steps.iter().filter_map(|step: &Step| step.lead).next_back();
    let travels = lead.is_some_and(|lead| lead != delivery.id);
    if travels { ", in one message with other news" } else { "" }
}

/// Why a delivery that is due is not sent at once.
fn waiting(case: Case<'_>, delivery: &Delivery) -> (Fate, &'static str, String, Option<Timestamp>) {
    let severity = delivery.news.severity;
    let setting = case.setting().map(|(_, setting)| setting);
    let escalates_at = setting
        .and_then(|setting| setting.as_wire().escalation.as_ref())
        .filter(|_| delivery.cause == Cause::Escalation)
        .map(|one| after(delivery.due_at, SignedDuration::from_mins(one.minutes.into())))
        .filter(|at| *at > case.now);
    if let Some(at) = escalates_at {
        let when = sentence::shown(at);
        let text = format!("Told at {when}, unless somebody acknowledges it before.");
        return (Fate::Waits, "escalation", text, Some(at));
    }
    let opens = setting
        .filter(|setting| !passes_window(setting, severity))
        .and_then(|setting| window::opens(setting.as_wire().anomaly_time.as_ref()?, case.now));
    let silent = case.silent_until();
    let asked = matches!(delivery.cause, Cause::Test | Cause::Again | Cause::Verification);
    match (silent.filter(|_| !asked), opens.filter(|_| !asked)) {
        (Some(until), opens) if opens.is_none_or(|opens| opens <= until) => {
            let when = sentence::shown(until);
            let text = format!("A silence holds until {when}: it is judged again then.");
            (Fate::Waits, "silence", text, Some(until))
        }
        (_, Some(opens)) => {
            let when = sentence::shown(opens);
            let text = format!("The anomaly time opens at {when}: it is judged again then.");
            (Fate::Waits, "anomaly_time", text, Some(opens))
        }
        (_, None) => {
            let text = "It is about to be sent, with what else comes within seconds.".to_owned();
            (Fate::Waits, "about_to_be_sent", text, None)
        }
    }
}

/// Whether what is wrong is told whatever the time is.
fn passes_window(setting: &Setting, severity: Severity) -> bool {
    let window = setting.as_wire().anomaly_time.as_ref();
    severity == Severity::Critical && window.is_some_and(|window| window.critical_any_time)
}

fn dropped(why: Option<Why>, words: &str) -> (&'static str, String) {
    let token = why.map_or("dropped", why_token);
    (token, format!("Not told: {}", uncapital(words)))
}

/// Why there is no delivery at all.
fn nothing(
    case: Case<'_>,
    event: &Event,
    contact: ContactId,
    method: String,
    second: bool,
) -> Message {
    let name = case.name(&contact);
    let (fate, why, text) = match case.setting() {
        Some((called, setting)) => {
            let stop = stopped(event, called, setting);
            let stop = stop.or_else(|| unreachable(case, &contact, &method));
            let stop = stop.or_else(|| untold(event, name.unwrap_or_default(), second));
            match stop {
                Some((why, text)) => (Fate::NotTold, why, text),
                None => silent(case, event),
            }
        }
        None => {
            let text = "Nobody is told: there is no notification setting.".to_owned();
            (Fate::NotTold, "no_setting", text)
        }
    };
    let name = name.map(str::to_owned);
    Message { contact, name, method, fate, why, text, at: None, until: None, delivery: None }
}

/// What of the setting stops an event.
fn stopped(event: &Event, called: &str, setting: &Setting) -> Option<(&'static str, String)> {
    let is_over = event.phase() == Phase::Recovered;
    if event.phase() == Phase::Abandoned {
        let text = "Told to nobody: the domain was disabled or removed, and nothing recovered.";
        return Some(("abandoned", text.to_owned()));
    }
    if !setting.as_wire().enabled {
        return Some(("switched_off", format!("Not told: the switch of {called} is off.")));
    }
    let kind = event.kind();
    (!is_over && !wants(setting, kind))
        .then(|| ("kind_not_wanted", format!("Not told: {called} leaves {} out.", kind.token())))
}

/// Why a method does not reach a contact.
fn unreachable(
    case: Case<'_>,
    contact: &ContactId,
    method: &str,
) -> Option<(&'static str, String)> {
    let card = case.board.contact(contact).and_then(|contact| contact.entity.card());
    let Some(card) = card else {
        return Some(("contact_removed", "Not told: the contact was removed.".to_owned()));
    };
    let has_address = card.address(method).is_some();
    let why = if has_address { "not_verified" } else { "no_address" };
    (!card.is_reached_by(method)).then(|| (why, unreached(card.name(), method, has_address)))
}

/// Why whoever could be told need not be.
fn untold(event: &Event, name: &str, second: bool) -> Option<(&'static str, String)> {
    if event.phase() == Phase::Recovered {
        let text = format!("Not told: `{name}` was never told of what recovered.");
        return Some(("not_told_before", text));
    }
    if second && event.severity() != Severity::Critical {
        let text = format!("Not told: `{name}` is told second, and only of what is critical.");
        return Some(("not_critical", text));
    }
    None
}

/// The notifier says nothing of an event that the setting wants.
fn silent(case: Case<'_>, event: &Event) -> (Fate, &'static str, String) {
    let at = event.occurred_at.as_ref().and_then(time::read).unwrap_or_default();
    if case.now.duration_since(at) < PATIENCE {
        let text = "The notifier has not come to it yet.".to_owned();
        return (Fate::Waits, "not_yet", text);
    }
    let text = "Not told: when it happened, the setting or the contact was another, or what was told of it is no longer kept.";
    (Fate::NotTold, "was_another", text.to_owned())
}

fn uncapital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
