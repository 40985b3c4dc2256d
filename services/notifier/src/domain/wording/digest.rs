//! Several letters in one: what came within a short time, or was held up by the limits of a robot.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::{SignedDuration, Timestamp};
use proto::{
    id::DeliveryId,
    v1::{Kind, Severity},
};

use super::{
    Fact, Letter, Letterhead, Line, Link, footer,
    moment::Clock,
    phrases::{Label, Phrases},
    phrases_of,
};
use crate::domain::roster::Contact;

/// What began within such a time began together.
const ABOUT: SignedDuration = SignedDuration::from_mins(10);

/// Letters of one kind, in the order in which they came.
struct Section<'a> {
    kind: Kind,
    letters: Vec<&'a Letter>,
}

/// How a digest speaks, and where it leads.
struct Voice<'a> {
    phrases: &'a dyn Phrases,
    clock: &'a Clock<'a>,
    /// The page that it leads to as a whole.
    overview: &'a str,
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
    let voice = Voice { phrases, clock: &clock, overview: &head.console };
    facts.extend(sections.iter().flat_map(|section| section.facts(&voice)));
    facts.extend(notes(phrases, letters));
    Letter {
        subject: title.clone(),
        title,
        sentence: phrases.gathered(letters.len()),
        action: None,
        facts,
        note: None,
        link: Link {
            label: phrases.label(Label::Page),
            url: head.console.clone(),
            is_proof: false,
        },
        pem: None,
        footer: footer(lead),
        kind: Kind::Unspecified,
        severity: letters.iter().map(|letter| letter.severity).max().unwrap_or_default(),
        language: first.language,
        name: String::new(),
        detected_at: first.detected_at,
        since: None,
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
    Fact::new(phrases.label(Label::Detected), [line])
}

/// Owner notes, each once, with the names that it is about.
fn notes(phrases: &dyn Phrases, letters: &[&Letter]) -> Option<Fact> {
    let mut notes: Vec<(&[Line], Vec<&str>)> = Vec::new();
    for letter in letters {
        let Some(note) = &letter.note else { continue };
        match notes.iter_mut().find(|(lines, _)| *lines == note.lines) {
            Some((_, names)) => names.push(&letter.name),
            None => notes.push((&note.lines, vec![&letter.name])),
        }
    }
    let line = |(lines, names): (&[Line], Vec<&str>)| {
        let lines: Vec<_> = lines.iter().map(|line| &*line.text).collect();
        let (first, more) = (names.first().copied().unwrap_or_default(), names.len() - 1);
        let more = if more > 0 { format!(" {}", phrases.more(more)) } else { String::new() };
        format!("{first}{more}{}{}", phrases.colon(), lines.join(" / "))
    };
    let lines: Vec<_> = notes.into_iter().map(line).collect();
    (!lines.is_empty()).then(|| Fact::new(phrases.label(Label::OwnerNote), lines))
}

impl Letter {
    /// What it asks for on a channel to which nothing can be attached.
    pub(super) fn action_unattached(&self) -> Vec<&str> {
        match &self.action {
            None => Vec::new(),
            Some(_) if self.pem.is_some() => vec![phrases_of(self.language).deploy_from_page()],
            Some(action) => action.lines.iter().map(|line| &*line.text).collect(),
        }
    }
}

