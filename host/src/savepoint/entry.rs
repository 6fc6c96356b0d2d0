//! The entries of one state as records of an Avro file: which fields there are follows from how the state is used.
//!
//! | state | fields |
//! |---|---|
//! | value | `key_group`, `key`, `namespace`, `value` |
//! | list | `key_group`, `key`, `namespace`, `elements` |
//! | map | `key_group`, `key`, `sub_key`, `value` |
//! | timers | `key_group`, `key`, `timer` |
//! | list-split, list-union | `value` |
//! | broadcast | `key`, `value` |
//!
//! A value that expires is a record of `written_ms` and `value`. Keeps: bytes that go in come out again.

use apache_avro::Schema;
use apache_avro::types::Value;
use serde_json::{Value as Json, json};

use super::part::{Coding, Part};
use super::resolution::{Resolution, resolve};
use crate::storage::metadata::{OperatorEntry, StateDeclaration, StateWord};

/// One entry, as a backend has it. What the state does not have is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Key group of the key.
    pub(crate) key_group: u32,
    /// Whose it is.
    pub(crate) key: &'a [u8],
    /// Sub-key or namespace.
    pub(crate) sub_key: &'a [u8],
    /// Value, or elements each behind its length.
    pub(crate) value: &'a [u8],
}

/// An entry that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnedEntry {
    /// Key group of the key.
    pub(crate) key_group: u32,
    /// Whose it is.
    pub(crate) key: Vec<u8>,
    /// Sub-key or namespace.
    pub(crate) sub_key: Vec<u8>,
    /// Value, or elements each behind its length.
    pub(crate) value: Vec<u8>,
}

/// What kind of entries a state has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A declared state.
    State(StateWord),
    /// The timers of one time domain.
    Timers,
}

/// How the entries of one state are typed.
#[derive(Clone, Debug)]
pub(crate) struct EntryCodec {
    /// What the entries are.
    pub(crate) shape: Shape,
    /// Their keys.
    pub(crate) key: Part,
    /// Their sub-keys.
    pub(crate) sub_key: Part,
    /// Their values or list elements.
    pub(crate) value: Part,
    /// Values stand behind the time of their last write.
    pub(crate) expires: bool,
}

impl EntryCodec {
    /// The codec of a declared state.
    pub(crate) fn of(operator: &OperatorEntry, state: &StateDeclaration) -> Self {
        let key_schema = operator.key_schema.as_ref();
        let sub_key = match state.kind {
            // A namespace is ordered like a sub-key where its schema is known.
            StateWord::Map | StateWord::Value | StateWord::List | StateWord::Broadcast => {
                Part::new(state.sub_key_schema.as_ref(), Coding::SubKey, "sub_key")
            }
            StateWord::ListSplit | StateWord::ListUnion => Part::new(None, Coding::Row, "sub_key"),
        };
        Self {
            shape: Shape::State(state.kind),
            key: Part::new(key_schema, Coding::Row, "key"),
            sub_key,
            value: Part::new(Some(&state.schema), Coding::Row, "value"),
            expires: state.expires,
        }
    }

    /// The codec of the timers of an operator.
    pub(crate) fn of_timers(operator: &OperatorEntry) -> Self {
        Self {
            shape: Shape::Timers,
            key: Part::new(operator.key_schema.as_ref(), Coding::Row, "key"),
            sub_key: Part::timer(),
            value: Part::new(None, Coding::Row, "value"),
            expires: false,
        }
    }

    fn is_list(&self) -> bool {
        self.shape == Shape::State(StateWord::List)
    }

