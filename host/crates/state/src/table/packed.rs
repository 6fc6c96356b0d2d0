//! The map of one key with few sub-keys, packed into one value: sub-keys ascending, found by walking.
//!
//! Entry: sub-key length (u16 LE), value length (u16 LE, the top bit marks a removed sub-key), sub-key, value. The
//! whole is at most `PACKED_BYTES_MAX` long, so lengths fit and a walk is short. Bytes from a snapshot are checked by
//! [`check`] before they are used.

const HEAD_BYTES: usize = 4;

/// Room that a map has at least.
const ROOM_MIN: usize = 64;
const REMOVED: u16 = 0x8000;

/// One entry of a packed map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// Where the entry starts.
    pub(crate) start: usize,
    /// Where the next one starts.
    pub(crate) end: usize,
    /// The sub-key.
    pub(crate) sub_key: &'a [u8],
    /// The value, `None` if the sub-key was removed.
    pub(crate) value: Option<&'a [u8]>,
}

fn read(packed: &[u8], start: usize) -> Option<Item<'_>> {
    let rest = packed.get(start..)?;
    let (head, body) = rest.split_first_chunk::<HEAD_BYTES>()?;
    let sub_len = u16::from_le_bytes([head[0], head[1]]) as usize;
    let mark = u16::from_le_bytes([head[2], head[3]]);
    let value_len = (mark & !REMOVED) as usize;
    let sub_key = body.get(..sub_len)?;
    let value = body.get(sub_len..sub_len + value_len)?;
    Some(Item {
        start,
        end: start + HEAD_BYTES + sub_len + value_len,
        sub_key,
        value: (mark & REMOVED == 0).then_some(value),
    })
}

/// All entries, in order of their sub-keys. Ends early on bytes that are not a packed map.
pub(crate) fn items(packed: &[u8]) -> impl Iterator<Item = Item<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let item = read(packed, at)?;
        at = item.end;
        Some(item)
    })
}

/// How many sub-keys have a value.
pub(crate) fn values(packed: &[u8]) -> i64 {
    items(packed).filter(|item| item.value.is_some()).count() as i64
}

/// Whether the bytes are a packed map: whole entries, sub-keys strictly ascending.
pub(crate) fn check(packed: &[u8]) -> bool {
    let mut end = 0;
    let mut last: Option<&[u8]> = None;
    for item in items(packed) {
        if last.is_some_and(|last| last >= item.sub_key) {
            return false;
        }
        last = Some(item.sub_key);
        end = item.end;
    }
    end == packed.len()
}

/// Finds a sub-key: its entry, or the offset at which it would be inserted.
pub(crate) fn find<'a>(packed: &'a [u8], sub_key: &[u8]) -> Result<Item<'a>, usize> {
    let mut end = 0;
    for item in items(packed) {
        match item.sub_key.cmp(sub_key) {
            std::cmp::Ordering::Less => end = item.end,
            std::cmp::Ordering::Equal => return Ok(item),
            std::cmp::Ordering::Greater => break,
        }
    }
    Err(end)
}

/// Bytes that an entry takes.
pub(crate) fn entry_bytes(sub_key: &[u8], value: Option<&[u8]>) -> usize {
    HEAD_BYTES + sub_key.len() + value.map_or(0, <[u8]>::len)
}

/// Room for a map of this many bytes that may grow: of few sizes, so that what one map leaves another can use.
pub(crate) fn room(bytes: usize) -> u32 {
    bytes.next_power_of_two().max(ROOM_MIN) as u32
}

/// Writes an entry to `out`, which has exactly [`entry_bytes`] bytes.
pub(crate) fn write(out: &mut [u8], sub_key: &[u8], value: Option<&[u8]>) {
    let mark = match value {
        Some(value) => value.len() as u16,
        None => REMOVED,
    };
    out[0..2].copy_from_slice(&(sub_key.len() as u16).to_le_bytes());
    out[2..4].copy_from_slice(&mark.to_le_bytes());
    let (sub, rest) = out[HEAD_BYTES..].split_at_mut(sub_key.len());
    sub.copy_from_slice(sub_key);
    rest.copy_from_slice(value.unwrap_or_default());
}

#[cfg(test)]
mod tests;
