//! What a contact knows of anomalies that it has not been told to be over.

use std::sync::Arc;

use jiff::Timestamp;
use proto::id::DeliveryId;

use super::{open::Open, push};
use crate::domain::news::News;

/// Anomalies remembered as told. A domain has at most one open of each of sixteen kinds; the rest
/// is what closed while nobody was to be told.
pub(super) const TOLD_MAX: usize = 32;

/// What was told of one anomaly.
///
/// Invariant: its news are an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The delivery that told it first. Later ones answer to it.
    pub root: DeliveryId,
    /// What was told last.
    pub news: Arc<News>,
    /// When it was.
    pub at: Timestamp,
    /// Reminders so far.
    pub reminders: u32,
    /// What took its place, and of which nothing was told: its end is the end of this.
    pub heir: Option<Box<Heir>>,
}

/// An anomaly of which nothing was told.
///
/// Invariant: its news are an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Heir {
    /// The delivery that was to tell it.
    pub id: DeliveryId,
    /// What was to be told.
    pub news: Arc<News>,
}

/// What was told of each, in the order in which it was first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tellings(Vec<Told>);

impl Told {
    /// The anomaly.
    ///
    /// # Panics
    ///
    /// Never, by the invariant.
    pub fn anomaly(&self) -> &str {
        self.news.alarm().expect("only of an alarm it is remembered that it was told")
    }

    /// The anomaly whose end is to be told: its own, or that of what took its place.
    pub fn ending(&self) -> &str {
        let heir = self.heir.as_ref().and_then(|heir| heir.news.alarm());
        heir.unwrap_or_else(|| self.anomaly())
    }

    /// Whether its end is that of an anomaly.
    fn ends_with(&self, anomaly: &str) -> bool {
        [self.anomaly(), self.ending()].contains(&anomaly)
    }
}

impl Tellings {
    pub(super) fn all(&self) -> &[Told] {
        &self.0
    }

    pub(super) fn of(&self, anomaly: &str) -> Option<&Told> {
        self.0.iter().find(|told| told.ends_with(anomaly))
    }

    /// The alarm of a delivery was told.
    pub(super) fn tell(&mut self, anomaly: &str, open: &Open, at: Timestamp) {
        let before = self.of(anomaly);
        let told = Told {
            root: before.map_or(open.lead.unwrap_or(open.id), |told| told.root),
            news: Arc::clone(&open.news),
            at,
            // What is told in other ways as well is reminded of where it was.
            reminders: before.map_or(0, |told| told.reminders).max(open.reminder),
            heir: None,
        };
        match self.of_mut(anomaly) {
            Some(before) => *before = told,
            None => push(&mut self.0, told),
        }
        if self.0.len() > TOLD_MAX {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, told)| told.at);
            let oldest = oldest.map(|(place, _)| place);
            oldest.map(|place| self.0.remove(place));
        }
    }

    /// A reminder of what was told came to an end.
    pub(super) fn remind(&mut self, anomaly: &str, at: Timestamp, reminders: u32) {
        if let Some(told) = self.of_mut(anomaly) {
            (told.at, told.reminders) = (at, reminders);
        }
    }

    /// The alarm of a delivery took the place of others, and nothing was told of it.
    pub(super) fn succeed(&mut self, open: &Open) {
        let superseded = open.news.supersedes();
        let is_told = |told: &&mut Told| superseded.iter().any(|old| told.ends_with(old));
        for told in self.0.iter_mut().filter(is_told) {
            told.heir = Some(Box::new(Heir { id: open.id, news: Arc::clone(&open.news) }));
        }
    }

    /// What was told of one is said anew.
    pub(super) fn restate(&mut self, anomaly: &str, at: Timestamp) {
        if let Some(told) = self.of_mut(anomaly) {
            told.at = at;
        }
    }

    /// These are over.
    pub(super) fn forget(&mut self, over: &[&str]) {
        self.0.retain(|told| !over.iter().any(|one| told.ends_with(one)));
        self.0.shrink_to_fit();
    }

    fn of_mut(&mut self, anomaly: &str) -> Option<&mut Told> {
        self.0.iter_mut().find(|told| told.ends_with(anomaly))
    }
}
