//! Connections between two mails: each waits for the next, but not for ever.

use std::time::Duration;

use jiff::Timestamp;

/// How long a connection waits for the next mail: servers wait for five minutes (RFC 5321, section
/// 4.5.3.2.7).
pub(super) const IDLE: Duration = Duration::from_mins(1);

/// Those that wait, the one that was used last at the end; each until an instant.
#[derive(Debug)]
pub(super) struct Waiting<Connection>(Vec<(Timestamp, Connection)>);

impl<Connection> Waiting<Connection> {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Has one wait from now on.
    pub(super) fn put(&mut self, connection: Connection, now: Timestamp) {
        self.0.push((now.checked_add(IDLE).unwrap_or(Timestamp::MAX), connection));
    }

    /// Takes out the one that was used last: the fewer are used, the more of the rest may go.
    pub(super) fn take(&mut self) -> Option<Connection> {
        self.0.pop().map(|(_, connection)| connection)
    }

    /// Takes out those whose time is over.
    pub(super) fn over(&mut self, now: Timestamp) -> Vec<Connection> {
        self.0.extract_if(.., |(until, _)| *until <= now).map(|(_, one)| one).collect()
    }

    /// When the time of the next one is over.
    pub(super) fn next_over(&self) -> Option<Timestamp> {
        self.0.iter().map(|(until, _)| *until).min()
    }

    /// All of them.
    pub(super) fn all(self) -> impl Iterator<Item = Connection> {
        self.0.into_iter().map(|(_, connection)| connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample::minute;

    #[test]
    fn each_waits_for_its_time_and_the_last_goes_first() {
        let mut waiting = Waiting::new();
        for (name, at) in [("a", 0), ("b", 1), ("c", 1), ("d", 2)] {
            waiting.put(name, minute(at));
        }
        assert_eq!(waiting.take(), Some("d"));
        assert_eq!(waiting.next_over(), Some(minute(1)));
        assert_eq!(waiting.over(minute(0)), [""; 0]);
        assert_eq!(waiting.over(minute(1)), ["a"]);
        assert_eq!(waiting.over(minute(2)), ["b", "c"]);
        assert_eq!((waiting.next_over(), waiting.take()), (None, None));
    }
}
