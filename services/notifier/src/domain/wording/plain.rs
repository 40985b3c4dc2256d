//! Makes texts harmless that come from strangers, such as names in certificates.

/// Characters of one value; evidence promises 256, and an owner note's line may be a long one.
const LINE_MAX: usize = 512;
/// Lines of an owner note.
const LINES_MAX: usize = 50;

/// A text on one line: without characters that do something instead of being seen, and without
/// anything that a client makes a link of because it looks like a URL.
pub(super) fn line(text: &str) -> String {
    visible(text).replace("://", ":／／")
}

fn visible(text: &str) -> String {
    let mut line = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || breaks_line(c)) {
        let seen: String = word.chars().filter(|c| !acts(*c)).collect();
        if seen.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        count += seen.chars().count() + 1;
        line.push_str(&seen);
        if count > LINE_MAX {
            return line.chars().take(LINE_MAX).chain(['…']).collect();
        }
    }
    line
}

/// A text of several lines that somebody of ours wrote, whose links may be followed. Without empty
/// lines at either end.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().take(LINES_MAX).map(visible).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(blank)
}

fn breaks_line(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character turns the direction of writing, is invisible, or tags what follows.
fn acts(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_seen_is_taken_out() {
        assert_eq!(line("CN=a\r\nBcc: b\u{0}\u{202e}moc\u{200b}.test"), "CN=a Bcc: b moc.test");
        assert_eq!(line("例え  テスト\u{2028}x"), "例え テスト x");
        assert_eq!(line("CN=https://evil.test"), "CN=https:／／evil.test");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = line(&"é".repeat(10_000));
        assert_eq!(cut.chars().count(), LINE_MAX + 1);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn a_note_keeps_its_lines() {
        assert_eq!(paragraphs("\n a\n\n b \n\n"), ["a", "", "b"]);
        assert_eq!(paragraphs(" \n "), [""; 0]);
        assert_eq!(paragraphs("see https://wiki.test"), ["see https://wiki.test"]);
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in "\\PC{0,200}|[\\u{0}-\\u{1f}\\u{2000}-\\u{2100}]{0,50}") {
            let line = line(&text);
            prop_assert!(!line.chars().any(|c| c.is_control() || acts(c) || breaks_line(c)));
        }
    }
}
