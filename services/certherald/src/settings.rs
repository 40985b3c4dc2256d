//! Where settings come from: the command line, then the environment, then a file, then what this
//! command assumes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chassis::{
    broker::BrokerConfig,
    config::{ConfigError, Reader, Source, SourceError},
    start::ProcessConfig,
};

/// The manual: it names every setting of every service, and what else a file sets nobody reads.
const MANUAL: [&str; 5] = [
    include_str!("../../../deploy/env/common.env"),
    include_str!("../../../deploy/env/console.env"),
    include_str!("../../../deploy/env/detector.env"),
    include_str!("../../../deploy/env/notifier.env"),
    include_str!("../../../deploy/env/prober.env"),
];

/// All settings.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    said: BTreeMap<&'static str, String>,
    /// None: neither environment nor file is read.
    source: Option<Source>,
    assumed: BTreeMap<&'static str, String>,
    mistakes: Vec<String>,
}

/// All mistakes in them, one line each.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong:\n{0}")]
pub(crate) struct Mistakes(String);

impl Settings {
    /// Those of the environment and of a file.
    pub(crate) fn new(file: Option<&Path>) -> Result<Self, SourceError> {
        let source = match file {
            Some(path) => Source::with_file(path)?,
            None => Source::environment(),
        };
        Ok(Self { source: Some(source), ..Self::default() })
    }

    /// Those that are said and assumed, and no others.
    pub(crate) fn apart() -> Self {
        Self::default()
    }

    /// Sets what was typed, if it was.
    pub(crate) fn say(&mut self, key: &'static str, text: Option<String>) {
        self.said.extend(text.map(|text| (key, text)));
    }

    /// Sets what holds if nobody says anything else.
    pub(crate) fn assume(&mut self, key: &'static str, text: impl Into<String>) {
        self.assumed.insert(key, text.into());
    }

    /// The text of a key.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        let said = self.said.get(key).cloned();
        let found = || self.source.as_ref().and_then(|source| source.get(key));
        said.or_else(found).or_else(|| self.assumed.get(key).cloned())
    }

    /// Reads the settings of one part. Mistakes are remembered, so that all are told together.
    pub(crate) fn read<C>(
        &mut self,
        read: impl FnOnce(Reader<'_>) -> Result<C, ConfigError>,
    ) -> Option<C> {
        let lookup = |key: &str| self.get(key);
        let result = read(Reader::new(&lookup));
        result.map_err(|error| self.mistakes.push(error.to_string())).ok()
    }

    /// Reads what every process may be told, and looks for what the file sets in vain.
    pub(crate) fn process(&mut self) -> Option<(ProcessConfig, BrokerConfig)> {
        let (process, broker) = (self.read(ProcessConfig::read), self.read(BrokerConfig::read));
        let in_vain = |source: &Source| source.unknown(&known());
        let unknown = self.source.as_ref().map(in_vain).unwrap_or_default();
        let understood = unknown.is_empty();
        self.mistakes.extend(unknown);
        process.zip(broker).filter(|_| understood)
    }

    /// Notes a mistake that only this command sees.
    pub(crate) fn mistake(&mut self, line: &str) {
        self.mistakes.push(line.to_owned());
    }

    /// The mistakes that were made.
    pub(crate) fn mistakes(self) -> Mistakes {
        // A setting that several parts read is one mistake.
        let mut lines: Vec<&str> = Vec::new();
        for line in self.mistakes.iter().flat_map(|text| text.lines()) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        Mistakes(lines.join("\n"))
    }
}

/// The keys of the manual: a line shows each, with its default or what to begin with.
fn known() -> BTreeSet<&'static str> {
    let key = |line: &'static str| line.trim_start_matches('#').split_once('=').map(|(key, _)| key);
    let is_key = |key: &&str| key.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    MANUAL.into_iter().flat_map(str::lines).filter_map(key).filter(is_key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_sets_in_vain_is_a_mistake() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("settings.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let mut settings = Settings::new(Some(&file)).unwrap();
            let process = settings.process();
            (process.is_some(), settings.mistakes().to_string())
        };
        let (understood, told) =
            read("[prober]\ndeadline = \"5s\"\n[console]\nopenid_label = \"x\"");
        assert!(understood, "{told}");
        let (understood, told) = read("[notifer]\nsmtp_url = \"x\"\n[prober]\ndeadlin = \"5s\"");
        assert!(!understood);
        assert!(told.contains("NOTIFIER_SMTP_URL") && told.contains("PROBER_DEADLINE"), "{told}");
    }

    #[test]
    fn what_is_typed_goes_first_and_what_is_assumed_last() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("settings.toml");
        std::fs::write(&file, "[test]\none = \"file\"\ntwo = \"file\"\n").unwrap();
        let mut settings = Settings::new(Some(&file)).unwrap();
        settings.say("TEST_ONE", Some("typed".to_owned()));
        settings.say("TEST_TWO", None);
        settings.assume("TEST_TWO", "assumed");
        settings.assume("TEST_THREE", "assumed");
        let get = |key| settings.get(key).unwrap_or_default();
        assert_eq!(
            [get("TEST_ONE"), get("TEST_TWO"), get("TEST_THREE")],
            ["typed", "file", "assumed"]
        );
    }

    #[test]
    fn the_mistakes_of_all_parts_are_told_together() {
        let mut settings = Settings::default();
        settings.say("CERTHERALD_ADMIN", Some("here".to_owned()));
        settings.say("PROBER_DEADLINE", Some("90s".to_owned()));
        assert!(settings.process().is_none());
        assert!(settings.read(prober::config::Config::read).is_none());
        assert!(settings.read(prober::config::Config::read).is_none());
        let text = settings.mistakes().to_string();
        assert!(text.contains("CERTHERALD_ADMIN=here"), "{text}");
        assert_eq!(text.matches("PROBER_DEADLINE=90s").count(), 1, "{text}");
    }
}
