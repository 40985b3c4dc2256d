//! In English.

use proto::v1::{AnomalyTime, Kind, delivery_due::Cause};

use super::{
    Because, Called, Next, Overall, Reason, Resting, Sent, Silent, Standing, Unreached, Unsent,
};
use crate::domain::{
    language::{Language, capital},
    sentence::{self, shown},
};

/// What a reason says.
pub(super) fn text(reason: &Reason) -> String {
    match reason {
        Reason::Overall(overall) => self::overall(overall),
        Reason::Standing(standing) => self::standing(standing),
        Reason::Next(next) => self::next(next),
        Reason::Sent(sent) => self::sent(sent),
        Reason::Unsent(unsent) => self::unsent(unsent),
    }
}

fn overall(overall: &Overall) -> String {
    match overall {
        Overall::Stopped(standing) => self::standing(standing),
        Overall::ReachesNobody => {
            "No method reaches any of the contacts: nobody is told.".to_owned()
        }
        Overall::WaitsUntil(until) => {
            format!("News waits until {}, and is judged again then.", shown(*until))
        }
        Overall::CriticalAlone { ways, until } => {
            let ways = match ways {
                1 => "to one contact by one method".to_owned(),
                _ => format!("in {ways} ways"),
            };
            let until = shown(*until);
            format!("What is critical is told now {ways}; other news waits until {until}.")
        }
        Overall::ToldIn(1) => "What happens now is told to one contact by one method.".to_owned(),
        Overall::ToldIn(count) => format!("What happens now is told in {count} ways."),
    }
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Disabled => {
            "The domain is disabled: it is not looked at, and nothing happens to it.".to_owned()
        }
        Standing::NoSetting => {
            "Neither the domain nor the default has a notification setting: nobody is told."
                .to_owned()
        }
        Standing::SwitchOn(of) => format!("The switch of {} is on.", called(*of)),
        Standing::SwitchOff(of) => format!(
            "The switch of {} is off: nothing is sent, also nothing already on its way.",
            called(*of)
        ),
        Standing::Names { called, contacts, methods } => names(*called, contacts, methods),
        Standing::Unreached(unreached) => self::unreached(unreached),
        Standing::Resting(resting) => self::resting(resting),
        Standing::UsualKinds => format!(
            "Every kind is told but {}; recoveries are told to those who heard of the anomaly.",
            kind(Kind::CertificateChanged)
        ),
        Standing::OnlyKinds(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(|one| kind(*one)).collect();
            format!(
                "Told are only {}, and recoveries to those who heard of the anomaly.",
                kinds.join(", ")
            )
        }
        Standing::AllDay => "The anomaly time is all day.".to_owned(),
        Standing::WindowOpen(time) => {
            format!("The anomaly time is {}: it is open now.", window(time))
        }
        Standing::WindowShut { window, opens } => shut(window, &shown(*opens)),
        Standing::Repeats(0) => {
            "What is still wrong is not told again, unless it becomes worse.".to_owned()
        }
        Standing::Repeats(1) => "What is still wrong is told again each day.".to_owned(),
        Standing::Repeats(days) => format!("What is still wrong is told again every {days} days."),
        Standing::Escalates { minutes, contacts } => format!(
            "Something critical that nobody acknowledges within {minutes} minutes is told to {}.",
            Language::English.quoted(contacts)
        ),
        Standing::Silenced { of, reason, until } => {
            let (of, reason) = (silent(of), within(reason));
            let until = shown(*until);
            format!(
                "A silence of {of}{reason} holds until {until}; what is still wrong then is told \
                 then."
            )
        }
    }
}

fn next(next: &Next) -> String {
    match next {
        Next::KindLeftOut { kind, called } => {
            let called = self::called(*called);
            format!("{} is not told: {called} leaves this kind out.", self::kind(*kind))
        }
        Next::InHand { since, reason } => format!(
            "Somebody has it in hand since {}{}: no reminder and no escalation, until it is over, \
             it is worse, or the certificate changes.",
            shown(*since),
            within(reason)
        ),
        Next::NotAgain => "It is not told again, unless it becomes worse.".to_owned(),
        Next::AgainAt { told_at, at } => format!(
            "It was last told at {}, and is told again after {}.",
            shown(*told_at),
            shown(*at)
        ),
        Next::SecondAt(at) => format!(
            "Unless somebody acknowledges it, it is told to the second contacts at {}.",
            shown(*at)
        ),
    }
}

