//! The languages in which the console speaks.

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

    /// What its speakers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_ours_is_spoken() {
        assert_eq!(Language::wanted(Some("zh-CN,zh;q=0.9,en;q=0.8")), Language::Chinese);
        assert_eq!(Language::wanted(Some("de-DE, en-GB;q=0.7, zh;q=0.3")), Language::English);
        assert_eq!(Language::wanted(Some("fr, ZH-hans")), Language::Chinese);
        assert_eq!(Language::wanted(Some("*")), Language::English);
        assert_eq!(Language::wanted(None), Language::English);
    }

    #[test]
    fn a_tag_is_read_as_it_is_written() {
        for language in Language::ALL {
            assert_eq!(Language::of(language.tag()), Some(language));
        }
        assert_eq!(Language::of("enx"), None);
    }
}
