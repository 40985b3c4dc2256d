//! One notification setting: who hears of a domain, or of all that have none of their own.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use kernel::decider::Decider;
use proto::{
    id::ContactId,
    v1::{
        AnomalyTime, Escalation, Kind, NotificationSetting, Repeat, SettingCleared, SettingSaved,
        inventory_event::Event,
    },
};

use super::{
    Invalid, Ordered,
    contact::{CHANNELS, time_zone},
    gathered,
};
use crate::domain::want::Want;

/// Contacts of one setting: more is a mailing list, which is one contact.
pub const CONTACTS_MAX: usize = 10;
/// Days between reminders: what is told more seldom is forgotten in between.
pub const REPEAT_DAYS_MAX: u32 = 60;

/// Minutes until nobody has acknowledged for too long: a week, after which nobody will.
pub const ESCALATION_MINUTES_MAX: u32 = 7 * 24 * 60;

/// A notification setting.
///
/// Invariant: 1 to 10 contacts and at least one method, each once; times and days in range.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting(NotificationSetting);

/// A setting as a person entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDraft {
    /// False: nothing is sent.
    pub enabled: bool,
    /// Ids of contacts.
    pub contacts: Vec<String>,
    /// Tokens of channels.
    pub methods: Vec<String>,
    /// When contacts may be told; `None`: all day.
    pub anomaly_time: Option<WindowDraft>,
    /// Days between reminders; 0: never.
    pub repeat_days: u32,
    /// Tokens of kinds; none: all but `certificate_changed`.
    pub kinds: Vec<String>,
    /// Whom else to tell; `None`: nobody.
    pub escalation: Option<EscalationDraft>,
}

/// Who is told of what nobody acknowledged, as a person entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationDraft {
    /// Minutes after the anomaly was first due to be told.
    pub minutes: u32,
    /// Ids of contacts.
    pub contacts: Vec<String>,
}

