//! One notification setting: who hears of a domain, or of all that have none of their own.

use std::collections::BTreeSet;

use kernel::decider::Decider;
use proto::{
    id::ContactId,
    v1::{
        AnomalyTime, Kind, NotificationSetting, Repeat, SettingCleared, SettingSaved,
        inventory_event::Event,
    },
};

use super::{
    Invalid, Ordered,
    contact::{CHANNELS, time_zone},
    gathered,
};

/// Contacts of one setting: more is a mailing list, which is one contact.
pub const CONTACTS_MAX: usize = 10;
/// Days between reminders: what is told once a year is forgotten in between.
pub const REPEAT_DAYS_MAX: u32 = 365;

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
            contacts: contacts(&draft.contacts, &mut mistakes),
            methods: methods(&draft.methods, &mut mistakes),
            anomaly_time: draft.anomaly_time.as_ref().map(|draft| window(draft, &mut mistakes)),
            repeat: Some(Repeat {
                days: gathered(repeat(draft.repeat_days), &mut mistakes).unwrap_or_default(),
            }),
            kinds: kinds(&draft.kinds, &mut mistakes),
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
        }
    }

    /// Who is told.
    pub fn contacts(&self) -> impl Iterator<Item = ContactId> {
        self.0.contacts.iter().filter_map(|id| id.parse().ok())
    }

    /// How they are told.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.0.methods.iter().map(String::as_str)
    }
}

fn contacts(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    for (at, text) in texts.iter().enumerate() {
        match text.parse::<ContactId>() {
            Ok(id) => _ = seen.insert(id),
            Err(_) => mistakes.push(Invalid::new(
                format!("contacts[{at}]"),
                text,
                "the id of a contact: 26 characters a-z and 2-7",
            )),
        }
    }
    if texts.is_empty() || seen.len() > CONTACTS_MAX {
        let count = format!("{} contacts", texts.len());
        mistakes.push(Invalid::new("contacts", &count, format!("1 to {CONTACTS_MAX}")));
    }
    seen.iter().map(ContactId::to_string).collect()
}

