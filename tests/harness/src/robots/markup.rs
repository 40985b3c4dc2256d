//! What markup of strangers makes of a text: where it leads, and whom it calls.

/// Every place that a text leads to, each once: the targets of Markdown links, and all that looks
/// like a URL, since clients make links of it.
pub(super) fn links(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or(rest));
    for target in targets.map(str::to_owned).chain(urls(text)) {
        if !found.contains(&target) {
            found.push(target);
        }
    }
    found
}

/// All that looks like a URL.
pub(super) fn urls(text: &str) -> impl Iterator<Item = String> {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '-' || c == '.';
    let is_end = |c: char| c.is_whitespace() || "<>()[]|\"'`*，。；、）】".contains(c);
    text.match_indices("://").filter_map(move |(at, _)| {
        let (before, after) = text.split_at(at);
        let scheme = before.rsplit(|c| !is_scheme(c)).next().unwrap_or_default();
        let rest = after.trim_start_matches("://");
        let rest = rest.split(is_end).next().unwrap_or_default();
        (!scheme.is_empty() && !rest.is_empty()).then(|| format!("{scheme}://{rest}"))
    })
}

/// What stands between each `open` and the next `close`.
pub(super) fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(it, _)| it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_however_they_are_made() {
        let text = "[a](https://a.test/1) see https://b.test, [c](evil) <https://d.test|d> 例https://e.test。";
        let want =
            ["https://a.test/1", "evil", "https://b.test,", "https://d.test", "https://e.test"];
        assert_eq!(links(text), want);
        assert!(links("a :// b, ] (x) and :／／").is_empty());
    }

    #[test]
    fn what_stands_between_is_found() {
        assert_eq!(between("<@a> b <@c> <@d", "<@", ">"), ["a", "c"]);
    }
}
