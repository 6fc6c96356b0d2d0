//! State that belongs to no key goes through a savepoint: lists keep every element once, copies stay copies.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::orders::Ordered;
use crate::support::programs::guest;
use crate::support::published::lines;
use crate::support::run::{Ended, Run};

const BIDS: u64 = 1500;
const KEYS: u64 = 10;

fn job(case: &str, data: &Path, name: &str, parallelism: u32) -> Run {
    Run::new("run", guest("guest_state"))
        .arg("--json")
        .param("case", case)
        .param("n", BIDS)
        .param("keys", KEYS)
        .param("rate", 1000)
        .param("out", data.join("out").display())
        .parallelism(parallelism)
        .set("data.tmp-dir", data)
        .checkpoints("50ms", &data.join(name))
}

/// Stops a job with a savepoint and lets it go on with two subtasks.
fn through_a_savepoint(case: &str) -> (Lines, Ended) {
    let data = tempfile::tempdir().expect("a directory");
    let running = Ordered::start(job(case, data.path(), "first", 3)).saved();
    let target = data.path().join("savepoints");
    let target = target.to_str().expect("a path");
    let answer = running.order("stop", &["--savepoint", target]);
    let ended = running.end().success();
    let savepoint = answer["location"].as_str();
    let savepoint = savepoint.unwrap_or_else(|| panic!("{answer}\n{}", ended.told()));
    let second = job(case, data.path(), "second", 2)
        .arg("--from")
        .arg(savepoint);
    let ended = second.end().success();
    (lines(&data.path().join("out")), ended)
}

#[test]
fn a_list_is_split_over_other_subtasks() {
    let (lines, ended) = through_a_savepoint("lists");
    let mut expected = Lines::default();
    for bid in bids(BIDS, KEYS) {
        expected.add(format!("2,{},0,0", bid.price));
    }
    let told = lines.without(|line| line.starts_with("1,"));
    told.must_equal(&expected, &ended.told());
}

#[test]
fn every_new_subtask_has_a_copy_of_the_broadcast_state() {
    let (lines, ended) = through_a_savepoint("rules");
    let mut sums = BTreeMap::new();
    for bid in bids(BIDS, KEYS) {
        *sums.entry(bid.auction).or_insert(0) += bid.price;
    }
    let mut expected = Lines::default();
    for subtask in 0..2 {
        for (auction, sum) in &sums {
            expected.add(format!("1,{subtask},{auction},{sum}"));
        }
    }
    let copies = lines.without(|line| line.starts_with("2,"));
    copies.must_equal(&expected, &ended.told());
}
