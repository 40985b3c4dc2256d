//! What stands in the inventory of an entity, field by field, so that a change can be shown.

use data_encoding::HEXLOWER;
use proto::{id::ContactId, subject::Entity, v1::ContactAddress};
use sha2::{Digest, Sha256};

use crate::domain::{
    board::Board,
    inventory::{
        account::Account,
        contact::{Contact, EMAIL},
        domain::{Domain, Status},
        options::{Options, OptionsDraft},
        setting::Setting,
        silence::Target,
    },
};

/// Characters of a value that are kept for showing it.
const VALUE_LEN_MAX: usize = 200;
/// Bytes of a mark: enough to tell two from each other that follow one another.
const MARK_LEN: usize = 4;

/// What stands in the inventory of an entity, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What it is called; empty if it is not there.
    pub name: String,
    fields: Vec<(&'static str, Value)>,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// As it is shown.
    Text(String),
    /// Contacts, after what is said before them. Only what is found when it is shown names them: a
    /// removed contact has no name.
    Contacts(String, Vec<ContactId>),
}

/// A field that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field, as the API spells it.
    pub field: &'static str,
    /// What stood there; `None` for the default.
    pub before: Option<Value>,
    /// What stands there.
    pub after: Option<Value>,
}

impl Facts {
    /// What a board knows of an entity.
    pub fn of(entity: &Entity, board: &Board) -> Self {
        match entity {
            Entity::Domain(id) => board
                .domains()
                .row(id)
                .map_or_else(Self::default, |row| domain(&row.ordered.entity)),
            Entity::Contact(id) => {
                board.contact(id).map(|c| contact(&c.entity)).unwrap_or_default()
            }
            Entity::DefaultSetting => setting("", board.default_setting().entity.setting()),
            Entity::Setting(id) => {
                let kept = board.setting(id).and_then(|kept| kept.entity.setting());
                setting(&name_of_domain(id, board), kept)
            }
            Entity::Token(id) => {
                let issued = board.token(id).and_then(|kept| kept.entity.issued());
                issued.map_or_else(Self::default, |issued| {
                    Self::named(&issued.name, vec![("role", issued.role.token().to_owned())])
                })
            }
            Entity::Inbox(id) => Self::named(&name_of_contact(id, board), vec![]),
            Entity::Silence(id) => {
                let said = board.silences().get(id).and_then(|kept| kept.entity.said());
                said.map_or_else(Self::default, |said| {
                    let name = match &said.what.target {
                        Target::Domain(id) => name_of_domain(id, board),
                        Target::Tag(tag) => tag.clone(),
                    };
                    let until = ("until", said.what.until.to_string());
                    Self::named(&name, vec![until, ("reason", said.what.reason.clone())])
                })
            }
            Entity::Acknowledgement(id) => Self::named(&name_of_domain(id, board), vec![]),
            Entity::Account(id) => {
                board.account(id).map(|a| account(&a.entity)).unwrap_or_default()
            }
            Entity::Strangers | Entity::Link(_) | Entity::Key => Self::default(),
        }
    }

    pub(super) fn named(name: &str, fields: Vec<(&'static str, String)>) -> Self {
        let texts = fields.into_iter().map(|(field, text)| (field, Value::Text(text))).collect();
        Self::valued(name, texts)
    }

    fn valued(name: &str, mut fields: Vec<(&'static str, Value)>) -> Self {
        fields.retain(|(_, value)| *value != Value::Text(String::new()));
        Self { name: name.to_owned(), fields }
    }

    /// What is different in other facts.
    pub fn changes(&self, after: &Self) -> Vec<Change> {
        let mut changes: Vec<_> = self
            .fields
            .iter()
            .filter(|(field, before)| after.value(field) != Some(before))
            .map(|(field, before)| Change::new(field, Some(before), after.value(field)))
            .collect();
        let new = after.fields.iter().filter(|(field, _)| self.value(field).is_none());
        changes.extend(new.map(|(field, value)| Change::new(field, None, Some(value))));
        changes
    }

    fn value(&self, field: &str) -> Option<&Value> {
        self.fields.iter().find(|(have, _)| *have == field).map(|(_, value)| value)
    }
}

impl Change {
    fn new(field: &'static str, before: Option<&Value>, after: Option<&Value>) -> Self {
        Self { field, before: before.map(Value::cut), after: after.map(Value::cut) }
    }
}

impl Value {
    /// What is shown of it.
    pub fn shown(&self, board: &Board) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Contacts(before, ids) => {
                let names: Vec<_> = ids.iter().map(|id| name_of_contact(id, board)).collect();
                cut(&format!("{before}{}", names.join(", ")))
            }
        }
    }

