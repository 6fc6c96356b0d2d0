//! Promises of the counters.

use super::*;

const OPERATOR: OperatorId = OperatorId(3);

fn add(counters: &mut Counters, name: &str, amount: u64) {
    counters
        .add(OPERATOR, name.to_owned(), amount)
        .expect("within the limits");
}

#[test]
fn increments_of_a_call_that_returned_ok_count() {
    let mut counters = Counters::default();
    add(&mut counters, "late", 2);
    add(&mut counters, "late", 3);
    assert_eq!(counters.totals(), []);
    counters.commit();
    assert_eq!(counters.totals(), [(OPERATOR, "late".to_owned(), 5)]);
}

#[test]
fn increments_of_a_failed_call_are_forgotten() {
    let mut counters = Counters::default();
    add(&mut counters, "late", 2);
    counters.commit();
    add(&mut counters, "late", 3);
    add(&mut counters, "lost", 1);
    counters.roll_back();
    counters.commit();
    assert_eq!(counters.totals(), [(OPERATOR, "late".to_owned(), 2)]);
}

#[test]
fn a_guest_cannot_make_counters_without_end() {
    let mut counters = Counters::default();
    for index in 0..COUNTERS_MAX {
        add(&mut counters, &index.to_string(), 1);
    }
    let refused = counters.add(OPERATOR, "one more".to_owned(), 1);
    assert!(matches!(
        refused,
        Err(Refusal::Limit {
            limit: "counters",
            ..
        })
    ));
}
