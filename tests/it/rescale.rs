//! A running job is given another parallelism: nothing is lost, nothing comes twice, and every kind of state is shared
//! out by its own rule.
//!
//! The jobs are those of the components `guest-evolving` (keyed state and timers) and `guest-state` (operator state).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::orders::Ordered;
use crate::support::programs::guest;
use crate::support::published::lines;
use crate::support::run::{Ended, Run};

const BIDS: u64 = 10_000;
const KEYS: u64 = 40;

/// A component's job, paced so that there is time to rescale it.
fn job(component: &str, data: &Path, backend: &str, parallelism: u32) -> Run {
    Run::new("run", guest(component))
        .arg("--json")
        .param("n", BIDS)
        .param("keys", KEYS)
        .param("rate", 800)
        .param("out", data.join("out").display())
        .parallelism(parallelism)
        .arg("--state-backend")
        .arg(backend)
        .set("data.tmp-dir", data)
        .checkpoints("50ms", &data.join("checkpoints"))
}

/// Starts a job and rescales it to each parallelism in turn; the answers, and how it ended.
fn rescaled(run: Run, parallelism: &[u32]) -> (Vec<Value>, Ended) {
    let running = Ordered::start(run).saved();
    let answers = parallelism.iter().map(|subtasks| {
        let subtasks = subtasks.to_string();
        running.order("rescale", &["-p", &subtasks])
    });
    let answers = answers.collect();
    (answers, running.end().success())
}

fn must_have_rescaled(answers: &[Value], told: &str) {
    for answer in answers {
        assert_eq!(answer["in-place"], false, "{answer}\n{told}");
        assert!(answer["checkpoint"].is_u64(), "{answer}\n{told}");
    }
}

fn totals() -> Lines {
    let mut totals: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for bid in bids(BIDS, KEYS) {
        let total = totals.entry(bid.auction).or_default();
        total.0 += 1;
        total.1 += bid.price;
    }
    let mut expected = Lines::default();
    for (auction, (count, sum)) in totals {
        expected.add(format!("1,{auction},{count},{sum}"));
    }
    expected
}

fn keyed_state_moves(backend: &str) {
    let data = tempfile::tempdir().expect("a directory");
    let run = job("guest_evolving_one", data.path(), backend, 2);
    let (answers, ended) = rescaled(run, &[4, 1, 3]);
    must_have_rescaled(&answers, &ended.told());
    lines(&data.path().join("out")).must_equal(&totals(), &ended.told());
    assert_eq!(ended.summary()["restarts"], 0, "{}", ended.told());
}

#[test]
fn keyed_state_and_timers_move_by_key_group_on_the_heap() {
    keyed_state_moves("filesystem");
}

#[test]
fn keyed_state_and_timers_move_by_key_group_in_rocksdb() {
    keyed_state_moves("rocksdb");
}

fn operator_states(case: &str, kind: &str, parallelism: &[u32]) -> (Lines, Ended) {
    let data = tempfile::tempdir().expect("a directory");
    let run = job("guest_state", data.path(), "filesystem", 3)
        .param("case", case)
        .param("kind", kind);
    let (answers, ended) = rescaled(run, parallelism);
    must_have_rescaled(&answers, &ended.told());
    (lines(&data.path().join("out")), ended)
}

#[test]
fn an_operator_list_is_split_evenly_while_the_job_runs() {
    let (lines, ended) = operator_states("lists", "split", &[2, 4]);
    let mut expected = Lines::default();
    for bid in bids(BIDS, KEYS) {
        expected.add(format!("2,{},0,0", bid.price));
    }
    let found: Vec<u64> = lines
        .each()
        .iter()
        .filter_map(|line| line.strip_prefix("1,2,")?.split(',').nth(1)?.parse().ok())
        .collect();
    assert_eq!(found.len(), 2, "{}", ended.told());
    assert!(found[0].abs_diff(found[1]) <= 1, "{found:?}");
    let told = lines.without(|line| line.starts_with("1,"));
    told.must_equal(&expected, &ended.told());
}

#[test]
fn every_new_subtask_gets_the_whole_union_list_while_the_job_runs() {
    let (lines, ended) = operator_states("lists", "union", &[2]);
    for subtask in 0..2 {
        let line = format!("1,2,{subtask},3");
        assert_eq!(
            lines.count_of(|it| it == line),
            1,
            "{line}\n{}",
            ended.told()
        );
    }
}

#[test]
fn every_new_subtask_gets_a_copy_of_the_broadcast_state_while_the_job_runs() {
    let (lines, ended) = operator_states("rules", "split", &[4, 2]);
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

#[test]
fn a_job_that_cannot_be_rescaled_so_goes_on_as_it_is() {
    let data = tempfile::tempdir().expect("a directory");
    let run = job("guest_evolving_one", data.path(), "filesystem", 2);
    let (answers, ended) = rescaled(run, &[1000, 0]);
    for answer in answers {
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains("parallelism"), "{answer}");
    }
    lines(&data.path().join("out")).must_equal(&totals(), &ended.told());
}
