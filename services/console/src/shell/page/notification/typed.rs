//! What stands in the form of a setting: as it was typed, also where that is wrong.

use std::collections::BTreeSet;

use crate::shell::{
    http::settings::{EscalationBody, SettingBody, WindowBody},
    page::form::Fields,
};

/// What a form without a window offers.
const FROM: &str = "09:00";
const TO: &str = "18:00";
const ZONE: &str = "UTC";
/// What a form offers that repeats daily or never.
const DAYS: &str = "3";
/// What a form without an escalation offers.
const MINUTES: &str = "30";

/// The fields of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a box or a choice of the form")]
pub(super) struct Typed {
    /// Whether anything is sent.
    pub(super) enabled: bool,
    contacts: BTreeSet<String>,
    methods: BTreeSet<String>,
    /// Whether there is a window; its fields stand there in any case.
    pub(super) has_window: bool,
    /// When it begins.
    pub(super) from: String,
    /// When it ends.
    pub(super) to: String,
    /// Where that is.
    pub(super) time_zone: String,
    /// Whether what is critical is told outside of it.
    pub(super) critical_any_time: bool,
    /// `daily`, `every` or `never`.
    pub(super) repeat: String,
    /// Of `every`.
    pub(super) days: String,
    /// Whether only some kinds are told.
    pub(super) has_kinds: bool,
    kinds: BTreeSet<String>,
    /// Whether others are told of what nobody acknowledges; its fields stand there in any case.
    pub(super) escalates: bool,
    /// After how long.
    pub(super) minutes: String,
    seconds: BTreeSet<String>,
}

