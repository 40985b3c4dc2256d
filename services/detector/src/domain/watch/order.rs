//! What an order of the inventory does to a watch.

use proto::v1::{Unwatched, Watched, anomaly_closed::How, log_event::Event};

use super::draft::Draft;

impl Draft<'_> {
    /// Watches from now on. A domain that was watched already goes on where it stands.
    pub(super) fn watch(&mut self, revision: u64) {
        if revision <= self.before.revision {
            return;
        }
        self.now.revision = revision;
        self.unseen = false;
        self.say(Event::Watched(Watched { enabling: !self.before.is_watched() }));
    }

    /// Watches no more: what is open is closed without news.
    pub(super) fn unwatch(&mut self, revision: u64, removed: bool) {
        if revision <= self.before.revision {
            return;
        }
        self.now.revision = revision;
        self.unseen = false;
        for open in self.before.open() {
            self.close(open, How::Abandoned);
        }
        self.say(Event::Unwatched(Unwatched { removed }));
    }
}
