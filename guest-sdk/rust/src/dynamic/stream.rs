//! What streams of [`Dynamic`] records have on top: the schema, a new schema for what an operator returns, and keys by the
//! names of fields.

use super::{Dynamic, RowSchema};
use crate::error::Error;
use crate::row::Row;
use crate::stream::{KeyedStream, Stream};

impl Stream<Dynamic> {
    /// The schema of the records.
    ///
    /// # Errors
    /// The operator before does not say it; see [`Stream::returns`].
    pub fn schema(&self) -> Result<RowSchema, Error> {
        self.with_output(|output| RowSchema::parse(&output.schema))
    }

    /// Says which schema the records of the operator before have. Without it they have that of its first input.
    #[must_use]
    pub fn returns(self, schema: &RowSchema) -> Self {
        self.with_output(|output| output.schema = schema.to_json());
        self
    }

    /// Groups records by fields: the key is the field, or a record of the fields if there are several.
    ///
    /// # Errors
    /// There is no such field.
    pub fn key_by_fields(self, names: &[&str]) -> Result<KeyedStream<Dynamic, Dynamic>, Error> {
        let schema = self.schema()?;
        let fields = names.iter().map(|name| schema.field(name));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let key = match fields.as_slice() {
            [] => return Err(Error::from("a key needs at least one field")),
            [field] if !field.is_nullable() => RowSchema::of(field.kind().clone()),
            fields => {
                let named = fields
                    .iter()
                    .map(|it| (it.name().to_owned(), it.declared()));
                RowSchema::record("Key", named)
            }
        };
        let shown = key.clone();
        let keyed = self.try_key_by(move |record: &Dynamic| {
            let mut builder = key.builder();
            for field in &fields {
                let unreadable = |error| {
                    let name = field.name();
                    Error::User(format!(
                        "the key of a record cannot be read: field {name}: {error}"
                    ))
                };
                builder.copy(record, field).map_err(unreadable)?;
            }
            builder.finish()
        });
        Ok(keyed.returns_key(&shown))
    }
}

impl<T: Row> KeyedStream<Dynamic, T> {
    /// The schema of the keys.
    ///
    /// # Errors
    /// Nobody has said it; see [`KeyedStream::returns_key`].
    pub fn key_schema(&self) -> Result<RowSchema, Error> {
        self.with_output(|output| {
            let schema = output.key_schema.as_ref();
            RowSchema::parse(schema.unwrap_or(&serde_json::Value::Null))
        })
    }

    /// Says which schema the keys have that the key selection gives.
    #[must_use]
    pub fn returns_key(self, schema: &RowSchema) -> Self {
        self.with_output(|output| output.key_schema = Some(schema.to_json()));
        self
    }
}

impl<K: Row> KeyedStream<K, Dynamic> {
    /// The schema of the records.
    ///
    /// # Errors
    /// As [`Stream::schema`].
    pub fn schema(&self) -> Result<RowSchema, Error> {
        self.with_output(|output| RowSchema::parse(&output.schema))
    }
}
