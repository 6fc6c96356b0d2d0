//! Rows of the primitive types: numbers and booleans in one slot, `()` in nothing, strings and bytes as themselves.
//!
//! A slot has one value and a value has one slot: the unused bits of a narrow type must be what encoding would write.

use serde_json::{Value, json};

use super::{Row, SchemaNames, malformed, whole_slot};
use crate::column::copy_into;
use crate::error::Error;

macro_rules! slot_row {
    ($type:ty, $schema:literal, $to:expr, $from:expr) => {
        impl Row for $type {
            const WIDTH: Option<usize> = Some(8);
            const INLINE: bool = true;

            fn name() -> String {
                $schema.to_owned()
            }

            fn schema(_names: &mut SchemaNames) -> Value {
                json!($schema)
            }

            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_slot().to_le_bytes());
            }

            #[inline]
            fn decode(bytes: &[u8]) -> Result<Self, Error> {
                Self::from_slot(whole_slot::<Self>(bytes)?)
            }

            #[inline]
            fn to_slot(&self) -> u64 {
                let to: fn($type) -> u64 = $to;
                to(*self)
            }

            #[inline]
            fn from_slot(slot: u64) -> Result<Self, Error> {
                let from: fn(u64) -> Result<$type, Error> = $from;
                from(slot)
            }
        }
    };
}

slot_row!(i64, "long", |v| v as u64, |slot| Ok(slot as i64));
slot_row!(i32, "int", |v| i64::from(v) as u64, |slot| {
    i32::try_from(slot as i64).map_err(|_| malformed::<i32>("the number does not fit 32 bits"))
});
slot_row!(f64, "double", f64::to_bits, |slot| Ok(f64::from_bits(slot)));
slot_row!(f32, "float", |v| u64::from(v.to_bits()), |slot| {
    let bits = u32::try_from(slot);
    bits.map(f32::from_bits)
        .map_err(|_| malformed::<f32>("the upper four bytes are not zero"))
});
slot_row!(bool, "boolean", u64::from, |slot| match slot {
    0 => Ok(false),
    1 => Ok(true),
    _ => Err(malformed::<bool>("it is neither 0 nor 1")),
});

impl Row for () {
    const WIDTH: Option<usize> = Some(0);

    fn name() -> String {
        "null".to_owned()
    }

    fn schema(_names: &mut SchemaNames) -> Value {
        json!("null")
    }

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            Ok(())
        } else {
            Err(malformed::<Self>("it is not empty"))
        }
    }
}

impl Row for String {
    const WIDTH: Option<usize> = None;

    fn name() -> String {
        "string".to_owned()
    }

    fn schema(_names: &mut SchemaNames) -> Value {
        json!("string")
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        copy_into(out, self.as_bytes());
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(malformed::<Self>("it is not UTF-8")),
        }
    }
}

impl Row for Vec<u8> {
    const WIDTH: Option<usize> = None;

    fn name() -> String {
        "bytes".to_owned()
    }

    fn schema(_names: &mut SchemaNames) -> Value {
        json!("bytes")
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        copy_into(out, self);
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Ok(bytes.to_vec())
    }
}
