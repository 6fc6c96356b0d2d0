//! Answers of reads, kept within what a column can hold.

use dataflow::port::state::{Found, Scanned, StateError};

use crate::error::storage;

/// Bytes of values in one answer. A column ends at 4 GiB; nobody wants an answer near that.
const REPLY_BYTES_MAX: usize = 1 << 30;

/// Appends an answer. A value for which there is no room is left out; `false` says so.
#[inline]
pub(crate) fn push(found: &mut Found, value: Option<&[u8]>) -> bool {
    let Some(value) = value else {
        found.push(None);
        return true;
    };
    let words = found.values.ends.is_empty() && found.values.data.len() == 8 * found.present.len();
    if let Some(word) = value.first_chunk::<8>()
        && value.len() == 8
        && words
        && found.values.data.len() < REPLY_BYTES_MAX
    {
        // One word after words only: no call, no multiplication.
        found.values.data.extend_from_slice(word);
        found.present.push(1);
        return true;
    }
    if value.len() + found.values.data.len() > REPLY_BYTES_MAX {
        found.push(None);
        return false;
    }
    found.push(Some(value));
    true
}

/// Turns the result of [`push`] into an error.
///
/// # Errors
/// If a value was left out.
pub(crate) fn check(too_large: bool, state: &str) -> Result<(), StateError> {
    if too_large {
        return Err(storage(
            format!("read state {state}"),
            "the values of one call are more than 1 GiB; read fewer at once",
        ));
    }
    Ok(())
}

/// Appends an entry to a page of a scan. Answers whether to go on.
pub(crate) fn push_scanned(
    scanned: &mut Scanned,
    limit: u32,
    sub_key: &[u8],
    value: &[u8],
) -> bool {
    let bytes = scanned.sub_keys.data.len() + scanned.values.data.len();
    let full = scanned.count > 0 && bytes + sub_key.len() + value.len() > REPLY_BYTES_MAX;
    if full || scanned.count >= limit as usize {
        scanned.more = true;
        return false;
    }
    scanned.sub_keys.push(scanned.count, sub_key);
    scanned.values.push(scanned.count, value);
    scanned.count += 1;
    true
}
