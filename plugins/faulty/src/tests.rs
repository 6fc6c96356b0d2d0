//! Faults happen where they were asked for, and nowhere else.

use wasmill_sdk::testing::Harness;

use super::{Pair, faulty};

fn pairs() -> Vec<Pair> {
    (0..10).map(|key| Pair { key, one: 1 }).collect()
}

#[test]
fn without_a_fault_records_are_counted() {
    let mut harness = Harness::start(&faulty, &[]).unwrap();
    harness.push(0, &pairs()).unwrap();
    assert_eq!(harness.records::<Pair>(0).unwrap(), pairs());
}

#[test]
fn a_failure_names_the_record() {
    let mut harness = Harness::start(&faulty, &[("fault", "fail"), ("at", "7")]).unwrap();
    let failure = harness.push(0, &pairs()).unwrap_err();
    assert_eq!(failure.record, Some(7));
    assert_eq!(failure.to_string(), "asked to fail at key 7");
}

#[test]
fn a_fan_out_multiplies_one_record() {
    let arguments = [("fault", "fan-out"), ("at", "7"), ("factor", "5000")];
    let mut harness = Harness::start(&faulty, &arguments).unwrap();
    harness.push(0, &pairs()).unwrap();
    assert_eq!(harness.records::<Pair>(0).unwrap().len(), 5010);
}

#[test]
fn an_unknown_fault_is_refused() {
    let error = Harness::start(&faulty, &[("fault", "gremlins")])
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .starts_with("parameter fault: there is no fault gremlins")
    );
}
