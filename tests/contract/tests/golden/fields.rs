//! Every field of every message that travels by itself stands in some golden file.

use std::{collections::BTreeSet, fs, path::Path};

use protox::prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};

use crate::Form;

pub(crate) fn check(forms: &[Form]) {
    let pool = pool();
    let mut wanted = BTreeSet::new();
    let mut written = BTreeSet::new();
    for form in forms {
        let name = format!("certherald.v1.{}", form.message);
        let descriptor = pool.get_message_by_name(&name).unwrap();
        collect(&descriptor, &mut wanted);
        let message = DynamicMessage::decode(descriptor, form.bytes.as_slice()).unwrap();
        visit(&message, &mut written);
    }
    let missing: Vec<_> = wanted.difference(&written).collect();
    assert!(missing.is_empty(), "no golden file has these fields, add a form: {missing:#?}");
}

/// The messages as strangers read them: from the `.proto` files.
fn pool() -> DescriptorPool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files: Vec<_> = fs::read_dir(root.join("certherald/v1"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "proto"))
        .collect();
    let descriptors = protox::compile(&files, [&root]).unwrap();
    DescriptorPool::from_file_descriptor_set(descriptors).unwrap()
}

/// All fields of a message and of those in it.
fn collect(message: &MessageDescriptor, fields: &mut BTreeSet<String>) {
    for field in message.fields() {
        let is_new = fields.insert(field.full_name().to_owned());
        if let Kind::Message(inner) = field.kind()
            && is_new
            && inner.package_name() == "certherald.v1"
        {
            collect(&inner, fields);
        }
    }
}

/// The fields that a message has, and those in it.
fn visit(message: &DynamicMessage, fields: &mut BTreeSet<String>) {
    assert!(message.unknown_fields().next().is_none(), "of no known field: {message:?}");
    for (field, value) in message.fields() {
        fields.insert(field.full_name().to_owned());
        let inner = value.as_message().into_iter();
        let list = value.as_list().into_iter().flatten().filter_map(Value::as_message);
        inner.chain(list).for_each(|inner| visit(inner, fields));
    }
}
