//! What was said to a robot, what it answered, and what the people in its group see.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

/// One request, as it came.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// When it had come whole.
    pub at: Timestamp,
    /// `POST`, or something wrong.
    pub method: String,
    /// The path below the vendor's.
    pub path: String,
    /// The query, undecoded.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside the length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// What became of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The robot has it, and the group sees it.
    Taken,
    /// The robot refused it.
    Refused,
    /// The robot was told to fail.
    Failed,
}

/// What the people in a group see, and whose telephones ring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// What stands in the notification bar. Empty if the form has none.
    pub title: String,
    /// The text in the vendor's own markup.
    pub text: String,
    /// Whom it mentions, as the vendor names them; everybody is `all`.
    pub mentions: Vec<String>,
    /// Where it leads, each once, in order.
    pub links: Vec<String>,
}

/// One post to a robot.
#[derive(Clone)]
pub struct Post {
    /// When it had come whole.
    pub at: Timestamp,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// What was answered.
    pub answer: Answer,
    /// What became of it.
    pub fate: Fate,
    /// What the group sees; none unless it was taken.
    pub message: Option<Message>,
}

impl Call {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// A parameter of the query, decoded once: what was encoded twice stays encoded, and a bare `+`
    /// is a space.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The body as JSON, if it is an object.
    pub(super) fn object(&self) -> Option<Value> {
        serde_json::from_slice::<Value>(&self.body).ok().filter(Value::is_object)
    }

    pub(super) fn is_json(&self) -> bool {
        self.header("content-type").split(';').next() == Some("application/json")
    }
}

impl Answer {
    /// HTTP 200 with JSON.
    pub fn json(body: &str) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status: 200, headers, body: body.to_owned() }
    }

    /// Any status with plain text.
    pub fn text(status: u16, body: &str) -> Self {
        let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_owned() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Post {
    pub(super) fn new(call: Call, answer: Answer, fate: Fate, message: Option<Message>) -> Self {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        Self { at: call.at, headers: call.headers, body, answer, fate, message }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What the group sees.
    pub fn message(&self) -> &Message {
        self.message.as_ref().unwrap_or_else(|| panic!("it was not taken: {self:?}"))
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:?}, answered {} {}",
            self.at, self.fate, self.answer.status, self.answer.body
        )?;
        write!(f, ": {}", self.body)
    }
}