    fn cut(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(cut(text)),
            Self::Contacts(_, _) => self.clone(),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE_LEN_MAX).collect()
}

fn domain(domain: &Domain) -> Facts {
    let name = domain.place().map(|place| format!("{}:{}", place.host, place.port));
    let state = match domain.status() {
        Status::Absent => return Facts::named(&name.unwrap_or_default(), vec![]),
        Status::Enabled => "enabled",
        Status::Disabled => "disabled",
    };
    let draft = domain.options().map_or_else(OptionsDraft::default, Options::to_draft);
    let fields = vec![
        ("state", state.to_owned()),
        ("sni", draft.sni.unwrap_or_default()),
        ("fixed_address", draft.fixed_address.unwrap_or_default()),
        ("private_ca_pem", draft.private_ca_pem.unwrap_or_default()),
        ("rungs", draft.rungs.join(", ")),
        ("interval_seconds", draft.interval_seconds.map(|s| s.to_string()).unwrap_or_default()),
        ("tags", draft.tags.join(", ")),
        ("owner_note", draft.owner_note.unwrap_or_default()),
    ];
    Facts::named(&name.unwrap_or_default(), fields)
}

fn contact(contact: &Contact) -> Facts {
    let Some(card) = contact.card() else { return Facts::default() };
    let verified = card.email().map(|_| card.is_reached_by(EMAIL).to_string());
    let mut fields = vec![
        ("name", card.name().to_owned()),
        ("language", card.language().to_owned()),
        ("time_zone", card.time_zone().to_owned()),
        ("email", card.email().unwrap_or_default().to_owned()),
        ("verified", verified.unwrap_or_default()),
    ];
    let robots = || card.addresses().iter().filter(|address| !address.sealed.is_empty());
    let each = |said: fn(&ContactAddress) -> String| robots().map(said).collect::<Vec<_>>();
    // What a robot is reached by is a secret; only whether there is one, and its hint.
    let shown = |address: &ContactAddress| format!("{} {}", address.channel, address.hint);
    fields.push(("robots", each(shown).join(", ")));
    let sealed = |address: &ContactAddress| format!("{} {}", address.channel, mark(address));
    fields.push(("secrets", each(sealed).join(", ")));
    Facts::named(card.name(), fields)
}

/// Tells whether what is sealed of a robot is the same as before. The same sealed twice has two
/// marks, so that none tells anything of the secret.
fn mark(address: &ContactAddress) -> String {
    HEXLOWER.encode(&Sha256::digest(&address.sealed)[..MARK_LEN])
}

fn setting(name: &str, setting: Option<&Setting>) -> Facts {
    let Some(setting) = setting else { return Facts::named(name, vec![]) };
    let draft = setting.to_draft();
    let window = draft.anomaly_time.map(|window| {
        let critical = if window.critical_any_time { ", critical any time" } else { "" };
        format!("{}–{} {}{critical}", window.from, window.to, window.time_zone)
    });
    let text = Value::Text;
    let mut fields = vec![
        ("enabled", text(draft.enabled.to_string())),
        ("contacts", Value::Contacts(String::new(), setting.contacts().collect())),
        ("methods", text(draft.methods.join(", "))),
        ("anomaly_time", text(window.unwrap_or_default())),
        ("repeat_days", text(draft.repeat_days.to_string())),
        ("kinds", text(draft.kinds.join(", "))),
    ];
    fields.extend(draft.escalation.map(|escalation| {
        let minutes = format!("{} min: ", escalation.minutes);
        ("escalation", Value::Contacts(minutes, setting.escalation_contacts().collect()))
    }));
    Facts::valued(name, fields)
}

fn account(account: &Account) -> Facts {
    let name = account.name().unwrap_or_default();
    let Some(profile) = account.profile() else { return Facts::named(name, vec![]) };
    let fields = vec![
        ("role", profile.role.token().to_owned()),
        ("language", profile.language.map(|l| l.tag().to_owned()).unwrap_or_default()),
        ("disabled", profile.disabled.to_string()),
        ("subject", profile.subject.clone().unwrap_or_default()),
    ];
    Facts::named(name, fields)
}

fn name_of_domain(id: &proto::id::DomainId, board: &Board) -> String {
    let ordered = board.domains().row(id).and_then(|row| row.ordered.entity.place());
    ordered.map_or_else(|| id.to_string(), |place| format!("{}:{}", place.host, place.port))
}

fn name_of_contact(id: &ContactId, board: &Board) -> String {
    let card = board.contact(id).and_then(|kept| kept.entity.card());
    card.map_or_else(|| id.to_string(), |card| card.name().to_owned())
}
