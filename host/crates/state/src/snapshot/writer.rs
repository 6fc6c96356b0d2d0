//! Writes snapshot files section by section, starting another file when one is full, so that memory stays bounded.

use dataflow::port::blob::{BlobRef, BlobStore};
use dataflow::port::state::StateError;
use xxhash_rust::xxh3::xxh3_64;

use super::{END, FileHeader, MAGIC, Op, SECTION_HEAD_BYTES, kind_byte};
use crate::error::storage;

/// Payload after which a section ends and another of the same state and key group begins.
const SECTION_BYTES: usize = 4 << 20;
/// Bytes after which a file ends.
const FILE_BYTES: usize = 64 << 20;

/// The files of one snapshot in the making.
pub(crate) struct SnapshotWriter<'a> {
    store: &'a dyn BlobStore,
    role: &'static str,
    header: Vec<u8>,
    buffer: Vec<u8>,
    section: Option<Section>,
    sections: u32,
    files: Vec<BlobRef>,
    file_bytes: usize,
}

/// The open section.
#[derive(Clone, Copy)]
struct Section {
    state: u32,
    key_group: u32,
    entries: u32,
    start: usize,
}

/// Encodes a file header.
pub(crate) fn encode_header(header: &FileHeader) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&header.max_parallelism.to_le_bytes());
    body.extend_from_slice(&header.key_groups.start.to_le_bytes());
    body.extend_from_slice(&header.key_groups.end.to_le_bytes());
    body.extend_from_slice(&(header.states.len() as u32).to_le_bytes());
    for (name, kind) in &header.states {
        body.push(kind_byte(*kind));
        body.extend_from_slice(&(name.len() as u32).to_le_bytes());
        body.extend_from_slice(name.as_bytes());
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&body);
    let check = xxh3_64(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    bytes
}

fn varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn section_head(
    state: u32,
    key_group: u32,
    entries: u32,
    bytes: u32,
    hash: u64,
) -> [u8; SECTION_HEAD_BYTES] {
    let mut head = [0; SECTION_HEAD_BYTES];
    head[0..4].copy_from_slice(&state.to_le_bytes());
    head[4..8].copy_from_slice(&key_group.to_le_bytes());
    head[8..12].copy_from_slice(&entries.to_le_bytes());
    head[12..16].copy_from_slice(&bytes.to_le_bytes());
    head[16..24].copy_from_slice(&hash.to_le_bytes());
    let check = xxh3_64(&head[..24]) as u32;
    head[24..28].copy_from_slice(&check.to_le_bytes());
    head
}

impl<'a> SnapshotWriter<'a> {
    /// Begins the files of a snapshot; `role` names what they are.
    pub(crate) fn new(store: &'a dyn BlobStore, role: &'static str, header: &FileHeader) -> Self {
        let header = encode_header(header);
        Self {
            store,
            role,
            buffer: header.clone(),
            header,
            section: None,
            sections: 0,
            files: Vec::new(),
            file_bytes: 0,
        }
    }

    /// The entries that follow belong to this state and key group.
    ///
    /// # Errors
    /// The store refuses a file that is full.
    pub(crate) fn begin(&mut self, state: u32, key_group: u32) -> Result<(), StateError> {
        self.end_section();
        if self.buffer.len() >= FILE_BYTES {
            self.end_file()?;
        }
        self.section = Some(Section {
            state,
            key_group,
            entries: 0,
            start: self.buffer.len(),
        });
        self.buffer
            .resize(self.buffer.len() + SECTION_HEAD_BYTES, 0);
        Ok(())
    }

    /// Adds an entry to the open section.
    ///
    /// # Errors
    /// The store refuses a file that is full.
    pub(crate) fn entry(
        &mut self,
        op: Op,
        key: &[u8],
        sub_key: &[u8],
        value: &[u8],
    ) -> Result<(), StateError> {
        if let Some(section) = self.section
            && self.buffer.len() - section.start > SECTION_BYTES
        {
            self.begin(section.state, section.key_group)?;
        }
        let Some(section) = &mut self.section else {
            return Ok(());
        };
        section.entries += 1;
        self.buffer.push(op as u8);
        varint(&mut self.buffer, key.len());
        varint(&mut self.buffer, sub_key.len());
        varint(&mut self.buffer, value.len());
        self.buffer.extend_from_slice(key);
        self.buffer.extend_from_slice(sub_key);
        self.buffer.extend_from_slice(value);
        Ok(())
    }

    fn end_section(&mut self) {
        let Some(section) = self.section.take() else {
            return;
        };
        if section.entries == 0 {
            self.buffer.truncate(section.start);
            return;
        }
        let payload = section.start + SECTION_HEAD_BYTES;
        let bytes = (self.buffer.len() - payload) as u32;
        let hash = xxh3_64(&self.buffer[payload..]);
        let head = section_head(
            section.state,
            section.key_group,
            section.entries,
            bytes,
            hash,
        );
        self.buffer[section.start..payload].copy_from_slice(&head);
        self.sections += 1;
    }

    fn end_file(&mut self) -> Result<(), StateError> {
        let length = (self.buffer.len() + SECTION_HEAD_BYTES) as u64;
        let end = section_head(END, self.sections, 0, 0, length);
        self.buffer.extend_from_slice(&end);
        let full = std::mem::replace(&mut self.buffer, self.header.clone());
        self.file_bytes += full.len();
        self.sections = 0;
        let blob = self
            .store
            .put(self.role, full)
            .map_err(|error| storage("write a snapshot file", error))?;
        self.files.push(blob);
        Ok(())
    }

    /// Ends the last file. Gives the files in reading order and their total size in bytes.
    ///
    /// # Errors
    /// The store refuses.
    pub(crate) fn finish(mut self) -> Result<(Vec<BlobRef>, u64), StateError> {
        self.end_section();
        if self.sections > 0 || self.files.is_empty() {
            self.end_file()?;
        }
        Ok((self.files, self.file_bytes as u64))
    }
}
