//! What a notification setting promises.

use kernel::scenario::given;

use super::*;

fn id(byte: u8) -> String {
    ContactId::from_bytes([byte; 16]).to_string()
}

fn draft() -> SettingDraft {
    SettingDraft {
        enabled: true,
        contacts: vec![id(7)],
        methods: vec!["internal".to_owned(), "email".to_owned()],
        anomaly_time: Some(WindowDraft {
            from: "22:00".to_owned(),
            to: "06:30".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            critical_any_time: true,
        }),
        repeat_days: 1,
        kinds: vec!["expired".to_owned(), "certificate_changed".to_owned()],
        escalation: Some(EscalationDraft { minutes: 30, contacts: vec![id(8)] }),
    }
}

fn setting() -> Setting {
    Setting::read(&draft()).unwrap()
}

#[test]
fn what_is_entered_is_what_is_shown() {
    let shown = setting().to_draft();
    assert_eq!(shown, SettingDraft { methods: vec!["email".into(), "internal".into()], ..draft() });
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
        escalation: Some(EscalationDraft { minutes: 0, contacts: vec!["bob".to_owned()] }),
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
        "escalation.minutes",
        "escalation.contacts[0]",
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
    let ids = |n: u8| (0..n).map(id).collect::<Vec<_>>();
    assert!(Setting::read(&SettingDraft { contacts: ids(10), ..draft() }).is_ok());
    assert!(Setting::read(&SettingDraft { contacts: ids(11), ..draft() }).is_err());
}

#[test]
fn an_escalation_waits_a_minute_to_a_week_and_tells_somebody() {
    let with = |minutes, contacts| SettingDraft {
        escalation: Some(EscalationDraft { minutes, contacts }),
        ..draft()
    };
    for minutes in [1, 10_080] {
        assert!(Setting::read(&with(minutes, vec![id(1)])).is_ok(), "{minutes}");
    }
    let mistakes = Setting::read(&with(10_081, vec![])).unwrap_err();
    let wants: Vec<_> = mistakes.iter().map(|m| (m.field.as_str(), m.want.clone())).collect();
    let minutes = ("escalation.minutes", Want::EscalationMinutes(10_080));
    assert_eq!(wants, [minutes, ("escalation.contacts", Want::UpTo(10))]);
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
