//! Rows are read as they were laid out, and what is no row is refused.

use dataflow::element::Column;
use proptest::prelude::*;

use super::{Slot, column_of, head, long, moved, ordered, rows, text};

proptest! {
    #[test]
    fn rows_come_back_as_they_were_put_in(numbers in prop::collection::vec(any::<[i64; 3]>(), 1..50)) {
        let slots: Vec<[Slot; 3]> = numbers.iter().map(|row| row.map(i64::to_le_bytes)).collect();
        let column = column_of(slots.clone());
        prop_assert_eq!(rows::<3>(&column, numbers.len()).unwrap(), &slots[..]);
        prop_assert_eq!(slots[0].map(long), numbers[0]);
    }

    #[test]
    fn sub_keys_are_ordered_as_numbers_are(a in any::<i64>(), b in any::<i64>()) {
        prop_assert_eq!(ordered(a).cmp(&ordered(b)), a.cmp(&b));
    }

    #[test]
    fn a_moved_text_keeps_its_length(offset in 32_u32..1 << 30, len in any::<u32>()) {
        prop_assert_eq!(moved(text(offset, len), 8), text(offset + 8, len));
        prop_assert_eq!(moved(text(offset, len), -32), text(offset - 32, len));
    }

    #[test]
    fn any_bytes_are_a_row_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(head::<5>(&bytes).is_ok(), bytes.len() >= 40);
        let whole = bytes.len() == 40;
        prop_assert_eq!(rows::<5>(&Column::fixed(bytes), 1).is_ok(), whole);
    }
}
