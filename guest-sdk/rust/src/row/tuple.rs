//! Rows of tuples: records with the fields `f0`, `f1` and so on.

use serde_json::Value;

use super::record::{RecordReader, RecordWriter, record_width};
use super::{Row, SchemaNames, record_schema, whole_row};
use crate::error::Error;

macro_rules! tuple_row {
    ($count:literal: $($type:ident $index:tt),+) => {
        impl<$($type: Row),+> Row for ($($type,)+) {
            const WIDTH: Option<usize> = record_width(&[$(($type::NULLABLE, $type::FIELD_WIDTH)),+]);

            fn name() -> String {
                let names = [$($type::name()),+];
                format!("tuple_{}", names.join("_"))
            }

            fn schema(names: &mut SchemaNames) -> Value {
                names.define(Self::name(), |names| {
                    let fields = [$((concat!("f", $index), $type::schema(names))),+];
                    record_schema(&Self::name(), fields)
                })
            }

            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                if const { $($type::INLINE)&&+ } {
                    let mut row = [0u8; 8 * $count];
                    $(row[8 * $index..8 * $index + 8].copy_from_slice(&self.$index.to_slot().to_le_bytes());)+
                    out.extend_from_slice(&row);
                    return;
                }
                let mut record =
                    RecordWriter::new(out, const { &[$(($type::NULLABLE, $type::FIELD_WIDTH)),+] });
                $(record.field(&self.$index);)+
            }

            #[inline]
            fn decode(bytes: &[u8]) -> Result<Self, Error> {
                if const { $($type::INLINE)&&+ } {
                    let row = whole_row::<Self, $count>(bytes)?;
                    return Ok(($($type::from_slot(u64::from_le_bytes(row[$index]))?,)+));
                }
                let mut record = RecordReader::new::<Self>(
                    bytes,
                    const { &[$(($type::NULLABLE, $type::FIELD_WIDTH)),+] },
                )?;
                let tuple = ($(record.field::<$type>()?,)+);
                record.finish::<Self>()?;
                Ok(tuple)
            }
        }
    };
}

tuple_row!(1: A 0);
tuple_row!(2: A 0, B 1);
tuple_row!(3: A 0, B 1, C 2);
tuple_row!(4: A 0, B 1, C 2, D 3);
tuple_row!(5: A 0, B 1, C 2, D 3, E 4);
tuple_row!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple_row!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_row!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
