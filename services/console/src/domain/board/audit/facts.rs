//! What stands in the inventory of an entity, field by field, so that a change can be shown.

use proto::{id::ContactId, subject::Entity};

use crate::domain::{
    board::Board,
    inventory::{
        account::Account,
        contact::Contact,
        domain::{Domain, Status},
        options::{Options, OptionsDraft},
        setting::Setting,
        silence::Target,
    },
};

/// Characters of a value that are kept for showing it.
const VALUE_LEN_MAX: usize = 200;

/// What stands in the inventory of an entity, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What it is called; empty if it is not there.
    pub name: String,
    fields: Vec<(&'static str, String)>,
}

/// A field that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field, as the API spells it.
    pub field: &'static str,
    /// What stood there; `None` for the default.
    pub before: Option<String>,
    /// What stands there.
    pub after: Option<String>,
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
            Entity::DefaultSetting => setting("", board.default_setting().entity.setting(), board),
            Entity::Setting(id) => {
                let kept = board.setting(id).and_then(|kept| kept.entity.setting());
                setting(&name_of_domain(id, board), kept, board)
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
            Entity::Strangers | Entity::Link(_) => Self::default(),
        }
    }

    fn named(name: &str, fields: Vec<(&'static str, String)>) -> Self {
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        Self { name: name.to_owned(), fields: fields.collect() }
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

    fn value(&self, field: &str) -> Option<&String> {
        self.fields.iter().find(|(have, _)| *have == field).map(|(_, value)| value)
    }
}

impl Change {
    fn new(field: &'static str, before: Option<&String>, after: Option<&String>) -> Self {
        let cut = |value: &String| value.chars().take(VALUE_LEN_MAX).collect();
        Self { field, before: before.map(cut), after: after.map(cut) }
    }
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
    let mut fields = vec![
        ("name", card.name().to_owned()),
        ("language", card.language().to_owned()),
        ("time_zone", card.time_zone().to_owned()),
        ("email", card.email().unwrap_or_default().to_owned()),
    ];
    // What a robot is reached by is a secret; only whether there is one, and its hint.
    let robots: Vec<_> = card
        .addresses()
        .iter()
        .filter(|address| !address.sealed.is_empty())
        .map(|address| format!("{} {}", address.channel, address.hint))
        .collect();
    fields.push(("robots", robots.join(", ")));
    Facts::named(card.name(), fields)
}

fn setting(name: &str, setting: Option<&Setting>, board: &Board) -> Facts {
    let Some(setting) = setting else { return Facts::named(name, vec![]) };
    let draft = setting.to_draft();
    let names = |ids: &[String]| {
        let name =
            |id: &String| id.parse().map_or_else(|_| id.clone(), |id| name_of_contact(&id, board));
        ids.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let window = draft.anomaly_time.map(|window| {
        let critical = if window.critical_any_time { ", critical any time" } else { "" };
        format!("{}–{} {}{critical}", window.from, window.to, window.time_zone)
    });
    let escalation = draft
        .escalation
        .map(|escalation| format!("{} min: {}", escalation.minutes, names(&escalation.contacts)));
    let fields = vec![
        ("enabled", draft.enabled.to_string()),
        ("contacts", names(&draft.contacts)),
        ("methods", draft.methods.join(", ")),
        ("anomaly_time", window.unwrap_or_default()),
        ("repeat_days", draft.repeat_days.to_string()),
        ("kinds", draft.kinds.join(", ")),
        ("escalation", escalation.unwrap_or_default()),
    ];
    Facts::named(name, fields)
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
