//! Settings: read once, before anything is opened; every mistake is reported together.
//!
//! A setting has one key, such as `PROBER_DEADLINE`. It comes from the environment or, where that
//! is silent or empty, from one TOML file, in which the part before the first `_` is the table:
//! `deadline` under `[prober]`. Secrets come from files named by `<KEY>_FILE`.

use std::{
    cell::RefCell,
    fmt::{self, Display},
    fs, io,
    net::IpAddr,
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use ipnet::IpNet;

mod source;

pub use source::{Source, SourceError};

/// Reads settings and remembers each mistake. A getter that meets one answers its default.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    mistakes: RefCell<Vec<String>>,
}

/// All mistakes in the settings, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Guards a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'a> Reader<'a> {
    /// Reads through a lookup from key to text.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, mistakes: RefCell::default() }
    }

    /// Any text.
    pub fn text(&self, key: &str, default: &str) -> String {
        self.raw(key).unwrap_or_else(|| default.to_owned())
    }

    /// A whole number within a range.
    pub fn number(&self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let want = || format!("{} to {}", range.start(), range.end());
        self.read(key, want, |text| text.parse().ok().filter(|n| range.contains(n)))
            .unwrap_or(default)
    }

    /// A span within a range: `250ms`, `10s`, `5m`, `2h`, `7d`.
    pub fn duration(
        &self,
        key: &str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let want = || format!("{} to {}", shown(*range.start()), shown(*range.end()));
        self.read(key, want, |text| span(text).filter(|span| range.contains(span)))
            .unwrap_or(default)
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        let want = || "true or false".to_owned();
        self.read(key, want, |text| text.parse().ok()).unwrap_or(default)
    }

    /// Anything that can be parsed.
    pub fn parsed<T>(&self, key: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        self.optional(key).unwrap_or(default)
    }

    /// Anything that can be parsed, if it is set.
    pub fn optional<T>(&self, key: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.raw(key)?;
        text.parse().map_err(|error| self.mistake(format!("{key}={text}: {error}"))).ok()
    }

    /// Several of what can be parsed, with commas between; none if it is not set.
    pub fn list<T>(&self, key: &str) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.raw(key).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items
            .filter_map(|item| {
                item.parse().map_err(|error| self.mistake(format!("{key}: {item}: {error}"))).ok()
            })
            .collect()
    }

    /// Address ranges (CIDR) with commas between; an address stands for itself alone.
    pub fn ranges(&self, key: &str) -> Vec<IpNet> {
        let text = self.raw(key).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let range = |item: &str| {
            let address = || item.parse::<IpAddr>().ok().map(IpNet::from);
            let range = item.parse().ok().or_else(address);
            if range.is_none() {
                self.mistake(format!("{key}: {item}: want an address range such as 10.0.0.0/8"));
            }
            range
        };
        items.filter_map(range).collect()
    }

    /// A path, if it is set.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        self.raw(key).map(PathBuf::from)
    }

    /// The path of a file that can be read, if it is set.
    pub fn file(&self, key: &str) -> Option<PathBuf> {
        let path = self.path(key)?;
        let opened = fs::metadata(&path).and_then(|found| match found {
            // What is a pipe is read once, by whoever needs what comes out of it.
            found if found.is_file() => fs::File::open(&path).map(drop),
            found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            _ => Ok(()),
        });
        if let Err(error) = opened {
            self.mistake(format!("{key}={}: want a readable file: {error}", path.display()));
        }
        Some(path)
    }

    /// A secret from the file that `<key>_FILE` names, without the line end at its end.
    pub fn secret(&self, key: &str) -> Option<Secret> {
        let key = format!("{key}_FILE");
        let path = self.raw(&key)?;
        match fs::read_to_string(&path) {
            Ok(text) => Some(Secret(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                self.mistake(format!("{key}={path}: want a readable file: {error}"));
                None
            }
        }
    }

    /// Notes a mistake that only several settings together make.
    pub fn mistake(&self, line: String) {
        self.mistakes.borrow_mut().push(line);
    }

    /// The value, if no mistake was made.
    ///
    /// # Errors
    ///
    /// All mistakes that were.
    pub fn finish<C>(self, value: C) -> Result<C, ConfigError> {
        let mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() { Ok(value) } else { Err(ConfigError(mistakes)) }
    }

    fn raw(&self, key: &str) -> Option<String> {
        (self.lookup)(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn read<T>(
        &self,
        key: &str,
        want: impl Fn() -> String,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.raw(key)?;
        let value = parse(&text);
        if value.is_none() {
            self.mistake(format!("{key}={text}: want {}", want()));
        }
        value
    }
}

/// Units of a span with their milliseconds, largest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

fn span(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

fn shown(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let fits = |unit: &(&str, u64)| millis >= unit.1 && millis.is_multiple_of(unit.1);
    match UNITS.into_iter().find(fits) {
        Some((unit, size)) => format!("{}{unit}", millis / size),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(pairs: &[(&str, &str)], get: impl Fn(&Reader<'_>) -> T) -> Result<T, String> {
        let lookup = |key: &str| {
            pairs.iter().find(|(name, _)| *name == key).map(|(_, text)| (*text).to_owned())
        };
        let reader = Reader::new(&lookup);
        let value = get(&reader);
        reader.finish(value).map_err(|error| error.to_string())
    }

    const RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(1);

    #[test]
    fn an_absent_setting_has_its_default() {
        let value = read(&[("A", " ")], |r| (r.number("A", 3, 1..=9), r.flag("B", true)));
        assert_eq!(value, Ok((3, true)));
    }

    #[test]
    fn each_mistake_is_named_with_what_is_allowed() {
        let pairs = [("A", "90s"), ("B", "x"), ("C", "yes"), ("D", "1.2.3.4,nonsense")];
        let error = read(&pairs, |r| {
            r.duration("A", Duration::from_secs(10), RANGE);
            r.number("B", 1, 1..=5);
            r.flag("C", false);
            r.list::<IpAddr>("D");
        });
        assert_eq!(
            error.unwrap_err(),
            "A=90s: want 1s to 1m\nB=x: want 1 to 5\nC=yes: want true or false\n\
             D: nonsense: invalid IP address syntax"
        );
    }

    #[test]
    fn spans_are_read_in_every_unit() {
        for (text, millis) in [
            ("250ms", 250),
            ("10s", 10_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(span(text), Some(Duration::from_millis(millis)), "{text}");
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
        for text in ["", "10", "s", "-1s", "1.5s", "1 s", "99999999999999999999s", "1é"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_can_be_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let there = file.path().display().to_string();
        let path = read(&[("A", there.as_str())], |r| r.file("A"));
        assert_eq!(path, Ok(Some(file.path().to_owned())));
        for wrong in ["/nonexistent/x", "/"] {
            let error = read(&[("A", wrong)], |r| r.file("A")).unwrap_err();
            assert!(error.starts_with(&format!("A={wrong}: want a readable file: ")), "{error}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        let error = read(&[("A_FILE", "/nonexistent/x")], |r| r.secret("A")).unwrap_err();
        assert!(error.starts_with("A_FILE=/nonexistent/x: want a readable file"), "{error}");
    }
}
