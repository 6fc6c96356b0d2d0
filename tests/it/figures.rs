//! The oracle against the figures of the data contract: who judges is judged first.

use crate::support::answer::Sum;
use crate::support::oracle::Question;

fn check(job: &str, n: u64, keys: u64, epm: u64, count: u64, checksum: &str) {
    let question = Question {
        job,
        n,
        keys,
        epm,
        text: "",
    };
    let expected = Sum {
        count,
        checksum: checksum.to_owned(),
    };
    assert_eq!(Sum::expected(&question), expected, "{question:?}");
}

#[test]
fn the_oracle_knows_the_contracts_bids() {
    check("J0", 60_000_000, 10_000, 1, 60_000_000, "8059a6e97a924952");
}

#[test]
fn the_oracle_knows_the_contracts_map_and_filter() {
    check("J1", 60_000_000, 10_000, 1, 491_315, "d17c9a7f19003c9c");
}

#[test]
fn the_oracle_knows_the_contracts_running_counts() {
    check("J2", 40_000_000, 1_000, 1, 40_000_000, "4db651b4bf528808");
    check(
        "J2",
        20_000_000,
        1_000_000,
        1,
        20_000_000,
        "275309294fe343b8",
    );
}

#[test]
fn the_oracle_knows_the_contracts_windows() {
    check("J4", 20_000_000, 1_000, 1, 1_999_960, "3c3fed8e53d45843");
    check("J4", 20_000_000, 10_000, 100, 203_908, "0c31622653cff1ee");
}

#[test]
fn the_oracle_knows_the_contracts_sliding_windows() {
    check("J5", 10_000_000, 1_000, 1, 5_005, "b239a5050e34195d");
}

#[test]
fn the_oracle_knows_the_contracts_join() {
    check("J6", 10_000_000, 1, 10, 8_000_000, "49bb285a38ff9baa");
}

#[test]
fn the_oracle_knows_the_figures_of_sessions() {
    check("J8", 5_000_000, 1_000, 10, 3_041_309, "0719053065be1e46");
}
