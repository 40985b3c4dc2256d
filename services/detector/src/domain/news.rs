//! What of a log record the world is told, in the shape of public events.

use proto::{
    id::DomainId,
    v1::{
        AnomalyClosed, AnomalyOpened, AnomalyWorsened, Event, Kind, LogRecord, RecoveredAnomaly,
        Severity, anomaly_closed::How, event::Phase, log_event::Event as Happened,
    },
};

/// The id of an event: it says where in `LOG` it comes from, so that a reader can tell a repeat.
pub fn id(domain: &DomainId, sequence: u64, index: usize) -> String {
    format!("{domain}-{sequence}-{index}")
}

/// The place in `LOG` that an event id names, sequence and index, or `None` if it is no event id.
/// Later places compare greater.
pub fn place(id: &str) -> Option<(u64, usize)> {
    let mut parts = id.split('-');
    let (_domain, sequence, index) = (parts.next()?, parts.next()?, parts.next()?);
    let place = (sequence.parse().ok()?, index.parse().ok()?);
    if parts.next().is_some() { None } else { Some(place) }
}

/// The public events of one record, in the order they happened.
pub fn of(domain: &DomainId, sequence: u64, record: &LogRecord) -> Vec<Event> {
    let happened = || {
        let events = record.events.iter().enumerate();
        events.filter_map(|(index, event)| Some((index, event.event.as_ref()?)))
    };
    let mut news = Vec::new();
    let mut superseded: Vec<String> = Vec::new();
    let mut recovered: Vec<(usize, &AnomalyClosed)> = Vec::new();
    for (index, event) in happened() {
        let blank = blank(domain, sequence, index, record);
        match event {
            Happened::AnomalyOpened(opened) => {
                news.push(told(opened, std::mem::take(&mut superseded), blank));
            }
            Happened::AnomalyWorsened(worsened) => news.push(told_worse(worsened, blank)),
            Happened::AnomalyClosed(closed) => match closed.how() {
                How::Recovered => recovered.push((index, closed)),
                How::Superseded => superseded.push(closed.anomaly_id.clone()),
                How::Abandoned => news.push(told_abandoned(closed, blank)),
                How::Unspecified => {}
            },
            Happened::CertificateChanged(changed) => news.push(Event {
                kind: Kind::CertificateChanged.into(),
                severity: Severity::Info.into(),
                phase: Phase::Noted.into(),
                evidence: changed.evidence.clone(),
                ..blank
            }),
            Happened::Watched(_)
            | Happened::Unwatched(_)
            | Happened::StateChanged(_)
            | Happened::ChainLearned(_)
            | Happened::EndpointSeen(_)
            | Happened::EndpointGone(_)
            | Happened::RoundCounted(_) => {}
        }
    }
    if let Some((index, _)) = recovered.first() {
        let blank = blank(domain, sequence, *index, record);
        news.push(told_recovered(recovered.iter().map(|(_, closed)| *closed), blank));
    }
    news
}

/// What is the same for all events of a record. A prober has no domain id.
fn blank(domain: &DomainId, sequence: u64, index: usize, record: &LogRecord) -> Event {
    Event {
        id: id(domain, sequence, index),
        domain_id: if record.port == 0 { String::new() } else { domain.to_string() },
        host: record.host.clone(),
        port: record.port,
        protocol: record.protocol,
        occurred_at: record.recorded_at,
        detected_at: record.recorded_at,
        state: record.state,
        ..Event::default()
    }
}

fn told(opened: &AnomalyOpened, supersedes: Vec<String>, blank: Event) -> Event {
    let expired = opened.kind() == Kind::Expired;
    Event {
        kind: opened.kind,
        severity: opened.severity,
        phase: Phase::Opened.into(),
        occurred_at: if expired { opened.since } else { blank.occurred_at },
        anomaly_id: opened.anomaly_id.clone(),
        since: opened.since,
        evidence: opened.evidence.clone(),
        supersedes,
        ..blank
    }
}

fn told_worse(worsened: &AnomalyWorsened, blank: Event) -> Event {
    Event {
        kind: worsened.kind,
        severity: worsened.severity,
        phase: Phase::Worsened.into(),
        anomaly_id: worsened.anomaly_id.clone(),
        since: worsened.since,
        evidence: worsened.evidence.clone(),
        ..blank
    }
}

fn told_abandoned(closed: &AnomalyClosed, blank: Event) -> Event {
    Event {
        kind: closed.kind,
        severity: closed.severity,
        phase: Phase::Abandoned.into(),
        anomaly_id: closed.anomaly_id.clone(),
        since: closed.since,
        ..blank
    }
}

