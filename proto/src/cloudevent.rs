//! Events in the binary mode of CloudEvents over NATS: the attributes as headers, the message as
//! data.
//!
//! Rules: CloudEvents 1.0, NATS protocol binding 1.0.3 (draft), sections 3.1 and 3.1.3. Names are
//! compared without regard to case; values carry anything outside `!`–`~`, and `"` and `%`, as
//! `%XY`.

use crate::{
    host::Host,
    subject::About,
    time,
    v1::{Event, Kind},
};

/// Media type of the data.
pub const DATA_CONTENT_TYPE: &str = "application/protobuf";
/// Names the schema of the data: the message in the `.proto` files.
pub const DATA_SCHEMA: &str = "certherald/v1/event.proto#certherald.v1.Event";
/// `ce-source` of every event.
pub const SOURCE: &str = "/certherald/detector";

/// The headers of an event, in the order of their names.
pub fn headers(event: &Event) -> Vec<(&'static str, String)> {
    let kind = Kind::try_from(event.kind).unwrap_or(Kind::Unspecified);
    let at = event.occurred_at.as_ref().and_then(time::read).unwrap_or_default();
    vec![
        ("ce-datacontenttype", escape(DATA_CONTENT_TYPE)),
        ("ce-dataschema", escape(DATA_SCHEMA)),
        ("ce-id", escape(&event.id)),
        ("ce-source", escape(SOURCE)),
        ("ce-specversion", "1.0".to_owned()),
        ("ce-subject", escape(&subject_of(event))),
        ("ce-time", escape(&at.to_string())),
        ("ce-type", format!("certherald.{}", kind.token())),
    ]
}

/// The value of a header by its name in any case, unescaped; `None` if it is absent or malformed.
pub fn header<'h, I>(headers: I, name: &str) -> Option<String>
where
    I: IntoIterator<Item = (&'h str, &'h str)>,
{
    let (_, value) = headers.into_iter().find(|(have, _)| have.eq_ignore_ascii_case(name))?;
    unescape(value)
}

/// What an event is about, or `None` if it names no host.
pub fn about(event: &Event) -> Option<About> {
    let port = u16::try_from(event.port).ok()?;
    if event.kind == Kind::ProberBlind as i32 {
        return event.host.parse().ok().map(About::Prober);
    }
    event.host.parse::<Host>().ok().map(|host| About::Domain(host, port))
}

fn subject_of(event: &Event) -> String {
    match about(event) {
        Some(About::Domain(host, port)) => host.with_port(port),
        Some(About::Prober(name)) => name.to_string(),
        None => event.domain_id.clone(),
    }
}

fn escape(text: &str) -> String {
    let carried = |byte: u8| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'%');
    let one = |byte| match byte {
        byte if carried(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn unescape(text: &str) -> Option<String> {
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_event_travels_with_its_attributes() {
        let event = Event {
            id: "x-12-0".to_owned(),
            host: "shop.example.com".to_owned(),
            port: 443,
            kind: Kind::Expired as i32,
            occurred_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            ..Event::default()
        };
        let headers = headers(&event);
        let read = |name| header(headers.iter().map(|(n, v)| (*n, v.as_str())), name);
        assert_eq!(read("CE-Id").as_deref(), Some("x-12-0"));
        assert_eq!(read("ce-type").as_deref(), Some("certherald.expired"));
        assert_eq!(read("ce-subject").as_deref(), Some("shop.example.com:443"));
        assert_eq!(read("ce-time").as_deref(), Some("2023-11-14T22:13:20Z"));
        assert_eq!(read("ce-absent"), None);
    }

    #[test]
    fn malformed_escapes_are_no_value() {
        for value in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(unescape(value), None, "{value}");
        }
        assert_eq!(unescape("\"a%20b\"").as_deref(), Some("a b"));
    }

    proptest! {
        #[test]
        fn any_text_survives_the_header(text in "\\PC{0,40}") {
            let escaped = escape(&text);
            prop_assert!(escaped.bytes().all(|byte| (b'!'..=b'~').contains(&byte)));
            prop_assert_eq!(unescape(&escaped), Some(text));
        }
    }
}
