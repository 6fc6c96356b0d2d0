//! Positions: what was saved is read back, and nothing else is.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_saved_position_is_read_back(
        topic in "[a-z.-]{1,20}", partition in 0..i32::MAX, next in 0..i64::MAX,
        stop in proptest::option::of(0..i64::MAX), ended: bool,
    ) {
        let position = Position { topic, partition, next, stop, ended };
        let saved = position.save(SplitId(3));
        prop_assert_eq!(saved.id, SplitId(3));
        prop_assert_eq!(Position::restore(&saved.state).expect("it was saved"), position);
    }

    #[test]
    fn bytes_that_were_not_saved_are_an_error_and_no_panic(bytes: Vec<u8>, cut in 0..40_usize) {
        let _ = Position::restore(&bytes);
        let saved = Position::new(("t".to_owned(), 1), 2, Some(3)).save(SplitId(0)).state;
        let shorter = &saved[..cut.min(saved.len() - 1)];
        prop_assert!(Position::restore(shorter).is_err());
    }
}

#[test]
fn an_empty_range_has_ended() {
    let position = |next, stop| Position::new(("t".to_owned(), 0), next, stop);
    assert!(position(5, Some(5)).ended);
    assert!(!position(4, Some(5)).ended);
    assert!(!position(5, None).ended);
}
