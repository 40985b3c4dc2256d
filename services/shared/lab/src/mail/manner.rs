//! How the sink treats its guests.

/// What the sink does with what it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manner {
    /// Accepts everything.
    #[default]
    Accept,
    /// Answers each command of one step with this reply, and keeps nothing.
    Refuse(Step, Reply),
    /// Refuses one mailbox, in lower case, and accepts every other.
    RefuseMailbox(String, Reply),
    /// Keeps the mail, then hangs up instead of saying so: the client cannot know.
    KeepAndHangUp,
    /// Hangs up when the mail has come, and keeps nothing.
    DropAndHangUp,
}

/// Where in the conversation the sink refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Instead of the greeting.
    Greeting,
    /// At MAIL FROM.
    Sender,
    /// At RCPT TO.
    Recipient,
    /// After the mail itself.
    Mail,
}

/// One line of the server: a code and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits; 4xx means later, 5xx means never.
    pub code: u16,
    /// What people read, without line breaks.
    pub text: String,
}

impl Reply {
    /// A reply.
    pub fn new(code: u16, text: &str) -> Self {
        Self { code, text: text.to_owned() }
    }
}
