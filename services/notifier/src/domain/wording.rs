//! News in words: what a tired person must read, in their language and their time zone.
//!
//! A [`Letter`] is the same for every channel; each channel puts it into its richest form. Values
//! that come from strangers' certificates are made harmless here, once: no control characters, no
//! characters that turn the direction of writing, no line breaks, nothing overlong.

mod digest;
mod en;
mod facts;
mod html;
mod moment;
mod phrases;
mod plain;
mod saying;
mod zh_cn;

#[cfg(test)]
pub(crate) mod specimen;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use proto::{
    id::DeliveryId,
    v1::{BrokenChannel, InboxEntry, Kind, Severity, event::Phase, evidence::Case},
};

pub use self::digest::digest;
use self::{
    moment::Clock,
    phrases::{Label, Phrases},
    saying::Saying,
};
use crate::domain::{
    news::News,
    plan::Root,
    roster::{Contact, Language},
    thread::step::Cause,
};

/// Characters of a delivery id that are shown, so that people and tests spot a repeat: 30 bits.
const NUMBER_LEN: usize = 6;

/// What is to be put into words, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The news.
    pub news: &'a News,
    /// What asked for it.
    pub cause: Cause,
    /// 0 for the first telling, then one more for each reminder.
    pub reminder: u32,
    /// Whom it is told.
    pub contact: &'a Contact,
    /// Free text of the domain's owner; empty if there is none.
    pub owner_note: &'a str,
    /// What it answers to.
    pub roots: &'a [Root],
    /// Where it leads instead of the domain's page: the link of a verification.
    pub link: Option<&'a str>,
    /// The channel that it tells of, if it tells of one.
    pub broken_channel: Option<&'a BrokenChannel>,
    /// Now: what time is left is counted from here.
    pub now: Timestamp,
}

/// How the installation presents itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// What every subject begins with. Robots that demand a keyword get it here.
    pub prefix: String,
    /// Where the console is, without a slash at the end.
    pub console: String,
}

/// News in words. Each text is harmless to show as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line that names domain and matter.
    pub title: String,
    /// The title of what it answers to, or its own: mail readers thread by it.
    pub subject: String,
    /// What is wrong, in one sentence.
    pub sentence: String,
    /// What to do now. None if several news ask for several things: each fact then says its own.
    pub action: Option<Fact>,
    /// Evidence, times, severity.
    pub facts: Vec<Fact>,
    /// The owner note, with its line breaks.
    pub note: Option<Fact>,
    /// The page of the domain.
    pub link: Link,
    /// Certificates to deploy, as PEM.
    pub pem: Option<String>,
    /// Tells this message from others: the beginning of the delivery's id, and the program's name.
    pub footer: String,
    /// What happened.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The language of it all.
    pub language: Language,
    /// The domain, or the prober. Empty of a digest and of a test.
    pub name: String,
    /// When it was detected.
    pub detected_at: Timestamp,
    /// Since when it is wrong, if an anomaly is open.
    pub since: Option<Timestamp>,
    /// SHA-256 of the leaf that it is about, if it is about one.
    pub certificate: Option<Bytes>,
}

/// A labelled value of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: Cow<'static, str>,
    /// It.
    pub lines: Vec<Line>,
}

/// One line of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// The page of what it is about, unless the letter leads there as well.
    pub page: Option<String>,
}

/// A labelled address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is there.
    pub label: &'static str,
    /// Where.
    pub url: String,
    /// Following it proves that one reads what is sent to an address: nobody else may see it.
    pub is_proof: bool,
}

