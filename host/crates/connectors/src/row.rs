//! Values as rows of 8-byte slots, on the host's side: from JSON to bytes and back to JSON text.
//!
//! The layout is `wit/ENCODING.md`. Keeps: equal values have equal bytes; any bytes whatever decode to a value or to an
//! error, in time linear in their number, because variable parts must follow each other as the layout says. Operators
//! never come through here, only connectors and the console, so it is written for clarity before speed.

pub use decode::{append_json, slot_bytes};
pub use encode::encode;

mod decode;
mod encode;

/// The little-endian 8 bytes at `at`, if there are that many.
#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests;
