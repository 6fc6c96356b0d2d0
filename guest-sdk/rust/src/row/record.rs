//! Null words, slots and variable parts of a record: what derived and tuple rows are written and read with.
//!
//! The writer reserves the slots and appends the variable parts behind them in field order, without gaps. The reader
//! follows the same order and refuses a slot that points anywhere but at the next byte.

use super::{Row, malformed};
use crate::error::Error;

/// The width of a record whose fields are `(NULLABLE, FIELD_WIDTH)`; `None` if it depends on the values.
pub const fn record_width(fields: &[(bool, Option<usize>)]) -> Option<usize> {
    let mut width = 8 * (null_words(fields) + fields.len());
    let mut index = 0;
    while index < fields.len() {
        match fields[index].1 {
            Some(bytes) => width += bytes,
            None => return None,
        }
        index += 1;
    }
    Some(width)
}

/// How many null words a record with these fields starts with.
const fn null_words(fields: &[(bool, Option<usize>)]) -> usize {
    let mut nullable = 0;
    let mut index = 0;
    while index < fields.len() {
        nullable += fields[index].0 as usize;
        index += 1;
    }
    usize::div_ceil(nullable, 64)
}

/// Writes field `index` of a record without null words whose slots, those of fields in them already written, begin at
/// `start`.
#[inline]
pub fn write_part<T: Row>(value: &T, out: &mut Vec<u8>, start: usize, index: usize) {
    if T::INLINE {
        return;
    }
    let part = out.len();
    value.encode(out);
    let slot = (part - start) as u64 | ((out.len() - part) as u64) << 32;
    let at = start + 8 * index;
    out[at..at + 8].copy_from_slice(&slot.to_le_bytes());
}

/// The slots of a record `T` of `N` fields without null words.
///
/// # Errors
/// There are fewer bytes.
#[inline]
pub fn slots<T: Row, const N: usize>(bytes: &[u8]) -> Result<&[[u8; 8]; N], Error> {
    let (slots, _) = bytes.as_chunks::<8>();
    let slots = slots.first_chunk::<N>();
    slots.ok_or_else(|| malformed::<T>(SHORT))
}

/// Reads a field by its slot. `cursor` is where its variable part has to begin, and where the next one has to.
///
/// # Errors
/// The field is malformed.
#[inline]
pub fn read_part<T: Row>(slot: [u8; 8], bytes: &[u8], cursor: &mut usize) -> Result<T, Error> {
    let slot = u64::from_le_bytes(slot);
    if T::INLINE {
        return T::from_slot(slot);
    }
    let (offset, length) = (slot as u32 as usize, (slot >> 32) as usize);
    let end = offset.checked_add(length);
    match end.and_then(|end| bytes.get(offset..end)) {
        Some(part) if offset == *cursor => {
            *cursor += length;
            T::decode(part)
        }
        _ => Err(malformed::<T>("its slot does not point at the next bytes")),
    }
}

/// Ends reading a record `T`.
///
/// # Errors
/// Bytes are left over.
#[inline]
pub fn end_parts<T: Row>(bytes: &[u8], cursor: usize) -> Result<(), Error> {
    match cursor == bytes.len() {
        true => Ok(()),
        false => Err(malformed::<T>("bytes follow its last field")),
    }
}

const SHORT: &str = "it is shorter than its slots";

/// Appends one record to a buffer, field by field.
pub struct RecordWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    slot: usize,
    null_bit: usize,
}

impl<'a> RecordWriter<'a> {
    /// Begins a record with these fields, each `(NULLABLE, FIELD_WIDTH)`.
    pub fn new(out: &'a mut Vec<u8>, fields: &[(bool, Option<usize>)]) -> Self {
        Self::with_slots(out, null_words(fields), fields.len())
    }

    pub(super) fn with_slots(out: &'a mut Vec<u8>, words_before: usize, slots: usize) -> Self {
        let start = out.len();
        out.resize(start + 8 * (words_before + slots), 0);
        Self {
            slot: start + 8 * words_before,
            out,
            start,
            null_bit: 0,
        }
    }

