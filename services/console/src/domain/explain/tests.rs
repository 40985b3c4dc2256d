//! Given what was ordered and said, when a domain is explained, then these words.

mod waiting;

use jiff::{SignedDuration, Timestamp};
use proto::{
    id::{ContactId, DeliveryId, DomainId, SilenceId},
    subject::Entity,
    time,
    v1::{
        AnomalyOpened, AnomalyTime, ContactAddress, ContactSaved, DeliveryDelivered,
        DeliveryDropped, DeliveryDue, DeliveryEvent, DeliveryFailed, DeliveryParked,
        DeliveryRecord, Escalation, Event, InventoryEvent, InventoryRecord, Kind, LogEvent,
        LogRecord, NotificationSetting, SettingSaved, Severity, State, delivery_dropped::Why,
        delivery_due::Cause, delivery_event, event::Phase, inventory_event, log_event,
    },
};

use super::{Case, Explanation, Fate, of};
use crate::domain::{
    board::{Board, rest::Rests},
    intake,
    inventory::{
        Actor,
        acknowledgement::{Acknowledged, Acknowledgements},
        domain::{Domain, DomainEvent},
        options::{Options, OptionsDraft},
        record,
        silence::{Silence, SilenceEvent, Silenced, Target},
    },
};

#[test]
fn what_was_told_says_by_what_and_when() {
    let story = Story::begun().said(0, "email", due(Cause::Event)).said(60, "email", delivered());
    let told = story.told("email");
    assert_eq!((told.0, told.1), (Fate::Told, "told"));
    assert_eq!(told.2, "Told by email at 2026-11-22 12:01 UTC.");
    let reminded = Story::begun()
        .said(
            0,
            "email",
            delivery_event::Event::Due(DeliveryDue { reminder: 2, ..asked(Cause::Reminder) }),
        )
        .said(60, "email", delivered());
    assert!(reminded.told("email").2.ends_with(" as reminder 2."));
}

#[test]
fn what_is_not_wanted_names_what_stops_it() {
    type Change = fn(&mut NotificationSetting);
    let stops: [(Change, &str); 3] = [
        (|setting| setting.enabled = false, "switched_off"),
        (|setting| setting.kinds = vec![Kind::Weak as i32], "kind_not_wanted"),
        (|setting| setting.contacts = vec![chief().to_string()], "contact_removed"),
    ];
    for (change, why) in stops {
        let told = Story::begun().with_setting(change).told("email");
        assert_eq!((told.0, told.1), (Fate::NotTold, why), "{}", told.2);
    }
    let told = Story::default().with_domain().told_all();
    assert_eq!(told, [], "without a setting there is nobody to explain");
}

#[test]
fn a_contact_without_a_verified_address_is_named() {
    let story = Story::begun().with_contact(ops(), "Ops", &[("internal", true), ("email", false)]);
    let told = story.told("email");
    assert_eq!(told.1, "not_verified");
    assert_eq!(told.2, "`Ops` is not told by email: its address is not verified.");
    let rules = story.explained().rules;
    let gap = rules.iter().find(|rule| rule.name == "address").unwrap();
    assert_eq!((gap.effect.token(), gap.reason.to_string()), ("stops", told.2));
}

#[test]
fn a_silence_holds_the_longest_reason_counts() {
    let silenced = Silenced {
        target: Target::Tag("shop".to_owned()),
        until: minute(90),
        reason: "Moving house".to_owned(),
    };
    let story = Story::begun().with_silence(silenced).said(0, "email", due(Cause::Event));
    let told = story.told("email");
    assert_eq!((told.0, told.1), (Fate::Waits, "silence"));
    let rules = story.explained().rules;
    let silence = rules.iter().find(|rule| rule.name == "silence").unwrap();
    assert_eq!(silence.effect.until(), Some(minute(90)));
    assert!(
        silence
            .reason
            .to_string()
            .contains("tag `shop` (Moving house) holds until 2026-11-22 13:30 UTC")
    );
    let test = story.said(0, "internal", due(Cause::Test));
    assert_eq!(test.told("internal").1, "about_to_be_sent", "nobody silences what they ask for");
}

#[test]
fn what_the_notifier_dropped_is_said_in_its_words() {
    for (why, token) in [
        (Why::ClosedBefore, "closed_before"),
        (Why::NotWanted, "not_wanted"),
        (Why::NoAddress, "no_address"),
        (Why::Merged, "merged"),
        (Why::Acknowledged, "acknowledged"),
    ] {
        let dropped = delivery_event::Event::Dropped(DeliveryDropped { why: why as i32 });
        let story = Story::begun().said(0, "email", due(Cause::Event)).said(1, "email", dropped);
        let told = story.told("email");
        assert_eq!((told.0, told.1), (Fate::NotTold, token));
        assert!(told.2.starts_with("Not told: "), "{}", told.2);
    }
}

