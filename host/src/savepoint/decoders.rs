//! The readers of savepoints for tests of hostile bytes: the manifest, the files, and the values in them. Compiled for tests
//! and fuzzing only.

use serde_json::Value as Json;

use super::avro_type::Type;
use super::entry::EntryCodec;
use super::error::SavepointError;
use super::part::{Coding, Part};
use super::{avro_file, bundle, resolution, row_value};
use crate::storage::metadata::{OperatorEntry, StateDeclaration};

/// What says what is in the files: an operator with a state of each kind, as a savepoint has it.
const OPERATOR: &str = r#"{ "uid": "it", "name": "it", "kind": "operator", "key_schema": "long", "states": [
    { "name": "value", "kind": "value", "schema": { "type": "record", "name": "r", "fields": [
        { "name": "a", "type": "long" }, { "name": "b", "type": ["null", "string"] },
        { "name": "c", "type": { "type": "map", "values": { "type": "array", "items": "bytes" } } } ] } },
    { "name": "list", "kind": "list", "schema": "string", "expires": true },
    { "name": "map", "kind": "map", "schema": "long", "sub_key_schema": "string" },
    { "name": "split", "kind": "list-split", "schema": "bytes" },
    { "name": "broadcast", "kind": "broadcast", "schema": "double", "sub_key_schema": "long" } ] }"#;

/// The manifest; then where its files would be.
pub(crate) fn manifest(bytes: &[u8]) {
    let Ok(manifest) = bundle::parse(bytes) else {
        return;
    };
    let tasks = manifest.checkpoint.vertices.iter().flat_map(|it| &it.tasks);
    for state in tasks.filter_map(|task| task.state.as_ref()) {
        let _ = state.handle();
        for file in &state.files {
            let _ = avro_file::safe_path(std::path::Path::new("/savepoint"), &file.name);
        }
    }
}

/// An operator as the metadata has it, one of its states chosen by the first byte, then a file of it.
pub(crate) fn file(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let operator = serde_json::from_str::<OperatorEntry>(OPERATOR);
    let operator = operator.expect("an operator");
    let codec = match operator.states.get(usize::from(*choice)) {
        Some(state) => EntryCodec::of(&operator, state),
        None => EntryCodec::of_timers(&operator),
    };
    let refused = |reason| SavepointError::file(std::path::Path::new("fuzz"), "read", reason);
    let _ = avro_file::entries(bytes, &codec, refused, |entry| {
        let _ = codec.to_json(super::entry::Entry {
            key_group: entry.key_group,
            key: &entry.key,
            sub_key: &entry.sub_key,
            value: &entry.value,
        });
        Ok(())
    });
}

/// Two lines with schemas, the old and the new one, then a row of the old one: its way into a savepoint, into JSON, and
/// into the new schema.
pub(crate) fn value(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let (Some(old), Some(new)) = (lines.next(), lines.next()) else {
        return;
    };
    let row = lines.next().unwrap_or_default();
    let json = |text: &[u8]| serde_json::from_slice::<Json>(text).ok();
    let (Some(old), Some(new)) = (json(old), json(new)) else {
        return;
    };
    for coding in [Coding::Row, Coding::SubKey] {
        let part = Part::new(Some(&old), coding, "value");
        let value = part.read(row);
        assert_eq!(part.write(&value).as_deref(), Some(row), "nothing is lost");
        let _ = part.of_json(&part.to_json(row));
    }
    let (Ok(old), Ok(new)) = (Type::of(&old), Type::of(&new)) else {
        return;
    };
    let (Ok(plan), Some(value)) = (resolution::resolve(&old, &new), row_value::read(&old, row))
    else {
        return;
    };
    if let Some(value) = plan.apply(value) {
        let _ = row_value::write(&new, &value, &mut Vec::new());
    }
}

/// An operator's entry in the metadata, and what its states would be read as.
pub(crate) fn declaration(bytes: &[u8]) {
    let Ok(operator) = serde_json::from_slice::<OperatorEntry>(bytes) else {
        return;
    };
    let codec = |state: &StateDeclaration| EntryCodec::of(&operator, state);
    for codec in operator.states.iter().map(codec) {
        let _ = codec.schema();
    }
    let _ = EntryCodec::of_timers(&operator).schema();
}
