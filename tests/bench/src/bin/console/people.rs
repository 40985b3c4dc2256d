//! Who lives in the town: contacts, accounts, tokens, and what they have ordered.

use jiff::{SignedDuration, Timestamp};
use proto::{
    id::{AccountId, ContactId, DomainId, SilenceId, TokenId},
    subject::Entity,
    time,
    v1::{
        AccountEvent, AccountSaved, ContactAddress, ContactSaved, InventoryEvent, InventoryRecord,
        NotificationSetting, SettingSaved, SilenceSaved, TokenIssued, account_event,
        inventory_event::Event, silence_saved::Target,
    },
};

/// Contacts. The first hears of all.
const CONTACTS: usize = 1_000;
/// Accounts, and as many tokens.
const ACCOUNTS: usize = 500;
/// Silences, of a domain and of a tag in turn.
const SILENCES: usize = 1_000;
/// Of so many domains one has a setting of its own.
const OWN_SETTING: usize = 10;
/// Contacts of each setting.
const TOLD: usize = 3;

/// A contact by its number; there are so many that every number is one.
pub(crate) fn contact(number: usize) -> ContactId {
    ContactId::derive(&["contact", &(number % CONTACTS).to_string()])
}

/// The name of an account.
pub(crate) fn account(number: usize) -> String {
    format!("person-{}", number % ACCOUNTS)
}

/// What was ordered together with a domain.
pub(crate) fn ordered(
    number: usize,
    domain: DomainId,
    now: Timestamp,
) -> Vec<(Entity, InventoryRecord)> {
    let mut ordered = Vec::new();
    if number < CONTACTS {
        ordered.push((Entity::Contact(contact(number)), saved(number)));
    }
    if number == 0 {
        ordered.push((Entity::DefaultSetting, setting(number)));
    }
    if number.is_multiple_of(OWN_SETTING) {
        ordered.push((Entity::Setting(domain), setting(number)));
    }
    if number < ACCOUNTS {
        let id = AccountId::derive(&["account", &account(number)]);
        ordered.push((Entity::Account(id), signs_in(number)));
        let id = TokenId::derive(&["token", &number.to_string()]);
        ordered.push((Entity::Token(id), calls(number)));
    }
    if number < SILENCES {
        let id = SilenceId::derive(&[&number.to_string()]);
        ordered.push((Entity::Silence(id), silenced(number, domain, now)));
    }
    let by = AccountId::derive(&["account", &account(number)]);
    let record = |event| InventoryRecord {
        recorded_at: Some(time::write(now)),
        actor: format!("account:{by}"),
        events: vec![InventoryEvent { event: Some(event) }],
    };
    ordered.into_iter().map(|(entity, event)| (entity, record(event))).collect()
}

fn saved(number: usize) -> Event {
    let address = |channel: &str, address: String| ContactAddress {
        channel: channel.to_owned(),
        address,
        verified: true,
        ..ContactAddress::default()
    };
    let mailbox = format!("person-{number}@example.com");
    Event::ContactSaved(ContactSaved {
        name: format!("Person {number}"),
        language: "en".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        addresses: vec![address("email", mailbox), address("internal", String::new())],
    })
}

fn setting(number: usize) -> Event {
    let contacts = (number..number + TOLD).map(|number| contact(number).to_string()).collect();
    let setting = NotificationSetting {
        enabled: true,
        contacts,
        methods: vec!["email".to_owned(), "internal".to_owned()],
        ..NotificationSetting::default()
    };
    Event::SettingSaved(SettingSaved { setting: Some(setting) })
}

fn signs_in(number: usize) -> Event {
    let saved = AccountSaved {
        name: account(number),
        role: "viewer".to_owned(),
        ..AccountSaved::default()
    };
    Event::Account(AccountEvent { event: Some(account_event::Event::Saved(saved)) })
}

fn calls(number: usize) -> Event {
    Event::TokenIssued(TokenIssued {
        name: format!("script-{number}"),
        role: "viewer".to_owned(),
        sha256: vec![u8::try_from(number % 251).unwrap_or(0); 32].into(),
    })
}

fn silenced(number: usize, domain: DomainId, now: Timestamp) -> Event {
    let hours = i64::try_from(number).unwrap_or(0) + 1;
    let of_a_domain = number.is_multiple_of(2);
    let target = if of_a_domain {
        Target::DomainId(domain.to_string())
    } else {
        Target::Tag(format!("moving-{number}"))
    };
    Event::SilenceSaved(SilenceSaved {
        target: Some(target),
        until: Some(time::write(now + SignedDuration::from_hours(hours))),
        reason: "The machines are moved.".to_owned(),
    })
}
