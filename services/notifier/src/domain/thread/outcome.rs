//! What came of speaking to a channel, in the terms that decide what happens next.

use std::time::Duration;

use proto::v1::InboxEntry;

/// What a channel answered. Replies are its own words, shortened, without secrets.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It has it.
    Delivered {
        /// Its words.
        reply: String,
        /// What the inbox keeps; only of the inbox itself.
        inbox: Option<InboxEntry>,
    },
    /// Not now.
    Again {
        /// Its words, or what went wrong on the way to it.
        reply: String,
        /// The shortest wait that it asks for.
        wait_min: Option<Duration>,
        /// Whether it may have it nonetheless.
        perhaps_told: bool,
    },
    /// Not now, and nothing else to this address either: it was spoken to too fast.
    TooFast {
        /// Its words.
        reply: String,
        /// How long it wants to be left alone.
        rest: Duration,
    },
    /// Never this message.
    Never {
        /// Its words.
        reply: String,
    },
    /// Nothing to this address until somebody mends it: it says that it is wrong, or was stopped.
    Broken {
        /// Its words.
        reply: String,
    },
    /// Nothing was said to this address: as we are set up, it cannot be spoken to.
    Unready {
        /// What is wrong with us.
        reply: String,
    },
}

/// Characters of a reply that are kept: enough for what any channel has to say.
const REPLY_MAX: usize = 1_024;

/// A channel's words as they are kept: on one line, without control characters, not too many.
pub fn reply(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(REPLY_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_short_line() {
        assert_eq!(reply("550\r\n  no\u{7} such\tuser "), "550 no such user");
        assert_eq!(reply(&"é".repeat(5_000)).chars().count(), REPLY_MAX);
    }
}
