//! One mail as it was received.

use mail_parser::{Message, MessageParser};

/// One mail as it was received: envelope and content.
#[derive(Debug)]
pub struct Mail {
    /// Mailbox of MAIL FROM; empty for a bounce.
    pub sender: String,
    /// Mailboxes of RCPT TO, in their order.
    pub recipients: Vec<String>,
    /// The content, parsed; `raw_message` is what came over the wire.
    pub message: Message<'static>,
}

impl Mail {
    /// A mail of this envelope and content. What cannot be parsed has no headers and no parts.
    pub fn new(sender: String, recipients: Vec<String>, raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).unwrap_or_default().into_owned();
        Self { sender, recipients, message }
    }

    /// The subject, decoded; empty without one.
    pub fn subject(&self) -> &str {
        self.message.subject().unwrap_or_default()
    }

    /// The identifier, without angle brackets; empty without one.
    pub fn message_id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    /// Identifiers of the mails that this one follows, oldest first, without angle brackets.
    pub fn references(&self) -> Vec<&str> {
        let ids = self.message.references().as_text_list().unwrap_or_default();
        ids.iter().map(AsRef::as_ref).collect()
    }

    /// The value of a header as it was written, unfolded and trimmed; the first, if it repeats.
    pub fn header(&self, name: &str) -> Option<String> {
        let raw = self.message.header_raw(name.to_owned())?;
        Some(raw.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The first text part; empty without one.
    pub fn text(&self) -> String {
        self.message.body_text(0).unwrap_or_default().into_owned()
    }

    /// The first HTML part; empty without one.
    pub fn html(&self) -> String {
        self.message.body_html(0).unwrap_or_default().into_owned()
    }
}
