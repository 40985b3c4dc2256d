//! The words of the pages, in each language: Fluent messages (<https://projectfluent.org>) under
//! `locale/`, one file a page.
//!
//! A message that is missing is shown as its key; a test finds it before anybody else does.

use std::{
    borrow::{Borrow, Cow},
    sync::LazyLock,
};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use proto::v1::{Kind, Severity, State};
use unic_langid::{LanguageIdentifier, langid};

use crate::domain::language::Language;

/// The files of one language.
macro_rules! files {
    ($language:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("locale/", $language, "/", $name, ".ftl")))),+]
    };
}

type Files = &'static [(&'static str, &'static str)];

const ENGLISH: Files = files!(
    "en": "account", "anomalies", "audit", "common", "contacts", "deliveries", "domain", "domains",
    "door", "inbox", "notification", "overview", "system",
);
const CHINESE: Files = files!(
    "zh-CN": "account", "anomalies", "audit", "common", "contacts", "deliveries", "domain",
    "domains", "door", "inbox", "notification", "overview", "system",
);

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle(langid!("en"), ENGLISH), bundle(langid!("zh-CN"), CHINESE)]);

fn bundle(language: LanguageIdentifier, files: Files) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Marks of direction around each value would be copied along with it.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(grouped));
    for (name, text) in files {
        let resource = FluentResource::try_new((*text).to_owned());
        let resource = resource.unwrap_or_else(|(_, errors)| {
            panic!("{name}.ftl is part of the program and parses: {errors:?}")
        });
        bundle.add_resource(resource).expect("each message stands in one file");
    }
    bundle
}

/// Numbers with a comma between thousands, as both languages write them.
fn grouped(
    value: &FluentValue<'_>,
    _: &intl_memoizer::concurrent::IntlLangMemoizer,
) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let digits = number.as_string();
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    Some(text + rest)
}

/// What speaks to one viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub Language);

impl Words {
    /// The language they are in.
    pub fn language(self) -> Language {
        self.0
    }

