//! How an address is written as a database key.
//!
//! ```text
//! key group: u16 BE | state: u16 BE | length of the key: u32 BE | key | sub-key
//! ```
//! The key group comes first, so a rescale clips and copies ranges; the length before the key makes the boundary to the
//! sub-key unambiguous, so that the sub-keys of one key are neighbours, in order.

/// Bytes before the key.
const HEAD_BYTES: usize = 8;

/// Appends the key of an address; without a sub-key it is the prefix of all sub-keys.
pub(crate) fn encode(out: &mut Vec<u8>, key_group: u32, state: u16, key: &[u8], sub_key: &[u8]) {
    out.reserve(HEAD_BYTES + key.len() + sub_key.len());
    out.extend_from_slice(&state_prefix(key_group, state));
    out.extend_from_slice(&(key.len() as u32).to_be_bytes());
    out.extend_from_slice(key);
    out.extend_from_slice(sub_key);
}

/// The prefix of a state in a key group. Key groups are below 2^15, so the one after the last fits as well.
pub(crate) fn state_prefix(key_group: u32, state: u16) -> [u8; 4] {
    let [a, b] = (key_group as u16).to_be_bytes();
    let [c, d] = state.to_be_bytes();
    [a, b, c, d]
}

/// The first key of a key group.
pub(crate) fn group_prefix(key_group: u32) -> [u8; 2] {
    (key_group as u16).to_be_bytes()
}

/// The smallest byte string above all those with this prefix, or `None` if there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

/// The parts of a database key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) state: u16,
    pub(crate) key: &'a [u8],
    pub(crate) sub_key: &'a [u8],
    /// Everything after the state: the same in every database.
    pub(crate) tail: &'a [u8],
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(bytes: &[u8]) -> Option<Parts<'_>> {
    let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let (key, sub_key) = rest.split_at_checked(length)?;
    Some(Parts {
        state: u16::from_be_bytes([head[2], head[3]]),
        key,
        sub_key,
        tail: &bytes[4..],
    })
}

#[cfg(test)]
mod tests;
