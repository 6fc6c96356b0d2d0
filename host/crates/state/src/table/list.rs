//! List states in a shard: appends to the value in place, with room to grow.
//!
//! A list is its elements, each preceded by its length (u32 LE). In front of a database an entry that was made by an
//! append is only the tail of its list, and says so.

use std::sync::Arc;

use super::arena::{LARGE, SUFFIX};
use super::large::{INLINE_BYTES_MAX, Large};
use super::shard::Shard;
use super::{Address, Deletes, Stamp, Written};

impl Shard {
    /// Appends an element, framed by its length, to the list of an address.
    pub(crate) fn append(
        &mut self,
        address: &Address<'_>,
        hint: u32,
        element: &[u8],
        stamp: Stamp,
    ) -> Written {
        let overlay = stamp.deletes == Deletes::Keep;
        let (offset, touched) = match self.locate(address, hint) {
            None => {
                let room = match element.len() + 4 {
                    room if room > INLINE_BYTES_MAX => 4,
                    room => room as u32,
                };
                let offset = self.insert(address, room, 0, stamp);
                if overlay {
                    self.mark_suffix(offset);
                }
                (offset, true)
            }
            Some((offset, header)) if overlay && header.epoch <= stamp.settled => {
                // What the entry held is in the database: begin a new suffix.
                let touched = self.revive(offset, stamp);
                self.set_value(offset, &[], 0);
                self.mark_suffix(offset);
                (offset, touched)
            }
            Some((offset, header)) => {
                let revived = self.revive(offset, stamp);
                if header.has(SUFFIX) {
                    self.mark_suffix(offset);
                }
                (offset, revived)
            }
        };
        self.extend(offset, element);
        self.rebuild_if_wasteful(stamp);
        Written {
            touched,
            ..Written::SLOW
        }
    }

    fn mark_suffix(&mut self, offset: u32) {
        let mut header = self.arena.header(offset);
        header.flags |= SUFFIX;
        self.arena.set_header(offset, &header);
    }

    fn extend(&mut self, offset: u32, element: &[u8]) {
        let frame = (element.len() as u32).to_le_bytes();
        let header = self.arena.header(offset);
        if header.has(LARGE) {
            if let Some(slot) = self.slot(offset, &header) {
                self.large.change(slot, |large| {
                    if let Large::Bytes(bytes) = large {
                        let bytes = Arc::make_mut(bytes);
                        bytes.extend_from_slice(&frame);
                        bytes.extend_from_slice(element);
                    }
                });
            }
            return;
        }
        let before = header.value_len as usize;
        let len = before + frame.len() + element.len();
        if len > INLINE_BYTES_MAX {
            let mut bytes = Vec::with_capacity(len * 2);
            bytes.extend_from_slice(self.arena.value(offset, &header));
            bytes.extend_from_slice(&frame);
            bytes.extend_from_slice(element);
            self.set_large(offset, Large::Bytes(Arc::new(bytes)));
            return;
        }
        let offset = self.resize(offset, len, len / 2 + 16);
        let header = self.arena.header(offset);
        let tail = &mut self.arena.value_mut(offset, &header)[before..];
        tail[..4].copy_from_slice(&frame);
        tail[4..].copy_from_slice(element);
    }
}