    /// The name of the field of the sub-key, if entries have one.
    fn sub_key_field(&self) -> Option<&'static str> {
        match self.shape {
            Shape::State(StateWord::Value | StateWord::List) => Some("namespace"),
            Shape::State(StateWord::Map) => Some("sub_key"),
            Shape::State(StateWord::Broadcast) => Some("key"),
            Shape::Timers => Some("timer"),
            Shape::State(StateWord::ListSplit | StateWord::ListUnion) => None,
        }
    }

    fn is_keyed(&self) -> bool {
        match self.shape {
            Shape::State(kind) => kind.keyed().is_some(),
            Shape::Timers => true,
        }
    }

    /// The Avro schema of the records.
    ///
    /// # Errors
    /// The library finds fault with it; a text.
    pub(crate) fn schema(&self) -> Result<Schema, String> {
        let mut fields = Vec::new();
        let mut field = |name: &str, ty: Json| fields.push(json!({ "name": name, "type": ty }));
        if self.is_keyed() {
            field("key_group", json!("int"));
            field("key", self.key.schema().clone());
        }
        if let Some(name) = self.sub_key_field() {
            field(name, self.sub_key.schema().clone());
        }
        if self.shape != Shape::Timers {
            let value = if self.expires {
                json!({
                    "type": "record", "name": "expiring",
                    "fields": [
                        { "name": "written_ms", "type": "long" },
                        { "name": "value", "type": self.value.schema() },
                    ],
                })
            } else {
                self.value.schema().clone()
            };
            if self.is_list() {
                field("elements", json!({ "type": "array", "items": value }));
            } else {
                field("value", value);
            }
        }
        let schema = json!({
            "type": "record", "name": "entry", "namespace": "wasmill.savepoint", "fields": fields,
        });
        Schema::parse(&schema).map_err(|error| error.to_string())
    }

    /// The record of an entry.
    pub(crate) fn to_record(&self, entry: Entry<'_>) -> Value {
        let mut fields = Vec::with_capacity(4);
        let mut field = |name: &str, value: Value| fields.push((name.to_owned(), value));
        if self.is_keyed() {
            field("key_group", Value::Int(entry.key_group as i32));
            field("key", self.key.read(entry.key));
        }
        if let Some(name) = self.sub_key_field() {
            field(name, self.sub_key.read(entry.sub_key));
        }
        if self.is_list() {
            let elements = elements(entry.value).map(|element| self.value_record(element));
            field("elements", Value::Array(elements.collect()));
        } else if self.shape != Shape::Timers {
            field("value", self.value_record(entry.value));
        }
        Value::Record(fields)
    }

    fn value_record(&self, bytes: &[u8]) -> Value {
        if !self.expires {
            return self.value.read(bytes);
        }
        // A guest that leaves the time out has broken the contract; then the value is not worth keeping.
        let (time, value) = bytes.split_at_checked(8).unwrap_or((&[0; 8], bytes));
        let time = i64::from_le_bytes(time.try_into().unwrap_or_default());
        Value::Record(vec![
            ("written_ms".to_owned(), Value::Long(time)),
            ("value".to_owned(), self.value.read(value)),
        ])
    }

    fn value_bytes(&self, value: &Value) -> Option<Vec<u8>> {
        if !self.expires {
            return self.value.write(value);
        }
        let Value::Record(fields) = value else {
            return None;
        };
        let [(_, Value::Long(time)), (_, value)] = &fields[..] else {
            return None;
        };
        let mut bytes = time.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.value.write(value)?);
        Some(bytes)
    }

    /// The entry of a record; `None` if it is none of this state.
    pub(crate) fn of_record(&self, record: &Value) -> Option<OwnedEntry> {
        let Value::Record(fields) = record else {
            return None;
        };
        let mut fields = fields.iter().map(|(_, value)| value);
        let mut entry = OwnedEntry::default();
        if self.is_keyed() {
            let Value::Int(group) = fields.next()? else {
                return None;
            };
            entry.key_group = u32::try_from(*group).ok()?;
            entry.key = self.key.write(fields.next()?)?;
        }
        if self.sub_key_field().is_some() {
            entry.sub_key = self.sub_key.write(fields.next()?)?;
        }
        if self.is_list() {
            let Value::Array(elements) = fields.next()? else {
                return None;
            };
            for element in elements {
                push_element(&mut entry.value, &self.value_bytes(element)?);
            }
        } else if self.shape != Shape::Timers {
            entry.value = self.value_bytes(fields.next()?)?;
        }
        fields.next().is_none().then_some(entry)
    }

    /// The entry as JSON for people.
    pub(crate) fn to_json(&self, entry: Entry<'_>) -> Json {
        let mut fields = serde_json::Map::new();
        if self.is_keyed() {
            fields.insert("key_group".to_owned(), json!(entry.key_group));
            fields.insert("key".to_owned(), self.key.to_json(entry.key));
        }
        let names_nothing = self.sub_key_field() == Some("namespace") && entry.sub_key.is_empty();
        if let Some(name) = self.sub_key_field().filter(|_| !names_nothing) {
            fields.insert(name.to_owned(), self.sub_key.to_json(entry.sub_key));
        }
        let value = |bytes: &[u8]| {
            if !self.expires {
                return self.value.to_json(bytes);
            }
            let (time, value) = bytes.split_at_checked(8).unwrap_or((&[0; 8], bytes));
            let time = i64::from_le_bytes(time.try_into().unwrap_or_default());
            json!({ "written_ms": time, "value": self.value.to_json(value) })
        };
        if self.is_list() {
            let elements = elements(entry.value).map(value).collect();
            fields.insert("elements".to_owned(), Json::Array(elements));
        } else if self.shape != Shape::Timers {
            fields.insert("value".to_owned(), value(entry.value));
        }
        Json::Object(fields)
    }
}

