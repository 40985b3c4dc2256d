//! One silence: nothing is told of some domains until a time.

use jiff::{SignedDuration, Timestamp};
use kernel::decider::Decider;
use proto::{
    id::DomainId,
    time,
    v1::{InventoryRecord, SilenceLifted, SilenceSaved, inventory_event::Event, silence_saved},
};

use super::{Invalid, Ordered, Signature, note, options::tag};
use crate::domain::want::Want;

/// How long a silence may last. What is silenced for longer need not be monitored.
const LENGTH_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Of what nothing is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// One domain.
    Domain(DomainId),
    /// All domains that bear this tag.
    Tag(String),
}

impl Target {
    /// All domains that bear a tag.
    ///
    /// # Errors
    ///
    /// When it cannot be one.
    pub fn tag(text: &str) -> Result<Self, Invalid> {
        tag(text).map(Self::Tag).map_err(|invalid| Invalid { field: "tag".to_owned(), ..invalid })
    }
}

/// That nothing is told of some domains for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// Of what.
    pub target: Target,
    /// Until when.
    pub until: Timestamp,
    /// Why. May be empty.
    pub reason: String,
}

impl Silenced {
    /// Reads what a person entered.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn read(
        target: Target,
        until: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let ends = until.parse::<Timestamp>().ok();
        let ends = ends.filter(|ends| *ends > now && ends.duration_since(now) <= LENGTH_MAX);
        if ends.is_none() {
            mistakes.push(Invalid::new("until", until, Want::FutureTime));
        }
        let reason = super::gathered(note("reason", reason), &mut mistakes);
        match (ends, reason) {
            (Some(until), Some(reason)) => Ok(Self { target, until, reason }),
            (None, _) | (_, None) => Err(mistakes),
        }
    }
}

/// What stands in the inventory of one silence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Silence {
    said: Option<Said>,
    is_lifted: bool,
}

/// A silence, and who ordered it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What was said.
    pub what: Silenced,
    /// By whom, and when.
    pub signature: Signature,
}

impl Silence {
    /// What it says; `None` if there is none, or it was lifted.
    pub fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }
}

/// What may be asked of a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be this.
    Save(Silenced),
    /// Be over.
    Lift,
}

/// What happened to a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SilenceEvent {
    /// It is this now.
    Saved(Silenced),
    /// It is over.
    Lifted,
}

/// Why a silence says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such silence")]
    Absent,
    /// It was there, and is over.
    #[error("the silence was lifted: begin another, under another key")]
    Lifted,
}

impl Decider for Silence {
    type Command = Command;
    type Event = SilenceEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<SilenceEvent>, Refusal> {
        match (&self.said, command) {
            (Some(have), Command::Save(silenced)) if have.what == silenced => Ok(vec![]),
            // Whoever repeats an order must not undo that it was lifted.
            (None, Command::Save(_)) if self.is_lifted => Err(Refusal::Lifted),
            (_, Command::Save(silenced)) => Ok(vec![SilenceEvent::Saved(silenced)]),
            (Some(_), Command::Lift) => Ok(vec![SilenceEvent::Lifted]),
            (None, Command::Lift) => Err(Refusal::Absent),
        }
    }

    fn evolve(&mut self, event: &SilenceEvent) {
        (self.said, self.is_lifted) = match event {
            SilenceEvent::Saved(silenced) => {
                let signature = Signature::default();
                (Some(Said { what: silenced.clone(), signature }), false)
            }
            SilenceEvent::Lifted => (None, true),
        };
    }
}

impl Ordered for Silence {
    fn write(event: &SilenceEvent) -> Event {
        match event {
            SilenceEvent::Saved(Silenced { target, until, reason }) => {
                Event::SilenceSaved(SilenceSaved {
                    target: Some(match target {
                        Target::Domain(id) => silence_saved::Target::DomainId(id.to_string()),
                        Target::Tag(tag) => silence_saved::Target::Tag(tag.clone()),
                    }),
                    until: Some(time::write(*until)),
                    reason: reason.clone(),
                })
            }
            SilenceEvent::Lifted => Event::SilenceLifted(SilenceLifted {}),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<SilenceEvent> {
        match event {
            Event::SilenceSaved(saved) => Some(SilenceEvent::Saved(Silenced {
                target: match saved.target.as_ref()? {
                    silence_saved::Target::DomainId(id) => Target::Domain(id.parse().ok()?),
                    silence_saved::Target::Tag(tag) => Target::Tag(tag.clone()),
                },
                until: saved.until.as_ref().and_then(time::read)?,
                reason: saved.reason.clone(),
            })),
            Event::SilenceLifted(_) => Some(SilenceEvent::Lifted),
            _ => None,
        }
    }

    fn fold(&mut self, record: &InventoryRecord) {
        for event in record.events.iter().filter_map(|e| Self::read(e.event.as_ref()?)) {
            self.evolve(&event);
        }
        if let Some(said) = &mut self.said {
            said.signature = Signature::of(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000_000).unwrap()
    }

    fn silenced(tag: &str) -> Silenced {
        let target = Target::tag(tag).unwrap();
        Silenced::read(target, "2001-09-10T00:00:00Z", "Moving house", now()).unwrap()
    }

    #[test]
    fn a_silence_ends_within_a_year_and_not_before_it_begins() {
        let read = |until| Silenced::read(Target::Tag("x".to_owned()), until, "", now());
        assert!(read("2001-09-09T01:46:41Z").is_ok());
        assert!(read("2002-09-09T01:46:40+00:00").is_ok());
        for until in ["2001-09-09T01:46:40Z", "2002-09-11T00:00:00Z", "tomorrow", ""] {
            assert_eq!(read(until).unwrap_err()[0].field, "until", "{until}");
        }
        let long = "x".repeat(1_000);
        let mistakes = Silenced::read(Target::Tag("x".to_owned()), "", &long, now()).unwrap_err();
        assert_eq!(mistakes.iter().map(|m| &*m.field).collect::<Vec<_>>(), ["until", "reason"]);
        assert_eq!(Target::tag("a,b").unwrap_err().field, "tag");
    }

    #[test]
    fn a_silence_is_saved_and_lifted_once() {
        let saved = SilenceEvent::Saved(silenced("shop"));
        let save = || Command::Save(silenced("shop"));
        given::<Silence>(&[]).when(save()).then(std::slice::from_ref(&saved));
        given::<Silence>(std::slice::from_ref(&saved)).when(save()).then(&[]);
        given::<Silence>(std::slice::from_ref(&saved))
            .when(Command::Lift)
            .then(&[SilenceEvent::Lifted]);
        let over = [saved, SilenceEvent::Lifted];
        given::<Silence>(&over).when(Command::Lift).then_refused(&Refusal::Absent);
        given::<Silence>(&over).when(save()).then_refused(&Refusal::Lifted);
    }

    #[test]
    fn events_survive_the_wire() {
        let domain =
            Silenced { target: Target::Domain(DomainId::from_bytes([1; 16])), ..silenced("shop") };
        for event in [
            SilenceEvent::Saved(silenced("shop")),
            SilenceEvent::Saved(domain),
            SilenceEvent::Lifted,
        ] {
            assert_eq!(Silence::read(&Silence::write(&event)), Some(event));
        }
    }
}
