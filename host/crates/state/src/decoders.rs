//! What a test of hostile bytes needs beyond the ports: bytes that pass the checks of the format, so that what lies behind
//! the checks is reached. No part of the interface of this crate.

use xxhash_rust::xxh3::xxh3_64;

use crate::snapshot::{END, MAGIC, SECTION_HEAD_BYTES};

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let piece = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*piece))
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) -> Option<()> {
    bytes.get_mut(at..at + value.len())?.copy_from_slice(value);
    Some(())
}

/// A snapshot file of the heap backend with its checks made right, as far as it can be told where they are.
pub fn with_checks(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // Where there is no place for a check there is none to be made.
    let _ = repair(&mut bytes);
    bytes
}

fn repair(bytes: &mut [u8]) -> Option<()> {
    put(bytes, 0, MAGIC)?;
    let mut at = MAGIC.len() + 4 + number(bytes, MAGIC.len())? as usize;
    let check = xxh3_64(bytes.get(..at)?);
    put(bytes, at, &check.to_le_bytes())?;
    at += 8;
    let mut sections = 0_u32;
    loop {
        let state = number(bytes, at)?;
        let length = match state {
            END => 0,
            _ => number(bytes, at + 12)? as usize,
        };
        let payload = at + SECTION_HEAD_BYTES..(at + SECTION_HEAD_BYTES).checked_add(length)?;
        let hash = match state {
            END => bytes.len() as u64,
            _ => xxh3_64(bytes.get(payload.clone())?),
        };
        if state == END {
            put(bytes, at + 4, &sections.to_le_bytes())?;
        }
        put(bytes, at + 16, &hash.to_le_bytes())?;
        let check = xxh3_64(bytes.get(at..at + 24)?) as u32;
        put(bytes, at + 24, &check.to_le_bytes())?;
        if state == END {
            return Some(());
        }
        sections += 1;
        at = payload.end;
    }
}
