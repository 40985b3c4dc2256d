//! The languages in which the console speaks.

use std::fmt;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The one that a tag names (BCP 47), if it is one of ours.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// The first of ours that a browser asks for (`Accept-Language`, RFC 9110, section 12.5.4);
    /// English if it asks for none. Browsers send them in order of preference.
    pub fn wanted(accept: Option<&str>) -> Self {
        let ranges = accept.unwrap_or_default().split(',');
        let mut tags = ranges.map(|range| range.split(';').next().unwrap_or_default().trim());
        tags.find_map(Self::of).unwrap_or_default()
    }

    /// Its tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// What stands between the items of a list.
    pub fn comma(self) -> &'static str {
        match self {
            Self::English => ", ",
            Self::Chinese => "、",
        }
    }

    /// Names in a row, each between backquotes.
    pub fn quoted<N: fmt::Display>(self, names: &[N]) -> String {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(self.comma())
    }

    /// A clause as a sentence of its own.
    pub fn sentence(self, clause: &str) -> String {
        match self {
            Self::English => format!("{}.", capital(clause)),
            Self::Chinese => format!("{clause}。"),
        }
    }

    /// What its speakers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }
}

/// The same with a capital letter at its beginning.
pub fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use std::mem;

    use super::*;

    /// Latin words that stand in a Chinese sentence: names, units and what has no other name.
    const KEPT: [&str; 16] = [
        "ASCII", "Asia", "CSV", "DER", "IANA", "IP", "IPv", "Lark", "PEM", "RFC", "SNI",
        "Shanghai", "Slack", "UTC", "UUID", "base",
    ];

    /// The English that is left in a Chinese text. What stands between backquotes is a name, or
    /// somebody else's words.
    pub(in crate::domain) fn english_left(chinese: &str) -> Vec<String> {
        let own = chinese.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let words = own.split(|c: char| !c.is_ascii_alphabetic());
        let kept = |word: &&str| word.is_empty() || KEPT.contains(word);
        words.filter(|word| !kept(word)).map(str::to_owned).collect()
    }

    /// How many variants an enumeration has in its source.
    pub(in crate::domain) fn variants(source: &str, name: &str) -> usize {
        let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
        let (body, _) = body.split_once("\n}\n").unwrap();
        let is_variant = |line: &&str| {
            line.strip_prefix("    ").is_some_and(|rest| rest.starts_with(char::is_uppercase))
        };
        body.lines().filter(is_variant).count()
    }

    /// How many variants stand among these.
    pub(in crate::domain) fn distinct<T>(values: &[T]) -> usize {
        let mut seen: Vec<_> = values.iter().map(mem::discriminant).collect();
        seen.sort_by_key(|one| format!("{one:?}"));
        seen.dedup();
        seen.len()
    }

    #[test]
    fn english_is_found_in_a_chinese_text() {
        assert_eq!(english_left("时间为 UTC，`quoted words` 除外"), Vec::<String>::new());
        assert_eq!(english_left("时间 is late"), ["is", "late"]);
    }

    #[test]
    fn the_first_that_is_ours_is_spoken() {
        assert_eq!(Language::wanted(Some("zh-CN,zh;q=0.9,en;q=0.8")), Language::Chinese);
        assert_eq!(Language::wanted(Some("de-DE, en-GB;q=0.7, zh;q=0.3")), Language::English);
        assert_eq!(Language::wanted(Some("fr, ZH-hans")), Language::Chinese);
        assert_eq!(Language::wanted(Some("*")), Language::English);
        assert_eq!(Language::wanted(None), Language::English);
    }

    #[test]
    fn a_clause_becomes_a_sentence_and_names_become_a_list() {
        assert_eq!(Language::English.sentence("want 1 to 7"), "Want 1 to 7.");
        assert_eq!(Language::Chinese.sentence("应为 1 至 7"), "应为 1 至 7。");
        assert_eq!(Language::English.quoted(&["a", "b"]), "`a`, `b`");
        assert_eq!(Language::Chinese.quoted(&["a", "b"]), "`a`、`b`");
    }

    #[test]
    fn a_tag_is_read_as_it_is_written() {
        for language in Language::ALL {
            assert_eq!(Language::of(language.tag()), Some(language));
        }
        assert_eq!(Language::of("enx"), None);
    }
}
