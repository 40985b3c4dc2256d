//! A ready cast for tests: a trusted root, an intermediate, and leaves of any date.

use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use lab::authority::identity::Identity;
use lab::authority::{Authority, Leaf, Validity};
use tempfile::TempDir;

use crate::surroundings::now;

/// One day.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A root to trust, an intermediate below it, and the root as a file.
#[derive(Debug)]
pub struct Scene {
    /// The root.
    pub root: Authority,
    /// What issues.
    pub intermediate: Authority,
    directory: TempDir,
}

impl Scene {
    /// A new cast with new keys.
    pub fn new() -> Self {
        let validity = Validity::of_an_authority(now());
        let root = Authority::root("Test Root", validity).unwrap();
        let intermediate = root.intermediate("Test Intermediate", validity).unwrap();
        Self { root, intermediate, directory: tempfile::tempdir().unwrap() }
    }

    /// The root as a PEM file.
    pub fn root_file(&self) -> PathBuf {
        self.file("root.pem", &self.root.pem())
    }

    /// A file that lives as long as the scene.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A 90-day certificate for `name`, a day old.
    pub fn good(&self, name: &str) -> Identity {
        self.with_left(name, DAY * 89)
    }

    /// A 90-day certificate for `name` with `left` to live, or that ended before, if negative.
    pub fn with_left(&self, name: &str, left: SignedDuration) -> Identity {
        self.issue(&Leaf::named(name, ninety_days(left)))
    }

    /// A certificate for `name` that begins to be valid tomorrow.
    pub fn not_yet_valid(&self, name: &str) -> Identity {
        self.issue(&Leaf::named(name, Validity::between(now() + DAY, now() + DAY * 91)))
    }

    /// Any leaf, below the intermediate.
    pub fn issue(&self, leaf: &Leaf) -> Identity {
        self.intermediate.issue(leaf).unwrap()
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// Ninety days that end `left` from now.
pub fn ninety_days(left: SignedDuration) -> Validity {
    Validity::around(now(), DAY * 90 - left, left)
}
