//! Keys of a Map state's entries: encoded so that the order of the bytes is the order of the values.
//!
//! Integers are big endian with the sign bit flipped, as `wit/ENCODING.md` asks; a pair of integers is one after the
//! other; text and bytes are themselves.

use crate::error::Error;
use crate::row::{Row, Text, malformed};

/// A type whose values can be keys of a [`MapState`](crate::MapState).
pub trait SubKey: Row {
    /// Bytes of every sub-key, if all have the same number.
    const SUB_KEY_WIDTH: Option<usize>;

    /// Appends the sub-key's bytes.
    fn encode_sub_key(&self, out: &mut Vec<u8>);

    /// Reads a sub-key back.
    ///
    /// # Errors
    /// The bytes are not those of any sub-key.
    fn decode_sub_key(bytes: &[u8]) -> Result<Self, Error>;
}

/// The eight bytes of an integer sub-key.
pub(crate) fn ordered(number: i64) -> [u8; 8] {
    (number ^ i64::MIN).to_be_bytes()
}

impl SubKey for i64 {
    const SUB_KEY_WIDTH: Option<usize> = Some(8);

    fn encode_sub_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&ordered(*self));
    }

    fn decode_sub_key(bytes: &[u8]) -> Result<Self, Error> {
        match <[u8; 8]>::try_from(bytes) {
            Ok(bytes) => Ok(Self::from_be_bytes(bytes) ^ Self::MIN),
            Err(_) => Err(malformed::<Self>("the sub-key is not 8 bytes")),
        }
    }
}

impl SubKey for i32 {
    const SUB_KEY_WIDTH: Option<usize> = Some(8);

    fn encode_sub_key(&self, out: &mut Vec<u8>) {
        i64::from(*self).encode_sub_key(out);
    }

    fn decode_sub_key(bytes: &[u8]) -> Result<Self, Error> {
        let number = i64::decode_sub_key(bytes)?;
        Self::try_from(number).map_err(|_| malformed::<Self>("the number does not fit 32 bits"))
    }
}

/// Ordered by the first number, then by the second.
impl SubKey for (i64, i64) {
    const SUB_KEY_WIDTH: Option<usize> = Some(16);

    fn encode_sub_key(&self, out: &mut Vec<u8>) {
        self.0.encode_sub_key(out);
        self.1.encode_sub_key(out);
    }

    fn decode_sub_key(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.split_at_checked(8) {
            Some((first, second)) => {
                Ok((i64::decode_sub_key(first)?, i64::decode_sub_key(second)?))
            }
            None => Err(malformed::<Self>("the sub-key is not 16 bytes")),
        }
    }
}

macro_rules! plain_sub_key {
    ($($type:ty),+) => {
        $(impl SubKey for $type {
            const SUB_KEY_WIDTH: Option<usize> = None;

            fn encode_sub_key(&self, out: &mut Vec<u8>) {
                self.encode(out);
            }

            fn decode_sub_key(bytes: &[u8]) -> Result<Self, Error> {
                Self::decode(bytes)
            }
        })+
    };
}

plain_sub_key!(String, Text, Vec<u8>);
