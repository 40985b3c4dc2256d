//! Several letters in one: what came within a short time, or was held up by the limits of a robot.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use proto::{
    id::DeliveryId,
    v1::{Kind, Severity},
};

use super::{
    Fact, Letter, Letterhead, Link, footer,
    moment::Clock,
    phrases::{Label, Phrases},
    phrases_of,
};
use crate::domain::roster::Contact;

/// Letters of one kind, in the order in which they came.
struct Section<'a> {
    kind: Kind,
    letters: Vec<&'a Letter>,
}

/// Puts letters to one contact into one, what is worst first. One letter alone stays what it is.
///
/// # Panics
///
/// When there are none.
pub fn digest(
    letters: &[&Letter],
    contact: &Contact,
    head: &Letterhead,
    lead: DeliveryId,
) -> Letter {
    let first = letters.first().expect("a digest is made of letters");
    if letters.len() == 1 {
        return (*first).clone();
    }
    let phrases = phrases_of(first.language);
    let sections = sections(letters);
    let title = head.prefixed(&title(phrases, &sections, letters.len()));
    let clock = Clock::new(&contact.zone, &contact.zone_name);
    let mut facts = vec![detected(phrases, letters, &clock)];
    facts.extend(sections.iter().flat_map(|section| section.facts(phrases)));
    facts.extend(notes(phrases, letters));
    Letter {
        subject: title.clone(),
        title,
        sentence: phrases.gathered(letters.len()),
        action: None,
        facts,
        note: None,
        link: Link { label: phrases.label(Label::Page), url: head.console.clone() },
        pem: None,
        footer: footer(lead),
        kind: Kind::Unspecified,
        severity: letters.iter().map(|letter| letter.severity).max().unwrap_or_default(),
        language: first.language,
        name: String::new(),
        detected_at: first.detected_at,
        certificate: None,
    }
}

fn sections<'a>(letters: &[&'a Letter]) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    for letter in letters {
        match sections.iter_mut().find(|section| section.kind == letter.kind) {
            Some(section) => section.letters.push(letter),
            None => sections.push(Section { kind: letter.kind, letters: vec![letter] }),
        }
    }
    sections.sort_by_key(|section| std::cmp::Reverse(section.severity()));
    sections
}

/// How many of which kind.
fn title(phrases: &dyn Phrases, sections: &[Section<'_>], count: usize) -> String {
    let part = |section: &Section<'_>| {
        format!("{} × {}", section.letters.len(), phrases.title(section.kind))
    };
    let parts: Vec<_> = sections.iter().map(part).collect();
    format!("{}{}{}", phrases.messages(count), phrases.colon(), parts.join(phrases.comma()))
}

fn detected(phrases: &dyn Phrases, letters: &[&Letter], clock: &Clock<'_>) -> Fact {
    let instants = || letters.iter().map(|letter| letter.detected_at);
    let (from, to) = (instants().min(), instants().max());
    let both = |at: Option<Timestamp>| clock.both(at.unwrap_or_default());
    let line = if from == to { both(from) } else { format!("{} – {}", both(from), both(to)) };
    Fact { label: phrases.label(Label::Detected).into(), lines: vec![line] }
}

/// Owner notes, each once, with the names that it is about.
fn notes(phrases: &dyn Phrases, letters: &[&Letter]) -> Option<Fact> {
    let mut notes: Vec<(&[String], Vec<&str>)> = Vec::new();
    for letter in letters {
        let Some(note) = &letter.note else { continue };
        match notes.iter_mut().find(|(lines, _)| *lines == note.lines) {
            Some((_, names)) => names.push(&letter.name),
            None => notes.push((&note.lines, vec![&letter.name])),
        }
    }
    let line = |(lines, names): (&[String], Vec<&str>)| {
        let (first, more) = (names.first().copied().unwrap_or_default(), names.len() - 1);
        let more = if more > 0 { format!(" {}", phrases.more(more)) } else { String::new() };
        format!("{first}{more}{}{}", phrases.colon(), lines.join(" / "))
    };
    let lines: Vec<_> = notes.into_iter().map(line).collect();
    (!lines.is_empty()).then(|| Fact { label: phrases.label(Label::OwnerNote).into(), lines })
}

impl Section<'_> {
    fn severity(&self) -> Severity {
        self.letters.iter().map(|letter| letter.severity).max().unwrap_or_default()
    }

    /// One fact for each certificate that several domains share, one for all the rest.
    fn facts(&self, phrases: &dyn Phrases) -> Vec<Fact> {
        let mut shared: BTreeMap<&[u8], Vec<&Letter>> = BTreeMap::new();
        for letter in &self.letters {
            if let Some(certificate) = &letter.certificate {
                shared.entry(certificate).or_default().push(letter);
            }
        }
        shared.retain(|_, letters| letters.len() > 1);
        let is_shared = |letter: &Letter| {
            letter.certificate.as_ref().is_some_and(|one| shared.contains_key(&one[..]))
        };
        let rest: Vec<_> = self.letters.iter().copied().filter(|one| !is_shared(one)).collect();
        let of_one = shared.values().map(|letters| self.of_one_certificate(phrases, letters));
        let mut facts: Vec<_> = of_one.collect();
        if !rest.is_empty() {
            let sentences = rest.iter().map(|letter| letter.sentence.clone());
            facts.push(self.fact(phrases, &rest, None, sentences));
        }
        facts
    }

    /// What is wrong is said once, then the names.
    fn of_one_certificate(&self, phrases: &dyn Phrases, letters: &[&Letter]) -> Fact {
        let labels = [Label::Certificate, Label::Validity].map(|label| phrases.label(label));
        let said = letters[0].facts.iter().filter(|fact| labels.contains(&&*fact.label));
        let evidence = said.map(|fact| {
            format!("{}{}{}", fact.label, phrases.colon(), fact.lines.join(phrases.comma()))
        });
        let names = letters.iter().map(|letter| letter.name.clone());
        self.fact(phrases, letters, Some(phrases.one_certificate()), evidence.chain(names))
    }

    fn fact(
        &self,
        phrases: &dyn Phrases,
        letters: &[&Letter],
        remark: Option<&str>,
        lines: impl Iterator<Item = String>,
    ) -> Fact {
        let label = match (letters.len(), remark) {
            (1, _) => Cow::from(phrases.title(self.kind)),
            (count, None) => format!("{} ({count})", phrases.title(self.kind)).into(),
            (count, Some(remark)) => {
                format!("{} ({count}, {remark})", phrases.title(self.kind)).into()
            }
        };
        // Nothing is attached to a digest.
        let actions = letters.iter().filter_map(|letter| letter.unattached().action);
        let mut actions: Vec<_> = actions.collect();
        actions.dedup_by(|one, other| one.lines == other.lines);
        // First: where a list is cut, it is cut at its end.
        let action: Vec<_> = match &actions[..] {
            [action] => action.lines.iter().map(|line| format!("→ {line}")).collect(),
            _ => Vec::new(),
        };
        Fact { label, lines: action.into_iter().chain(lines).collect() }
    }
}
