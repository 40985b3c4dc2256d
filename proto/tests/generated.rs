//! The checked-in types are what the `.proto` files say.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::{fs, path::Path};

/// Generates the types anew and compares. When they differ, the new ones are written, so that the
/// second run passes and the difference is reviewed as part of the change.
#[test]
fn the_generated_types_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut protos: Vec<_> = fs::read_dir(root.join("certherald/v1"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "proto"))
        .collect();
    protos.sort();
    let descriptors = protox::compile(&protos, [root]).unwrap();
    let out = tempfile::tempdir().unwrap();
    prost_build::Config::new()
        .btree_map(["."])
        .bytes(["."])
        .out_dir(out.path())
        .compile_fds(descriptors)
        .unwrap();
    let fresh = fs::read_to_string(out.path().join("certherald.v1.rs")).unwrap();
    let kept = root.join("src/generated/certherald.v1.rs");
    if fs::read_to_string(&kept).ok().as_deref() != Some(&fresh) {
        fs::write(&kept, fresh).unwrap();
        panic!("{} was out of date and is written anew: review and commit it", kept.display());
    }
}
