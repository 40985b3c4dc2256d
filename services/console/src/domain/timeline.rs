//! The log of one domain in words: what was noticed, in the order in which it was.

use jiff::Timestamp;
use proto::v1::{Kind, LogRecord, Severity, anomaly_closed::How, log_event::Event};

use super::{board::instant, sentence};

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
pub fn of(records: impl Iterator<Item = (u64, LogRecord)>) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (sequence, record) in records {
        let at = instant(record.recorded_at.as_ref());
        let events = record.events.iter().filter_map(|event| event.event.as_ref());
        for (place, event) in (0..).zip(events) {
            let (what, text) = words(event);
            let (kind, severity) = matter(event);
            moments.push(Moment { sequence, place, at, what, kind, severity, text });
        }
    }
    moments
}

fn words(event: &Event) -> (&'static str, String) {
    match event {
        Event::Watched(watched) if watched.enabling => {
            ("watched", "It is looked at from now on.".to_owned())
        }
        Event::Watched(_) => ("watched", "It is looked at with new options.".to_owned()),
        Event::Unwatched(over) if over.removed => {
            ("unwatched", "It was removed, and is looked at no more.".to_owned())
        }
        Event::Unwatched(_) => {
            ("unwatched", "It was disabled, and is looked at no more.".to_owned())
        }
        Event::StateChanged(changed) => {
            let (from, to) = (changed.from().token(), changed.to().token());
            ("state_changed", format!("Its state was {from} and is {to}."))
        }
        Event::AnomalyOpened(opened) => {
            ("anomaly_opened", sentence::of(opened.kind(), opened.evidence.as_ref()))
        }
        Event::AnomalyWorsened(worse) => {
            ("anomaly_worsened", sentence::of(worse.kind(), worse.evidence.as_ref()))
        }
        Event::AnomalyClosed(closed) => ("anomaly_closed", over(closed)),
        Event::CertificateChanged(changed) => {
            let text = sentence::of(Kind::CertificateChanged, changed.evidence.as_ref());
            ("certificate_changed", text)
        }
        Event::ChainLearned(learned) => {
            let count = learned.chain.as_ref().map_or(0, |chain| chain.certificates.len());
            let fetched = match learned.fetched.len() {
                0 => String::new(),
                count => format!(", and {count} fetched for it"),
            };
            ("chain_learned", format!("A chain of {count} certificates was seen{fetched}."))
        }
        Event::EndpointSeen(seen) => {
            let address = address(&seen.address, seen.port);
            ("endpoint_seen", format!("{address} presents another chain than before."))
        }
        Event::EndpointGone(gone) => {
            let address = address(&gone.address, gone.port);
            ("endpoint_gone", format!("The name does not lead to {address} any more."))
        }
        Event::RoundCounted(round) => {
            let (kind, seen, clean) = (round.kind().token(), round.seen, round.clean);
            let text = if clean > 0 {
                format!("{kind} was not seen in {clean} of {} rounds.", round.clean_needed)
            } else {
                format!("{kind} was seen in {seen} rounds running.")
            };
            ("round_counted", text)
        }
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

fn over(closed: &proto::v1::AnomalyClosed) -> String {
    let (kind, since) = (closed.kind().token(), closed.since.as_ref());
    let since = since
        .map(|since| format!(", after it was so since {}", sentence::shown(instant(Some(since)))));
    let since = since.unwrap_or_default();
    match closed.how() {
        How::Unspecified | How::Recovered => format!("{kind} is mended{since}."),
        How::Superseded => format!("{kind} gave way to something worse{since}."),
        How::Abandoned => format!("{kind} is not watched any more{since}."),
    }
}

fn address(address: &str, port: u32) -> String {
    let is_v6 = address.contains(':');
    if is_v6 { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

#[cfg(test)]
mod tests {
    use proto::{
        time,
        v1::{AnomalyClosed, EndpointSeen, LogEvent, State, StateChanged, Unwatched},
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
        let moments = of(records.into_iter());
        let texts: Vec<_> = moments.iter().map(|moment| moment.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "expired is mended, after it was so since 1970-01-01 00:00 UTC.",
                "Its state was abnormal and is secure.",
                "[2001:db8::1]:443 presents another chain than before.",
                "It was removed, and is looked at no more.",
            ]
        );
        let places: Vec<_> = moments.iter().map(|m| (m.sequence, m.place)).collect();
        assert_eq!(places, [(3, 0), (3, 1), (9, 0), (12, 0)]);
        assert_eq!((moments[0].kind, moments[0].at), (Some(Kind::Expired), at(60)));
    }
}
