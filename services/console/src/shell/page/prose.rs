//! Sentences as the API has them, in which names stand between backticks.

use std::fmt;

use askama::{Template, filters::HtmlSafe};

use crate::domain::{language::Language, refusal::Refusal};

/// A sentence whose names are set apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose(String);

/// How it stands in a page.
#[derive(Template)]
#[template(path = "part/prose.html")]
struct Shown<'a> {
    /// Texts and names in turn.
    parts: Vec<(&'a str, bool)>,
}

impl Prose {
    /// A sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Why something is not done, as a sentence.
    pub fn refusal(refusal: &Refusal, language: Language) -> Self {
        Self::new(language.sentence(&refusal.in_language(language)))
    }

    fn parts(&self) -> Vec<(&str, bool)> {
        let mut parts = Vec::new();
        let mut rest = self.0.as_str();
        while let Some((text, (name, after))) =
            rest.split_once('`').and_then(|(text, rest)| Some((text, rest.split_once('`')?)))
        {
            parts.extend([(text, false), (name, true)]);
            rest = after;
        }
        parts.push((rest, false));
        parts
    }
}

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Shown { parts: self.parts() };
        f.write_str(&shown.render().map_err(|_| fmt::Error)?)
    }
}

/// The template escapes what it shows.
impl HtmlSafe for Prose {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_set_apart_and_stay_text() {
        for (text, html) in [
            ("Nothing.", "Nothing."),
            ("`a.b`; it is `c`.", "<code>a.b</code>; it is <code>c</code>."),
            ("`<b>` is <i>", "<code>&#60;b&#62;</code> is &#60;i&#62;"),
            ("`a` is ` alone", "<code>a</code> is ` alone"),
            ("", ""),
        ] {
            assert_eq!(Prose::new(text).to_string(), html);
        }
    }
}
