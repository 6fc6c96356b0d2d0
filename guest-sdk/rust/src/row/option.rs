//! Rows of `Option`: the Avro union of null and one type.
//!
//! As a field of a record it is a null bit and the slot of the inner type; elsewhere it is a word that says null or
//! not, one slot and the variable part. Avro has no union in a union and no null in it twice: such types do not compile.

use serde_json::{Value, json};

use super::record::{RecordReader, RecordWriter};
use super::{Row, SchemaNames, malformed};
use crate::error::Error;

impl<T: Row> Row for Option<T> {
    const WIDTH: Option<usize> = if T::INLINE { Some(16) } else { None };
    const NULLABLE: bool = {
        assert!(!T::NULLABLE, "an option of an option has no schema");
        true
    };
    const FIELD_WIDTH: Option<usize> = if T::INLINE { Some(0) } else { None };

    fn name() -> String {
        format!("optional_{}", T::name())
    }

    fn schema(names: &mut SchemaNames) -> Value {
        json!(["null", T::schema(names)])
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => {
                let mut union = RecordWriter::with_slots(out, 1, 1);
                union.put(value);
            }
            None => {
                out.extend_from_slice(&1u64.to_le_bytes());
                out.extend_from_slice(&[0; 8]);
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut union = RecordReader::with_slots::<Self>(bytes, 1, 1)?;
        let value = match (bytes.first(), &bytes[1..8]) {
            (Some(0), [0, 0, 0, 0, 0, 0, 0]) => Some(union.take()?),
            (Some(1), [0, 0, 0, 0, 0, 0, 0]) if bytes[8..16] == [0; 8] => None,
            _ => return Err(malformed::<Self>("it is neither null nor a value")),
        };
        union.finish::<Self>()?;
        Ok(value)
    }

    fn write_field(&self, record: &mut RecordWriter<'_>) {
        record.put_nullable(self.as_ref());
    }

    fn read_field(record: &mut RecordReader<'_>) -> Result<Self, Error> {
        record.take_nullable()
    }
}
