//! Reads a snapshot file. Any bytes are safe to hand in: what is not as written becomes an error that names the file.

use dataflow::key_group::KeyGroupRange;
use dataflow::port::state::StateError;
use xxhash_rust::xxh3::xxh3_64;

use super::{END, FileHeader, MAGIC, Op, SECTION_HEAD_BYTES, kind_of};
use crate::error::corrupt;

/// One entry of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) op: Op,
    pub(crate) key: &'a [u8],
    pub(crate) sub_key: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// The entries of one state and key group; checked when its entries are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    /// Index into the header's states.
    pub(crate) state: usize,
    /// Their key group.
    pub(crate) key_group: u32,
    entries: u32,
    hash: u64,
    payload: &'a [u8],
}

/// A file that is being read.
pub(crate) struct SnapshotReader<'a> {
    name: &'a str,
    bytes: &'a [u8],
    at: usize,
    sections: u32,
    /// Its header.
    pub(crate) header: FileHeader,
}

/// Takes little pieces off a byte string.
struct Pieces<'a> {
    bytes: &'a [u8],
}

impl<'a> Pieces<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(piece)
    }

    fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn u32(&mut self) -> Option<u32> {
        let (piece, rest) = self.bytes.split_first_chunk::<4>()?;
        self.bytes = rest;
        Some(u32::from_le_bytes(*piece))
    }

    fn u64(&mut self) -> Option<u64> {
        let (piece, rest) = self.bytes.split_first_chunk::<8>()?;
        self.bytes = rest;
        Some(u64::from_le_bytes(*piece))
    }

    fn varint(&mut self) -> Option<usize> {
        let mut number = 0usize;
        for shift in (0..35).step_by(7) {
            let byte = self.u8()?;
            number |= ((byte & 0x7f) as usize) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

fn read_header(bytes: &[u8]) -> Option<(FileHeader, usize)> {
    let mut pieces = Pieces { bytes };
    if pieces.take(MAGIC.len())? != MAGIC {
        return None;
    }
    let length = pieces.u32()? as usize;
    let mut body = Pieces {
        bytes: pieces.take(length)?,
    };
    let checked = MAGIC.len() + 4 + length;
    if pieces.u64()? != xxh3_64(&bytes[..checked]) {
        return None;
    }
    let max_parallelism = body.u32()?;
    let key_groups = KeyGroupRange {
        start: body.u32()?,
        end: body.u32()?,
    };
    if key_groups.start > key_groups.end || key_groups.end > max_parallelism {
        return None;
    }
    let mut states = Vec::new();
    for _ in 0..body.u32()? {
        let kind = kind_of(body.u8()?)?;
        let length = body.u32()? as usize;
        let name = std::str::from_utf8(body.take(length)?).ok()?;
        states.push((name.to_owned(), kind));
    }
    let header = FileHeader {
        max_parallelism,
        key_groups,
        states,
    };
    body.bytes.is_empty().then_some((header, checked + 8))
}

/// Reads bytes that are a header and nothing else.
///
/// # Errors
/// They are not.
pub(crate) fn decode_header(name: &str, bytes: &[u8]) -> Result<FileHeader, StateError> {
    match read_header(bytes) {
        Some((header, length)) if length == bytes.len() => Ok(header),
        _ => Err(corrupt(name, "the header is damaged or of another format")),
    }
}

impl<'a> SnapshotReader<'a> {
    /// Reads the header of the file `name`.
    ///
    /// # Errors
    /// It is not a snapshot file, or its header is damaged.
    pub(crate) fn open(name: &'a str, bytes: &'a [u8]) -> Result<Self, StateError> {
        let (header, at) = read_header(bytes)
            .ok_or_else(|| corrupt(name, "the header is damaged or of another format"))?;
        Ok(Self {
            name,
            bytes,
            at,
            sections: 0,
            header,
        })
    }

    /// The next section, or `None` at the end of the file.
    ///
    /// # Errors
    /// The head is damaged, or the file ends without its end.
    pub(crate) fn next_section(&mut self) -> Result<Option<Section<'a>>, StateError> {
        let at = self.at;
        let damaged = |what: &str| corrupt(self.name, format!("{what} at byte {at}"));
        let rest = self.bytes.get(at..).unwrap_or_default();
        let (head, rest) = rest
            .split_first_chunk::<SECTION_HEAD_BYTES>()
            .ok_or_else(|| damaged("the file is cut off"))?;
        let mut pieces = Pieces { bytes: head };
        let fields = (|| {
            let section = (pieces.u32()?, pieces.u32()?, pieces.u32()?, pieces.u32()?);
            Some((section, pieces.u64()?, pieces.u32()?))
        })();
        let Some(((state, key_group, entries, length), hash, check)) = fields else {
            return Err(damaged("the file is cut off"));
        };
        if check != xxh3_64(&head[..24]) as u32 {
            return Err(damaged("a section head does not match its check"));
        }
        if state == END {
            let whole = hash == self.bytes.len() as u64 && key_group == self.sections;
            return if whole && rest.is_empty() {
                Ok(None)
            } else {
                Err(damaged("sections are missing before the end"))
            };
        }
        if state as usize >= self.header.states.len() {
            return Err(damaged("a section of no known state"));
        }
        let payload = rest
            .get(..length as usize)
            .ok_or_else(|| damaged("the file is cut off in the section"))?;
        self.at += SECTION_HEAD_BYTES + payload.len();
        self.sections += 1;
        Ok(Some(Section {
            state: state as usize,
            key_group,
            entries,
            hash,
            payload,
        }))
    }
}

impl<'a> Section<'a> {
    /// Checks the payload and visits its entries.
    ///
    /// # Errors
    /// The payload is not what was written, or `visit` fails.
    pub(crate) fn entries(
        &self,
        name: &str,
        mut visit: impl FnMut(Entry<'a>) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let place = || format!("of state {} in key group {}", self.state, self.key_group);
        if xxh3_64(self.payload) != self.hash {
            return Err(corrupt(
                name,
                format!("the section {} does not match its check", place()),
            ));
        }
        let mut pieces = Pieces {
            bytes: self.payload,
        };
        for _ in 0..self.entries {
            let entry = read_entry(&mut pieces)
                .ok_or_else(|| corrupt(name, format!("an entry {} is cut off", place())))?;
            visit(entry)?;
        }
        if pieces.bytes.is_empty() {
            Ok(())
        } else {
            Err(corrupt(
                name,
                format!("bytes after the entries {}", place()),
            ))
        }
    }
}

fn read_entry<'a>(pieces: &mut Pieces<'a>) -> Option<Entry<'a>> {
    let op = Op::of(pieces.u8()?)?;
    let (key, sub_key, value) = (pieces.varint()?, pieces.varint()?, pieces.varint()?);
    Some(Entry {
        op,
        key: pieces.take(key)?,
        sub_key: pieces.take(sub_key)?,
        value: pieces.take(value)?,
    })
}
