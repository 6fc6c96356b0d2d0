//! [`Pairing`]: two streams by their keys, and how a pair of their records becomes one record.

use std::rc::Rc;

use wasmill_sdk::dynamic::{Dynamic, Field, RowSchema, Type, Value};
use wasmill_sdk::prelude::*;

use crate::expression::wrong;
use crate::on_error::readable;
use crate::parameters::Given;

/// One side of a pair: its records and the names of its key's fields.
pub(crate) struct Side {
    pub(crate) records: Stream<Dynamic>,
    pub(crate) key: Vec<String>,
    pub(crate) schema: RowSchema,
}

impl Side {
    /// The fields of the key.
    pub(crate) fn key_fields(&self) -> Result<Vec<Field>, Error> {
        let fields = self.key.iter().map(|name| self.schema.field(name));
        fields.collect()
    }

    /// The records by key.
    pub(crate) fn keyed(self, uid: &str) -> Result<KeyedStream<Dynamic, Dynamic>, Error> {
        let names: Vec<&str> = self.key.iter().map(String::as_str).collect();
        Ok(self.records.key_by_fields(&names)?.uid(uid))
    }
}

/// The two sides that the ports and parameters name, whose keys have the same types.
pub(crate) fn sides(env: &mut Env, given: &Given, ports: [&str; 2]) -> Result<[Side; 2], Error> {
    let left = side(env, given, "left", ports[0])?;
    let right = side(env, given, "right", ports[1])?;
    let kinds = |side: &Side| -> Result<Vec<Type>, Error> {
        Ok(side.key_fields()?.iter().map(Field::declared).collect())
    };
    if kinds(&left)? != kinds(&right)? {
        return Err(wrong(
            "key",
            "the fields of both sides have different types",
        ));
    }
    Ok([left, right])
}

fn side(env: &mut Env, given: &Given, which: &str, port: &str) -> Result<Side, Error> {
    let mut key = given.names(&format!("{which}_key"));
    if key.is_empty() {
        key = given.names("key");
    }
    if key.is_empty() {
        let reason = "it is missing, give key, or left_key and right_key";
        return Err(wrong("key", reason));
    }
    let records = env.input_dynamic(port)?;
    let schema = records.schema()?;
    let records = readable(records, given, &format!("{which}-readable"), |_| Ok(()))?;
    Ok(Side {
        records,
        key,
        schema,
    })
}

/// How a pair becomes a record: the left one's fields, then those of the right one without its key. A name that is there
/// already gets `right_` before it. Where a side may be missing, its fields are null; the key is that of the other.
pub(crate) struct Pairing {
    /// Each with the field of the right side that stands for it if the left is missing.
    left: Vec<(Field, Option<Field>)>,
    right: Vec<Field>,
    schema: RowSchema,
}

impl Pairing {
    /// Of these sides; the type of the join says which of them may be missing.
    pub(crate) fn new([left, right]: &[Side; 2], join_type: JoinType) -> Result<Self, Error> {
        let (left_alone, right_alone) = match join_type {
            JoinType::Inner => (false, false),
            JoinType::LeftOuter => (true, false),
            JoinType::RightOuter => (false, true),
            JoinType::FullOuter => (true, true),
        };
        let declared = |field: &Field, may_miss: bool| match may_miss {
            true => Type::Optional(Rc::new(field.kind().clone())),
            false => field.declared(),
        };
        let right_key = right.key_fields()?;
        let mut shown: Vec<(String, Type)> = Vec::new();
        let mut lefts = Vec::new();
        for field in left.schema.fields() {
            let place = left.key.iter().position(|name| name == field.name());
            let stand_in = place.and_then(|place| right_key.get(place).cloned());
            let kind = declared(field, right_alone && stand_in.is_none());
            shown.push((field.name().to_owned(), kind));
            lefts.push((field.clone(), stand_in));
        }
        let is_new = |field: &&Field| right.key.iter().all(|name| name != field.name());
        let rights: Vec<Field> = right
            .schema
            .fields()
            .iter()
            .filter(is_new)
            .cloned()
            .collect();
        for field in &rights {
            let mut name = field.name().to_owned();
            while shown.iter().any(|(other, _)| *other == name) {
                name = format!("right_{name}");
            }
            shown.push((name, declared(field, left_alone)));
        }
        Ok(Self {
            left: lefts,
            right: rights,
            schema: RowSchema::record("Joined", shown),
        })
    }

    /// What pairs become.
    pub(crate) fn schema(&self) -> &RowSchema {
        &self.schema
    }

    /// The record of a pair, or of one side alone.
    pub(crate) fn row(
        &self,
        left: Option<&Dynamic>,
        right: Option<&Dynamic>,
    ) -> Result<Dynamic, Error> {
        let mut row = self.schema.builder();
        for (field, stand_in) in &self.left {
            match (left, right, stand_in) {
                (Some(left), ..) => row.copy(left, field)?,
                (None, Some(right), Some(stand_in)) => row.copy(right, stand_in)?,
                (None, ..) => row.push(&Value::Null)?,
            };
        }
        for field in &self.right {
            match right {
                Some(right) => row.copy(right, field)?,
                None => row.push(&Value::Null)?,
            };
        }
        row.finish()
    }

    /// Emits the record of a pair. Both sides were read through before, so that it can be written.
    pub(crate) fn emit(
        &self,
        left: Option<&Dynamic>,
        right: Option<&Dynamic>,
        out: &mut Collector<'_, Dynamic>,
    ) {
        match self.row(left, right) {
            Ok(row) => out.emit(row),
            Err(error) => panic!("a pair cannot be written: {error}"),
        }
    }
}
