//! [`Side`]: a record of one of two streams that flow together.
//!
//! Its schema is a record with two nullable fields, of which exactly one is set. A union of the two types would be
//! smaller on paper, but Avro has none of two equal types.

use serde_json::Value;

use super::{RecordReader, RecordWriter, Row, SchemaNames, malformed, record_schema, record_width};
use crate::error::Error;

/// A record of the left or of the right stream of a join.
#[derive(Clone, Debug, PartialEq)]
pub enum Side<L, R> {
    /// Of the left stream.
    Left(L),
    /// Of the right stream.
    Right(R),
}

impl<L: Row, R: Row> Side<L, R> {
    const SHAPE: [(bool, Option<usize>); 2] = [
        (Option::<L>::NULLABLE, Option::<L>::FIELD_WIDTH),
        (Option::<R>::NULLABLE, Option::<R>::FIELD_WIDTH),
    ];
}

impl<L: Row, R: Row> Row for Side<L, R> {
    const WIDTH: Option<usize> = record_width(&Self::SHAPE);

    fn name() -> String {
        format!("side_{}_{}", L::name(), R::name())
    }

    fn schema(names: &mut SchemaNames) -> Value {
        names.define(Self::name(), |names| {
            let fields = [
                ("left", Option::<L>::schema(names)),
                ("right", Option::<R>::schema(names)),
            ];
            record_schema(&Self::name(), fields)
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut record = RecordWriter::new(out, &Self::SHAPE);
        let (left, right) = match self {
            Self::Left(left) => (Some(left), None),
            Self::Right(right) => (None, Some(right)),
        };
        record.put_nullable(left);
        record.put_nullable(right);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut record = RecordReader::new::<Self>(bytes, &Self::SHAPE)?;
        let side = (record.take_nullable::<L>()?, record.take_nullable::<R>()?);
        record.finish::<Self>()?;
        match side {
            (Some(left), None) => Ok(Self::Left(left)),
            (None, Some(right)) => Ok(Self::Right(right)),
            _ => Err(malformed::<Self>("it is not exactly one of two records")),
        }
    }
}
