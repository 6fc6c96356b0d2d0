//! Values in their columns, as `wit/ENCODING.md` lays them out: slots of eight bytes, texts behind them.
//!
//! Reading checks widths once a column, or once a row where rows differ; nothing here panics on what it is given.

use dataflow::element::Column;

use crate::logic::Fault;

#[cfg(test)]
mod tests;

/// One slot: a number, or where a text lies.
pub(crate) type Slot = [u8; 8];

/// The rows of a column of records of `W` fields of fixed width.
///
/// # Errors
/// The column has another width.
#[inline]
pub(crate) fn rows<const W: usize>(column: &Column, count: usize) -> Result<&[[Slot; W]], Fault> {
    if !column.ends.is_empty() || column.data.len() != count * W * 8 {
        return Err(Fault::Malformed("a column of rows has the wrong width"));
    }
    Ok(column.data.as_chunks::<8>().0.as_chunks::<W>().0)
}

/// The keys of a column of `long` keys.
///
/// # Errors
/// The keys are no `long`s.
#[inline]
pub(crate) fn long_keys(column: &Column, count: usize) -> Result<&[Slot], Fault> {
    Ok(rows::<1>(column, count)?.as_flattened())
}

/// The column of rows.
#[inline]
pub(crate) fn column_of<const W: usize>(rows: Vec<[Slot; W]>) -> Column {
    Column::fixed(rows.into_flattened().into_flattened())
}

/// The column of `long` keys.
#[inline]
pub(crate) fn column_of_keys(keys: Vec<Slot>) -> Column {
    Column::fixed(keys.into_flattened())
}

/// The first `W` slots of a row with texts, and what follows them.
///
/// # Errors
/// The row is shorter.
#[inline]
pub(crate) fn head<const W: usize>(row: &[u8]) -> Result<(&[Slot; W], &[u8]), Fault> {
    let parts = row.split_at_checked(8 * W);
    let (fixed, rest) = parts.ok_or(Fault::Malformed("a row is too short"))?;
    let slots = fixed.as_chunks::<8>().0.first_chunk();
    Ok((slots.ok_or(Fault::Malformed("a row is too short"))?, rest))
}

/// The number in a slot.
#[inline]
pub(crate) fn long(slot: Slot) -> i64 {
    i64::from_le_bytes(slot)
}

/// The slot of a text that begins so many bytes into its row.
#[inline]
pub(crate) fn text(offset: u32, len: u32) -> Slot {
    (u64::from(len) << 32 | u64::from(offset)).to_le_bytes()
}

/// The slot of the same text in a row with `by` bytes more in front of its texts.
#[inline]
pub(crate) fn moved(text: Slot, by: i32) -> Slot {
    let word = u64::from_le_bytes(text);
    let offset = (word as u32).wrapping_add_signed(by);
    (word >> 32 << 32 | u64::from(offset)).to_le_bytes()
}

/// A number as a sub-key, whose bytes are ordered as the numbers are.
#[inline]
pub(crate) fn ordered(number: i64) -> Slot {
    (number as u64 ^ 1 << 63).to_be_bytes()
}