    /// Writes the next field.
    #[inline]
    pub fn field<T: Row>(&mut self, value: &T) {
        value.write_field(self);
    }

    /// Writes the next field of a type that has no null bit, or whose null bit has been counted.
    #[inline]
    pub(super) fn put<T: Row>(&mut self, value: &T) {
        let slot = if T::INLINE {
            value.to_slot()
        } else {
            let offset = self.out.len() - self.start;
            value.encode(self.out);
            let length = self.out.len() - self.start - offset;
            offset as u64 | (length as u64) << 32
        };
        self.out[self.slot..self.slot + 8].copy_from_slice(&slot.to_le_bytes());
        self.slot += 8;
    }

    /// Writes the next nullable field.
    #[inline]
    pub(super) fn put_nullable<T: Row>(&mut self, value: Option<&T>) {
        let bit = self.null_bit;
        self.null_bit += 1;
        match value {
            Some(value) => self.put(value),
            None => {
                self.out[self.start + bit / 8] |= 1 << (bit % 8);
                self.slot += 8;
            }
        }
    }
}

/// Reads one record, field by field.
pub struct RecordReader<'a> {
    bytes: &'a [u8],
    slot: usize,
    null_bit: usize,
    cursor: usize,
}

impl<'a> RecordReader<'a> {
    /// Begins to read a record `T` with these fields, each `(NULLABLE, FIELD_WIDTH)`.
    ///
    /// # Errors
    /// There are fewer bytes than the slots need.
    pub fn new<T: Row>(bytes: &'a [u8], fields: &[(bool, Option<usize>)]) -> Result<Self, Error> {
        Self::with_slots::<T>(bytes, null_words(fields), fields.len())
    }

    pub(super) fn with_slots<T: Row>(
        bytes: &'a [u8],
        words_before: usize,
        slots: usize,
    ) -> Result<Self, Error> {
        let needed = words_before
            .checked_add(slots)
            .and_then(|words| words.checked_mul(8));
        match needed {
            Some(cursor) if cursor <= bytes.len() => Ok(Self {
                bytes,
                slot: 8 * words_before,
                null_bit: 0,
                cursor,
            }),
            _ => Err(malformed::<T>(SHORT)),
        }
    }

    /// Reads the next field.
    ///
    /// # Errors
    /// The field is malformed.
    #[inline]
    pub fn field<T: Row>(&mut self) -> Result<T, Error> {
        T::read_field(self)
    }

    /// Reads the next field of a type without a null bit.
    #[inline]
    pub(super) fn take<T: Row>(&mut self) -> Result<T, Error> {
        let slot = self.next_slot();
        read_part(slot, self.bytes, &mut self.cursor)
    }

    /// Reads the next nullable field.
    #[inline]
    pub(super) fn take_nullable<T: Row>(&mut self) -> Result<Option<T>, Error> {
        let bit = self.null_bit;
        self.null_bit += 1;
        if self.bytes[bit / 8] & (1 << (bit % 8)) == 0 {
            return self.take().map(Some);
        }
        match u64::from_le_bytes(self.next_slot()) {
            0 => Ok(None),
            _ => Err(malformed::<T>("it is null but its slot is not zero")),
        }
    }

    /// The next slot; the constructor has checked that it is there.
    #[inline]
    fn next_slot(&mut self) -> [u8; 8] {
        let mut slot = [0; 8];
        slot.copy_from_slice(&self.bytes[self.slot..self.slot + 8]);
        self.slot += 8;
        slot
    }

    /// Ends the record `T`.
    ///
    /// # Errors
    /// Bytes or null bits are left over.
    pub fn finish<T: Row>(self) -> Result<(), Error> {
        end_parts::<T>(self.bytes, self.cursor)?;
        if self.null_bit > 0 {
            let words = self.null_bit.div_ceil(64) * 64;
            let stray =
                (self.null_bit..words).any(|bit| self.bytes[bit / 8] & (1 << (bit % 8)) != 0);
            if stray {
                return Err(malformed::<T>("a null bit belongs to no field"));
            }
        }
        Ok(())
    }
}
