//! [`Dynamic`]: a record as its bytes, with access to the fields that a schema has found.

use serde_json::Value as Json;
use smallvec::SmallVec;

use super::read::{fixed, part_of, slot_of};
use super::{Field, Type, Value};
use crate::error::Error;
use crate::row::{Row, SchemaNames};

/// What stands in a plan where the schema of dynamic records has yet to be put. No name of Avro has a hyphen.
pub(crate) const MARKER: &str = "wasmill-dynamic";

/// Bytes of a record that are kept in place.
const IN_PLACE: usize = 64;

/// Bytes that are kept in place while they are few.
pub(super) type Bytes = SmallVec<[u8; IN_PLACE]>;

/// A record of a schema that is known when the job is planned; see [`super`]. Equal records of one schema have equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dynamic(pub(super) Bytes);

impl Dynamic {
    /// A record of these bytes, in the layout of `wit/ENCODING.md`.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Bytes::from_slice(bytes))
    }

    /// Its bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a field is null.
    ///
    /// # Errors
    /// The record is shorter than its schema says.
    #[inline]
    pub fn is_null(&self, field: &Field) -> Result<bool, Error> {
        field.is_null_in(&self.0)
    }

    /// A field of type `long` or `int`.
    ///
    /// # Errors
    /// The field has another type, is null, or the record is malformed.
    #[inline]
    pub fn long(&self, field: &Field) -> Result<i64, Error> {
        match field.kind() {
            Type::Long | Type::Int => Ok(self.slot(field)? as i64),
            _ => Err(field.is_no("long")),
        }
    }

    /// A field of any type of number, as a double.
    ///
    /// # Errors
    /// As [`Dynamic::long`].
    #[inline]
    pub fn double(&self, field: &Field) -> Result<f64, Error> {
        let slot = self.slot(field)?;
        match field.kind() {
            Type::Double => Ok(f64::from_bits(slot)),
            Type::Float => Ok(f64::from(f32::from_bits(slot as u32))),
            Type::Long | Type::Int => Ok(slot as i64 as f64),
            _ => Err(field.is_no("number")),
        }
    }

    /// A field of type `boolean`.
    ///
    /// # Errors
    /// As [`Dynamic::long`].
    #[inline]
    pub fn boolean(&self, field: &Field) -> Result<bool, Error> {
        match field.kind() {
            Type::Boolean => Ok(self.slot(field)? == 1),
            _ => Err(field.is_no("boolean")),
        }
    }

    /// A field of type `string`, or the symbol of an `enum`.
    ///
    /// # Errors
    /// As [`Dynamic::long`].
    #[inline]
    pub fn text<'a>(&'a self, field: &'a Field) -> Result<&'a str, Error> {
        match field.kind() {
            Type::Text => {
                let part = part_of(&self.0, field.present(&self.0)?.slot)?;
                std::str::from_utf8(part).map_err(|_| field.malformed("it is not UTF-8"))
            }
            kind @ Type::Enum(_) => match fixed(kind, self.slot(field)?)? {
                Value::Text(symbol) => Ok(symbol),
                _ => Err(field.is_no("string")),
            },
            _ => Err(field.is_no("string")),
        }
    }

    /// A field of any type, null included.
    ///
    /// # Errors
    /// The record is malformed.
    pub fn value<'a>(&'a self, field: &'a Field) -> Result<Value<'a>, Error> {
        if field.is_null_in(&self.0)? {
            return Ok(Value::Null);
        }
        super::read::in_slot(field.kind(), &self.0, field.slot)
    }

    /// The eight bytes of a number or boolean that is there: nothing where [`Dynamic::long`] and the like have an error
    /// to tell, at the cost of a bounds check. For code that has another way then.
    #[inline]
    pub fn bits(&self, field: &Field) -> Option<u64> {
        let word = |at: usize| {
            let bytes = self.0.get(at..)?.first_chunk::<8>()?;
            Some(u64::from_le_bytes(*bytes))
        };
        let bits = word(field.slot);
        match field.null_bit {
            None => bits,
            Some(bit) if word(bit / 64 * 8)? >> (bit % 64) & 1 == 0 => bits,
            Some(_) => None,
        }
    }

    #[inline]
    fn slot(&self, field: &Field) -> Result<u64, Error> {
        slot_of(&self.0, field.present(&self.0)?.slot)
    }
}

impl Row for Dynamic {
    const WIDTH: Option<usize> = None;

    fn name() -> String {
        "dynamic".to_owned()
    }

    /// Stands for the schema that the plan has in its place.
    fn schema(_names: &mut SchemaNames) -> Json {
        Json::from(MARKER)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        crate::column::copy_into(out, &self.0);
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_bytes(bytes))
    }
}
