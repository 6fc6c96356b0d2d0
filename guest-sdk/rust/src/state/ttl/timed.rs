//! [`Timed`]: a value behind the time of its last write, as expiring state stores it.

use serde_json::Value;

use crate::error::Error;
use crate::row::{Row, SchemaNames, malformed};

/// A value and when it was written. Its schema is that of the value: the plan says that the state expires.
#[derive(Clone, Debug)]
pub(crate) struct Timed<T> {
    /// In milliseconds of the state's clock.
    pub(crate) at: i64,
    pub(crate) value: T,
}

impl<T: Row> Row for Timed<T> {
    const WIDTH: Option<usize> = match T::WIDTH {
        Some(width) => Some(width + 8),
        None => None,
    };

    fn name() -> String {
        T::name()
    }

    fn schema(names: &mut SchemaNames) -> Value {
        T::schema(names)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.to_le_bytes());
        self.value.encode(out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (at, value) = bytes
            .split_first_chunk()
            .ok_or_else(|| malformed::<T>("the time of its last write is missing"))?;
        Ok(Self {
            at: i64::from_le_bytes(*at),
            value: T::decode(value)?,
        })
    }
}