fn told_recovered<'c>(closed: impl Iterator<Item = &'c AnomalyClosed>, blank: Event) -> Event {
    let recovered = closed.map(|closed| RecoveredAnomaly {
        anomaly_id: closed.anomaly_id.clone(),
        kind: closed.kind,
        severity: closed.severity,
        since: closed.since,
        until: blank.occurred_at,
    });
    Event {
        kind: Kind::Recovered.into(),
        severity: Severity::Info.into(),
        phase: Phase::Recovered.into(),
        recovered: recovered.collect(),
        ..blank
    }
}

#[cfg(test)]
mod tests {
    use proto::v1::{
        CertificateChanged, Evidence, LogEvent, RoundCounted, StateChanged,
        anomaly_closed::How::{Abandoned, Recovered, Superseded},
    };

    use super::*;

    const DOMAIN: &str = "4rrewm3tr6pwn4kxotpjwlbjue";

    fn news(events: Vec<Happened>) -> Vec<Event> {
        let events = events.into_iter().map(|event| LogEvent { event: Some(event) }).collect();
        let recorded_at = Some(prost_types::Timestamp { seconds: 50, nanos: 0 });
        let record = LogRecord {
            events,
            recorded_at,
            host: "example.com".to_owned(),
            port: 443,
            ..LogRecord::default()
        };
        of(&DOMAIN.parse().unwrap(), 12, &record)
    }

    fn opened(kind: Kind) -> Happened {
        Happened::AnomalyOpened(AnomalyOpened {
            anomaly_id: format!("id-{}", kind.token()),
            kind: kind.into(),
            severity: Severity::Critical.into(),
            since: Some(prost_types::Timestamp { seconds: 40, nanos: 0 }),
            evidence: Some(Evidence::default()),
        })
    }

    fn closed(kind: Kind, how: How) -> Happened {
        let anomaly_id = format!("id-{}", kind.token());
        let (kind, how) = (kind.into(), how.into());
        Happened::AnomalyClosed(AnomalyClosed { anomaly_id, kind, how, ..AnomalyClosed::default() })
    }

    #[test]
    fn an_id_says_where_in_the_log_it_comes_from() {
        let domain = DOMAIN.parse().unwrap();
        assert_eq!(place(&id(&domain, 12, 3)), Some((12, 3)));
        assert!(place(&id(&domain, 2, 9)) < place(&id(&domain, 10, 0)));
        for text in ["", "a-1", "a-1-x", "a-x-1", "a-1-1-1"] {
            assert_eq!(place(text), None, "{text}");
        }
    }

    #[test]
    fn book_keeping_is_no_news() {
        let kept = [
            Happened::StateChanged(StateChanged::default()),
            Happened::RoundCounted(RoundCounted::default()),
        ];
        assert_eq!(news(kept.into()), []);
    }

    #[test]
    fn what_expired_happened_when_it_expired_and_says_what_it_replaces() {
        let told = news(vec![closed(Kind::Expiring, Superseded), opened(Kind::Expired)]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].id, format!("{DOMAIN}-12-1"));
        assert_eq!(told[0].supersedes, ["id-expiring"]);
        assert_eq!(told[0].occurred_at.map(|at| at.seconds), Some(40));
        assert_eq!(told[0].detected_at.map(|at| at.seconds), Some(50));
        let other = news(vec![opened(Kind::NameMismatch)]);
        assert_eq!(other[0].occurred_at.map(|at| at.seconds), Some(50));
    }

    #[test]
    fn all_that_recovers_at_once_is_one_event_behind_the_others() {
        let told = news(vec![
            closed(Kind::Expired, Recovered),
            closed(Kind::NameMismatch, Recovered),
            opened(Kind::Weak),
        ]);
        let kinds: Vec<_> = told.iter().map(Event::kind).collect();
        assert_eq!(kinds, [Kind::Weak, Kind::Recovered]);
        assert_eq!(told[1].recovered.len(), 2);
        assert_eq!(told[1].id, format!("{DOMAIN}-12-0"));
        assert_ne!(told[0].id, told[1].id);
    }

    #[test]
    fn what_is_abandoned_keeps_its_kind() {
        let told = news(vec![closed(Kind::Weak, Abandoned)]);
        assert_eq!((told[0].kind(), told[0].phase()), (Kind::Weak, Phase::Abandoned));
    }

    #[test]
    fn a_change_is_noted() {
        let told = news(vec![Happened::CertificateChanged(CertificateChanged::default())]);
        assert_eq!((told[0].phase(), told[0].severity()), (Phase::Noted, Severity::Info));
    }
}