#[test]
fn a_channel_that_fails_is_quoted() {
    let failed = delivery_event::Event::Failed(DeliveryFailed {
        reply: "421 try later".to_owned(),
        retry_at: Some(time::write(minute(5))),
        ..DeliveryFailed::default()
    });
    let story = Story::begun().said(0, "email", due(Cause::Event)).said(1, "email", failed);
    let told = story.told("email");
    assert_eq!(told.2, "Email said `421 try later`; it is tried again at 2026-11-22 12:05 UTC.");
    let parked = delivery_event::Event::Parked(DeliveryParked {
        reason: "550 no such user".to_owned(),
        ..DeliveryParked::default()
    });
    let told = story.said(400, "email", parked).told("email");
    assert_eq!((told.0, told.1), (Fate::NotTold, "given_up"));
    assert_eq!(told.2, "Given up by email: `550 no such user`");
}

#[test]
fn what_nobody_acknowledges_goes_to_the_second_contacts() {
    let escalated = |setting: &mut NotificationSetting| {
        setting.escalation = Some(Escalation { minutes: 30, contacts: vec![chief().to_string()] });
    };
    let story = Story::begun()
        .with_contact(chief(), "Chief", &[("internal", true)])
        .with_setting(escalated)
        .anomaly(Severity::Critical)
        .said_to(chief(), 0, "internal", due(Cause::Escalation));
    let waits = story.told_all().into_iter().find(|told| told.1 == "escalation").unwrap();
    assert_eq!(waits.2, "Told at 2026-11-22 12:30 UTC, unless somebody acknowledges it before.");
    let open = &story.explained().anomalies[0];
    assert_eq!(open.rules.iter().map(|rule| rule.name).collect::<Vec<_>>(), ["escalation"]);
    let in_hand = story.acknowledged("Ordered");
    let open = &in_hand.explained().anomalies[0];
    assert_eq!(open.rules[0].name, "acknowledgement");
    let text = open.rules[0].reason.to_string();
    assert!(text.contains("(Ordered)"), "{text}");
}

#[test]
fn an_open_anomaly_says_when_it_is_told_again() {
    let story = Story::begun().anomaly(Severity::Warning).said(0, "email", due(Cause::Event)).said(
        60,
        "email",
        delivered(),
    );
    let open = &story.explained().anomalies[0];
    let [repeat] = &open.rules[..] else { panic!("{open:?}") };
    assert_eq!(repeat.effect.until(), Some(minute(24 * 60 + 1)));
    let never = story.with_setting(|setting| {
        setting.repeat = Some(proto::v1::Repeat { days: 0 });
    });
    assert_eq!(never.explained().anomalies[0].rules[0].effect.token(), "stops");
}

#[test]
fn a_recovery_is_for_those_who_heard_of_the_anomaly() {
    let mut story = Story::begun();
    story.event.set_phase(Phase::Recovered);
    let told = story.told("email");
    assert_eq!((told.0, told.1), (Fate::NotTold, "not_told_before"));
    story.event.set_phase(Phase::Abandoned);
    assert_eq!(story.told("email").1, "abandoned");
}

#[test]
fn silence_of_the_notifier_is_first_haste_then_history() {
    let story = Story::begun();
    assert_eq!(story.told("email").1, "was_another");
    let early = Story { now: noon(), ..Story::begun() };
    assert_eq!((early.told("email").0, early.told("email").1), (Fate::Waits, "not_yet"));
    let mut noticed = Story::begun();
    noticed.event.detected_at = Some(time::write(noticed.now));
    assert_eq!(noticed.told("email").1, "not_yet", "it expired long before");
}

/// What was ordered and said, and when it is explained.
struct Story {
    board: Board,
    sequence: u64,
    setting: NotificationSetting,
    event: Event,
    now: Timestamp,
}

impl Default for Story {
    fn default() -> Self {
        let event = Event {
            id: "e-1-0".to_owned(),
            domain_id: domain().to_string(),
            kind: Kind::Expired as i32,
            severity: Severity::Critical as i32,
            phase: Phase::Opened as i32,
            occurred_at: Some(time::write(noon())),
            ..Event::default()
        };
        let setting = NotificationSetting {
            enabled: true,
            contacts: vec![ops().to_string()],
            methods: vec!["email".to_owned(), "internal".to_owned()],
            ..NotificationSetting::default()
        };
        Self { board: Board::default(), sequence: 0, setting, event, now: minute(10) }
    }
}

