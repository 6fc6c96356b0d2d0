//! The entries of one shard, one after the other in one block of bytes, so that a copy of a shard is a copy of bytes.
//!
//! An entry is a header (see [`Header`]), then key, sub-key and value, then room for the value to grow. Entries are
//! addressed by their offset, which stays valid until the shard is rebuilt. A replaced or removed entry stays behind
//! flagged [`DEAD`]. The arena does not search: that is the business of the shard's index.

use super::Address;

/// The entry is no longer in the index.
pub(crate) const DEAD: u8 = 1;
/// The address has no value; the entry says so to the next snapshot (heap) or to the reader (RocksDB cache).
pub(crate) const TOMBSTONE: u8 = 2;
/// No snapshot has seen the address: it was inserted in the epoch of its last write.
pub(crate) const FRESH: u8 = 4;
/// The value lives outside the arena; the inline value is its slot number.
pub(crate) const LARGE: u8 = 8;
/// The value is only what must be appended to the one in the database.
pub(crate) const SUFFIX: u8 = 16;

/// The value is a packed map; a map that is `LARGE` is a tree.
pub(crate) const PACKED: u8 = 32;

/// Bytes of an entry before its key.
pub(crate) const HEADER_BYTES: usize = 28;

/// Dead entries an arena remembers. Entries come and go in few sizes, so that is enough for most to be used again.
const FREE_MAX: usize = 128;
/// How many of them are looked at for one of the right size, the last killed first.
const FREE_LOOKS: usize = 8;

/// What an entry says about itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Hash of the address, all of it, for comparing and for rebuilding an index.
    pub(crate) hash: u64,
    /// Epoch of the last write.
    pub(crate) epoch: u32,
    /// `DEAD`, `TOMBSTONE`, `FRESH`, `LARGE`, `SUFFIX`, `PACKED`.
    pub(crate) flags: u8,
    /// Length of the key, below 2^24.
    pub(crate) key_len: u32,
    /// Length of the sub-key.
    pub(crate) sub_len: u32,
    /// Length of the inline value.
    pub(crate) value_len: u32,
    /// Room for the inline value.
    pub(crate) value_cap: u32,
}

impl Header {
    /// Bytes of the whole entry.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.value_start() + self.value_cap as usize
    }

    /// Offset of the value from the start of the entry.
    #[inline]
    fn value_start(&self) -> usize {
        HEADER_BYTES + self.key_len as usize + self.sub_len as usize
    }

    /// Whether one of the flags is set.
    #[inline]
    pub(crate) fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }
}

/// Entries in a block of bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arena {
    bytes: Vec<u8>,
    dead_bytes: usize,
    /// Dead entries whose place an entry of the same size takes: offset and size.
    free: Vec<(u32, u32)>,
}

#[inline]
fn field<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// Whether two byte strings of one length are equal; none and one word, the usual lengths, without a call.
#[inline]
fn same(left: &[u8], right: &[u8]) -> bool {
    match (left.first_chunk::<8>(), right.first_chunk::<8>()) {
        (Some(a), Some(b)) if left.len() == 8 => u64::from_le_bytes(*a) == u64::from_le_bytes(*b),
        _ => left.is_empty() || left == right,
    }
}

/// Copies bytes of one length; one word without a call.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    match (to.first_chunk_mut::<8>(), from.first_chunk::<8>()) {
        (Some(to), Some(word)) if from.len() == 8 => *to = *word,
        _ => to.copy_from_slice(from),
    }
}

/// Whether an entry has this address: gives its flags and where its value starts after the header.
#[inline]
fn compare(raw: &[u8; HEADER_BYTES], rest: &[u8], address: &Address<'_>) -> Option<(u8, usize)> {
    let key = u32::from_le_bytes(field(raw, 12));
    let key_len = (key & 0x00ff_ffff) as usize;
    let sub_len = u32::from_le_bytes(field(raw, 16)) as usize;
    // A dead entry has a bit above the length set, so it fits no key.
    let alive_len = key & (0x00ff_ffff | u32::from(DEAD) << 24);
    let lengths = alive_len as usize == address.key.len() && sub_len == address.sub_key.len();
    if u64::from_le_bytes(field(raw, 0)) != address.hash || !lengths {
        return None;
    }
    let fits = same(rest.get(..key_len)?, address.key)
        && same(rest.get(key_len..key_len + sub_len)?, address.sub_key);
    fits.then_some(((key >> 24) as u8, key_len + sub_len))
}

