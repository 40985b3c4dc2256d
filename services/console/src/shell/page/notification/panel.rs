//! The *Edit Notification* panel: one setting as a form over the list.

use proto::{id::DomainId, subject::Entity, v1::Kind};

use super::typed::Typed;
use crate::{
    domain::{
        board::{Board, Versioned},
        inventory::{
            contact::{CHANNELS, Card},
            setting::Kept,
        },
    },
    shell::{
        http::{problem::Problem, settings::SettingView, view},
        page::{mistakes::Mistakes, words::Words},
    },
};

/// How the default setting is named in an address. No id of a domain is.
pub(super) const DEFAULT: &str = "default";

/// Whose setting is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of all domains that have none of their own.
    Default,
    /// Of one domain, with its name.
    Domain(DomainId, String),
}

impl Whose {
    /// Whose setting a part of an address means.
    pub(super) fn named(board: &Board, key: &str) -> Result<Self, Problem> {
        if key == DEFAULT {
            return Ok(Self::Default);
        }
        let row = view::named(board, key)?;
        Ok(Self::Domain(row.id, row.place().host.with_port(row.place().port)))
    }

    /// The entity that it is.
    pub(super) fn entity(&self) -> Entity {
        match self {
            Self::Default => Entity::DefaultSetting,
            Self::Domain(id, _) => Entity::Setting(*id),
        }
    }

    /// Where its form is sent.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Default => DEFAULT.to_owned(),
            Self::Domain(id, _) => id.to_string(),
        }
    }

    /// The domain, if it is one's own.
    pub(super) fn domain(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::Domain(_, name) => Some(name),
        }
    }

    fn kept(&self, board: &Board) -> Versioned<Kept> {
        match self {
            Self::Default => board.default_setting().clone(),
            Self::Domain(id, _) => board.setting(id).cloned().unwrap_or_default(),
        }
    }
}

/// The panel.
#[derive(Debug)]
pub(super) struct Panel {
    /// Whose setting it is.
    pub(super) whose: Whose,
    /// Whether there is a setting of its own already.
    pub(super) own: bool,
    /// The version that the form is made of.
    pub(super) version: u64,
    /// What stands in it.
    pub(super) typed: Typed,
    /// Who there is to tell.
    pub(super) contacts: Vec<Choice>,
    /// What is wrong with it.
    pub(super) mistakes: Mistakes,
}

/// A contact that may be ticked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its id.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
    /// The methods that do not reach it.
    pub(super) lacks: Vec<Lack>,
}

/// A method that does not reach a contact. The style sheet shows it once the method is ticked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lack {
    /// The method.
    pub(super) method: &'static str,
    /// What is missing.
    pub(super) what: String,
}

impl Panel {
    /// The form as nobody has touched it yet. A domain without a setting of its own begins with the
    /// default.
    ///
    /// Its version is that of now, also when it is shown again after it was outrun: whoever sends
    /// it once more has been told that it changed.
    pub(super) fn opened(key: &str, board: &Board, words: Words) -> Result<Self, Problem> {
        let whose = Whose::named(board, key)?;
        let kept = whose.kept(board);
        let own = SettingView::of(&kept, board);
        let applies = own.as_ref().map(|view| &view.setting).cloned();
        let default = || Some(SettingView::of(board.default_setting(), board)?.setting);
        let applies = applies.or_else(default);
        Ok(Self {
            own: own.is_some(),
            version: kept.version,
            typed: applies.map_or_else(Typed::empty, |setting| Typed::of(&setting)),
            contacts: choices(board, words),
            mistakes: Mistakes::default(),
            whose,
        })
    }
}

/// The kinds that may be told: that something is over is told to whoever was told of it.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().filter(|kind| **kind != Kind::Recovered).map(|kind| kind.token())
}

fn choices(board: &Board, words: Words) -> Vec<Choice> {
    let contacts = board.contacts().filter_map(|(id, kept)| Some((id, kept.entity.card()?)));
    let mut choices: Vec<_> = contacts
        .map(|(id, card)| Choice {
            id: id.to_string(),
            name: card.name().to_owned(),
            lacks: lacks(card, words).collect(),
        })
        .collect();
    choices.sort_by_cached_key(|choice| (choice.name.to_lowercase(), choice.id.clone()));
    choices
}

fn lacks(card: &Card, words: Words) -> impl Iterator<Item = Lack> {
    CHANNELS.into_iter().filter(|method| !card.is_reached_by(method)).map(move |method| {
        let name = words.token("method", method);
        let what = match card.address(method) {
            Some(_) => words.with("lacks-verification", name),
            None => words.with("lacks-address", name),
        };
        Lack { method, what: what.into_owned() }
    })
}