impl Section<'_> {
    fn severity(&self) -> Severity {
        self.letters.iter().map(|letter| letter.severity).max().unwrap_or_default()
    }

    /// One fact for each certificate that several domains share, and of the rest one for each thing
    /// to do.
    fn facts(&self, voice: &Voice<'_>) -> Vec<Fact> {
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
        let rest = self.letters.iter().copied().filter(|one| !is_shared(one));
        let of_one = shared.values().map(|letters| self.of_one_certificate(voice, letters));
        let of_rest = by_action(rest).into_iter().map(|(actions, letters)| {
            self.fact(voice, &letters, None, asked(actions), |letter| &letter.sentence)
        });
        of_one.chain(of_rest).collect()
    }

    /// What is wrong is said once, then the names.
    fn of_one_certificate(&self, voice: &Voice<'_>, letters: &[&Letter]) -> Fact {
        let phrases = voice.phrases;
        let labels = [Label::Certificate, Label::Validity].map(|label| phrases.label(label));
        let said = letters[0].facts.iter().filter(|fact| labels.contains(&&*fact.label));
        let evidence = said.map(|fact| {
            let lines: Vec<_> = fact.lines.iter().map(|line| &*line.text).collect();
            format!("{}{}{}", fact.label, phrases.colon(), lines.join(phrases.comma()))
        });
        let common = asked(actions(letters)).chain(evidence);
        self.fact(voice, letters, Some(phrases.one_certificate()), common, |letter| &letter.name)
    }

    /// What is common to all first, since a list is cut at its end; then a line for each.
    fn fact(
        &self,
        voice: &Voice<'_>,
        letters: &[&Letter],
        remark: Option<&str>,
        common: impl Iterator<Item = String>,
        said: impl Fn(&Letter) -> &str,
    ) -> Fact {
        let title = voice.phrases.title(self.kind);
        let label = match (letters.len(), remark) {
            (1, _) => Cow::from(title),
            (count, None) => format!("{title} ({count})").into(),
            (count, Some(remark)) => format!("{title} ({count}, {remark})").into(),
        };
        let since = since(voice.clock, letters);
        let mut fact = Fact::new(label, common);
        fact.lines.extend(since.iter().map(|since| voice.since(since).into()));
        fact.lines.extend(letters.iter().map(|letter| {
            let own = letter.since.filter(|_| since.is_none());
            let own = own.map(|at| format!(" · {}", voice.since(&voice.clock.local(at))));
            let text = format!("{}{}", said(letter), own.unwrap_or_default());
            Line { text, page: voice.page(letter) }
        }));
        fact
    }
}

impl Voice<'_> {
    fn since(&self, at: &str) -> String {
        format!("{}{}{at}", self.phrases.label(Label::Since), self.phrases.colon())
    }

    /// Where a letter leads, unless all do, or nobody else may see where.
    fn page(&self, letter: &Letter) -> Option<String> {
        let Link { url, is_proof, .. } = &letter.link;
        (!is_proof && url != self.overview).then(|| url.clone())
    }
}

/// Since when all letters are, if that is about the same time: who reads of many wants each name
/// more than its minute.
fn since(clock: &Clock<'_>, letters: &[&Letter]) -> Option<String> {
    let since: Option<Vec<_>> = letters.iter().map(|letter| letter.since).collect();
    let since = since?;
    let (from, to) = (*since.iter().min()?, *since.iter().max()?);
    if from == to {
        return Some(clock.both(from));
    }
    let is_close = to.duration_since(from) <= ABOUT;
    is_close.then(|| format!("{} – {}", clock.both(from), clock.both(to)))
}

/// Letters in groups that ask for the same, each with that.
fn by_action<'a>(
    letters: impl Iterator<Item = &'a Letter>,
) -> Vec<(Vec<&'a str>, Vec<&'a Letter>)> {
    let mut groups: Vec<(Vec<&str>, Vec<&Letter>)> = Vec::new();
    for letter in letters {
        let asked = actions(&[letter]);
        match groups.iter_mut().find(|(action, _)| *action == asked) {
            Some((_, group)) => group.push(letter),
            None => groups.push((asked, vec![letter])),
        }
    }
    groups
}

/// What letters ask for, each once. Nothing is attached to a digest.
fn actions<'a>(letters: &[&'a Letter]) -> Vec<&'a str> {
    let mut actions = Vec::new();
    for action in letters.iter().flat_map(|letter| letter.action_unattached()) {
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    actions
}

fn asked(actions: Vec<&str>) -> impl Iterator<Item = String> {
    actions.into_iter().map(|action| format!("→ {action}"))
}
