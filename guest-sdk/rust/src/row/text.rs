//! [`Text`]: a string that is kept in place while it is short, so that a word costs no allocation.
//!
//! Its schema and bytes are those of `String`. It is immutable; cloning never copies more than its 24 bytes.

use serde_json::{Value, json};

use super::{Row, SchemaNames, malformed};
use crate::column::copy_into;
use crate::error::Error;

/// An immutable string; up to 23 bytes are kept in place.
pub type Text = smol_str::SmolStr;

impl Row for Text {
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
            // Records of several kinds in one type are full of texts that are not theirs.
            Ok("") => Ok(Self::new_static("")),
            Ok(text) => Ok(Self::new(text)),
            Err(_) => Err(malformed::<Self>("it is not UTF-8")),
        }
    }
}
