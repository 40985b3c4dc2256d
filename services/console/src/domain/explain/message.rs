//! What was said of one event to one contact by one method, or why it was not.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proto::{
    id::ContactId,
    time::{self, NO_END},
    v1::{Event, Severity, delivery_due::Cause, event::Phase},
};

use super::{
    Case, Fate, Message,
    open::after,
    reason::{Because, Called, Sent, Unreached, Unsent},
    standing::{pairs, wants},
};
use crate::domain::{
    board::delivery::{Delivery, DeliveryState, Step, why_token},
    inventory::setting::Setting,
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
    let words = || last.map(|step| step.words.to_string()).unwrap_or_default();
    let because = Because { cause: delivery.cause, reminder: delivery.reminder };
    let method = delivery.channel.to_string();
    let (fate, why, reason, until) = match delivery.state {
        DeliveryState::Due => waiting(case, delivery),
        DeliveryState::Attempted => {
            (Fate::Waits, "being_sent", Sent::BeingSent { because, method }, None)
        }
        DeliveryState::Delivered => {
            let at = at.unwrap_or(delivery.due_at);
            let is_together = is_together(delivery);
            (Fate::Told, "told", Sent::Told { because, method, at, is_together }, None)
        }
        DeliveryState::Failed => {
            let again = last.and_then(|step| step.retry_at);
            let failed = Sent::Failed { method, words: words(), again };
            (Fate::Waits, "failed", failed, again)
        }
        DeliveryState::Parked => {
            (Fate::NotTold, "given_up", Sent::GivenUp { method, words: words() }, None)
        }
        DeliveryState::Dropped => {
            let why = last.and_then(|step| step.why);
            (Fate::NotTold, why.map_or("dropped", why_token), Sent::Dropped(why), None)
        }
    };
    Message {
        contact: delivery.contact,
        name: case.name(&delivery.contact).map(str::to_owned),
        method: delivery.channel.to_string(),
        fate,
        why,
        reason: reason.into(),
        at,
        until,
        delivery: Some(delivery.id),
    }
}

/// Whether a delivery travels within the message of another.
fn is_together(delivery: &Delivery) -> bool {
    let lead = delivery.steps.iter().filter_map(|step: &Step| step.lead).next_back();
    lead.is_some_and(|lead| lead != delivery.id)
}

/// Why a delivery that is due is not sent at once.
fn waiting(case: Case<'_>, delivery: &Delivery) -> (Fate, &'static str, Sent, Option<Timestamp>) {
    let severity = delivery.news.severity;
    let setting = case.setting().map(|(_, setting)| setting);
    let escalates_at = setting
        .and_then(|setting| setting.as_wire().escalation.as_ref())
        .filter(|_| delivery.cause == Cause::Escalation)
        .map(|one| after(delivery.due_at, SignedDuration::from_mins(one.minutes.into())))
        .filter(|at| *at > case.now);
    if let Some(at) = escalates_at {
        return (Fate::Waits, "escalation", Sent::UnlessAcknowledged(at), Some(at));
    }
    let opens = setting
        .filter(|setting| !passes_window(setting, severity))
        .and_then(|setting| case.shut_until(setting.as_wire().anomaly_time.as_ref()?));
    let asked = matches!(
        delivery.cause,
        Cause::Test | Cause::Again | Cause::Verification | Cause::ChannelBroken
    );
    let opens = opens.filter(|_| !asked).map(|at| ("anomaly_time", Sent::WindowOpens(at), at));
    let silent = case.silent_until().filter(|_| !asked);
    let silent = silent.map(|until| ("silence", Sent::SilenceHolds(until), until));
    // A test shows whether an address is well, and goes to one that is not.
    let resting = case.resting(&delivery.contact, &delivery.channel);
    let resting = resting.filter(|_| delivery.cause != Cause::Test).map(|resting| {
        let until = resting.until.unwrap_or(NO_END);
        ("address", Sent::AddressRests(resting), until)
    });
    let longest = [opens, silent, resting].into_iter().flatten().max_by_key(|(_, _, until)| *until);
    match longest {
        Some((why, sent, until)) => {
            (Fate::Waits, why, sent, Some(until).filter(|until| *until != NO_END))
        }
        None => (Fate::Waits, "about_to_be_sent", Sent::AboutToBeSent, None),
    }
}

/// Whether what is wrong is told whatever the time is.
fn passes_window(setting: &Setting, severity: Severity) -> bool {
    let window = setting.as_wire().anomaly_time.as_ref();
    severity == Severity::Critical && window.is_some_and(|window| window.critical_any_time)
}

/// Why there is no delivery at all.
fn nothing(
    case: Case<'_>,
    event: &Event,
    contact: ContactId,
    method: String,
    second: bool,
) -> Message {
    let name = case.name(&contact).map(str::to_owned);
    let (fate, why, reason) = match case.setting() {
        Some((called, setting)) => {
            let stop = stopped(event, called, setting);
            let stop = stop.or_else(|| unreachable(case, &contact, &method));
            let stop = stop.or_else(|| untold(event, name.as_deref().unwrap_or_default(), second));
            match stop {
                Some((why, reason)) => (Fate::NotTold, why, reason),
                None => silent(case, event),
            }
        }
        None => (Fate::NotTold, "no_setting", Unsent::NobodyNamed),
    };
    let reason = reason.into();
    Message { contact, name, method, fate, why, reason, at: None, until: None, delivery: None }
}

/// What of the setting stops an event.
fn stopped(event: &Event, called: Called, setting: &Setting) -> Option<(&'static str, Unsent)> {
    let is_over = event.phase() == Phase::Recovered;
    if event.phase() == Phase::Abandoned {
        return Some(("abandoned", Unsent::Abandoned));
    }
    if !setting.as_wire().enabled {
        return Some(("switched_off", Unsent::SwitchedOff(called)));
    }
    let kind = event.kind();
    (!is_over && !wants(setting, kind))
        .then_some(("kind_not_wanted", Unsent::KindNotWanted { kind, called }))
}

/// Why a method does not reach a contact.
fn unreachable(
    case: Case<'_>,
    contact: &ContactId,
    method: &str,
) -> Option<(&'static str, Unsent)> {
    let card = case.board.contact(contact).and_then(|contact| contact.entity.card());
    let Some(card) = card else {
        return Some(("contact_removed", Unsent::ContactRemoved));
    };
    let has_address = card.address(method).is_some();
    let why = if has_address { "not_verified" } else { "no_address" };
    let (name, method) = (card.name().to_owned(), method.to_owned());
    let is_reached = card.is_reached_by(&method);
    let gap = Unsent::Unreached(Unreached { name, method, has_address });
    (!is_reached).then_some((why, gap))
}

/// Why whoever could be told need not be.
fn untold(event: &Event, name: &str, second: bool) -> Option<(&'static str, Unsent)> {
    if event.phase() == Phase::Recovered {
        return Some(("not_told_before", Unsent::NotToldBefore(name.to_owned())));
    }
    (second && event.severity() != Severity::Critical)
        .then(|| ("not_critical", Unsent::NotCritical(name.to_owned())))
}

/// The notifier says nothing of an event that the setting wants.
fn silent(case: Case<'_>, event: &Event) -> (Fate, &'static str, Unsent) {
    let at = time::detected(event).unwrap_or_default();
    if case.now.duration_since(at) < PATIENCE {
        (Fate::Waits, "not_yet", Unsent::NotYet)
    } else {
        (Fate::NotTold, "was_another", Unsent::WasAnother)
    }
}
