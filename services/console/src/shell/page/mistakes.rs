//! Why a form is shown again: its mistakes, each beside its field.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{frame, words::Words};
use crate::shell::http::problem::{FieldError, Problem};

/// What is wrong with a form.
#[derive(Debug)]
pub struct Mistakes {
    words: Words,
    status: StatusCode,
    errors: Vec<FieldError>,
    detail: Option<String>,
}

/// What stands below a field.
#[derive(Template)]
#[template(path = "part/wrong.html")]
struct Wrong<'m> {
    id: String,
    want: &'m str,
}

/// What stands below a field, if something is wrong with it.
#[derive(Debug)]
pub struct Beside {
    id: String,
    want: Option<String>,
}

impl Mistakes {
    /// Of a form that nobody has sent yet.
    pub fn none(words: Words) -> Self {
        Self { words, status: StatusCode::OK, errors: vec![], detail: None }
    }

    /// Of a form that was refused.
    ///
    /// # Errors
    ///
    /// The problem itself, if whoever filled in the form cannot mend it.
    pub fn of(problem: Problem, words: Words) -> Result<Self, Problem> {
        let status = problem.status();
        let detail = match status {
            StatusCode::UNPROCESSABLE_ENTITY => words.say("form-mistakes").into_owned(),
            StatusCode::PRECONDITION_FAILED => words.say("form-outrun").into_owned(),
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => problem.detail().to_owned(),
            _ => return Err(problem),
        };
        Ok(Self { words, status, errors: problem.errors().to_vec(), detail: Some(detail) })
    }

    /// What is wrong with all of it.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Whether something is wrong with a field, or a part of it.
    pub fn has(&self, field: &str) -> bool {
        self.of_field(field).is_some()
    }

    /// What stands below a field: what is allowed, if something else stands there.
    pub fn beside(&self, field: &str) -> Beside {
        let want = self.of_field(field).map(|error| self.want(error));
        Beside { id: id(field), want }
    }

    /// The attributes of an input that say so to those who do not see it.
    pub fn aria(&self, field: &str) -> Aria {
        Aria(self.has(field).then(|| id(field)))
    }

    /// The attribute of a group of inputs that says so: a group itself is not invalid.
    pub fn described(&self, field: &str) -> Described {
        Described(self.has(field).then(|| id(field)))
    }

    fn of_field(&self, field: &str) -> Option<&FieldError> {
        self.errors.iter().find(|error| {
            let rest = error.field.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        })
    }

    /// By the name of the whole field, or of its last part: every robot has a `webhook`.
    fn want(&self, error: &FieldError) -> String {
        let field = error.field.split('[').next().unwrap_or_default();
        let last = field.rsplit('.').next().unwrap_or_default();
        let known = |field: &str| {
            let token = field.replace('.', "-");
            self.words.known_token("wrong", &token, &error.want)
        };
        known(field).or_else(|| known(last)).unwrap_or_else(|| error.want.clone())
    }

    /// The page with the form, as the answer that it is.
    pub fn answer(&self, page: &impl Template) -> Response {
        (self.status, frame::answer(page)).into_response()
    }
}

fn id(field: &str) -> String {
    format!("{}-wrong", field.replace('.', "-"))
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(want) = &self.want else { return Ok(()) };
        let wrong = Wrong { id: self.id.clone(), want };
        f.write_str(&wrong.render().map_err(|_| fmt::Error)?)
    }
}

/// The template escapes what it shows.
impl HtmlSafe for Beside {}

/// Attributes of an input with a mistake.
#[derive(Debug)]
pub struct Aria(Option<String>);

impl fmt::Display for Aria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(id) => write!(f, "aria-invalid=\"true\" aria-describedby=\"{id}\""),
            None => Ok(()),
        }
    }
}

/// Names of fields are part of the program.
impl HtmlSafe for Aria {}

/// The attribute of a group with a mistake.
#[derive(Debug)]
pub struct Described(Option<String>);

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(id) => write!(f, "aria-describedby=\"{id}\""),
            None => Ok(()),
        }
    }
}

/// Names of fields are part of the program.
impl HtmlSafe for Described {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{inventory::Invalid, language::Language};

    fn mistakes(language: Language) -> Mistakes {
        let wrong = vec![
            Invalid::new("contacts[1]", "<x>", "an id"),
            Invalid::new("dingtalk.webhook", "…", "<b>https</b>"),
            Invalid::new("colour", "blue", "no <colour>"),
        ];
        Mistakes::of(Problem::invalid(wrong), Words(language)).unwrap()
    }

    #[test]
    fn each_mistake_stands_beside_its_field() {
        let english = mistakes(Language::English);
        assert_eq!(
            english.beside("contacts").to_string().trim(),
            "<p class=\"wrong\" id=\"contacts-wrong\">Tick 1 to 10 contacts.</p>"
        );
        let aria = english.aria("contacts").to_string();
        assert_eq!(aria, "aria-invalid=\"true\" aria-describedby=\"contacts-wrong\"");
        assert_eq!(english.beside("methods").to_string(), "");
        assert_eq!(english.aria("methods").to_string(), "");
        assert!(mistakes(Language::Chinese).beside("contacts").to_string().contains("联系人"));
    }

    #[test]
    fn what_is_allowed_is_shown_as_text() {
        let english = mistakes(Language::English);
        let webhook = english.beside("dingtalk.webhook").to_string();
        assert!(!webhook.contains("<b>") && webhook.contains("https"), "{webhook}");
        assert!(english.beside("colour").to_string().contains("no &#60;colour&#62;"));
    }

    #[test]
    fn what_nobody_can_mend_is_no_mistake() {
        assert!(Mistakes::of(Problem::bug(), Words(Language::English)).is_err());
        let absent = Problem::absent("contact", "x");
        assert!(Mistakes::of(absent, Words(Language::English)).is_err());
    }
}
