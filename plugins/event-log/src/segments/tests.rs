//! Names of segments.

use super::{Transaction, read_name};

#[test]
fn the_name_of_a_segment_says_where_the_next_begins_and_whose_it_is() {
    let transaction = Transaction {
        name: "0-7-ab12".to_owned(),
        events: 3,
    };
    let name = transaction.segment(39);
    assert_eq!(name, "00000000000000000039-3-0-7-ab12.log");
    assert_eq!(read_name(&name), Some((42, "0-7-ab12")));
    for other in [".0-7-ab12.open", "notes.log", "x-1-a.log", "1-a.log"] {
        assert_eq!(read_name(other), None, "{other}");
    }
}