fn sent(sent: &Sent) -> String {
    match sent {
        Sent::BeingSent { because, method } => {
            let because = for_what(*because);
            format!("It is being sent{because}: {} has not answered yet.", by(method))
        }
        Sent::Told { because, method, at, is_together } => {
            let together = if *is_together { ", in one message with other news" } else { "" };
            let (by, because) = (by(method), for_what(*because));
            format!("Told by {by} at {}{because}{together}.", shown(*at))
        }
        Sent::Failed { method, words, again: Some(again) } => {
            format!("{} said `{words}`; it is tried again at {}.", name(method), shown(*again))
        }
        Sent::Failed { method, words, again: None } => {
            format!("{} said `{words}`; it is tried again.", name(method))
        }
        Sent::GivenUp { method, words } => format!("Given up by {}: `{words}`", by(method)),
        Sent::Dropped(dropped) => {
            let why = sentence::dropped(Language::English, dropped.unwrap_or_default());
            let why = if why.is_empty() { "It is not needed any more." } else { why };
            format!("Not told: {}", uncapital(why))
        }
        Sent::UnlessAcknowledged(at) => {
            format!("Told at {}, unless somebody acknowledges it before.", shown(*at))
        }
        Sent::SilenceHolds(until) => {
            format!("A silence holds until {}: it is judged again then.", shown(*until))
        }
        Sent::WindowOpens(at) => {
            format!("The anomaly time opens at {}: it is judged again then.", shown(*at))
        }
        Sent::AddressRests(resting) => self::resting(resting),
        Sent::AboutToBeSent => {
            "It is about to be sent, with what else comes within seconds.".to_owned()
        }
    }
}

fn unsent(unsent: &Unsent) -> String {
    match unsent {
        Unsent::NobodyNamed => "Nobody is told: there is no notification setting.".to_owned(),
        Unsent::Abandoned => {
            "Told to nobody: the domain was disabled or removed, and nothing recovered.".to_owned()
        }
        Unsent::SwitchedOff(of) => format!("Not told: the switch of {} is off.", called(*of)),
        Unsent::KindNotWanted { kind, called } => {
            format!("Not told: {} leaves {} out.", self::called(*called), self::kind(*kind))
        }
        Unsent::ContactRemoved => "Not told: the contact was removed.".to_owned(),
        Unsent::Unreached(unreached) => self::unreached(unreached),
        Unsent::NotToldBefore(name) => {
            format!("Not told: `{name}` was never told of what recovered.")
        }
        Unsent::NotCritical(name) => {
            format!("Not told: `{name}` is told second, and only of what is critical.")
        }
        Unsent::NotYet => "The notifier has not come to it yet.".to_owned(),
        Unsent::WasAnother => {
            "Not told: when it happened, the setting or the contact was another, \
                               or what was told of it is no longer kept."
                .to_owned()
        }
    }
}

fn called(called: Called) -> &'static str {
    match called {
        Called::Own => "the domain's own setting",
        Called::Default => "the default setting",
    }
}

fn names(called: Called, contacts: &[Option<String>], methods: &[String]) -> String {
    let contacts = contacts.iter().map(|name| match name {
        Some(name) => format!("`{name}`"),
        None => "a contact that was removed".to_owned(),
    });
    let contacts: Vec<_> = contacts.collect();
    let methods: Vec<_> = methods.iter().map(|method| by(method)).collect();
    let called = capital(self::called(called));
    format!("{called} tells {} by {}.", contacts.join(", "), methods.join(", "))
}

fn unreached(Unreached { name, method, has_address }: &Unreached) -> String {
    let method = by(method);
    if *has_address {
        format!("`{name}` is not told by {method}: its address is not verified.")
    } else {
        format!("`{name}` is not told by {method}: it has no address there.")
    }
}

fn resting(Resting { name, method, until }: &Resting) -> String {
    let method = by(method);
    match until {
        Some(until) => format!(
            "Nothing is sent to `{name}` by {method} until {}: its address is paused.",
            shown(*until)
        ),
        None => format!(
            "Nothing is sent to `{name}` by {method} until somebody mends its address: it is out \
             of order."
        ),
    }
}

fn shut(time: &AnomalyTime, opens: &str) -> String {
    let window = window(time);
    let passes =
        if time.critical_any_time { "; what is critical is told all the same" } else { "" };
    format!(
        "The anomaly time is {window}: news waits until it opens at {opens}, and is judged again \
         then{passes}."
    )
}

fn window(time: &AnomalyTime) -> String {
    let (from, to) = super::hours(time);
    format!("{from} to {to} {}", time.time_zone)
}

fn silent(of: &Silent) -> String {
    match of {
        Silent::Domain => "the domain".to_owned(),
        Silent::Tag(tag) => format!("tag `{tag}`"),
    }
}

fn for_what(Because { cause, reminder }: Because) -> String {
    match cause {
        Cause::Unspecified | Cause::Event => String::new(),
        Cause::Reminder => format!(" as reminder {reminder}"),
        Cause::Test => " as a test".to_owned(),
        Cause::Again => " because somebody asked for it again".to_owned(),
        Cause::Escalation => " because nobody acknowledged it in time".to_owned(),
        Cause::Verification => " to verify the address".to_owned(),
        Cause::ChannelBroken => " because another channel is out of order".to_owned(),
    }
}

/// What somebody said, in brackets, if they did.
fn within(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// What a kind is called.
fn kind(kind: Kind) -> String {
    format!("\"{}\"", sentence::kind(Language::English, kind))
}

/// What a method is called, at the beginning of a sentence.
fn name(method: &str) -> String {
    capital(by(method))
}

/// The same within one.
fn by(method: &str) -> &str {
    sentence::method(Language::English, method)
}

fn uncapital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
