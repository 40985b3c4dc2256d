//! How files look.

use tidy::{root, sources};

/// Lines of a file: at the limit, look for the second subject hiding in it.
const LINES_MAX: usize = 400;
/// Columns of a line.
const COLUMNS_MAX: usize = 100;

#[test]
fn a_file_has_one_subject() {
    let long: Vec<_> = ["proto", "services", "tests"]
        .iter()
        .flat_map(|folder| sources(folder, &[".rs"]))
        .filter(|source| source.text.lines().count() > LINES_MAX)
        .map(|source| format!("{}: {} lines", source.path, source.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn a_line_fits_the_screen() {
    let mut wide = Vec::new();
    for source in ["proto", "services", "tests"].iter().flat_map(|folder| sources(folder, &[".rs"]))
    {
        for (number, line) in source.text.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            let is_text = line.contains("http") || !is_comment && line.contains('"');
            if line.chars().count() > COLUMNS_MAX && !is_text {
                wide.push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "more than {COLUMNS_MAX} columns:\n{}", wide.join("\n"));
}

#[test]
fn a_lint_is_silenced_with_a_reason_only() {
    for source in ["proto", "services", "tests"].iter().flat_map(|folder| sources(folder, &[".rs"]))
    {
        for attribute in source.text.split("#[").skip(1).chain(source.text.split("#![").skip(1)) {
            let silences = attribute.starts_with("allow(") || attribute.starts_with("expect(");
            let end = attribute.find(")]").unwrap_or(attribute.len());
            let reasoned = attribute.get(..end).is_some_and(|inside| inside.contains("reason"));
            assert!(!silences || reasoned, "{} silences a lint without a reason", source.path);
        }
    }
}

#[test]
fn no_file_bears_the_path_of_a_machine() {
    let endings =
        [".rs", ".md", ".yml", ".yaml", ".toml", ".sh", ".conf", ".env", "run", "Dockerfile"];
    for source in sources("", &endings) {
        for path in [
            concat!("/", "work/"),
            concat!("/", "home/"),
            concat!("/", "root/"),
            concat!("/", "Users/"),
        ] {
            assert!(!source.text.contains(path), "{} bears `{path}`", source.path);
        }
    }
}

#[test]
fn every_setting_is_in_the_manual() {
    let manual: String =
        sources("deploy/env", &[".env"]).into_iter().map(|source| source.text).collect();
    let mut missing = Vec::new();
    for source in sources("services", &[".rs"]) {
        if !source.without_tests().contains("Reader<'_>") {
            continue;
        }
        for word in source.without_tests().split('"') {
            let prefixes = ["PROBER_", "DETECTOR_", "NOTIFIER_", "CONSOLE_", "CERTHERALD_"];
            let key =
                word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            if key
                && prefixes.iter().any(|prefix| word.starts_with(prefix))
                && !manual.contains(word)
            {
                missing.push(format!("{word} ({})", source.path));
            }
        }
    }
    assert!(missing.is_empty(), "not in deploy/env: {}", missing.join(", "));
    assert!(root().join("deploy/env").is_dir());
}
