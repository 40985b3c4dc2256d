//! Every form of message that was ever written can be read for ever.
//!
//! A form is a message with a certain set of fields. Its bytes lie in `proto/golden`, and here
//! stands what they say. A new field or message gets a new form: the test writes its file, and
//! fails once. A form that exists is never edited.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod account;
mod delivery;
mod event;
mod evidence;
mod fact;
mod fields;
mod inventory;
mod log;
mod request;
mod sample;

use std::{
    any::type_name,
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use prost::Message;

/// Says whether bytes are a certain message.
type Reads = Box<dyn Fn(&[u8]) -> bool>;

/// One message, and what it is called.
pub(crate) struct Form {
    /// Name of the message in its `.proto` file.
    pub(crate) message: &'static str,
    /// What is particular about it.
    name: String,
    /// As it is written today.
    pub(crate) bytes: Vec<u8>,
    /// Whether these bytes say the same.
    reads: Reads,
}

impl Form {
    pub(crate) fn new<M: Message + Default + PartialEq + 'static>(name: &str, form: M) -> Self {
        Self {
            message: type_name::<M>().rsplit("::").next().unwrap(),
            name: name.to_owned(),
            bytes: form.encode_to_vec(),
            reads: Box::new(move |bytes| M::decode(bytes).is_ok_and(|read| read == form)),
        }
    }

    fn file(&self) -> PathBuf {
        golden().join(format!("{}.{}.binpb", self.message, self.name))
    }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/golden")
}

fn forms() -> Vec<Form> {
    [
        inventory::forms(),
        account::forms(),
        fact::forms(),
        log::forms(),
        event::forms(),
        delivery::forms(),
        request::forms(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn each_form_is_read_as_it_was_written() {
    let mut written = Vec::new();
    for form in forms() {
        let file = form.file();
        if !file.exists() {
            fs::write(&file, &form.bytes).unwrap();
            written.push(file.file_name().unwrap().to_owned());
            continue;
        }
        let bytes = fs::read(&file).unwrap();
        assert!((form.reads)(&bytes), "{} says something else today", file.display());
        assert_eq!(bytes, form.bytes, "{} would be written otherwise today", file.display());
    }
    assert!(written.is_empty(), "new forms, now in proto/golden: review and commit {written:?}");
}

#[test]
fn no_form_was_taken_back() {
    let known: BTreeSet<_> = forms().iter().map(Form::file).collect();
    let forms = forms().len();
    assert_eq!(known.len(), forms, "two forms of one name");
    for entry in fs::read_dir(golden()).unwrap() {
        let file = entry.unwrap().path();
        let is_form = file.extension().is_some_and(|extension| extension == "binpb");
        assert!(!is_form || known.contains(&file), "nobody says what {} means", file.display());
    }
}

#[test]
fn each_field_was_written_once() {
    fields::check(&forms());
}
