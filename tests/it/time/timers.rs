//! Timers of both kinds: once each, whatever is registered twice, deleted, or killed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{bid, case, long, printed};
use crate::support::answer::Lines;
use crate::support::kills::going_on;
use crate::support::oracle::random;
use crate::support::published::{has_checkpoint, lines};
use crate::support::run::{Run, Running};
use crate::support::wait::within;

#[test]
fn timers_fire_once_and_deleted_ones_never() {
    let events: Vec<(i64, i64)> = (0..400)
        .map(|n| {
            (
                (random(n, 3) % 60) as i64,
                n as i64 + (random(n, 4) % 50) as i64,
            )
        })
        .collect();
    let text: Vec<String> = events
        .iter()
        .map(|(key, ts)| format!("{key},{ts},0"))
        .collect();
    let mut expected = Lines::default();
    let timers: BTreeSet<(i64, i64)> = events.iter().map(|(key, ts)| (*key, ts + 100)).collect();
    let keys: BTreeSet<i64> = events.iter().map(|(key, _)| *key).collect();
    for (key, time) in timers {
        expected.add(format!("0,{key},{time},1"));
    }
    for key in keys {
        expected.add(format!("0,{key},1000000,1"));
        expected.add(format!("1,{key},20,1"));
        expected.add(format!("1,{key},3600000,1"));
    }
    for parallelism in [1, 3] {
        let run = case("timers").param("events", text.join(" "));
        let ended = run.parallelism(parallelism).end().success();
        let mut fired = Lines::default();
        for line in printed(&ended) {
            let fields = ["domain", "key", "time", "times"].map(|f| long(&line, f).to_string());
            // Registered by the timer that is due soon, if that fires before the input has ended.
            if (fields[0].as_str(), fields[2].as_str()) != ("1", "3600020") {
                fired.add(fields.join(","));
            }
        }
        fired.must_equal(&expected, &format!("p={parallelism}"));
    }
}

const RECORDS: u64 = 3000;
const KEYS: u64 = 40;

/// The paced job: a timer of each kind for every record, about a second long.
fn paced(data: &std::path::Path, backend: &str, parallelism: u32) -> Run {
    let run = case("paced-timers")
        .param("n", RECORDS)
        .param("rate", RECORDS)
        .param("keys", KEYS)
        .param("delay", 250)
        .param("out", data.join("out").display())
        .parallelism(parallelism)
        .arg("--state-backend")
        .arg(backend);
    going_on(run, "40ms", data)
}

/// What the timers of the paced job tell.
fn told_by_timers() -> Lines {
    let mut expected = Lines::default();
    let mut event_timers = BTreeSet::new();
    let mut seen = BTreeMap::new();
    for n in 0..RECORDS {
        let (key, ts) = bid(n, KEYS);
        event_timers.insert((key, ts + 500));
        let seen = seen.entry(key).or_insert(0);
        *seen += 1;
        expected.add(format!("1,{key},{seen}"));
    }
    for (key, time) in event_timers {
        expected.add(format!("0,{key},{time}"));
    }
    expected
}

fn survive(backend: &str, parallelism: [u32; 3]) {
    let data = tempfile::tempdir().expect("a directory");
    let is_saved = |_: &Running| has_checkpoint(&data.path().join("checkpoints"));
    for subtasks in &parallelism[..2] {
        let mut running = paced(data.path(), backend, *subtasks).start();
        assert!(running.reaches("a checkpoint", is_saved), "it ended before");
        if running.exits_within(Duration::from_millis(300)).is_none() {
            running.kill();
        }
        // Down for longer than the timers wait.
        within(Duration::from_millis(350), || None::<()>);
    }
    let ended = paced(data.path(), backend, parallelism[2]).end().success();
    let told = lines(&data.path().join("out"));
    let overdue = told.count_of(|line| line.starts_with("3,"));
    assert!(overdue > 0, "no timer became due while the job was down");
    let rest = told.without(|line| line.starts_with("3,"));
    rest.must_equal(&told_by_timers(), &ended.told());
    assert!(
        ended.summary()["restored_from"].is_u64(),
        "{}",
        ended.told()
    );
}

#[test]
fn timers_survive_kills_and_fire_late_rather_than_never() {
    survive("heap", [2, 2, 2]);
}

#[test]
fn timers_survive_kills_with_another_parallelism_on_rocksdb() {
    survive("rocksdb", [1, 3, 2]);
}