/// The elements of a list, each behind its length.
fn elements(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = list.split_first_chunk::<4>()?;
        let (element, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        list = rest;
        Some(element)
    })
}

fn push_element(list: &mut Vec<u8>, element: &[u8]) {
    list.extend_from_slice(&(element.len() as u32).to_le_bytes());
    list.extend_from_slice(element);
}

/// Turns values of an old declaration of a state into values of a new one.
#[derive(Clone, Debug)]
pub(crate) struct Migration {
    old: EntryCodec,
    new: EntryCodec,
    /// `None`: they stay as they are.
    plan: Option<Resolution>,
}

impl Migration {
    /// Plans the migration from one codec to another.
    ///
    /// # Errors
    /// There is none; why, for the user.
    pub(crate) fn plan(
        old: (EntryCodec, &StateDeclaration),
        new: (EntryCodec, &StateDeclaration),
    ) -> Result<Self, String> {
        let ((old, was), (new, is)) = (old, new);
        if was.kind != is.kind {
            let (was, is) = (was.kind.name(), is.kind.name());
            return Err(format!("it was a {was} state and is a {is} state now"));
        }
        if was.expires != is.expires {
            let change = if is.expires { "begins" } else { "ceases" };
            return Err(format!(
                "a state that {change} to expire needs another name"
            ));
        }
        if !is_same(
            &old.sub_key,
            was.sub_key_schema.as_ref(),
            &new.sub_key,
            is.sub_key_schema.as_ref(),
        ) {
            return Err("the schema of its sub-keys has changed".to_owned());
        }
        let plan = match (old.value.ty(), new.value.ty()) {
            (Some(old), Some(new)) => match resolve(old, new)? {
                Resolution::Keep => None,
                plan => Some(plan),
            },
            _ if was.schema == is.schema => None,
            _ => return Err("a schema that is not known cannot be migrated".to_owned()),
        };
        Ok(Self { old, new, plan })
    }

    /// Whether values stay as they are.
    pub(crate) fn keeps(&self) -> bool {
        self.plan.is_none()
    }

    /// The new value of an entry (of a list: all its elements); `None` if the old one is not of its schema.
    pub(crate) fn value(&self, value: &[u8]) -> Option<Vec<u8>> {
        let Some(plan) = &self.plan else {
            return Some(value.to_vec());
        };
        if !self.old.is_list() {
            return self.one(plan, value);
        }
        let mut list = Vec::with_capacity(value.len());
        for element in elements(value) {
            push_element(&mut list, &self.one(plan, element)?);
        }
        Some(list)
    }

    fn one(&self, plan: &Resolution, value: &[u8]) -> Option<Vec<u8>> {
        let (time, value) = value.split_at_checked(if self.old.expires { 8 } else { 0 })?;
        let (old, new) = (self.old.value.ty()?, self.new.value.ty()?);
        let typed = plan.apply(super::row_value::read(old, value)?)?;
        let mut bytes = time.to_vec();
        super::row_value::write(new, &typed, &mut bytes)?;
        Some(bytes)
    }
}

/// Whether two parts have the same bytes for the same values.
pub(crate) fn is_same(old: &Part, was: Option<&Json>, new: &Part, is: Option<&Json>) -> bool {
    match (old.ty(), new.ty()) {
        (Some(old), Some(new)) => old.is_same(new),
        _ => was == is,
    }
}

#[cfg(test)]
mod tests;
