//! What people change while news are on their way, each change alone and each two that meet.
//!
//! The stories begin at 10:00 UTC. What waits was refused at first and is tried again at minute 5;
//! what was told is told again after a day.

use std::collections::BTreeSet;

use proto::{
    id::SilenceId,
    subject::Entity,
    time,
    v1::{
        AnomalyAcknowledged, AnomalyTime, ContactRemoved, ContactSaved, InventoryEvent,
        NotificationSetting, Repeat, SilenceSaved, inventory_event::Event as Ordered,
        silence_saved::Target,
    },
};

use super::{
    tests::{Comes, DAY, Story, expired},
    *,
};
use crate::domain::{
    roster::Roster,
    sample::{self, minute},
};

/// What may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// Told from 18:00 to 20:00 UTC only: from minute 480 to minute 600.
    Window,
    /// Told again every two days.
    Repeat,
    /// Somebody has it in hand.
    Acknowledge,
    /// Silent until minute 500 of the day.
    Silence,
    SwitchOff,
    RemoveContact,
    MoveAddress,
    SwitchLanguage,
}

use Change::{Acknowledge, MoveAddress, RemoveContact, Silence, SwitchLanguage, SwitchOff, Window};

/// Given these changes, what becomes: of what waits, at minute 5 and at minute 510; of what was
/// told, when the first reminder is due, and 510 minutes later.
struct Case(&'static [Change], [&'static str; 4]);

const SENT: &str = "sent to ops@example.com in en";
const REMINDED: &str = "reminded, sent to ops@example.com in en";
const MOVED: &str = "sent to new@example.com in en";
const MOVED_REMINDED: &str = "reminded, sent to new@example.com in en";
const CHINESE: &str = "sent to ops@example.com in zh-CN";
const CHINESE_REMINDED: &str = "reminded, sent to ops@example.com in zh-CN";
const OFF: &str = "dropped as NotWanted";
const GONE: &str = "dropped as NoAddress";
const WINDOW: &str = "waits until 480";
const SILENT: &str = "waits until 500";
const SECOND_DAY: &str = "waits until 2 days";
const NEVER: &str = "waits until 80 days";
/// A reminder is recorded and held until the window opens, or the silence ends.
const HELD: &str = "reminded, waits until 1 day and 480";
const HUSHED: &str = "reminded, waits until 1 day and 500";
/// Looked at each hour, in case the certificate changes.
const ASKED: [&str; 2] = ["waits until 1 day and 60", "waits until 1 day and 570"];

const CASES: &[Case] = &[
    Case(&[], [SENT, SENT, REMINDED, REMINDED]),
    Case(&[Window], [WINDOW, SENT, HELD, REMINDED]),
    Case(&[Change::Repeat], [SENT, SENT, SECOND_DAY, SECOND_DAY]),
    Case(&[Acknowledge], [SENT, SENT, ASKED[0], ASKED[1]]),
    Case(&[Silence], [SILENT, SENT, HUSHED, REMINDED]),
    Case(&[SwitchOff], [OFF, OFF, NEVER, NEVER]),
    Case(&[RemoveContact], [GONE, GONE, NEVER, NEVER]),
    Case(&[MoveAddress], [MOVED, MOVED, MOVED_REMINDED, MOVED_REMINDED]),
    Case(&[SwitchLanguage], [CHINESE, CHINESE, CHINESE_REMINDED, CHINESE_REMINDED]),
    // The window, and …
    Case(&[Window, Change::Repeat], [WINDOW, SENT, SECOND_DAY, SECOND_DAY]),
    Case(&[Window, Acknowledge], [WINDOW, SENT, ASKED[0], ASKED[1]]),
    // The later of both.
    Case(&[Window, Silence], [SILENT, SENT, HUSHED, REMINDED]),
    Case(&[Window, SwitchOff], [OFF, OFF, NEVER, NEVER]),
    Case(&[Window, RemoveContact], [GONE, GONE, NEVER, NEVER]),
    Case(&[Window, MoveAddress], [WINDOW, MOVED, HELD, MOVED_REMINDED]),
    Case(&[Window, SwitchLanguage], [WINDOW, CHINESE, HELD, CHINESE_REMINDED]),
    // The repeat interval, and …
    Case(&[Change::Repeat, Acknowledge], [SENT, SENT, ASKED[0], ASKED[1]]),
    Case(&[Change::Repeat, Silence], [SILENT, SENT, SECOND_DAY, SECOND_DAY]),
    Case(&[Change::Repeat, SwitchOff], [OFF, OFF, NEVER, NEVER]),
    Case(&[Change::Repeat, RemoveContact], [GONE, GONE, NEVER, NEVER]),
    Case(&[Change::Repeat, MoveAddress], [MOVED, MOVED, SECOND_DAY, SECOND_DAY]),
    Case(&[Change::Repeat, SwitchLanguage], [CHINESE, CHINESE, SECOND_DAY, SECOND_DAY]),
    // An acknowledgement ends reminders, not the first telling, and …
    Case(&[Acknowledge, Silence], [SILENT, SENT, ASKED[0], ASKED[1]]),
    Case(&[Acknowledge, SwitchOff], [OFF, OFF, ASKED[0], ASKED[1]]),
    Case(&[Acknowledge, RemoveContact], [GONE, GONE, ASKED[0], ASKED[1]]),
    Case(&[Acknowledge, MoveAddress], [MOVED, MOVED, ASKED[0], ASKED[1]]),
    Case(&[Acknowledge, SwitchLanguage], [CHINESE, CHINESE, ASKED[0], ASKED[1]]),
    // A silence, and …
    Case(&[Silence, SwitchOff], [OFF, OFF, NEVER, NEVER]),
    Case(&[Silence, RemoveContact], [GONE, GONE, NEVER, NEVER]),
    Case(&[Silence, MoveAddress], [SILENT, MOVED, HUSHED, MOVED_REMINDED]),
    Case(&[Silence, SwitchLanguage], [SILENT, CHINESE, HUSHED, CHINESE_REMINDED]),
    // Nobody is told, whatever else was changed.
    Case(&[SwitchOff, RemoveContact], [GONE, GONE, NEVER, NEVER]),
    Case(&[SwitchOff, MoveAddress], [OFF, OFF, NEVER, NEVER]),
    Case(&[SwitchOff, SwitchLanguage], [OFF, OFF, NEVER, NEVER]),
    Case(&[RemoveContact, MoveAddress], [GONE, GONE, NEVER, NEVER]),
    Case(&[RemoveContact, SwitchLanguage], [GONE, GONE, NEVER, NEVER]),
    Case(
        &[MoveAddress, SwitchLanguage],
        [
            "sent to new@example.com in zh-CN",
            "sent to new@example.com in zh-CN",
            "reminded, sent to new@example.com in zh-CN",
            "reminded, sent to new@example.com in zh-CN",
        ],
    ),
];