/// Puts news into words.
pub fn compose(brief: &Brief<'_>, head: &Letterhead) -> Letter {
    let Brief { news, contact, .. } = *brief;
    let phrases = phrases_of(contact.language);
    let clock = Clock::new(&contact.zone, &contact.zone_name);
    let saying = saying(brief);
    let name = match brief.broken_channel {
        Some(broken) => plain::line(phrases.channel(&broken.channel)),
        None => plain::line(&news.name().to_string()),
    };
    let title = match (brief.broken_channel, brief.cause) {
        (Some(_), _) => titled(phrases, head, phrases.label(Label::BrokenChannel), &name),
        (None, Cause::Verification) => head.prefixed(phrases.label(Label::Verify)),
        (None, _) => title(phrases, head, news.kind(), &name),
    };
    let leaf = news.evidence().and_then(|evidence| evidence.leaf.as_ref());
    let fact = |label, lines| Fact::new(phrases.label(label), lines);
    let note = plain::paragraphs(brief.owner_note);
    let action = phrases.action(&saying).to_owned();
    Letter {
        subject: subject(brief, head, phrases, &name).unwrap_or_else(|| title.clone()),
        title,
        sentence: plain::line(&phrases.sentence(&name, &saying, &clock)),
        action: Some(fact(Label::Action, vec![action])),
        facts: facts::of(brief, phrases, &clock),
        note: (!note.is_empty()).then(|| fact(Label::OwnerNote, note)),
        link: link(brief, head, phrases),
        pem: pem(news),
        footer: footer(brief.delivery),
        kind: news.kind(),
        severity: news.severity(),
        language: contact.language,
        detected_at: news.detected_at(),
        since: news.alarm().map(|_| news.since()),
        certificate: leaf.map(|leaf| leaf.sha256.clone()).filter(|sha256| !sha256.is_empty()),
        name,
    }
}

impl Fact {
    fn new(label: impl Into<Cow<'static, str>>, lines: impl IntoIterator<Item = String>) -> Self {
        Self { label: label.into(), lines: lines.into_iter().map(Line::from).collect() }
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self { text, page: None }
    }
}

impl Letter {
    /// The letter as plain text.
    pub fn text(&self) -> String {
        self.text_with(Some(&self.link))
    }

    /// The same, for who takes no links.
    pub fn text_without_link(&self) -> String {
        self.text_with(None)
    }

    fn text_with(&self, shown: Option<&Link>) -> String {
        let colon = phrases_of(self.language).colon();
        let mut text = format!("{}\n\n{}\n\n", self.title, self.sentence);
        for fact in self.action.iter().chain(&self.facts).chain(&self.note) {
            match &fact.lines[..] {
                [line] => text.extend([&*fact.label, colon, &line.text]),
                lines => {
                    text.extend([&*fact.label, colon.trim_end()]);
                    for line in lines {
                        text.extend(["\n  ", &line.text]);
                        if let Some(page) = line.page.as_ref().filter(|_| shown.is_some()) {
                            text.extend(["  ", page]);
                        }
                    }
                }
            }
            text.push('\n');
            if Some(fact) == self.action.as_ref() {
                text.push('\n');
            }
        }
        text.push('\n');
        if let Some(link) = shown {
            text.extend([&link.url, "\n"]);
        }
        text.extend([&self.footer, "\n"]);
        text
    }

    /// The letter for a channel to which nothing can be attached: it says where that is instead.
    #[must_use]
    pub fn unattached(&self) -> Self {
        let mut letter = self.clone();
        if letter.pem.take().is_some()
            && let Some(action) = &mut letter.action
        {
            let asked = self.action_unattached().into_iter();
            action.lines = asked.map(|line| line.to_owned().into()).collect();
        }
        letter
    }

    /// The letter without the pages of single lines: its own link leads to all of them.
    #[must_use]
    pub fn without_pages(&self) -> Self {
        let mut letter = self.clone();
        for line in letter.facts.iter_mut().flat_map(|fact| &mut fact.lines) {
            line.page = None;
        }
        letter
    }

    /// The letter as a page that stands alone: styled inline, without anything to be fetched.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// The letter as the inbox keeps it, to which nothing is attached.
    pub fn inbox_entry(&self) -> InboxEntry {
        InboxEntry {
            title: self.title.clone(),
            text: self.unattached().text(),
            kind: self.kind as i32,
            severity: self.severity as i32,
        }
    }
}

/// What could not be told: one letter, or everything through its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// This letter.
    Letter,
    /// Every letter, of which this is one.
    Channel,
    /// Every letter, and this one waits for the end of that.
    Waiting,
}

