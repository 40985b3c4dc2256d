//! In English. What an entity refuses stands beside the entity.

use super::{Door, Full, Manner, Refusal, Slow, StaleSecret, Thing, Trouble};

/// What a refusal says.
pub(super) fn text(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid(mistakes) => {
            let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            lines.join("; ")
        }
        Refusal::NoLine(count) => format!("none of {count} lines can be used"),
        Refusal::Unreadable(unreadable) => unreadable.to_string(),
        Refusal::Repeated { first } => format!("the same domain stands on line {first}"),
        Refusal::Fields { have, columns } => format!("{have} fields, but only {columns} columns"),
        Refusal::Csv(words) => words.clone(),
        Refusal::OnlyMonitored(name) => {
            format!("only `{name}` is monitored; what else was written is ignored")
        }
        Refusal::Domain(refusal) => refusal.to_string(),
        Refusal::Contact(refusal) => refusal.to_string(),
        Refusal::Silence(refusal) => refusal.to_string(),
        Refusal::Token(refusal) => refusal.to_string(),
        Refusal::Account(refusal) => refusal.to_string(),
        Refusal::Absent { what, id } => format!("there is no {} `{id}`", thing(*what)),
        Refusal::Disabled(name) => format!("`{name}` is disabled: enable it first"),
        Refusal::NoAnomaly(name) => format!("`{name}` has no such anomaly that is open"),
        Refusal::Full(full) => self::full(*full),
        Refusal::LastToken => {
            "it is the last token of role `admin`: issue another first".to_owned()
        }
        Refusal::LastAccount => {
            "it is the last account of role `admin` that may be used: add another first".to_owned()
        }
        Refusal::LinkOver => {
            "the link was used, or has ended: make another, under another key".to_owned()
        }
        Refusal::SubjectTaken => "another account has this `subject`".to_owned(),
        Refusal::DefaultStays => "the default setting is changed, and not taken away".to_owned(),
        Refusal::NotParked(state) => {
            format!("it is {}; only what is parked is tried again", state.token())
        }
        Refusal::VerifiedAlready => "its mailbox is verified already".to_owned(),
        Refusal::NoMailbox => "it has no mailbox".to_owned(),
        Refusal::Named(None) => {
            "the default setting names this contact: change it first".to_owned()
        }
        Refusal::Named(Some(name)) => {
            format!("the setting of `{name}` names this contact: change it first")
        }
        Refusal::KeyNeeded { names, count } => key_needed(names, *count),
        Refusal::Changed { seen, now } => {
            format!("it is at version \"{now}\" and no longer at \"{seen}\": look again")
        }
        Refusal::Contended(subject) => format!("others keep changing {subject}: try again"),
        Refusal::Door(door) => self::door(*door),
        Refusal::Manner(manner) => self::manner(manner),
        Refusal::Trouble(trouble) => self::trouble(trouble),
    }
}

fn key_needed(names: &[StaleSecret], count: usize) -> String {
    let names = names.iter().map(|name| match name {
        StaleSecret::Password(name) => format!("the password of `{name}`"),
        StaleSecret::Robots(name) => format!("the robots of `{name}`"),
    });
    let names: Vec<_> = names.collect();
    let more = match count - names.len().min(count) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "an older key still has to open {}{more}: rotate first, which seals them with the newest",
        names.join(", ")
    )
}

fn thing(thing: Thing) -> &'static str {
    match thing {
        Thing::Domain => "domain",
        Thing::Contact => "contact",
        Thing::Delivery => "delivery",
        Thing::Event => "event",
        Thing::Silence => "silence",
        Thing::Token => "token",
        Thing::Account => "account",
        Thing::Setting => "setting",
        Thing::MissingCertificate => "missing certificate of",
    }
}

fn full(full: Full) -> String {
    match full {
        Full::Domains { new, there, max } => {
            format!("{new} more would be too many: {there} of at most {max} are there")
        }
        Full::Contacts(max) => format!("there are {max} contacts already"),
        Full::Silences(max) => format!("there are {max} silences already: lift one"),
        Full::Tokens(max) => format!("there are {max} tokens already: revoke one"),
        Full::Accounts(max) => format!("there are {max} accounts already: remove one"),
        Full::Streams(max) => format!("{max} event streams are open: close one"),
    }
}

fn door(door: Door) -> String {
    let plain = match door {
        Door::TooOften(seconds) => {
            return format!("that was tried too often: wait {seconds} s");
        }
        Door::Role(role) => return format!("this needs the role `{}`", role.token()),
        Door::Silent => "send the token in the header `Authorization: Bearer …`, or sign in",
        Door::Unknown => "the token is not known, or was revoked",
        Door::Over => "the session is over: sign in again",
        Door::Elsewhere => "the request does not come from a page of this console",
        Door::Unproven => "the request lacks the token of the session: load the page again",
        Door::ForeignForm => "load the page again and send it from there",
        Door::Wrong => "the name or the password is wrong",
        Door::PasswordsClosed => "nobody signs in with a password here",
        Door::OtherPassword => "the present password is another",
        Door::LinkSent => "a link was sent there less than a minute ago",
    };
    plain.to_owned()
}

fn manner(manner: &Manner) -> String {
    match manner {
        Manner::Malformed(words) => words.clone(),
        Manner::TooManyFields(max) => format!("a form may have {max} fields"),
        Manner::ReusedKey => "Idempotency-Key: something else was asked under it: use another for \
                              another request"
            .to_owned(),
        Manner::NotAcceptable(have) => format!("this answers {have}"),
        Manner::MediaType(want) => format!("send {want}"),
        Manner::TooLarge(max) => format!("a body may have {max} bytes"),
        Manner::NothingHere => "nothing answers on this path; see /api/v1/openapi.json".to_owned(),
        Manner::Method => "this path knows other methods; see /api/v1/openapi.json".to_owned(),
    }
}

fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Slow(Slow::Answering) => "answering takes too long".to_owned(),
        Trouble::Slow(Slow::Events) => "reading the events of the domain takes too long".to_owned(),
        Trouble::Slow(Slow::Showing) => "showing what was ordered takes too long".to_owned(),
        Trouble::Unavailable(words) => words.clone(),
        Trouble::Bug => "the log says more; please report it".to_owned(),
    }
}