impl Typed {
    /// What a person sent.
    pub(super) fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        let all = |name: &str| fields.all(name).map(str::to_owned).collect();
        Self {
            enabled: fields.has("enabled"),
            contacts: all("contacts"),
            methods: all("methods"),
            has_window: fields.text("window") == "some",
            from: text("anomaly_time.from"),
            to: text("anomaly_time.to"),
            time_zone: text("anomaly_time.time_zone"),
            critical_any_time: fields.has("anomaly_time.critical_any_time"),
            repeat: text("repeat"),
            days: text("repeat_days"),
            has_kinds: fields.text("told") == "some",
            kinds: all("kinds"),
            escalates: fields.text("escalates") == "some",
            minutes: text("escalation.minutes"),
            seconds: all("escalation.contacts"),
        }
    }

    /// What a setting looks like in the form.
    pub(super) fn of(setting: &SettingBody) -> Self {
        let window = setting.anomaly_time.as_ref();
        let part = |part: fn(&WindowBody) -> &String, default: &str| {
            window.map_or_else(|| default.to_owned(), |window| part(window).clone())
        };
        let escalation = setting.escalation.as_ref();
        let (repeat, days) = match setting.repeat_days {
            0 => ("never", DAYS.to_owned()),
            1 => ("daily", DAYS.to_owned()),
            days => ("every", days.to_string()),
        };
        Self {
            enabled: setting.enabled,
            contacts: setting.contacts.iter().cloned().collect(),
            methods: setting.methods.iter().cloned().collect(),
            has_window: window.is_some(),
            from: part(|window| &window.from, FROM),
            to: part(|window| &window.to, TO),
            time_zone: part(|window| &window.time_zone, ZONE),
            critical_any_time: window.is_none_or(|window| window.critical_any_time),
            repeat: repeat.to_owned(),
            days,
            has_kinds: !setting.kinds.is_empty(),
            kinds: setting.kinds.iter().cloned().collect(),
            escalates: escalation.is_some(),
            minutes: escalation.map_or_else(|| MINUTES.to_owned(), |e| e.minutes.to_string()),
            seconds: escalation.into_iter().flat_map(|e| e.contacts.iter().cloned()).collect(),
        }
    }

    /// A form that nothing was entered in yet.
    pub(super) fn empty() -> Self {
        let read = Self::read(&Fields::default());
        Self {
            enabled: true,
            from: FROM.to_owned(),
            to: TO.to_owned(),
            time_zone: ZONE.to_owned(),
            critical_any_time: true,
            repeat: "daily".to_owned(),
            days: DAYS.to_owned(),
            minutes: MINUTES.to_owned(),
            ..read
        }
    }

    /// What it asks for. A number that is none becomes one that is not allowed, so that it is named
    /// along with the other mistakes.
    pub(super) fn body(&self) -> SettingBody {
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        let window = WindowBody {
            from: self.from.clone(),
            to: self.to.clone(),
            time_zone: self.time_zone.clone(),
            critical_any_time: self.critical_any_time,
        };
        let escalation = EscalationBody {
            minutes: self.minutes.parse().unwrap_or(0),
            contacts: list(&self.seconds),
        };
        let kinds = match (self.has_kinds, self.kinds.is_empty()) {
            (false, _) => vec![],
            // None at all would mean all of them.
            (true, true) => vec![String::new()],
            (true, false) => list(&self.kinds),
        };
        SettingBody {
            enabled: self.enabled,
            contacts: list(&self.contacts),
            methods: list(&self.methods),
            anomaly_time: self.has_window.then_some(window),
            repeat_days: match self.repeat.as_str() {
                "daily" => 1,
                "never" => 0,
                _ => self.days.parse().ok().filter(|days| *days > 0).unwrap_or(u32::MAX),
            },
            kinds,
            escalation: self.escalates.then_some(escalation),
        }
    }

    /// Whether a contact is ticked.
    pub(super) fn tells(&self, contact: &str) -> bool {
        self.contacts.contains(contact)
    }

    /// Whether a method is ticked.
    pub(super) fn uses(&self, method: &str) -> bool {
        self.methods.contains(method)
    }

    /// Whether a kind is ticked.
    pub(super) fn names(&self, kind: &str) -> bool {
        self.kinds.contains(kind)
    }

    /// Whether a contact is ticked that is told of what nobody acknowledges.
    pub(super) fn tells_second(&self, contact: &str) -> bool {
        self.seconds.contains(contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting() -> SettingBody {
        serde_json::from_str(
            r#"{
                "enabled": true, "contacts": ["a", "b"], "methods": ["email"], "repeat_days": 7,
                "anomaly_time": { "from": "08:00", "to": "20:00", "time_zone": "Asia/Shanghai" },
                "kinds": ["expired"], "escalation": { "minutes": 5, "contacts": ["c"] }
            }"#,
        )
        .unwrap()
    }

    fn shown(setting: &SettingBody) -> serde_json::Value {
        serde_json::to_value(setting).unwrap()
    }

    #[test]
    fn a_setting_comes_back_from_its_form_as_it_was() {
        let least = r#"{ "contacts": ["a"], "methods": ["internal"] }"#;
        for setting in [setting(), serde_json::from_str(least).unwrap()] {
            assert_eq!(shown(&Typed::of(&setting).body()), shown(&setting));
        }
    }

    #[test]
    fn a_form_is_read_as_it_was_sent() {
        let sent =
            b"enabled=1&contacts=a&contacts=b&methods=email&window=some&told=some&kinds=expired\
            &anomaly_time.from=08:00&anomaly_time.to=20:00&anomaly_time.time_zone=Asia/Shanghai\
            &repeat=every&repeat_days=7&escalates=some&escalation.minutes=5&escalation.contacts=c";
        let typed = Typed::read(&Fields::read(sent).unwrap());
        assert_eq!(shown(&typed.body()), shown(&setting()));
    }

    #[test]
    fn what_is_no_number_and_no_kind_is_not_taken_for_something_else() {
        let fields = Fields::read(
            b"repeat=every&repeat_days=0&told=some&escalates=some&escalation.minutes=x",
        )
        .unwrap();
        let body = Typed::read(&fields).body();
        assert_eq!((body.repeat_days, body.kinds.as_slice()), (u32::MAX, &[String::new()][..]));
        assert_eq!(body.escalation.unwrap().minutes, 0);
    }
}
