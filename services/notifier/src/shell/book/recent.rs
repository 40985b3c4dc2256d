//! News that were read of late: many threads tell the same, and each record brings them anew.

use std::{collections::VecDeque, sync::Arc};

use crate::domain::{
    news::News,
    thread::step::{Deed, Step},
};

/// News remembered. What is due of one event is written at once, with that of some others between.
const RECENT_MAX: usize = 64;

/// The latest, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Arc<News>>);

impl Recent {
    /// A step, with the news that others have as well instead of the same once more.
    pub(super) fn sharing(&mut self, mut step: Step) -> Step {
        if let Deed::Due { news, .. } = &mut step.deed {
            match self.0.iter().find(|known| *known == news) {
                Some(known) => *news = Arc::clone(known),
                None => self.remember(news),
            }
        }
        step
    }

    fn remember(&mut self, news: &Arc<News>) {
        if self.0.len() == RECENT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Arc::clone(news));
    }
}