/// A window of the day as a person entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowDraft {
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`; before `from` it is of the next day.
    pub to: String,
    /// IANA name.
    pub time_zone: String,
    /// Whether severity critical is told outside the window as well.
    pub critical_any_time: bool,
}

impl Setting {
    /// Reads what a person entered.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn read(draft: &SettingDraft) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let setting = NotificationSetting {
            enabled: draft.enabled,
            contacts: contacts("contacts", &draft.contacts, &mut mistakes),
            methods: methods(&draft.methods, &mut mistakes),
            anomaly_time: draft.anomaly_time.as_ref().map(|draft| window(draft, &mut mistakes)),
            repeat: Some(Repeat {
                days: gathered(repeat(draft.repeat_days), &mut mistakes).unwrap_or_default(),
            }),
            kinds: kinds(&draft.kinds, &mut mistakes),
            escalation: draft.escalation.as_ref().map(|draft| escalation(draft, &mut mistakes)),
        };
        if mistakes.is_empty() { Ok(Self(setting)) } else { Err(mistakes) }
    }

    /// The setting as a person would enter it.
    pub fn to_draft(&self) -> SettingDraft {
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let setting = &self.0;
        SettingDraft {
            enabled: setting.enabled,
            contacts: setting.contacts.clone(),
            methods: setting.methods.clone(),
            anomaly_time: setting.anomaly_time.as_ref().map(|window| WindowDraft {
                from: clock(window.from_minute),
                to: clock(window.to_minute),
                time_zone: window.time_zone.clone(),
                critical_any_time: window.critical_any_time,
            }),
            repeat_days: setting.repeat.map_or(1, |repeat| repeat.days),
            kinds: setting.kinds().map(|kind| kind.token().to_owned()).collect(),
            escalation: setting.escalation.as_ref().map(|escalation| EscalationDraft {
                minutes: escalation.minutes,
                contacts: escalation.contacts.clone(),
            }),
        }
    }

    /// The setting as it travels.
    pub fn as_wire(&self) -> &NotificationSetting {
        &self.0
    }

    /// Who is told.
    pub fn contacts(&self) -> impl Iterator<Item = ContactId> {
        self.0.contacts.iter().filter_map(|id| id.parse().ok())
    }

    /// Who is told of a critical anomaly that nobody acknowledged.
    pub fn escalation_contacts(&self) -> impl Iterator<Item = ContactId> {
        let contacts = self.0.escalation.iter().flat_map(|escalation| &escalation.contacts);
        contacts.filter_map(|id| id.parse().ok())
    }

    /// How they are told.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.0.methods.iter().map(String::as_str)
    }
}

fn contacts(field: &str, texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    for (at, text) in texts.iter().enumerate() {
        match text.parse::<ContactId>() {
            Ok(id) => _ = seen.insert(id),
            Err(_) => mistakes.push(Invalid::new(format!("{field}[{at}]"), text, Want::ContactId)),
        }
    }
    if texts.is_empty() || seen.len() > CONTACTS_MAX {
        let count = format!("{} contacts", texts.len());
        mistakes.push(Invalid::new(field, &count, Want::UpTo(CONTACTS_MAX)));
    }
    seen.iter().map(ContactId::to_string).collect()
}

fn methods(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<String> {
    if texts.is_empty() {
        mistakes.push(Invalid::new("methods", "none", Want::SomeOf(CHANNELS.to_vec())));
    }
    for (at, text) in texts.iter().enumerate() {
        if !CHANNELS.contains(&text.as_str()) {
            mistakes.push(Invalid::new(
                format!("methods[{at}]"),
                text,
                Want::OneOf(CHANNELS.to_vec()),
            ));
        }
    }
    texts.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn window(draft: &WindowDraft, mistakes: &mut Vec<Invalid>) -> AnomalyTime {
    let mut minute = |field: &str, text: &str| {
        gathered(minute_of_day(&format!("anomaly_time.{field}"), text), mistakes)
            .unwrap_or_default()
    };
    let (from_minute, to_minute) = (minute("from", &draft.from), minute("to", &draft.to));
    let zone = time_zone("anomaly_time.time_zone", &draft.time_zone);
    let time_zone = gathered(zone, mistakes).unwrap_or_default();
    if from_minute == to_minute && mistakes.is_empty() {
        mistakes.push(Invalid::new("anomaly_time.to", &draft.to, Want::OtherTime));
    }
    AnomalyTime { from_minute, to_minute, time_zone, critical_any_time: draft.critical_any_time }
}

fn minute_of_day(field: &str, text: &str) -> Result<u32, Invalid> {
    let read = || {
        let (hours, minutes) = text.trim().split_once(':')?;
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(hours) || !digits(minutes) {
            return None;
        }
        let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    read().ok_or_else(|| Invalid::new(field, text, Want::ClockTime))
}

fn repeat(days: u32) -> Result<u32, Invalid> {
    if days <= REPEAT_DAYS_MAX {
        Ok(days)
    } else {
        Err(Invalid::new("repeat_days", &days.to_string(), Want::RepeatDays(REPEAT_DAYS_MAX)))
    }
}

fn kinds(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<i32> {
    let mut kinds = BTreeSet::new();
    for (at, text) in texts.iter().enumerate() {
        match Kind::from_token(text).filter(|kind| *kind != Kind::Recovered) {
            Some(kind) => _ = kinds.insert(kind as i32),
            None => {
                let tokens = Kind::ALL.iter().filter(|kind| **kind != Kind::Recovered);
                let want = Want::OneOf(tokens.map(|kind| kind.token()).collect());
                mistakes.push(Invalid::new(format!("kinds[{at}]"), text, want));
            }
        }
    }
    kinds.into_iter().collect()
}

fn escalation(draft: &EscalationDraft, mistakes: &mut Vec<Invalid>) -> Escalation {
    let minutes = draft.minutes;
    if !(1..=ESCALATION_MINUTES_MAX).contains(&minutes) {
        let want = Want::EscalationMinutes(ESCALATION_MINUTES_MAX);
        mistakes.push(Invalid::new("escalation.minutes", &minutes.to_string(), want));
    }
    Escalation { minutes, contacts: contacts("escalation.contacts", &draft.contacts, mistakes) }
}

/// What stands in the inventory of one setting.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    setting: Option<Setting>,
}

impl Kept {
    /// The setting, if there is one.
    pub fn setting(&self) -> Option<&Setting> {
        self.setting.as_ref()
    }
}

/// What may be asked of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Be this.
    Save(Setting),
    /// Be none, so that the default applies.
    Clear,
}

/// What happened to a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingEvent {
    /// It is this now.
    Saved(Setting),
    /// There is none now.
    Cleared,
}

/// A setting is never refused: what is wrong with it is found before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {}

impl Decider for Kept {
    type Command = Command;
    type Event = SettingEvent;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<SettingEvent>, Refusal> {
        Ok(match (&self.setting, command) {
            (Some(have), Command::Save(setting)) if *have == setting => vec![],
            (_, Command::Save(setting)) => vec![SettingEvent::Saved(setting)],
            (Some(_), Command::Clear) => vec![SettingEvent::Cleared],
            (None, Command::Clear) => vec![],
        })
    }

    fn evolve(&mut self, event: &SettingEvent) {
        self.setting = match event {
            SettingEvent::Saved(setting) => Some(setting.clone()),
            SettingEvent::Cleared => None,
        };
    }
}

impl Ordered for Kept {
    fn write(event: &SettingEvent) -> Event {
        match event {
            SettingEvent::Saved(Setting(setting)) => {
                Event::SettingSaved(SettingSaved { setting: Some(setting.clone()) })
            }
            SettingEvent::Cleared => Event::SettingCleared(SettingCleared {}),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<SettingEvent> {
        match event {
            Event::SettingSaved(saved) => {
                Some(SettingEvent::Saved(Setting(saved.setting.clone()?)))
            }
            Event::SettingCleared(_) => Some(SettingEvent::Cleared),
            _ => None,
        }
    }
}
