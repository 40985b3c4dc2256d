//! What an order of the inventory does to a watch.

use proto::v1::{Unwatched, Watched, anomaly_closed::How, log_event::Event};

use super::draft::Draft;

impl Draft<'_> {
    /// Watches from now on. A domain that was watched already goes on where it stands; if it is to
    /// be judged by other rungs or names, it is judged anew, by the time at once and with the next
    /// look.
    pub(super) fn watch(&mut self, revision: u64, terms_at: u64) {
        if revision <= self.before.revision {
            return;
        }
        self.now.revision = revision;
        if terms_at > self.before.revision || !self.before.is_watched() {
            self.now.wake_at = self.before.is_watched().then_some(self.at);
            self.now.judged_under = 0;
        }
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