fn methods(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<String> {
    let one_of = || format!("one of {}", CHANNELS.join(", "));
    if texts.is_empty() {
        mistakes.push(Invalid::new("methods", "none", format!("at least {}", one_of())));
    }
    for (at, text) in texts.iter().enumerate() {
        if !CHANNELS.contains(&text.as_str()) {
            mistakes.push(Invalid::new(format!("methods[{at}]"), text, one_of()));
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
        let want = "another time than `from`; leave `anomaly_time` out for all day";
        mistakes.push(Invalid::new("anomaly_time.to", &draft.to, want));
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
    read().ok_or_else(|| Invalid::new(field, text, "a time from `00:00` to `23:59`"))
}

fn repeat(days: u32) -> Result<u32, Invalid> {
    if days <= REPEAT_DAYS_MAX {
        Ok(days)
    } else {
        let want = format!("0 (never) to {REPEAT_DAYS_MAX} days");
        Err(Invalid::new("repeat_days", &days.to_string(), want))
    }
}

fn kinds(texts: &[String], mistakes: &mut Vec<Invalid>) -> Vec<i32> {
    let mut kinds = BTreeSet::new();
    for (at, text) in texts.iter().enumerate() {
        match Kind::from_token(text).filter(|kind| *kind != Kind::Recovered) {
            Some(kind) => _ = kinds.insert(kind as i32),
            None => {
                let tokens = Kind::ALL.iter().filter(|kind| **kind != Kind::Recovered);
                let tokens: Vec<_> = tokens.map(|kind| kind.token()).collect();
                let want = format!("one of {}", tokens.join(", "));
                mistakes.push(Invalid::new(format!("kinds[{at}]"), text, want));
            }
        }
    }
    kinds.into_iter().collect()
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

    fn read(event: &Event) -> Option<SettingEvent> {
        match event {
            Event::SettingSaved(saved) => {
                Some(SettingEvent::Saved(Setting(saved.setting.clone()?)))
            }
            Event::SettingCleared(_) => Some(SettingEvent::Cleared),
            Event::DomainAdded(_)
            | Event::DomainOptionsChanged(_)
            | Event::DomainEnabled(_)
            | Event::DomainDisabled(_)
            | Event::DomainRemoved(_)
            | Event::ContactSaved(_)
            | Event::ContactRemoved(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::InboxRead(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

    fn draft() -> SettingDraft {
        SettingDraft {
            enabled: true,
            contacts: vec![ContactId::from_bytes([7; 16]).to_string()],
            methods: vec!["internal".to_owned(), "email".to_owned()],
            anomaly_time: Some(WindowDraft {
                from: "22:00".to_owned(),
                to: "06:30".to_owned(),
                time_zone: "Europe/Berlin".to_owned(),
                critical_any_time: true,
            }),
            repeat_days: 1,
            kinds: vec!["expired".to_owned(), "certificate_changed".to_owned()],
        }
    }

    fn setting() -> Setting {
        Setting::read(&draft()).unwrap()
    }

    #[test]
    fn what_is_entered_is_what_is_shown() {
        let shown = setting().to_draft();
        assert_eq!(
            shown,
            SettingDraft { methods: vec!["email".into(), "internal".into()], ..draft() }
        );
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = SettingDraft {
            contacts: vec!["ada".to_owned()],
            methods: vec!["pigeon".to_owned()],
            anomaly_time: Some(WindowDraft {
                from: "24:00".to_owned(),
                to: "6:00".to_owned(),
                time_zone: "Moon".to_owned(),
                critical_any_time: false,
            }),
            repeat_days: 366,
            kinds: vec!["recovered".to_owned()],
            enabled: true,
        };
        let mistakes = Setting::read(&wrong).unwrap_err();
        let fields: Vec<_> = mistakes.iter().map(|m| m.field.as_str()).collect();
        let want = [
            "contacts[0]",
            "methods[0]",
            "anomaly_time.from",
            "anomaly_time.to",
            "anomaly_time.time_zone",
            "repeat_days",
            "kinds[0]",
        ];
        assert_eq!(fields, want);
    }

    #[test]
    fn somebody_must_be_told_somehow_and_not_everybody() {
        let empty = SettingDraft { contacts: vec![], methods: vec![], ..draft() };
        let mistakes = Setting::read(&empty).unwrap_err();
        assert_eq!(
            mistakes.iter().map(|m| m.field.as_str()).collect::<Vec<_>>(),
            ["contacts", "methods"]
        );
        let ids = |n: u8| (0..n).map(|at| ContactId::from_bytes([at; 16]).to_string()).collect();
        assert!(Setting::read(&SettingDraft { contacts: ids(10), ..draft() }).is_ok());
        assert!(Setting::read(&SettingDraft { contacts: ids(11), ..draft() }).is_err());
    }

    #[test]
    fn a_window_without_length_is_refused() {
        let mut draft = draft();
        if let Some(window) = &mut draft.anomaly_time {
            window.to.clone_from(&window.from);
        }
        assert_eq!(Setting::read(&draft).unwrap_err()[0].field, "anomaly_time.to");
    }

    #[test]
    fn a_setting_is_saved_and_cleared_once() {
        let saved = || SettingEvent::Saved(setting());
        given::<Kept>(&[]).when(Command::Save(setting())).then(&[saved()]);
        given::<Kept>(&[saved()]).when(Command::Save(setting())).then(&[]);
        given::<Kept>(&[saved()]).when(Command::Clear).and().when(Command::Clear).then(&[]);
    }

    #[test]
    fn events_survive_the_wire() {
        for event in [SettingEvent::Saved(setting()), SettingEvent::Cleared] {
            assert_eq!(Kept::read(&Kept::write(&event)), Some(event));
        }
    }
}
