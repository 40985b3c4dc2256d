//! Why a form is shown again: its mistakes, each beside its field.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{frame, prose::Prose, words::Words};
use crate::shell::http::problem::{FieldError, Problem};

/// What is wrong with a form; by default nothing, as long as nobody has sent it.
#[derive(Debug, Clone, Default)]
pub struct Mistakes {
    status: StatusCode,
    of_fields: Vec<Mistake>,
    detail: Option<String>,
}

/// What is wrong with one field.
#[derive(Debug, Clone)]
struct Mistake {
    field: String,
    text: String,
}

/// What stands below a field.
#[derive(Template)]
#[template(path = "part/wrong.html")]
struct Wrong {
    id: String,
    text: Prose,
}

/// What stands below a field, if something is wrong with it.
#[derive(Debug)]
pub struct Beside {
    id: String,
    text: Option<String>,
}

impl Mistakes {
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
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => {
                let language = words.language();
                language.sentence(&problem.detail().in_language(language))
            }
            _ => return Err(problem),
        };
        Ok(Self { detail: Some(detail), ..Self::of_fields(&problem, words) })
    }

    /// Of the fields of a form that was refused.
    pub fn of_fields(problem: &Problem, words: Words) -> Self {
        let mistake =
            |error: &FieldError| Mistake { field: error.field.clone(), text: said(error, words) };
        let of_fields = problem.errors().iter().map(mistake).collect();
        Self { status: problem.status(), of_fields, detail: None }
    }

    /// Of one field.
    pub fn one(field: &str, text: impl Into<String>) -> Self {
        let mistake = Mistake { field: field.to_owned(), text: text.into() };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, of_fields: vec![mistake], detail: None }
    }

    /// What is wrong with all of it.
    pub fn detail(&self) -> Option<Prose> {
        self.detail.as_deref().map(Prose::new)
    }

    /// Whether something is wrong with a field, or with one of several values in it (`rungs[2]`).
    pub fn has(&self, field: &str) -> bool {
        self.of_field(field).next().is_some()
    }

    /// What stands below a field: what is allowed, if something else stands there.
    pub fn beside(&self, field: &str) -> Beside {
        let mut texts: Vec<_> = self.of_field(field).collect();
        texts.dedup();
        Beside { id: id(field), text: (!texts.is_empty()).then(|| texts.join(" ")) }
    }

    /// The attributes of an input that say so to those who do not see it.
    pub fn aria(&self, field: &str) -> Aria {
        Aria(self.has(field).then(|| id(field)))
    }

    /// The attribute of a group of inputs that says so: a group itself is not invalid.
    pub fn described(&self, field: &str) -> Described {
        Described(self.has(field).then(|| id(field)))
    }

    fn of_field(&self, field: &str) -> impl Iterator<Item = &str> {
        let is_of = move |mistake: &&Mistake| {
            let rest = mistake.field.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        self.of_fields.iter().filter(is_of).map(|mistake| mistake.text.as_str())
    }

    /// The page with the form, as the answer that it is.
    pub fn answer(&self, page: &impl Template) -> Response {
        (self.status, frame::answer(page)).into_response()
    }
}

/// What is said of a mistake: by the name of the whole field, or of its last part, since every
/// robot has a `webhook`; else what is wrong with what was typed.
fn said(FieldError { field, value, want }: &FieldError, words: Words) -> String {
    let language = words.language();
    let field = field.split('[').next().unwrap_or_default();
    let last = field.rsplit('.').next().unwrap_or_default();
    let known = |field: &str| {
        let token = field.replace('.', "-");
        words.known_token("wrong", &token, &want.in_language(language))
    };
    let otherwise = || language.sentence(&want.against(value, language));
    known(field).or_else(|| known(last)).unwrap_or_else(otherwise)
}

fn id(field: &str) -> String {
    format!("{}-wrong", field.replace('.', "-"))
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(text) = &self.text else { return Ok(()) };
        let wrong = Wrong { id: self.id.clone(), text: Prose::new(text) };
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
    use crate::domain::{
        inventory::Invalid,
        language::Language,
        refusal::Thing,
        want::{Flaw, Want},
    };

    fn mistakes(language: Language) -> Mistakes {
        let wrong = vec![
            Invalid::new("contacts[1]", "<x>", Want::ContactId),
            Invalid::new("dingtalk.webhook", "…", Flaw::Said("<b>https</b>".to_owned())),
            Invalid::new("colour", "blue", Flaw::Said("no <colour>".to_owned())),
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
    fn what_is_wrong_with_several_values_stands_beside_their_field() {
        let error = |field: &str, value: &str| Invalid::new(field, value, Want::UpTo(7));
        let wrong = vec![error("rungs[1]", "x"), error("rungs[2]", "y"), error("sni", "")];
        let wrong = Mistakes::of_fields(&Problem::invalid(wrong), Words(Language::English));
        let beside = |field: &str| wrong.beside(field).to_string();
        assert!(
            beside("rungs").contains("<code>x</code>: want 1 to 7. <code>y</code>: want 1 to 7.")
        );
        assert!(beside("sni").contains(">Want 1 to 7.<"));
        assert_eq!((beside("rung"), beside("tags")), (String::new(), String::new()));
    }

    #[test]
    fn what_is_allowed_is_shown_as_text() {
        let english = mistakes(Language::English);
        let webhook = english.beside("dingtalk.webhook").to_string();
        assert!(!webhook.contains("<b>") && webhook.contains("https"), "{webhook}");
        assert!(english.beside("colour").to_string().contains("No &#60;colour&#62;."));
    }

    #[test]
    fn what_nobody_can_mend_is_no_mistake() {
        assert!(Mistakes::of(Problem::bug(), Words(Language::English)).is_err());
        let absent = Problem::absent(Thing::Contact, "x");
        assert!(Mistakes::of(absent, Words(Language::English)).is_err());
    }
}
