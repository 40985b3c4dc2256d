//! What the forms of robots have in common: values that stay text, and texts that stay short.

use std::borrow::Cow;

use crate::domain::wording::{self, Fact, Letter, Line};

/// Characters of Markdown, as DingTalk and WeCom read it, in their full-width forms: these dialects
/// know no escape. What names servers present must neither mention, nor link, nor format. Of a text
/// without Markdown, only the first three have a meaning. Parentheses have one behind brackets
/// only, of which none is left.
const HARMLESS: [(char, char); 11] = [
    ('<', '＜'),
    ('>', '＞'),
    ('@', '＠'),
    ('&', '＆'),
    ('*', '＊'),
    ('`', '＇'),
    ('#', '＃'),
    ('\\', '＼'),
    ('_', '＿'),
    ('[', '［'),
    (']', '］'),
];

/// A value as Markdown without meaning.
pub(super) fn markdown(value: &str) -> String {
    // A client makes a link of whatever looks like a URL.
    harmless(value, &HARMLESS).replace("://", ":／／")
}

/// A title as Markdown. Its words are ours and the operator's: the prefix stays as it is, since
/// robots look for it, and it may be `[TLS]`. Brackets make no link without what follows them here.
pub(super) fn heading(title: &str) -> String {
    harmless(title, &HARMLESS[..8]).replace("](", "] (").replace("://", ":／／")
}

/// A line as Markdown, which leads to its page if it has one.
pub(super) fn linked(line: &Line, shown: impl Fn(&str) -> String) -> String {
    let text = shown(&line.text);
    match &line.page {
        Some(page) => format!("[{text}]({page})"),
        None => text,
    }
}

/// A text without Markdown that mentions nobody. Links in it stay.
pub(super) fn unmarked(text: &str) -> String {
    harmless(text, &HARMLESS[..3])
}

fn harmless(text: &str, table: &[(char, char)]) -> String {
    let shown = |c: char| {
        let found = table.iter().find(|(meant, _)| *meant == c);
        found.map_or(c, |(_, shown)| *shown)
    };
    text.chars().map(shown).collect()
}

/// Whether somebody is mentioned by a telephone number: one of China's, or one with `+` before it.
/// Other numbers are those of accounts.
pub(super) fn is_mobile(mention: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match mention.strip_prefix('+') {
        Some(number) => is_number(number),
        None => mention.len() == 11 && mention.starts_with('1') && is_number(mention),
    }
}

/// A value in which `&`, `<`, `>` and more characters, if wanted, are written as entities.
pub(super) fn entities(value: &str, more: &[char]) -> String {
    let escaped = value.chars().map(|c| match c {
        '&' => Cow::from("&amp;"),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        c if more.contains(&c) => format!("&#{};", u32::from(c)).into(),
        c => c.to_string().into(),
    });
    escaped.collect()
}

/// A letter as it is rendered within a length in bytes. The pages of its lines go first. Then its
/// lists are cut as far as it takes, and say so; then the last of them are left out, and then the
/// note. What is too long even so is cut off, which no form may come to that is more than text.
pub(super) fn within(max: usize, letter: &Letter, render: impl Fn(&Letter) -> String) -> String {
    let whole = render(letter);
    if whole.len() <= max {
        return whole;
    }
    let letter = &letter.without_pages();
    let without_pages = render(letter);
    if without_pages.len() <= max {
        return without_pages;
    }
    let longest = letter.facts.iter().map(|fact| fact.lines.len()).max().unwrap_or_default();
    // The most lines of each list with which it fits.
    let (mut fits, mut exceeds) = (None, longest);
    let mut lines = exceeds / 2;
    while lines > 0 && lines < exceeds {
        let text = render(&shortened(letter, lines, letter.facts.len()));
        if text.len() <= max {
            fits = Some((lines, text));
        } else {
            exceeds = lines;
        }
        let least = fits.as_ref().map_or(0, |(lines, _)| *lines);
        lines = usize::midpoint(least, exceeds);
        if lines == least {
            break;
        }
    }
    if let Some((_, text)) = fits {
        return text;
    }
    for facts in (0..letter.facts.len()).rev() {
        let text = render(&shortened(letter, 1, facts));
        if text.len() <= max {
            return text;
        }
    }
    let bare = Letter { note: None, ..shortened(letter, 1, 0) };
    cut(&render(&bare), max).into_owned()
}

/// At most so many lines of each list, and so many lists.
fn shortened(letter: &Letter, lines: usize, facts: usize) -> Letter {
    let shorter = |fact: &Fact| {
        let mut kept: Vec<_> = fact.lines.iter().take(lines).cloned().collect();
        let more = fact.lines.len() - kept.len();
        if more > 0 {
            kept.push(wording::more(letter.language, more).into());
        }
        Fact { label: fact.label.clone(), lines: kept }
    };
    Letter {
        facts: letter.facts.iter().take(facts).map(shorter).collect(),
        note: letter.note.as_ref().map(shorter),
        ..letter.clone()
    }
}

/// The beginning of a text, cut between characters.
pub(super) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    const MORE: &str = "…";
    if text.len() <= max {
        return text.into();
    }
    let end = text.floor_char_boundary(max.saturating_sub(MORE.len()));
    format!("{}{MORE}", text.get(..end).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::wording::specimen::digest_of;

    #[test]
    fn a_long_list_is_cut_between_items_and_says_so() {
        let letter = digest_of(300);
        let whole = letter.without_pages().text().len();
        for max in [whole, whole - 1, 4_096, 2_048, 700] {
            let text = within(max, &letter, Letter::text);
            assert!(text.len() <= max, "{} of {max}", text.len());
            assert!(text.contains(&letter.title) && text.contains(&letter.link.url), "{text}");
            assert_eq!(text.contains("shop299.example.com"), max >= whole, "{max}");
            assert!(text.contains(" more"), "{text}");
        }
        assert!(within(4_096, &letter, Letter::text).len() > 3_500, "not more than needed");
        assert_eq!(within(20, &letter, Letter::text).len(), 20);
    }

    #[test]
    fn where_there_is_no_room_the_pages_of_lines_go_before_lines_do() {
        let letter = digest_of(40);
        let whole = letter.text().len();
        for (max, has_pages) in [(whole, true), (whole - 1, false)] {
            let text = within(max, &letter, Letter::text);
            assert_eq!(text.contains("/domains/"), has_pages, "{text}");
            assert!(text.contains("shop39.example.com") && text.contains(&letter.link.url));
        }
    }

    proptest! {
        #[test]
        fn no_value_means_anything(value in "\\PC{0,80}|[<>@\\[\\]()!*`#:/a-z]{0,80}") {
            let shown = markdown(&value);
            prop_assert!(!shown.contains(['<', '>', '@', '&', '*', '`', '#', '\\', '_', '[', ']']));
            prop_assert!(!shown.contains("://"));
            let shown = heading(&value);
            prop_assert!(!shown.contains(['<', '>', '@']) && !shown.contains("]("));
            let shown = entities(&value, &['*']);
            prop_assert!(!shown.contains(['<', '>', '*']));
            prop_assert!(cut(&value, 10).len() <= 10);
        }
    }
}
