//! What settings are looked up in: the environment, then one TOML file.
//!
//! An empty text says nothing, in either. What the file sets in vain is told: a name that nobody
//! reads is a setting that somebody believes in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// What settings are looked up in: the environment, then the file.
#[derive(Debug, Default)]
pub struct Source {
    file: BTreeMap<String, String>,
}

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read the settings file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is no TOML, or holds something else than tables of single values and lists.
    #[error("the settings file {} is not understood: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where the parser knows it.
        reason: String,
    },
}

impl Source {
    /// The environment alone.
    pub fn environment() -> Self {
        Self::default()
    }

    /// The environment, then a TOML file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is malformed.
    pub fn with_file(path: &Path) -> Result<Self, SourceError> {
        let text = fs::read_to_string(path)
            .map_err(|source| SourceError::Read { path: path.to_owned(), source })?;
        let file = flattened(&text)
            .map_err(|reason| SourceError::Malformed { path: path.to_owned(), reason })?;
        Ok(Self { file })
    }

    /// The text of a key. The environment goes first; an empty text says nothing.
    pub fn get(&self, key: &str) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "this is where the environment enters")]
        self.after(std::env::var(key).ok(), key)
    }

    fn after(&self, environment: Option<String>, key: &str) -> Option<String> {
        let said = [environment, self.file.get(key).cloned()];
        said.into_iter().flatten().find(|text| !text.trim().is_empty())
    }

    /// What the file sets beside these keys, one line each: with the nearest of them, if there is
    /// one that may have been meant.
    pub fn unknown(&self, known: &BTreeSet<&str>) -> Vec<String> {
        let strange = self.file.keys().filter(|key| !known.contains(key.as_str()));
        strange.map(|key| format!("{key} (settings file): {}", nearest(key, known))).collect()
    }
}

/// What a key that is not known may have been meant to be.
fn nearest(key: &str, known: &BTreeSet<&str>) -> String {
    let far = |other: &&&str| distance(key, other);
    match known.iter().min_by_key(far) {
        Some(near) if distance(key, near) <= MISTYPED_MAX => {
            format!("there is no such setting, but {near}")
        }
        Some(_) | None => "there is no such setting".to_owned(),
    }
}

/// Characters that two keys may differ in for one to be the other, mistyped.
const MISTYPED_MAX: usize = 3;

/// How many characters must be put in, left out or changed for one text to become another.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (n, left) in from.bytes().enumerate() {
        let mut before = row[0];
        row[0] = n + 1;
        for (m, right) in to.bytes().enumerate() {
            let changed = before + usize::from(left != right);
            before = row[m + 1];
            row[m + 1] = changed.min(before + 1).min(row[m] + 1);
        }
    }
    row[to.len()]
}

/// Keys and texts of a TOML file of tables: `[prober] deadline = "5s"` is `PROBER_DEADLINE`, `5s`.
fn flattened(text: &str) -> Result<BTreeMap<String, String>, String> {
    let tables: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let mut flat = BTreeMap::new();
    for (table, values) in tables {
        let toml::Value::Table(values) = values else {
            return Err(format!("`{table}` stands outside a table: want it under [service]"));
        };
        for (key, value) in values {
            let name = format!("{table}_{key}").to_uppercase();
            let text = plain(&value).ok_or(format!("`{table}.{key}`: want one value or a list"))?;
            flat.insert(name, text);
        }
    }
    Ok(flat)
}

fn plain(value: &toml::Value) -> Option<String> {
    Some(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        toml::Value::Datetime(instant) => instant.to_string(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Option<Vec<_>>>()?.join(","),
        toml::Value::Table(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_speaks_where_the_environment_is_silent() {
        let flat =
            flattened("[prober]\ndeadline = \"5s\"\nallow = [\"10.0.0.0/8\", \"::1\"]").unwrap();
        assert_eq!(flat["PROBER_DEADLINE"], "5s");
        assert_eq!(flat["PROBER_ALLOW"], "10.0.0.0/8,::1");
        assert!(flattened("deadline = 5").unwrap_err().contains("outside a table"));
        assert!(flattened("[a.b]\nc = 1").unwrap_err().contains("a.b"));
        assert!(flattened("[a").is_err());
    }

    #[test]
    fn what_is_empty_says_nothing() {
        let file = flattened("[certherald]\nkey_file = \"/keys/key\"\nadmin = \"\"").unwrap();
        let source = Source { file };
        let get = |environment: &str, key| source.after(Some(environment.to_owned()), key);
        assert_eq!(get("", "CERTHERALD_KEY_FILE").as_deref(), Some("/keys/key"));
        assert_eq!(get(" ", "CERTHERALD_KEY_FILE").as_deref(), Some("/keys/key"));
        assert_eq!(get("/k", "CERTHERALD_KEY_FILE").as_deref(), Some("/k"));
        assert_eq!(get("", "CERTHERALD_ADMIN"), None);
        assert_eq!(get("", "CERTHERALD_DATA"), None);
    }

    #[test]
    fn what_the_file_sets_in_vain_is_named_with_what_may_have_been_meant() {
        let text = "[notifer]\nsmtp_url = \"x\"\n[prober]\ndeadlin = 5\ncolour = 1\nallow = []";
        let source = Source { file: flattened(text).unwrap() };
        let known = ["NOTIFIER_SMTP_URL", "PROBER_ALLOW", "PROBER_DEADLINE"];
        assert_eq!(
            source.unknown(&BTreeSet::from(known)),
            [
                "NOTIFER_SMTP_URL (settings file): there is no such setting, but NOTIFIER_SMTP_URL",
                "PROBER_COLOUR (settings file): there is no such setting",
                "PROBER_DEADLIN (settings file): there is no such setting, but PROBER_DEADLINE",
            ]
        );
        assert_eq!(Source::environment().unknown(&BTreeSet::new()), [""; 0]);
    }
}
