//! The job counts what a person would.

use wasmill_sdk::testing::Harness;

#[test]
fn every_word_is_counted_once_at_the_end() {
    let mut harness = Harness::start(&super::word_count, &[("path", "in")]).unwrap();
    harness
        .push(0, &["To be, or NOT to be.".to_owned(), String::new()])
        .unwrap();
    assert!(harness.records::<String>(0).unwrap().is_empty());
    harness.finish().unwrap();
    let mut counts = harness.records::<String>(0).unwrap();
    counts.sort();
    assert_eq!(counts, ["be 2", "not 1", "or 1", "to 2"]);
}

#[test]
fn the_path_is_required() {
    let error = Harness::start(&super::word_count, &[]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "parameter path: it is missing, give a string"
    );
}
