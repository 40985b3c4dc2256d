//! The key that seals secrets: what was done to it. The key itself stands in a file, and nothing of
//! it here.

use std::convert::Infallible;

use kernel::decider::Decider;
use proto::v1::{KeyRetired, KeyRotated, inventory_event::Event};

use super::Ordered;

/// What stands in the inventory of the key: nothing that a decision would need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Key;

/// What may be asked of it: to know what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// A fresh one seals.
    Rotate,
    /// Only the newest opens.
    Retire,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEvent {
    /// A fresh one seals.
    Rotated,
    /// Only the newest opens.
    Retired,
}

impl Decider for Key {
    type Command = Command;
    type Event = KeyEvent;
    type Refusal = Infallible;

    fn decide(&self, command: Command) -> Result<Vec<KeyEvent>, Infallible> {
        Ok(match command {
            Command::Rotate => vec![KeyEvent::Rotated],
            Command::Retire => vec![KeyEvent::Retired],
        })
    }

    fn evolve(&mut self, _: &KeyEvent) {}
}

impl Ordered for Key {
    fn write(event: &KeyEvent) -> Event {
        match event {
            KeyEvent::Rotated => Event::KeyRotated(KeyRotated {}),
            KeyEvent::Retired => Event::KeyRetired(KeyRetired {}),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<KeyEvent> {
        match event {
            Event::KeyRotated(_) => Some(KeyEvent::Rotated),
            Event::KeyRetired(_) => Some(KeyEvent::Retired),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::scenario::given;

    use super::*;

    #[test]
    fn each_time_is_told() {
        for (command, event) in
            [(Command::Rotate, KeyEvent::Rotated), (Command::Retire, KeyEvent::Retired)]
        {
            given::<Key>(&[event]).when(command).then(&[event]);
            assert_eq!(Key::read(&Key::write(&event)), Some(event));
        }
    }
}
