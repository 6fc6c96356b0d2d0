//! Words are what splitting a lower-case text gives.

use dataflow::element::Column;
use proptest::prelude::*;

use super::append_words;

proptest! {
    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case(lines in prop::collection::vec("[aZ0 ,é]{0,12}", 0..8)) {
        let mut words = Column::default();
        let mut expected = Vec::new();
        for line in &lines {
            append_words(line.as_bytes(), &mut words);
            let lower = line.to_ascii_lowercase();
            let split = lower.split(|c: char| !c.is_ascii_alphanumeric());
            expected.extend(split.filter(|word| !word.is_empty()).map(|word| word.as_bytes().to_vec()));
        }
        let count = words.ends.len();
        let found: Vec<Vec<u8>> = words.entries(count).map(<[u8]>::to_vec).collect();
        prop_assert_eq!(found, expected);
    }
}
