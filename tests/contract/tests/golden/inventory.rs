//! Forms on `INVENTORY`.

use proto::v1::{
    AddressVerified, AnomalyAcknowledged, AnomalyTime, ContactAddress, ContactRemoved,
    ContactSaved, DomainAdded, DomainDisabled, DomainEnabled, DomainOptions, DomainOptionsChanged,
    DomainRemoved, Escalation, InboxRead, InventoryEvent, InventoryRecord, Kind,
    NotificationSetting, Protocol, Repeat, Rung, SettingCleared, SettingSaved, Severity,
    SilenceLifted, SilenceSaved, TokenIssued, TokenRevoked, inventory_event::Event, rung,
    silence_saved::Target,
};

use crate::{
    Form,
    sample::{CONTACT, DOMAIN, at, hash, seconds},
};

pub(crate) fn forms() -> Vec<Form> {
    [of_domains(), of_people(), of_quiet()].into_iter().flatten().collect()
}

fn of_domains() -> Vec<Form> {
    let options = || {
        Some(DomainOptions {
            sni: "www.example.com".to_owned(),
            fixed_address: "2001:db8::1".to_owned(),
            private_ca_pem: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            rungs: vec![
                Rung { rung: Some(rung::Rung::Seconds(30 * 86_400)) },
                Rung { rung: Some(rung::Rung::LifetimeBasisPoints(3_333)) },
            ],
            interval: Some(seconds(600)),
            tags: vec!["shop".to_owned(), "production".to_owned()],
            owner_note: "Renewed by hand: ask Zoë".to_owned(),
        })
    };
    let added = |options| {
        Event::DomainAdded(DomainAdded {
            host: "xn--bcher-kva.example".to_owned(),
            port: 8_443,
            protocol: Protocol::Tls.into(),
            options,
        })
    };
    vec![
        one("domain_added", added(None)),
        one("domain_added_with_options", added(options())),
        one(
            "domain_options_changed",
            Event::DomainOptionsChanged(DomainOptionsChanged { options: options() }),
        ),
        one("domain_enabled", Event::DomainEnabled(DomainEnabled {})),
        one("domain_disabled", Event::DomainDisabled(DomainDisabled {})),
        one("domain_removed", Event::DomainRemoved(DomainRemoved {})),
    ]
}

/// Contacts, settings, tokens, marks in the inbox.
fn of_people() -> Vec<Form> {
    vec![
        one("contact_saved", Event::ContactSaved(contact())),
        one("contact_removed", Event::ContactRemoved(ContactRemoved {})),
        one("setting_saved", Event::SettingSaved(SettingSaved { setting: Some(setting()) })),
        one("setting_cleared", Event::SettingCleared(SettingCleared {})),
        one(
            "token_issued",
            Event::TokenIssued(TokenIssued {
                name: "ci".to_owned(),
                role: "editor".to_owned(),
                sha256: hash(9),
            }),
        ),
        one("token_revoked", Event::TokenRevoked(TokenRevoked {})),
        one(
            "inbox_read",
            Event::InboxRead(InboxRead { deliveries: vec!["a".to_owned(), "b".to_owned()] }),
        ),
        one("contact_saved_with_a_robot", Event::ContactSaved(with_a_robot())),
        one(
            "setting_saved_with_escalation",
            Event::SettingSaved(SettingSaved { setting: Some(with_escalation()) }),
        ),
        one(
            "address_verified",
            Event::AddressVerified(AddressVerified {
                channel: "email".to_owned(),
                address: "zoe@example.com".to_owned(),
            }),
        ),
    ]
}

/// Silences and acknowledgements, and a record of several events.
fn of_quiet() -> Vec<Form> {
    vec![
        one("silence_of_a_domain", silence(Target::DomainId(DOMAIN.to_owned()))),
        one("silence_of_a_tag", silence(Target::Tag("staging".to_owned()))),
        one("silence_lifted", Event::SilenceLifted(SilenceLifted {})),
        one(
            "anomaly_acknowledged",
            Event::AnomalyAcknowledged(AnomalyAcknowledged {
                anomaly_id: "0123456789abcdef".to_owned(),
                severity: Severity::Critical.into(),
                reason: "Ordered; comes at noon".to_owned(),
            }),
        ),
        Form::new(
            "two_events",
            record(vec![
                Event::DomainRemoved(DomainRemoved {}),
                Event::SettingCleared(SettingCleared {}),
            ]),
        ),
    ]
}

pub(crate) fn one(name: &str, event: Event) -> Form {
    Form::new(name, record(vec![event]))
}

fn record(events: Vec<Event>) -> InventoryRecord {
    let events = events.into_iter().map(|event| InventoryEvent { event: Some(event) });
    InventoryRecord {
        recorded_at: Some(at(0)),
        actor: "token:0123456789abcdef".to_owned(),
        events: events.collect(),
    }
}

fn contact() -> ContactSaved {
    ContactSaved {
        name: "Zoë 运维".to_owned(),
        language: "zh-CN".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        addresses: vec![
            ContactAddress {
                channel: "email".to_owned(),
                address: "zoe@example.com".to_owned(),
                verified: true,
                ..ContactAddress::default()
            },
            ContactAddress {
                channel: "dingtalk".to_owned(),
                sealed: hash(8),
                ..ContactAddress::default()
            },
        ],
    }
}

fn with_a_robot() -> ContactSaved {
    let robot = ContactAddress {
        channel: "dingtalk".to_owned(),
        verified: true,
        sealed: hash(8),
        hint: "oapi.dingtalk.com …a1b2".to_owned(),
        robot: "0123456789abcdef".to_owned(),
        ..ContactAddress::default()
    };
    ContactSaved { addresses: vec![robot], ..contact() }
}

fn with_escalation() -> NotificationSetting {
    let escalation = Escalation { minutes: 30, contacts: vec![CONTACT.to_owned()] };
    NotificationSetting { escalation: Some(escalation), ..setting() }
}

fn silence(target: Target) -> Event {
    Event::SilenceSaved(SilenceSaved {
        target: Some(target),
        until: Some(at(7_200)),
        reason: "Moving house".to_owned(),
    })
}

fn setting() -> NotificationSetting {
    NotificationSetting {
        enabled: true,
        contacts: vec![CONTACT.to_owned()],
        methods: vec!["email".to_owned(), "internal".to_owned()],
        anomaly_time: Some(AnomalyTime {
            from_minute: 540,
            to_minute: 1_080,
            time_zone: "Europe/Berlin".to_owned(),
            critical_any_time: true,
        }),
        repeat: Some(Repeat { days: 2 }),
        kinds: vec![Kind::Expired.into(), Kind::CertificateChanged.into()],
        ..NotificationSetting::default()
    }
}
