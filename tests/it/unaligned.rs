//! Unaligned checkpoints: under back-pressure they end when aligned ones still wait, and what was in flight is taken up after
//! a kill, at any parallelism.
//!
//! The job is `slow` of the component `guest-state`: its last chain takes its time, so everything before it waits.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::damage::retained;
use crate::kill::Dice;
use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::orders::Ordered;
use crate::support::programs::guest;
use crate::support::published::{has_checkpoint, lines};
use crate::support::run::{Ended, Run};

const KEYS: u64 = 20;

/// The job; each line costs its last chain so many rounds.
fn job(n: u64, work: u64, data: &Path) -> Run {
    case("slow", n, work, data)
}

/// One of the jobs of the component whose records may cost so many rounds.
fn case(case: &str, n: u64, work: u64, data: &Path) -> Run {
    Run::new("run", guest("guest_state"))
        .arg("--json")
        .param("case", case)
        .param("n", n)
        .param("keys", KEYS)
        .param("work", work)
        .param("out", data.join("out").display())
        .set("data.tmp-dir", data)
        .checkpoints("50ms", &data.join("checkpoints"))
}

/// Checkpoints go on unaligned so long after their trigger.
fn unaligned(run: Run, after: &str) -> Run {
    run.set("execution.checkpointing.unaligned.enabled", "true")
        .set("execution.checkpointing.aligned-checkpoint-timeout", after)
}

fn expected(n: u64) -> Lines {
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    let mut windows: BTreeMap<(i64, i64), u64> = BTreeMap::new();
    for bid in bids(n, KEYS) {
        *counts.entry(bid.auction).or_default() += 1;
        let end = bid.ts.div_euclid(200) * 200 + 200;
        *windows.entry((bid.auction, end)).or_default() += 1;
    }
    let mut lines = Lines::default();
    for (auction, count) in counts {
        (1..=count).for_each(|n| lines.add(format!("1,{auction},{n},0")));
    }
    for ((auction, end), count) in windows {
        lines.add(format!("2,{auction},{end},{count}"));
    }
    lines
}

/// The checkpoints that are completed, newest first, once there are so many.
fn completed(job: &Ordered, at_least: usize) -> Vec<Value> {
    let of = |it: &Value| -> Vec<Value> {
        let history = it["history"].as_array().cloned().unwrap_or_default();
        let mut history = history;
        history.retain(|it| it["status"] == "COMPLETED");
        history
    };
    let path = format!("/jobs/{}/checkpoints", job.job);
    of(&job.cluster.until(&path, |it| of(it).len() >= at_least))
}

#[test]
fn under_back_pressure_unaligned_checkpoints_carry_what_is_queued() {
    let (aligned, overtaking) = (tempfile::tempdir(), tempfile::tempdir());
    let (aligned, overtaking) = (aligned.expect("one"), overtaking.expect("another"));
    let endless = |data: &Path| job(1 << 40, 6_000, data);
    let slow = Ordered::start(endless(aligned.path()));
    let fast = Ordered::start(unaligned(endless(overtaking.path()), "0s"));
    let fast_ones = completed(&fast, 6);
    let slow_ones = completed(&slow, 3);
    let persisted = |it: &Value| it["persisted_data"].as_u64();
    assert!(slow_ones.iter().all(|it| persisted(it) == Some(0)));
    assert!(fast_ones.iter().any(|it| persisted(it) > Some(100_000)));
    let types = fast_ones.iter().map(|it| &it["checkpoint_type"]);
    assert!(types.into_iter().all(|it| it == "UNALIGNED_CHECKPOINT"));
    let path = format!("/jobs/{}/checkpoints/config", fast.job);
    let config = fast.cluster.get(&path);
    assert_eq!(config["unaligned_checkpoints"], true, "{config}");
    assert_eq!(config["aligned_checkpoint_timeout"], 0, "{config}");
    // A savepoint has nothing in flight, so any parallelism can take it up.
    let saved = fast.order("rescale", &["-p", "2"]);
    assert!(saved["checkpoint"].is_u64(), "{saved}");
}

#[test]
fn a_checkpoint_goes_on_unaligned_when_it_has_waited_long_enough() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Ordered::start(unaligned(job(1 << 40, 20_000, data.path()), "100ms"));
    let checkpoints = completed(&job, 4);
    let subtask = |checkpoint: &Value, chain: usize| -> Value {
        let (id, job_id) = (&checkpoint["id"], &job.job);
        let path = format!("/jobs/{job_id}/checkpoints/details/{id}/subtasks/{chain}");
        job.cluster.get(&path)["subtasks"][0].clone()
    };
    let parts: Vec<Value> = checkpoints
        .iter()
        .flat_map(|it| (0..3).map(move |chain| (it, chain)))
        .map(|(checkpoint, chain)| subtask(checkpoint, chain))
        .collect();
    let mut late = parts.iter().filter(|it| it["unaligned_checkpoint"] == true);
    let late = late.find(|it| it["persisted_data"].as_u64() > Some(0));
    assert!(late.is_some(), "{parts:?}");
    let took = |it: &Value| it["end_to_end_duration"].as_i64() >= Some(100);
    assert!(late.is_some_and(took), "aligned at first: {late:?}");
}

