//! The binary under test. It is built before the tests run, never by them.

use std::path::PathBuf;

use crate::surroundings::variable;

/// Path of the built `certherald`: `CERTHERALD_BIN`, or beside the tests in the target directory.
pub fn path() -> PathBuf {
    let named = variable("CERTHERALD_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(beside_the_tests);
    assert!(
        path.is_file(),
        "there is no binary at {}: `cargo build -p certherald`, or name one in CERTHERALD_BIN",
        path.display()
    );
    path
}

/// A test runs as `<target>/<profile>/deps/<test>`.
fn beside_the_tests() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).unwrap().join("certherald")
}

/// Path of a program on this machine: the value of `key` if set, else the first on `PATH`.
/// `remedy` says how to get it.
pub fn tool(name: &str, key: &str, remedy: &str) -> PathBuf {
    let on_path = || {
        let directories = variable("PATH").unwrap_or_default();
        // nginx lives where only administrators look.
        let all = format!("{directories}:/usr/sbin:/usr/local/sbin");
        std::env::split_paths(&all)
            .map(|directory| directory.join(name))
            .find(|file| file.is_file())
    };
    variable(key).map(PathBuf::from).or_else(on_path).unwrap_or_else(|| {
        panic!("there is no `{name}` on this machine: {remedy}, or name it in {key}")
    })
}