impl Header {
    #[inline]
    fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut raw = [0; HEADER_BYTES];
        raw[0..8].copy_from_slice(&self.hash.to_le_bytes());
        raw[8..12].copy_from_slice(&self.epoch.to_le_bytes());
        let key = self.key_len | (u32::from(self.flags) << 24);
        raw[12..16].copy_from_slice(&key.to_le_bytes());
        raw[16..20].copy_from_slice(&self.sub_len.to_le_bytes());
        raw[20..24].copy_from_slice(&self.value_len.to_le_bytes());
        raw[24..28].copy_from_slice(&self.value_cap.to_le_bytes());
        raw
    }

    #[inline]
    fn decode(raw: &[u8; HEADER_BYTES]) -> Self {
        let key = u32::from_le_bytes(field(raw, 12));
        Self {
            hash: u64::from_le_bytes(field(raw, 0)),
            epoch: u32::from_le_bytes(field(raw, 8)),
            flags: (key >> 24) as u8,
            key_len: key & 0x00ff_ffff,
            sub_len: u32::from_le_bytes(field(raw, 16)),
            value_len: u32::from_le_bytes(field(raw, 20)),
            value_cap: u32::from_le_bytes(field(raw, 24)),
        }
    }
}

impl Arena {
    /// The bytes from the entry at `offset` on, its header split off.
    #[inline]
    fn entry(&self, offset: u32) -> (&[u8; HEADER_BYTES], &[u8]) {
        match self.bytes[offset as usize..].split_first_chunk() {
            Some(split) => split,
            None => unreachable!("an offset is that of a whole entry"),
        }
    }

    /// The header of the entry at `offset`.
    #[inline]
    pub(crate) fn header(&self, offset: u32) -> Header {
        Header::decode(self.entry(offset).0)
    }

    /// The hash of the entry at `offset`.
    #[inline]
    pub(crate) fn hash(&self, offset: u32) -> u64 {
        let at = offset as usize;
        let mut raw = [0; 8];
        raw.copy_from_slice(&self.bytes[at..at + 8]);
        u64::from_le_bytes(raw)
    }

    /// Rewrites the header of the entry at `offset`. Lengths that move other fields must not change.
    #[inline]
    pub(crate) fn set_header(&mut self, offset: u32, header: &Header) {
        let at = offset as usize;
        self.bytes[at..at + HEADER_BYTES].copy_from_slice(&header.encode());
    }

    /// Whether the entry at `offset` has this address. Gives its header if so.
    #[inline]
    pub(crate) fn matches(&self, offset: u32, address: &Address<'_>) -> Option<Header> {
        let (raw, rest) = self.entry(offset);
        compare(raw, rest, address)?;
        Some(Header::decode(raw))
    }

    /// The flags and the inline value of the entry at `offset`, if it has this address. The read path: fields are
    /// taken from the bytes one by one, since a header that goes through memory costs more than the lookup.
    #[inline]
    pub(crate) fn probe(&self, offset: u32, address: &Address<'_>) -> Option<(u8, &[u8])> {
        let (raw, rest) = self.entry(offset);
        let (flags, value_start) = compare(raw, rest, address)?;
        let value_len = u32::from_le_bytes(field(raw, 20)) as usize;
        Some((flags, &rest[value_start..value_start + value_len]))
    }

    /// Writes a value over that of the entry at `offset`, if it has this address, none of these flags, and room.
    /// Answers whether it was the first write in this epoch. The write path, see [`Arena::probe`].
    #[inline]
    pub(crate) fn overwrite(
        &mut self,
        offset: u32,
        address: &Address<'_>,
        value: &[u8],
        refused: u8,
        epoch: u32,
    ) -> Option<bool> {
        let (raw, rest) = self.bytes[offset as usize..].split_first_chunk_mut()?;
        let (flags, value_start) = compare(raw, rest, address)?;
        let value_cap = u32::from_le_bytes(field(raw, 24)) as usize;
        if flags & refused != 0 || value.len() > value_cap {
            return None;
        }
        let touched = u32::from_le_bytes(field(raw, 8)) != epoch;
        if touched {
            raw[8..12].copy_from_slice(&epoch.to_le_bytes());
            raw[15] = flags & !FRESH;
        }
        raw[20..24].copy_from_slice(&(value.len() as u32).to_le_bytes());
        copy(&mut rest[value_start..value_start + value.len()], value);
        Some(touched)
    }

    /// The key of an entry.
    #[inline]
    pub(crate) fn key(&self, offset: u32, header: &Header) -> &[u8] {
        let start = offset as usize + HEADER_BYTES;
        &self.bytes[start..start + header.key_len as usize]
    }

    /// The sub-key of an entry.
    #[inline]
    pub(crate) fn sub_key(&self, offset: u32, header: &Header) -> &[u8] {
        let start = offset as usize + HEADER_BYTES + header.key_len as usize;
        &self.bytes[start..start + header.sub_len as usize]
    }

    /// The inline value of an entry.
    #[inline]
    pub(crate) fn value(&self, offset: u32, header: &Header) -> &[u8] {
        let start = offset as usize + header.value_start();
        &self.bytes[start..start + header.value_len as usize]
    }

    /// The inline value of an entry, to be changed in place.
    #[inline]
    pub(crate) fn value_mut(&mut self, offset: u32, header: &Header) -> &mut [u8] {
        let start = offset as usize + header.value_start();
        &mut self.bytes[start..start + header.value_len as usize]
    }