    /// A message without values.
    pub fn say(self, key: &str) -> Cow<'static, str> {
        self.formatted(key, None)
    }

    /// A message with one value, named `value`.
    pub fn with(self, key: &str, value: impl AsRef<str>) -> Cow<'static, str> {
        let mut args = FluentArgs::new();
        args.set("value", value.as_ref().to_owned());
        self.formatted(key, Some(&args))
    }

    /// A message with a number, named `count`.
    pub fn count(self, key: &str, count: impl Count) -> Cow<'static, str> {
        let mut args = FluentArgs::new();
        args.set("count", count.number());
        self.formatted(key, Some(&args))
    }

    /// A message with several values.
    pub fn filled<'v>(
        self,
        key: &str,
        values: impl IntoIterator<Item = (&'static str, FluentValue<'v>)>,
    ) -> Cow<'static, str> {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(name, value);
        }
        self.formatted(key, Some(&args))
    }

    /// Name of a kind.
    pub fn kind(self, kind: impl Borrow<Kind>) -> Cow<'static, str> {
        self.token("kind", kind.borrow().token())
    }

    /// Name of a severity.
    pub fn severity(self, severity: impl Borrow<Severity>) -> Cow<'static, str> {
        self.token("severity", severity.borrow().token())
    }

    /// Name of a state.
    pub fn state(self, state: impl Borrow<State>) -> Cow<'static, str> {
        self.token("state", state.borrow().token())
    }

    /// What people call one value of several: `kind` and `chain_incomplete` make
    /// `kind-chain-incomplete`.
    pub fn token(self, what: &str, token: &str) -> Cow<'static, str> {
        self.say(&format!("{what}-{}", token.replace('_', "-")))
    }

    /// The same with several values.
    pub fn filled_token<'v>(
        self,
        what: &str,
        token: &str,
        values: impl IntoIterator<Item = (&'static str, FluentValue<'v>)>,
    ) -> Cow<'static, str> {
        self.filled(&format!("{what}-{}", token.replace('_', "-")), values)
    }

    /// The same with a value, named `value`, if there is such a message.
    pub fn known_token(self, what: &str, token: &str, value: &str) -> Option<String> {
        let key = format!("{what}-{}", token.replace('_', "-"));
        self.bundle().has_message(&key).then(|| self.with(&key, value).into_owned())
    }

    /// A message without values, if there is one of this key.
    pub fn known(self, key: &str) -> Option<String> {
        self.bundle().has_message(key).then(|| self.say(key).into_owned())
    }

    fn formatted(self, key: &str, args: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else { return key.to_owned().into() };
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, args, &mut errors).into_owned().into()
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        let [english, chinese] = &*BUNDLES;
        match self.0 {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

/// A number of things, as templates pass it.
pub trait Count {
    /// The number.
    fn number(&self) -> i64;
}

impl Count for usize {
    fn number(&self) -> i64 {
        i64::try_from(*self).unwrap_or(i64::MAX)
    }
}

impl Count for u32 {
    fn number(&self) -> i64 {
        i64::from(*self)
    }
}

impl Count for i64 {
    fn number(&self) -> i64 {
        *self
    }
}

impl<C: Count> Count for &C {
    fn number(&self) -> i64 {
        (*self).number()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use proto::v1::{LogEvent, LogRecord, StateChanged, log_event};

    use super::*;
    use crate::domain::{inventory::contact::CHANNELS, sentence, timeline};

    /// The keys that a language has, sorted, with how each names its values.
    fn keys(files: Files) -> Vec<(String, Vec<String>)> {
        let lines = files.iter().flat_map(|(_, text)| text.lines());
        let mut keys: Vec<(String, Vec<String>)> = Vec::new();
        for line in lines {
            let is_key = line.starts_with(|c: char| c.is_ascii_lowercase());
            if let Some((key, _)) = line.split_once(" =").filter(|_| is_key) {
                keys.push((key.to_owned(), vec![]));
            }
            let values = line
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(char::is_ascii_alphabetic).collect::<String>());
            if let Some((_, have)) = keys.last_mut() {
                have.extend(values);
                have.sort();
                have.dedup();
            }
        }
        keys.sort();
        keys
    }

    #[test]
    fn each_language_has_every_message_with_the_same_values() {
        let (english, chinese) = (keys(ENGLISH), keys(CHINESE));
        for key in &english {
            assert!(chinese.contains(key), "zh-CN lacks, or fills otherwise, {key:?}");
        }
        assert_eq!(english.len(), chinese.len(), "zh-CN has messages that en lacks");
        let unique: BTreeSet<_> = english.iter().map(|(key, _)| key).collect();
        assert_eq!(unique.len(), english.len(), "each message stands once");
    }

    #[test]
    fn whatever_is_said_has_a_message_and_no_message_is_idle() {
        let known: BTreeSet<_> = keys(ENGLISH).into_iter().map(|(key, _)| key).collect();
        let mut sources = String::new();
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shell/page"), &mut sources);
        let mut said = BTreeSet::new();
        for verb in [".say(\"", ".with(\"", ".count(\"", ".filled(\""] {
            let calls = sources.split(verb).skip(1);
            said.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
        let missing: Vec<_> = said.iter().filter(|key| !known.contains(*key)).collect();
        assert!(missing.is_empty(), "messages that no file has: {missing:?}");
        // Those that are put together from a token stand behind one of these.
        let families = sources.split("token(\"").skip(1).filter_map(|rest| rest.split_once('"'));
        let families: BTreeSet<_> = families.map(|(family, _)| format!("{family}-")).collect();
        let is_used = |key: &&String| {
            // What a form came to is named by a key in an address.
            let notice = key.strip_prefix("notice-").map(|name| format!("\"{name}\""));
            notice.is_some_and(|name| sources.contains(&name))
                || said.contains(*key)
                || families.iter().any(|family| key.starts_with(family.as_str()))
        };
        let idle: Vec<_> = known.iter().filter(|key| !is_used(key)).collect();
        assert!(idle.is_empty(), "messages that nothing says: {idle:?}");
    }

    fn read(folder: &Path, sources: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            match ending {
                _ if path.is_dir() => read(&path, sources),
                // Of this file only the methods that put keys together.
                Some("rs") if path.ends_with("page/words.rs") => {
                    let text = fs::read_to_string(&path).unwrap();
                    sources.push_str(text.split("#[cfg(test)]").next().unwrap());
                }
                Some("rs" | "html") => sources.push_str(&fs::read_to_string(&path).unwrap()),
                _ => {}
            }
        }
    }

    #[test]
    fn a_colon_between_two_things_is_that_of_the_language() {
        let mut pages = String::new();
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shell/page/html"), &mut pages);
        let line = pages.lines().find(|line| line.contains("}: ") || line.contains(">: "));
        assert_eq!(line, None);
    }

    #[test]
    fn every_kind_severity_and_state_has_a_name() {
        for words in Language::ALL.map(Words) {
            for kind in Kind::ALL {
                assert!(!words.kind(*kind).starts_with("kind-"), "{kind:?}");
            }
            for severity in Severity::ALL {
                assert!(!words.severity(*severity).starts_with("severity-"), "{severity:?}");
            }
            for state in State::ALL {
                assert!(!words.state(*state).starts_with("state-"), "{state:?}");
            }
        }
    }

    #[test]
    fn sentences_call_kinds_states_and_methods_as_the_pages_do() {
        for language in Language::ALL {
            let words = Words(language);
            for kind in Kind::ALL {
                assert_eq!(words.kind(*kind), sentence::kind(language, *kind));
            }
            for method in CHANNELS {
                let name = words.token("method", method);
                assert!(name.eq_ignore_ascii_case(sentence::method(language, method)), "{name}");
            }
            for state in State::ALL {
                let changed = StateChanged { from: *state as i32, to: State::Secure as i32 };
                let event = Some(log_event::Event::StateChanged(changed));
                let record = LogRecord { events: vec![LogEvent { event }], ..LogRecord::default() };
                let said = timeline::of([(1, record)].into_iter(), language);
                assert!(said[0].text.contains(&*words.state(*state)), "{}", said[0].text);
            }
        }
    }

    #[test]
    fn numbers_and_values_are_put_in() {
        let english = Words(Language::English);
        assert_eq!(english.count("unread-entries", 1_i64), "Inbox, 1 unread message");
        let many = english.count("unread-entries", 1_234_567_i64);
        assert_eq!(many, "Inbox, 1,234,567 unread messages");
        let chinese = Words(Language::Chinese);
        assert_eq!(chinese.count("unread-entries", 3_i64), "站内信，3 条未读");
        assert_eq!(english.say("no-such-message"), "no-such-message");
    }
}
