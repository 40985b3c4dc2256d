//! The log of one domain in words: what was noticed, in the order in which it was.

mod en;
mod zh_cn;

use jiff::Timestamp;
use proto::v1::{AnomalyClosed, Kind, LogRecord, Severity, log_event::Event};

use super::{board::instant, language::Language, sentence};

/// One thing that was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The record in `LOG`.
    pub sequence: u64,
    /// The place within it.
    pub place: u64,
    /// When the detector decided it.
    pub at: Timestamp,
    /// What it is, as one word.
    pub what: &'static str,
    /// Of which kind, if it is of an anomaly.
    pub kind: Option<Kind>,
    /// How bad it is, if it is of an anomaly.
    pub severity: Option<Severity>,
    /// The same for people.
    pub text: String,
}

/// The moments of a log, in its order.
pub fn of(records: impl Iterator<Item = (u64, LogRecord)>, language: Language) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (sequence, record) in records {
        let at = instant(record.recorded_at.as_ref());
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        for (place, event) in (0..).zip(events) {
            let (what, text) = (what(event), text(event, language));
            let (kind, severity) = matter(event);
            moments.push(Moment { sequence, place, at, what, kind, severity, text });
        }
    }
    moments
}

/// What an event is, as one word.
fn what(event: &Event) -> &'static str {
    match event {
        Event::Watched(_) => "watched",
        Event::Unwatched(_) => "unwatched",
        Event::StateChanged(_) => "state_changed",
        Event::AnomalyOpened(_) => "anomaly_opened",
        Event::AnomalyWorsened(_) => "anomaly_worsened",
        Event::AnomalyClosed(_) => "anomaly_closed",
        Event::CertificateChanged(_) => "certificate_changed",
        Event::ChainLearned(_) => "chain_learned",
        Event::EndpointSeen(_) => "endpoint_seen",
        Event::EndpointGone(_) => "endpoint_gone",
        Event::RoundCounted(_) => "round_counted",
    }
}

fn text(event: &Event, language: Language) -> String {
    match language {
        Language::English => en::text(event),
        Language::Chinese => zh_cn::text(event),
    }
}

/// The kind of what an event speaks of, and how bad it is.
fn matter(event: &Event) -> (Option<Kind>, Option<Severity>) {
    match event {
        Event::AnomalyOpened(opened) => (Some(opened.kind()), Some(opened.severity())),
        Event::AnomalyWorsened(worse) => (Some(worse.kind()), Some(worse.severity())),
        Event::AnomalyClosed(closed) => (Some(closed.kind()), Some(closed.severity())),
        Event::CertificateChanged(_) => (Some(Kind::CertificateChanged), Some(Severity::Info)),
        Event::RoundCounted(round) => (Some(round.kind()), None),
        Event::Watched(_)
        | Event::Unwatched(_)
        | Event::StateChanged(_)
        | Event::ChainLearned(_)
        | Event::EndpointSeen(_)
        | Event::EndpointGone(_) => (None, None),
    }
}

/// Since when something was so that is over.
fn since(closed: &AnomalyClosed) -> Option<String> {
    let since = closed.since.as_ref()?;
    Some(sentence::shown(instant(Some(since))))
}

fn address(address: &str, port: u32) -> String {
    let is_v6 = address.contains(':');
    if is_v6 { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

#[cfg(test)]
mod tests {
    use proto::{
        time,
        v1::{EndpointSeen, LogEvent, State, StateChanged, Unwatched, anomaly_closed::How},
    };

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(events: Vec<Event>) -> LogRecord {
        LogRecord {
            recorded_at: Some(time::write(at(60))),
            events: events.into_iter().map(|event| LogEvent { event: Some(event) }).collect(),
            ..LogRecord::default()
        }
    }

    #[test]
    fn a_log_is_told_in_its_order() {
        let closed = AnomalyClosed {
            kind: Kind::Expired as i32,
            severity: Severity::Critical as i32,
            how: How::Recovered as i32,
            since: Some(time::write(at(0))),
            ..AnomalyClosed::default()
        };
        let changed = StateChanged { from: State::Abnormal as i32, to: State::Secure as i32 };
        let seen =
            EndpointSeen { address: "2001:db8::1".into(), port: 443, ..EndpointSeen::default() };
        let records = [
            (3, record(vec![Event::AnomalyClosed(closed), Event::StateChanged(changed)])),
            (9, record(vec![Event::EndpointSeen(seen)])),
            (12, record(vec![Event::Unwatched(Unwatched { removed: true })])),
        ];
        let moments = of(records.clone().into_iter(), Language::English);
        let texts: Vec<_> = moments.iter().map(|moment| moment.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "\"Expired\" is mended, after it was so since 1970-01-01 00:00 UTC.",
                "The state changed from \"Abnormal\" to \"Secure\".",
                "[2001:db8::1]:443 presents a chain that is new there.",
                "It was removed, and is looked at no more.",
            ]
        );
        let places: Vec<_> = moments.iter().map(|m| (m.sequence, m.place)).collect();
        assert_eq!(places, [(3, 0), (3, 1), (9, 0), (12, 0)]);
        assert_eq!((moments[0].kind, moments[0].at), (Some(Kind::Expired), at(60)));
        let chinese = of(records.into_iter(), Language::Chinese);
        assert_eq!(chinese[0].text, "“已过期”已恢复（始于 1970-01-01 00:00 UTC）。");
        assert!(chinese.iter().all(|moment| moment.text.ends_with('。')));
    }
}