    /// Adds an entry; the bytes of its value are the caller's to write. Lengths of key and sub-key are set here.
    pub(crate) fn push(&mut self, key: &[u8], sub_key: &[u8], mut header: Header) -> u32 {
        header.key_len = key.len() as u32;
        header.sub_len = sub_key.len() as u32;
        if let Some(offset) = self.take_free(header.size()) {
            let start = offset as usize + HEADER_BYTES;
            let keys = &mut self.bytes[start..start + key.len() + sub_key.len()];
            copy(&mut keys[..key.len()], key);
            copy(&mut keys[key.len()..], sub_key);
            self.set_header(offset, &header);
            return offset;
        }
        let offset = self.bytes.len() as u32;
        let end = self.bytes.len() + header.size();
        self.grow_to(end);
        self.bytes.extend_from_slice(&header.encode());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(sub_key);
        self.bytes.resize(end, 0);
        offset
    }

    /// The place of a dead entry of exactly this size, if there was one lately.
    #[inline]
    fn take_free(&mut self, size: usize) -> Option<u32> {
        let mut last = self.free.iter().enumerate().rev().take(FREE_LOOKS);
        let (at, _) = last.find(|(_, (_, its))| *its as usize == size)?;
        let (offset, _) = self.free.swap_remove(at);
        self.dead_bytes -= size;
        Some(offset)
    }

    /// Makes room in steps of half the size: a third less slack than doubling, and still amortised.
    fn grow_to(&mut self, len: usize) {
        let capacity = self.bytes.capacity();
        if len > capacity {
            let target = len.max(capacity + capacity / 2).max(256);
            self.bytes.reserve_exact(target - self.bytes.len());
        }
    }

    /// Makes room for `bytes` more without growing in steps.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve_exact(bytes);
    }

    /// Copies an entry to another place with another capacity, keeping as much of the value as fits `value_len`.
    pub(crate) fn relocate(&mut self, offset: u32, value_len: u32, value_cap: u32) -> u32 {
        let old = self.header(offset);
        let mut header = old;
        header.value_len = value_len;
        header.value_cap = value_cap;
        let start = offset as usize;
        let kept = old.value_start() + old.value_len.min(value_len) as usize;
        if let Some(moved) = self.take_free(header.size()) {
            self.bytes.copy_within(start..start + kept, moved as usize);
            self.set_header(moved, &header);
            self.kill(offset);
            return moved;
        }
        let moved = self.bytes.len() as u32;
        let end = self.bytes.len() + header.size();
        self.grow_to(end);
        self.bytes.extend_from_within(start..start + kept);
        self.bytes.resize(end, 0);
        self.set_header(moved, &header);
        self.kill(offset);
        moved
    }

    /// Becomes a copy of another arena, in the memory it has.
    pub(crate) fn copy_from(&mut self, from: &Self) {
        let len = from.bytes.len();
        self.bytes.clear();
        if self.bytes.capacity() < len {
            // Never by doubling; an eighth more, so that the next copy into it fits.
            self.bytes = Vec::with_capacity(len + len / 8);
        }
        self.bytes.extend_from_slice(&from.bytes);
        self.dead_bytes = from.dead_bytes;
        self.free.clone_from(&from.free);
    }

    /// Marks an entry as gone.
    pub(crate) fn kill(&mut self, offset: u32) {
        let mut header = self.header(offset);
        header.flags |= DEAD;
        self.set_header(offset, &header);
        self.dead_bytes += header.size();
        if self.free.len() < FREE_MAX {
            self.free.push((offset, header.size() as u32));
        }
    }

    /// All entries that are not dead, in order of their offsets.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u32, Header)> {
        let mut at = 0u32;
        std::iter::from_fn(move || {
            while (at as usize) < self.bytes.len() {
                let offset = at;
                let header = self.header(offset);
                at += header.size() as u32;
                if !header.has(DEAD) {
                    return Some((offset, header));
                }
            }
            None
        })
    }

    /// Moves the entries that are alive and wanted to the front, in order, and shows each in its new place.
    pub(crate) fn compact(
        &mut self,
        keep: impl Fn(&Header) -> bool,
        mut moved: impl FnMut(u32, &Header, &Self),
    ) {
        let (mut read, mut write, len) = (0usize, 0usize, self.bytes.len());
        while read < len {
            let header = self.header(read as u32);
            let size = header.size();
            if !header.has(DEAD) && keep(&header) {
                self.bytes.copy_within(read..read + size, write);
                moved(write as u32, &header, self);
                write += size;
            }
            read += size;
        }
        self.bytes.truncate(write);
        // What a burst needed is given back.
        if self.bytes.capacity() > 4096 + 8 * write {
            self.bytes.shrink_to(2 * write);
        }
        self.dead_bytes = 0;
        self.free.clear();
    }

    /// Bytes of dead entries.
    pub(crate) fn dead_bytes(&self) -> usize {
        self.dead_bytes
    }

    /// Bytes in use, dead ones included.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes allocated.
    pub(crate) fn allocated(&self) -> usize {
        self.bytes.capacity()
    }
}
