//! Broadcast state: every subtask has the same copy, with and without keys, across kills and at another parallelism.

use std::collections::BTreeMap;

use super::{Job, PACED, bids};
use crate::support::answer::Lines;

const RULES: Job<'_> = Job {
    case: "rules",
    ..PACED
};

/// What all copies must hold: the sum of the prices of every auction.
fn sums() -> BTreeMap<i64, i64> {
    let mut sums = BTreeMap::new();
    for bid in bids(RULES.n, RULES.keys) {
        *sums.entry(bid.auction).or_insert(0) += bid.price;
    }
    sums
}

fn copies_must_be_equal(parallelism: &[u32]) {
    let data = tempfile::tempdir().expect("a directory");
    let (lines, ended) = RULES.survive(data.path(), parallelism);
    let mut expected = Lines::default();
    for subtask in 0..parallelism[parallelism.len() - 1] {
        for (auction, sum) in sums() {
            expected.add(format!("1,{subtask},{auction},{sum}"));
        }
    }
    let copies = lines.clone().without(|line| line.starts_with("2,"));
    copies.must_equal(&expected, &ended.told());
    let seen = |n: u64| lines.count_of(|it| it == format!("2,{n},0,0"));
    let seen: u64 = (0..=RULES.n).map(|n| n * seen(n)).sum();
    assert_eq!(seen, RULES.n, "{}", ended.told());
}

#[test]
fn all_copies_are_equal() {
    copies_must_be_equal(&[4]);
}

#[test]
fn every_new_subtask_gets_a_copy() {
    copies_must_be_equal(&[2, 4, 3]);
}

/// Every bid, however early, sees the sum of all rules; so does one after a kill.
#[test]
fn a_data_set_is_complete_before_the_first_record_that_asks_it() {
    let total: i64 = sums().values().sum();
    let job = Job {
        case: "data-set",
        ..PACED
    };
    for parallelism in [&[3][..], &[2, 3]] {
        let mut expected = Lines::default();
        for bid in bids(job.n, job.keys) {
            expected.add(format!("1,{total},{},{}", bid.auction, bid.price));
        }
        for _ in 0..parallelism[parallelism.len() - 1] {
            expected.add(format!("2,{total},0,0"));
        }
        let data = tempfile::tempdir().expect("a directory");
        let (lines, ended) = job.survive(data.path(), parallelism);
        lines.must_equal(&expected, &ended.told());
    }
}

#[test]
fn a_data_set_from_the_source_of_what_waits_for_it_is_refused() {
    let job = Job {
        case: "data-set",
        kind: "shared",
        ..PACED
    };
    let data = tempfile::tempdir().expect("a directory");
    let ended = job.run(data.path(), 2).end();
    ended.fails_naming(&["\"check\"", "wait for each other", "source of its own"]);
}

#[test]
fn keyed_bids_see_all_rules_and_rules_see_no_key() {
    let mut expected = Lines::default();
    let total: i64 = sums().values().sum();
    let mut seen = BTreeMap::new();
    for bid in bids(RULES.n, RULES.keys) {
        *seen.entry(bid.auction).or_insert(0) += 1;
    }
    for (auction, seen) in seen {
        expected.add(format!("1,{auction},{seen},{total}"));
    }
    for parallelism in [&[4][..], &[3, 2]] {
        let data = tempfile::tempdir().expect("a directory");
        let job = Job {
            case: "keyed-rules",
            ..PACED
        };
        let (lines, ended) = job.survive(data.path(), parallelism);
        lines.must_equal(&expected, &ended.told());
    }
}
