//! A delivery as the pages show it.

use jiff::Timestamp;

use crate::{
    domain::{
        board::{
            Board,
            delivery::{Delivery, DeliveryState, Step},
        },
        sentence,
    },
    shell::{http::deliveries::DeliveryView, page::words::Words},
};

/// A delivery, its steps in the viewer's language.
#[derive(Debug)]
pub(in crate::shell::page) struct Told {
    /// What the API says of it.
    pub(in crate::shell::page) view: DeliveryView,
    /// The colour of its state.
    pub(in crate::shell::page) tone: &'static str,
    /// What was done, in order.
    pub(in crate::shell::page) steps: Vec<Done>,
}

/// One thing that was done.
#[derive(Debug)]
pub(in crate::shell::page) struct Done {
    /// When.
    pub(in crate::shell::page) at: Timestamp,
    /// What it came to.
    pub(in crate::shell::page) state: &'static str,
    /// The colour of that.
    pub(in crate::shell::page) tone: &'static str,
    /// Which attempt; 0 if none.
    pub(in crate::shell::page) attempt: u32,
    /// The channel's own words, or why.
    pub(in crate::shell::page) words: String,
    /// When it is tried again.
    pub(in crate::shell::page) retry_at: Option<Timestamp>,
    /// Until when nothing at all is sent to the address.
    pub(in crate::shell::page) rests_until: Option<Timestamp>,
    /// Id of the delivery whose message carries this one as well.
    pub(in crate::shell::page) lead: Option<String>,
}

impl Told {
    /// Shows a delivery.
    pub(in crate::shell::page) fn of(delivery: &Delivery, board: &Board, words: Words) -> Self {
        Self {
            view: DeliveryView::of(delivery, board),
            tone: tone(delivery.state),
            steps: delivery.steps.iter().map(|step| Done::of(step, words)).collect(),
        }
    }

    /// Host and port of the domain that it speaks of.
    pub(in crate::shell::page) fn about(&self) -> String {
        match self.view.port {
            Some(port) => format!("{}:{port}", self.view.host),
            None => self.view.host.clone(),
        }
    }

    /// What was said last.
    pub(in crate::shell::page) fn last_words(&self) -> &str {
        self.steps.last().map_or("", |step| &step.words)
    }

    /// Whether somebody may ask that it be tried again.
    pub(in crate::shell::page) fn is_parked(&self) -> bool {
        self.view.state == DeliveryState::Parked.token()
    }

    /// Whether it speaks of an event.
    pub(in crate::shell::page) fn has_event(&self) -> bool {
        !self.view.host.is_empty()
    }
}

impl Done {
    fn of(step: &Step, words: Words) -> Self {
        Self {
            at: step.at,
            state: step.state.token(),
            tone: tone(step.state),
            attempt: step.attempt,
            words: match step.why {
                Some(why) => sentence::dropped(words.language(), why).to_owned(),
                None => step.words.to_string(),
            },
            retry_at: step.retry_at,
            rests_until: step.rests_until,
            lead: step.lead.map(|id| id.to_string()),
        }
    }
}

/// The colour of a state.
fn tone(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Due | DeliveryState::Attempted => "info",
        DeliveryState::Delivered => "good",
        DeliveryState::Failed => "warning",
        DeliveryState::Parked => "critical",
        DeliveryState::Dropped => "",
    }
}