/// The inbox entry that says that a letter could not be told through another channel, and why.
pub fn undelivered(letter: &Letter, what: Undelivered, channel: &str, reason: &str) -> InboxEntry {
    let (phrases, reason) = (phrases_of(letter.language), plain::line(reason));
    let why = match what {
        Undelivered::Letter => phrases.undelivered(channel, &reason),
        Undelivered::Channel => phrases.out_of_order(channel, &reason),
        Undelivered::Waiting => phrases.waiting(channel, &reason),
    };
    let link = Some(&letter.link).filter(|link| !link.is_proof);
    InboxEntry {
        title: letter.title.clone(),
        text: format!("{why}\n\n{}", letter.unattached().text_with(link)),
        kind: letter.kind as i32,
        severity: letter.severity as i32,
    }
}

/// That a list goes on, with so many more.
pub fn more(language: Language, count: usize) -> String {
    phrases_of(language).more(count)
}

fn phrases_of(language: Language) -> &'static dyn Phrases {
    match language {
        Language::En => &en::English,
        Language::ZhCn => &zh_cn::Chinese,
    }
}

fn saying<'a>(brief: &Brief<'a>) -> Saying<'a> {
    match (brief.broken_channel, brief.cause) {
        (Some(BrokenChannel { channel, .. }), _) => {
            Saying::BrokenChannel { channel, contact: &brief.contact.name }
        }
        (None, Cause::Verification) => Saying::Verification,
        (None, _) => Saying::of(brief.news, brief.now),
    }
}

fn title(phrases: &dyn Phrases, head: &Letterhead, kind: Kind, name: &str) -> String {
    titled(phrases, head, phrases.title(kind), name)
}

fn titled(phrases: &dyn Phrases, head: &Letterhead, matter: &str, name: &str) -> String {
    let said = if name.is_empty() {
        matter.to_owned()
    } else {
        format!("{name}{}{matter}", phrases.colon())
    };
    head.prefixed(&said)
}

impl Letterhead {
    /// A title with what every title begins with.
    fn prefixed(&self, title: &str) -> String {
        if self.prefix.is_empty() { title.to_owned() } else { format!("{} {title}", self.prefix) }
    }
}

/// The title of the first that this letter answers to, marked as an answer.
fn subject(
    brief: &Brief<'_>,
    head: &Letterhead,
    phrases: &dyn Phrases,
    name: &str,
) -> Option<String> {
    let root = brief.roots.first()?;
    Some(format!("Re: {}", title(phrases, head, root.kind, name)))
}

fn link(brief: &Brief<'_>, head: &Letterhead, phrases: &dyn Phrases) -> Link {
    let console = &head.console;
    let (label, url) = match (brief.link, brief.broken_channel, brief.news.domain()) {
        (Some(proof), ..) => (Label::Verify, proof.to_owned()),
        (None, Some(_), _) => (Label::Contacts, format!("{console}/contacts")),
        (None, None, Some(domain)) => (Label::Page, format!("{console}/domains/{domain}")),
        (None, None, None) => (Label::Page, console.clone()),
    };
    Link { label: phrases.label(label), url, is_proof: brief.link.is_some() }
}

/// What is to be deployed, if the evidence brings it: nothing but what PEM is made of.
fn pem(news: &News) -> Option<String> {
    if news.phase() == Phase::Recovered {
        return None;
    }
    match news.evidence()?.case.as_ref()? {
        Case::MissingIssuer(missing) if !missing.pem.is_empty() => {
            let fits = |c: &char| c.is_ascii_graphic() || matches!(c, ' ' | '\n');
            Some(missing.pem.chars().filter(fits).collect())
        }
        Case::MissingIssuer(_)
        | Case::NoCertificate(_)
        | Case::Expiry(_)
        | Case::NameMismatch(_)
        | Case::Untrusted(_)
        | Case::Weakness(_)
        | Case::Mixed(_)
        | Case::Change(_)
        | Case::Blindness(_)
        | Case::ProberBlindness(_) => None,
    }
}

fn footer(delivery: DeliveryId) -> String {
    let number: String = delivery.to_string().chars().take(NUMBER_LEN).collect();
    format!("certherald · #{number}")
}
