//! Settings in words, as the list shows them.

use proto::id::DomainId;

use crate::{
    domain::board::{Board, domains::Row as DomainRow},
    shell::{
        http::settings::{EscalationBody, SettingBody, SettingView, WindowBody},
        page::words::Words,
    },
};

/// Names that are listed in one cell; the panel has all of them.
const NAMES_MAX: usize = 3;

/// A domain, and who hears of it.
#[derive(Debug)]
pub(super) struct Row {
    /// Id of the domain.
    pub(super) id: DomainId,
    /// Host and port.
    pub(super) name: String,
    /// Its own setting; otherwise the default applies.
    pub(super) own: Option<InWords>,
}

impl Row {
    /// Shows a domain.
    pub(super) fn of(row: &DomainRow, board: &Board, words: Words) -> Self {
        let own = board.setting(&row.id).and_then(|kept| SettingView::of(kept, board));
        Self {
            id: row.id,
            name: row.place().host.with_port(row.place().port),
            own: own.map(|view| InWords::of(&view, board, words)),
        }
    }
}

/// A setting in words.
#[derive(Debug)]
pub(super) struct InWords {
    /// Whether anything is sent.
    pub(super) enabled: bool,
    /// Who is told.
    pub(super) contacts: String,
    /// How.
    pub(super) methods: String,
    /// When.
    pub(super) anomaly_time: String,
    /// How often.
    pub(super) repeat: String,
    /// Of what.
    pub(super) kinds: String,
    /// Who else, if nobody acknowledges it.
    pub(super) escalation: Option<String>,
    /// How many pairs of a contact and a method lead nowhere.
    pub(super) gaps: usize,
}

impl InWords {
    /// Says a setting.
    pub(super) fn of(view: &SettingView, board: &Board, words: Words) -> Self {
        let setting = &view.setting;
        let methods = setting.methods.iter();
        let methods = methods.map(|method| words.token("method", method).into_owned());
        let kinds = setting.kinds.iter().map(|kind| words.token("kind", kind).into_owned());
        Self {
            enabled: setting.enabled,
            contacts: names(&setting.contacts, board, words),
            methods: listed(methods.collect(), words),
            anomaly_time: window(setting.anomaly_time.as_ref(), words),
            repeat: repeat(setting, words),
            kinds: if setting.kinds.is_empty() {
                words.say("notification-all-kinds").into_owned()
            } else {
                listed(kinds.collect(), words)
            },
            escalation: setting.escalation.as_ref().map(|EscalationBody { minutes, contacts }| {
                let names = names(contacts, board, words);
                let values = [("count", (*minutes).into()), ("value", names.into())];
                words.filled("notification-escalation", values).into_owned()
            }),
            gaps: view.gaps.len(),
        }
    }
}

fn names(ids: &[String], board: &Board, words: Words) -> String {
    let name = |id: &String| {
        let contact = board.contact(&id.parse().ok()?)?;
        Some(contact.entity.card()?.name().to_owned())
    };
    let gone = || words.say("contact-gone").into_owned();
    listed(ids.iter().map(|id| name(id).unwrap_or_else(gone)).collect(), words)
}

/// The first of several, and how many more there are.
fn listed(mut names: Vec<String>, words: Words) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let mut text = names.join(&*words.say("list-comma"));
    if more > 0 {
        text.push_str(&words.count("list-more", more));
    }
    text
}

fn window(window: Option<&WindowBody>, words: Words) -> String {
    let Some(WindowBody { from, to, time_zone, critical_any_time }) = window else {
        return words.say("notification-all-day").into_owned();
    };
    let text = format!("{from}–{to} {time_zone}");
    if *critical_any_time { words.with("notification-critical-too", text).into() } else { text }
}

fn repeat(setting: &SettingBody, words: Words) -> String {
    match setting.repeat_days {
        0 => words.say("notification-never").into_owned(),
        1 => words.say("notification-daily").into_owned(),
        days => words.count("notification-every", i64::from(days)).into_owned(),
    }
}