/// Kills a job at random moments, a start at each parallelism, and goes on from what was in flight to its end at the last.
fn survive(data: &Path, parallelism: &[u32], run: &dyn Fn(u64) -> Run) -> Ended {
    let mut dice = Dice::new("unaligned");
    let run = |work: u64, subtasks: u32| {
        let run = run(work).parallelism(subtasks);
        match has_checkpoint(&data.join("checkpoints")) {
            true => run.arg("--restore").arg("latest"),
            false => run,
        }
    };
    let (last, killed) = parallelism.split_last().expect("at least one start");
    let (mut before, mut taken_up) = (None, 0);
    for (kill, subtasks) in killed.iter().enumerate() {
        // So much work that it cannot end before it is killed.
        let mut running = run(40_000, *subtasks).start();
        let goes_on = running.reaches("another checkpoint with records in flight", |_| {
            let newest = in_flight(data);
            newest.is_some() && newest != before
        });
        if !goes_on {
            panic!("before kill {kill}: {}", running.end().told());
        }
        let moment = Duration::from_millis(dice.below(80));
        if running.exits_within(moment).is_some() {
            panic!("before kill {kill}: {}", running.end().told());
        }
        running.kill();
        before = in_flight(data);
        taken_up += usize::from(before.is_some());
    }
    assert!(taken_up > 0, "nothing was in flight");
    run(0, *last).end().success()
}

/// The numbers and windows of the bids are exact.
fn survives_kills(backend: &str, after: &str, parallelism: &[u32]) {
    let n = 600_000;
    let data = tempfile::tempdir().expect("a directory");
    let ended = survive(data.path(), parallelism, &|work| {
        let run = unaligned(job(n, work, data.path()), after);
        run.arg("--state-backend").arg(backend)
    });
    lines(&data.path().join("out")).must_equal(&expected(n), &ended.told());
}

/// The newest checkpoint, if it has records in flight.
fn in_flight(data: &Path) -> Option<String> {
    let jobs = std::fs::read_dir(data.join("checkpoints"));
    let jobs = jobs.into_iter().flatten().flatten();
    let mut newest = jobs.filter_map(|job| {
        let newest = retained(&job.path()).into_iter().next()?;
        std::fs::read_to_string(job.path().join(newest)).ok()
    });
    newest.find(|it| it.contains("\"in_flight\""))
}

#[test]
fn what_is_in_flight_survives_kills() {
    survives_kills("filesystem", "0s", &[2; 4]);
}

#[test]
fn what_is_in_flight_survives_kills_with_rocksdb_and_a_timeout() {
    survives_kills("rocksdb", "20ms", &[2; 4]);
}

#[test]
fn what_is_in_flight_goes_on_at_any_parallelism() {
    survives_kills("filesystem", "0s", &[1, 2, 3, 1]);
}

#[test]
fn what_is_in_flight_goes_on_at_any_parallelism_with_rocksdb_and_a_timeout() {
    survives_kills("rocksdb", "20ms", &[3, 1, 2, 4]);
}

/// Each new subtask has one copy of the rules, and of those that were on their way to it.
#[test]
fn a_broadcast_in_flight_goes_on_with_the_copy_of_its_state() {
    let n = 100_000;
    let data = tempfile::tempdir().expect("a directory");
    let rules = |work| case("keyed-rules", n, work, data.path());
    let ended = survive(data.path(), &[2, 3, 1, 2], &|work| {
        unaligned(rules(work), "0s")
    });
    let mut seen: BTreeMap<i64, u64> = BTreeMap::new();
    let mut total = 0;
    for bid in bids(n, KEYS) {
        *seen.entry(bid.auction).or_default() += 1;
        total += bid.price;
    }
    let mut expected = Lines::default();
    for (auction, seen) in seen {
        expected.add(format!("1,{auction},{seen},{total}"));
    }
    lines(&data.path().join("out")).must_equal(&expected, &ended.told());
}

#[test]
fn what_unaligned_checkpoints_cannot_be_combined_with_is_refused() {
    let data = tempfile::tempdir().expect("a directory");
    let run = || unaligned(job(10, 0, data.path()), "0s");
    let key = "execution.checkpointing.unaligned.enabled";
    run()
        .set("execution.checkpointing.mode", "AT_LEAST_ONCE")
        .end()
        .fails_naming(&[key, "EXACTLY_ONCE"]);
    run()
        .set("execution.checkpointing.max-concurrent-checkpoints", "2")
        .end()
        .fails_naming(&[key, "max-concurrent-checkpoints must be 1"]);
    let older = job(1000, 0, data.path()).set("execution.checkpointing.unaligned", "true");
    older.end().success();
}