type Told = (Fate, &'static str, String);

impl Story {
    /// A domain, a contact that is reached by mail and in its inbox, and the default setting.
    fn begun() -> Self {
        let addresses = [("internal", true), ("email", true)];
        Self::default().with_domain().with_contact(ops(), "Ops", &addresses).with_setting(|_| {})
    }

    fn ordered(mut self, entity: Entity, record: &InventoryRecord) -> Self {
        self.sequence += 1;
        self.board.ordered(entity, self.sequence, record);
        self
    }

    fn with_domain(self) -> Self {
        let draft = OptionsDraft { tags: vec!["shop".to_owned()], ..OptionsDraft::default() };
        let place = intake::place("a.example", None).unwrap().0;
        let added = DomainEvent::Added(place, Options::read(&draft).unwrap());
        self.ordered(Entity::Domain(domain()), &record::<Domain>(&[added], Actor::System, noon()))
    }

    fn with_contact(self, id: ContactId, name: &str, addresses: &[(&str, bool)]) -> Self {
        let address = |(channel, verified): &(&str, bool)| ContactAddress {
            channel: (*channel).to_owned(),
            address: "ops@example.com".to_owned(),
            verified: *verified,
            ..ContactAddress::default()
        };
        let addresses = addresses.iter().map(address).collect();
        let saved = ContactSaved { name: name.to_owned(), addresses, ..ContactSaved::default() };
        self.ordered(Entity::Contact(id), &wire(inventory_event::Event::ContactSaved(saved)))
    }

    fn with_setting(mut self, change: impl FnOnce(&mut NotificationSetting)) -> Self {
        change(&mut self.setting);
        let saved = SettingSaved { setting: Some(self.setting.clone()) };
        let saved = wire(inventory_event::Event::SettingSaved(saved));
        self.ordered(Entity::DefaultSetting, &saved)
    }

    fn with_silence(self, silenced: Silenced) -> Self {
        let saved = [SilenceEvent::Saved(silenced)];
        let id = SilenceId::from_bytes([7; 16]);
        self.ordered(Entity::Silence(id), &record::<Silence>(&saved, Actor::System, noon()))
    }

    fn acknowledged(self, reason: &str) -> Self {
        let said = Acknowledged::new("x-expired-1", Severity::Critical, reason).unwrap();
        let said = record::<Acknowledgements>(&[said], Actor::System, minute(1));
        self.ordered(Entity::Acknowledgement(domain()), &said)
    }

    fn anomaly(mut self, severity: Severity) -> Self {
        let opened = log_event::Event::AnomalyOpened(AnomalyOpened {
            anomaly_id: "x-expired-1".to_owned(),
            kind: Kind::Expired as i32,
            severity: severity as i32,
            since: Some(time::write(noon())),
            evidence: None,
        });
        let record = LogRecord {
            recorded_at: Some(time::write(noon())),
            events: vec![LogEvent { event: Some(opened) }],
            state: State::Abnormal as i32,
            port: 443,
            ..LogRecord::default()
        };
        self.sequence += 1;
        self.board.logged(domain(), self.sequence, &record);
        self
    }

    fn said(self, second: i64, channel: &str, step: delivery_event::Event) -> Self {
        self.said_to(ops(), second, channel, step)
    }

    fn said_to(
        mut self,
        contact: ContactId,
        second: i64,
        channel: &str,
        mut step: delivery_event::Event,
    ) -> Self {
        if let delivery_event::Event::Due(due) = &mut step {
            due.event = Some(self.event.clone());
        }
        let id = DeliveryId::of(&self.event.id, &contact, channel, 0);
        let record = DeliveryRecord {
            recorded_at: Some(time::write(noon() + SignedDuration::from_secs(second))),
            events: vec![DeliveryEvent { delivery_id: id.to_string(), event: Some(step) }],
        };
        self.sequence += 1;
        let channel = channel.parse().unwrap();
        self.board.told(&channel, contact, Some(domain()), self.sequence, &record);
        self
    }

    fn explained(&self) -> Explanation {
        let row = self.board.domains().row(&domain()).unwrap();
        let rests = Rests::of(&self.board, self.now);
        let case = Case { board: &self.board, row, rests: &rests, now: self.now };
        of(case, vec![(1, self.event.clone())])
    }

    fn told_all(&self) -> Vec<Told> {
        let explained = self.explained();
        let messages = explained.events.into_iter().flat_map(|event| event.messages);
        messages.map(|message| (message.fate, message.why, message.reason.to_string())).collect()
    }

    #[track_caller]
    fn told(&self, method: &str) -> Told {
        let explained = self.explained();
        let mut messages = explained.events.into_iter().flat_map(|event| event.messages);
        let message = messages.find(|message| message.method == method).unwrap();
        (message.fate, message.why, message.reason.to_string())
    }
}

fn ops() -> ContactId {
    ContactId::from_bytes([1; 16])
}

fn chief() -> ContactId {
    ContactId::from_bytes([2; 16])
}

fn domain() -> DomainId {
    intake::place("a.example", None).unwrap().0.id()
}

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn minute(minutes: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(minutes)
}

fn wire(event: inventory_event::Event) -> InventoryRecord {
    let recorded_at = Some(time::write(noon()));
    let events = vec![InventoryEvent { event: Some(event) }];
    InventoryRecord { recorded_at, actor: "system".to_owned(), events }
}

fn asked(cause: Cause) -> DeliveryDue {
    DeliveryDue { cause: cause as i32, ..DeliveryDue::default() }
}

fn due(cause: Cause) -> delivery_event::Event {
    delivery_event::Event::Due(asked(cause))
}

fn delivered() -> delivery_event::Event {
    let reply = "250 OK".to_owned();
    delivery_event::Event::Delivered(DeliveryDelivered { attempt: 1, reply, inbox_entry: None })
}
