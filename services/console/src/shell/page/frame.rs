//! What stands around every page: where one is, who one is, what there is.

use askama::Template;
use std::borrow::Borrow;

use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;

use super::{asset, moment::Moment, prose::Prose, viewer::Viewer, words::Words};
use crate::{
    domain::{board::Board, inventory::token::Role, live::Position, refusal::Refusal},
    shell::http::{Api, problem::Problem},
};

/// A part of the console, as the navigation has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// How everything fares.
    Overview,
    /// What is monitored.
    Domains,
    /// What is or was wrong.
    Anomalies,
    /// Who hears of what.
    Notification,
    /// Who there is to tell.
    Contacts,
    /// Internal messages.
    Inbox,
    /// What was told.
    Deliveries,
    /// Who changed what.
    Audit,
    /// Accounts, tokens, what is configured.
    Settings,
    /// One's own account.
    Account,
}

impl Section {
    /// Those of the navigation, in order.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Domains,
        Self::Anomalies,
        Self::Notification,
        Self::Contacts,
        Self::Inbox,
        Self::Deliveries,
        Self::Audit,
        Self::Settings,
    ];

    /// Its name among the messages `section-…`, and of its icon.
    pub fn token(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Domains => "domains",
            Self::Anomalies => "anomalies",
            Self::Notification => "notification",
            Self::Contacts => "contacts",
            Self::Inbox => "inbox",
            Self::Deliveries => "deliveries",
            Self::Audit => "audit",
            Self::Settings => "settings",
            Self::Account => "account",
        }
    }

    /// Where it is.
    pub fn path(self) -> String {
        if self == Self::Overview { "/".to_owned() } else { format!("/{}", self.token()) }
    }
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The part of the console that the page is of.
    pub section: Section,
    /// What the page is called.
    pub title: String,
    /// What speaks to the viewer.
    pub words: Words,
    /// Name of the viewer.
    pub name: String,
    /// As in [`Viewer`].
    pub csrf: String,
    /// What the viewer may do.
    pub role: Role,
    /// When the page was made.
    pub now: Timestamp,
    /// Entries of all inboxes that were not read.
    pub unread: usize,
    /// How far the board had come at least: what came since is shown by what is live.
    pub position: Position,
    /// What the form that led here came to.
    pub notice: Option<String>,
}

impl Frame {
    /// The frame of a page that is made now.
    pub fn new(api: &Api, viewer: &Viewer, section: Section, title: impl Into<String>) -> Self {
        Self {
            section,
            title: title.into(),
            words: Words(viewer.language),
            name: viewer.name.clone(),
            csrf: viewer.csrf.clone(),
            role: viewer.caller.role,
            now: api.context.clock.now(),
            position: api.mirror.live().position(),
            unread: api.look(Board::unread),
            notice: None,
        }
    }

    /// The same with what the form that led here came to: a key among the messages `notice-…`.
    #[must_use]
    pub fn noting(self, key: Option<&str>) -> Self {
        let notice = key.and_then(|key| self.words.known(&format!("notice-{key}")));
        Self { notice, ..self }
    }

    /// An instant as it is from here.
    pub fn moment(&self, at: impl Borrow<Timestamp>) -> Moment {
        Moment::new(*at.borrow(), self.now, self.words)
    }

    /// A sentence with its names set apart.
    pub fn prose(&self, text: impl Into<String>) -> Prose {
        Prose::new(text)
    }

    /// Why something is not done, as a sentence.
    pub fn refusal(&self, refusal: &Refusal) -> Prose {
        Prose::refusal(refusal, self.words.language())
    }

    /// Whether the viewer may change things.
    pub fn may_edit(&self) -> bool {
        self.role >= Role::Editor
    }

    /// Whether the viewer may manage accounts and tokens.
    pub fn may_administrate(&self) -> bool {
        self.role >= Role::Admin
    }

    /// The path of something that the page loads.
    pub fn asset(&self, name: &str) -> &'static str {
        asset::path(name)
    }
}

/// The answer that a page is.
pub fn answer(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "A page cannot be rendered.");
            Problem::bug().into_response()
        }
    }
}
