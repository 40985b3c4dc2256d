//! The words in English.

use proto::v1::{AnomalyClosed, Kind, State, anomaly_closed::How, log_event::Event};

use super::{address, since};
use crate::domain::{language::Language, sentence};

/// What an event says.
pub(super) fn text(event: &Event) -> String {
    match event {
        Event::Watched(watched) if watched.enabling => "It is looked at from now on.".to_owned(),
        Event::Watched(_) => "It is looked at with new options.".to_owned(),
        Event::Unwatched(over) if over.removed => {
            "It was removed, and is looked at no more.".to_owned()
        }
        Event::Unwatched(_) => "It was disabled, and is looked at no more.".to_owned(),
        Event::StateChanged(changed) => {
            let (from, to) = (state(changed.from()), state(changed.to()));
            format!("The state changed from \"{from}\" to \"{to}\".")
        }
        Event::AnomalyOpened(opened) => {
            sentence::of(Language::English, opened.kind(), opened.evidence.as_ref())
        }
        Event::AnomalyWorsened(worse) => {
            sentence::of(Language::English, worse.kind(), worse.evidence.as_ref())
        }
        Event::AnomalyClosed(closed) => over(closed),
        Event::CertificateChanged(changed) => {
            let evidence = changed.evidence.as_ref();
            sentence::of(Language::English, Kind::CertificateChanged, evidence)
        }
        Event::ChainLearned(learned) => {
            let count = learned.chain.as_ref().map_or(0, |chain| chain.certificates.len());
            let fetched = match learned.fetched.len() {
                0 => String::new(),
                count => format!(", and {count} fetched for it"),
            };
            format!("A chain of {count} certificates was seen{fetched}.")
        }
        Event::EndpointSeen(seen) => {
            let address = address(&seen.address, seen.port);
            format!("{address} presents a chain that is new there.")
        }
        Event::EndpointGone(gone) => {
            let address = address(&gone.address, gone.port);
            format!("The name does not lead to {address} any more.")
        }
        Event::RoundCounted(round) => {
            let (kind, seen, clean) = (kind(round.kind()), round.seen, round.clean);
            if clean > 0 {
                format!("{kind} was not seen in {clean} of {} rounds.", round.clean_needed)
            } else {
                format!("{kind} was seen in {seen} rounds running.")
            }
        }
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Unspecified | State::Unknown => "Unknown",
        State::Enabling => "Enabling",
        State::Secure => "Secure",
        State::Abnormal => "Abnormal",
        State::EnableFailed => "Enabling failed",
        State::Disabled => "Disabled",
    }
}

fn over(closed: &AnomalyClosed) -> String {
    let kind = kind(closed.kind());
    let since = since(closed).map(|since| format!(", after it was so since {since}"));
    let since = since.unwrap_or_default();
    match closed.how() {
        How::Unspecified | How::Recovered => format!("{kind} is mended{since}."),
        How::Superseded => format!("{kind} gave way to something worse{since}."),
        How::Abandoned => format!("{kind} is not watched any more{since}."),
    }
}

fn kind(kind: Kind) -> String {
    format!("\"{}\"", sentence::kind(Language::English, kind))
}
