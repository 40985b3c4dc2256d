//! Reads the workspace as text, for the rules that no compiler keeps. The rules are in `tests/`.

use std::{fs, path::Path};

/// The root of the workspace.
///
/// # Panics
///
/// Never: this crate lies two folders below it.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate lies two folders below the root")
}

/// One file of ours.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root, with `/` between.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// The part in front of the tests.
    pub fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or(&self.text)
    }
}

/// All files under a folder with one of these endings, in the order of their paths. Generated code
/// and what a build leaves behind are passed over.
///
/// # Panics
///
/// When a file cannot be read as text.
pub fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !passed_over(&path) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.iter().map(|path| read(path)).collect()
}

fn passed_over(folder: &Path) -> bool {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    matches!(name.as_deref(), Some("target" | "generated" | ".git" | "snapshots" | "artifacts"))
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source file is text");
    let path = path.strip_prefix(root()).unwrap_or(path);
    Source { path: path.to_string_lossy().replace('\\', "/"), text }
}
