//! In English.

use super::{Asked, Flaw, Want, known};

/// What is allowed.
pub(super) fn text(want: &Want) -> String {
    match want {
        Want::Line(max) => format!("1 to {max} characters, no control characters"),
        Want::Note(max) => format!("at most {max} characters, no control characters"),
        Want::Characters(max) => format!("1 to {max} characters"),
        Want::Bytes(max) => format!("at most {max} bytes"),
        Want::AtMost(max) => format!("at most {max}"),
        Want::UpTo(max) => format!("1 to {max}"),
        Want::OneOf(tokens) => format!("one of {}", tokens.join(", ")),
        Want::OneOfOrNone(tokens) => format!("one of {}, or none", tokens.join(", ")),
        Want::SomeOf(tokens) => format!("at least one of {}", tokens.join(", ")),
        Want::Mended(flaw) => mended(flaw),
        Want::Spoken(tokens) => format!("one that probers speak: {}", tokens.join(", ")),
        Want::Interval { min, max } => format!("{min} (1 minute) to {max} (7 days)"),
        Want::Rung(max) => format!(
            "days or hours up to {max}d, such as `30d` or `12h`, or a part of the lifetime from \
             `0.01%` to `99.99%`"
        ),
        Want::RepeatDays(max) => format!("0 (never) to {max} days"),
        Want::EscalationMinutes(max) => format!("1 to {max} (a week)"),
        Want::AccountName(max) => {
            format!("1 to {max} letters, digits, `.`, `-`, `_`, `@`, `+`")
        }
        Want::Password { min, max } => format!(
            "{min} characters at least, {max} bytes at most, not the name, and not one character \
             repeated"
        ),
        Want::Robot(wanted) => wanted.to_string(),
        Want::Asked(asked) => self::asked(asked),
        Want::FutureTime => {
            "a time in the future such as `2026-11-22T21:05:00Z`, at most a year away".to_owned()
        }
        Want::Mailbox => "a mailbox such as `ada@example.com`".to_owned(),
        Want::TimeZone => "an IANA time zone such as `Asia/Shanghai`".to_owned(),
        Want::SniName => "a name: SNI carries no address".to_owned(),
        Want::FixedAddress => "an IPv4 or IPv6 address without a port".to_owned(),
        Want::NoDividers => "no `,` and no `;`: they divide tags from each other".to_owned(),
        Want::ContactId => "the id of a contact: 26 characters a-z and 2-7".to_owned(),
        Want::ContactThere => "the id of a contact that is there".to_owned(),
        Want::DomainThere => "the id or the name of a domain that is monitored".to_owned(),
        Want::AccountThere => "an account that is there".to_owned(),
        Want::EntryThere => "the id of an entry that is in an inbox".to_owned(),
        Want::OtherTime => {
            "another time than `from`; leave `anomaly_time` out for all day".to_owned()
        }
        Want::ClockTime => "a time from `00:00` to `23:59`".to_owned(),
        Want::ReachingMethod => "a method that reaches this contact: email needs a verified \
                                 address, robots need one, internal needs none"
            .to_owned(),
    }
}

/// What is wrong.
pub(super) fn flaw(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Domain(error) => error.to_string(),
        Flaw::HostName(error) => error.to_string(),
        Flaw::Pem(error) => error.to_string(),
        Flaw::Parameter(others) => format!("no such parameter{others}"),
        Flaw::Said(words) => words.clone(),
    }
}

/// What is allowed in place of what is wrong.
fn mended(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Domain(error) => format!("a domain ({error})"),
        Flaw::HostName(error) => format!("a host name ({error})"),
        Flaw::Pem(error) => format!("PEM certificates ({error})"),
        Flaw::Parameter(others) => match known(others).as_slice() {
            [] => "no parameter".to_owned(),
            known => format!("one of {}", known.join(", ")),
        },
        Flaw::Said(words) => words.clone(),
    }
}

/// What is allowed in how it is asked.
fn asked(asked: &Asked) -> String {
    let plain = match asked {
        Asked::Key(max) => {
            return format!("1 to {max} visible ASCII characters, such as a UUID");
        }
        Asked::SortBy(tokens) => {
            return format!("one of {}, with or without `-` before it", tokens.join(", "));
        }
        Asked::Etag => "one `ETag` as it was answered, such as `\"42\"`",
        Asked::EventId => "the id of an event of this stream: a number",
        Asked::Position => "the id of an event of this stream, such as `3.17.9.4.120`",
        Asked::Cursor => "the `next` of the page before",
        Asked::Instant => "a time such as `2026-11-22T21:05:00Z`",
        Asked::Object => "an object",
        Asked::FormVersion => "the version that the form was made of",
        Asked::KeepAlone => "nothing beside it, or the whole address without it",
        Asked::UrlOrKeep => "its URL, or `keep`: true to leave it as it is",
        Asked::NoTag => "nothing beside `domain`: either a domain or a tag",
        Asked::DomainOrTag => "a domain, or a `tag` instead",
        Asked::NotAll => "false beside `entries`",
        Asked::NoContact => "nothing, unless `all` is true",
    };
    plain.to_owned()
}
