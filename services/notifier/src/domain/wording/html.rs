//! A letter as a page for mail: every value is escaped by the template engine.

use std::sync::LazyLock;

use minijinja::{Environment, context};
use proto::v1::Severity;

use super::{Fact, Letter, Line};

/// The name ends in `.html`, which is what turns escaping on.
const PAGE: &str = "mail.html";

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates
        .add_template(PAGE, include_str!("mail.html"))
        .expect("the template is part of the program and parses");
    templates
});

pub(super) fn page(letter: &Letter) -> String {
    let facts: Vec<_> = letter.facts.iter().map(labelled).collect();
    let values = context! {
        language => letter.language.tag(),
        title => &letter.title,
        sentence => &letter.sentence,
        colour => colour(letter.severity),
        action => letter.action.as_ref().map(labelled),
        facts,
        note => letter.note.as_ref().map(labelled),
        url => &letter.link.url,
        link => letter.link.label,
        footer => &letter.footer,
    };
    let page = TEMPLATES.get_template(PAGE).and_then(|template| template.render(values));
    page.expect("the template names only values that are given")
}

fn labelled(fact: &Fact) -> minijinja::Value {
    let line = |line: &Line| context! { text => &line.text, page => &line.page };
    context! { label => &*fact.label, lines => fact.lines.iter().map(line).collect::<Vec<_>>() }
}

/// Told apart with and without colour vision, on light and on dark.
fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#b3261e",
        Severity::Warning => "#9a6700",
        Severity::Info | Severity::Unspecified => "#1a7f37",
    }
}