#[test]
fn each_change_alone_and_each_two_that_meet() {
    for Case(changes, then) in CASES {
        let waits = || story(changes, Story::new().due(1, 0, expired()).failed(1, 0, 5, false), 0);
        let told = || story(changes, Story::new().due(1, 0, expired()).delivered(1, 0), DAY);
        let becomes = [
            becomes(waits(), 5),
            becomes(waits(), 510),
            becomes(told(), DAY),
            becomes(told(), DAY + 510),
        ];
        assert_eq!(becomes, *then, "given {changes:?}");
    }
}

#[test]
fn no_pair_is_left_out() {
    let met: BTreeSet<_> = CASES.iter().map(|Case(changes, _)| *changes).collect();
    assert_eq!(met.len(), 1 + 8 + 8 * 7 / 2);
    assert!(met.iter().all(|changes| changes.is_sorted() && changes.len() <= 2));
}

/// A story in which all of this changes at minute 3, and what holds for a day does so on this one.
fn story(changes: &[Change], mut story: Story, day: i64) -> Story {
    let mut setting = sample::setting();
    let mut contact = sample::contact_saved("Ops", &[("email", "ops@example.com")]);
    for change in changes {
        change.apply(&mut setting, &mut contact, &mut story.roster, day);
    }
    sample::save_setting(&mut story.roster, Entity::DefaultSetting, setting);
    if !changes.contains(&RemoveContact) {
        sample::save_contact(&mut story.roster, sample::ops(), &contact);
    }
    story
}

impl Change {
    fn apply(
        self,
        setting: &mut NotificationSetting,
        contact: &mut ContactSaved,
        roster: &mut Roster,
        day: i64,
    ) {
        let mut order = |entity, ordered| {
            roster.evolve(&entity, &InventoryEvent { event: Some(ordered) }, minute(3));
        };
        match self {
            Self::Window => {
                let [from_minute, to_minute] = [18 * 60, 20 * 60];
                let time_zone = "UTC".to_owned();
                let critical_any_time = false;
                setting.anomaly_time =
                    Some(AnomalyTime { from_minute, to_minute, time_zone, critical_any_time });
            }
            Self::Repeat => setting.repeat = Some(Repeat { days: 2 }),
            Self::Acknowledge => {
                let said = AnomalyAcknowledged {
                    anomaly_id: sample::anomaly(Kind::Expired),
                    severity: Severity::Critical.into(),
                    reason: "in hand".to_owned(),
                };
                let entity = Entity::Acknowledgement(sample::domain());
                order(entity, Ordered::AnomalyAcknowledged(said));
            }
            Self::Silence => {
                let target = Some(Target::DomainId(sample::domain().to_string()));
                let until = Some(time::write(minute(day + 500)));
                let saved = SilenceSaved { target, until, reason: "moving".to_owned() };
                let entity = Entity::Silence(SilenceId::from_bytes([1; 16]));
                order(entity, Ordered::SilenceSaved(saved));
            }
            Self::SwitchOff => setting.enabled = false,
            Self::RemoveContact => {
                let entity = Entity::Contact(sample::ops());
                order(entity, Ordered::ContactRemoved(ContactRemoved {}));
            }
            Self::MoveAddress => "new@example.com".clone_into(&mut contact.addresses[0].address),
            Self::SwitchLanguage => "zh-CN".clone_into(&mut contact.language),
        }
    }
}

/// What is done about a story at an instant, in words.
fn becomes(mut story: Story, minutes: i64) -> String {
    let (done, sent) = story.addressed_at(minutes);
    let word = |comes: &Comes| match comes {
        Comes::Dropped(_, why) => Some(format!("dropped as {why:?}")),
        Comes::Reminded(_) => Some("reminded".to_owned()),
        Comes::Restated => Some("restated".to_owned()),
        Comes::Sent(..) => sent.as_ref().map(|sent| format!("sent to {sent}")),
        Comes::Excused(..) | Comes::GivenUp(..) => panic!("no address is out of order: {comes:?}"),
        // After what was dropped there is nothing to wait for.
        Comes::Rests(None) => None,
        Comes::Rests(Some(until)) => Some(format!("waits until {}", spelled(*until))),
    };
    done.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

fn spelled(minutes: i64) -> String {
    match (minutes / DAY, minutes % DAY) {
        (0, minutes) => minutes.to_string(),
        (1, minutes) => format!("1 day and {minutes}"),
        (days, 0) => format!("{days} days"),
        (days, minutes) => format!("{days} days and {minutes}"),
    }
}
