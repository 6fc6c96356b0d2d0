//! State through the real binary: operator lists and broadcast state at any parallelism and across kills, state that
//! expires, state that is folded, and what `inspect` tells about it.
//!
//! The jobs are those of the component `guest-state`; what must come out is computed here from the bids alone.

mod broadcast;
mod keyed;
mod large;
mod lists;
mod shown;

use std::path::Path;
use std::time::Duration;

use crate::support::answer::Lines;
use crate::support::bids::{Bid, bids};
use crate::support::kills::going_on;
use crate::support::programs::guest;
use crate::support::published::{has_checkpoint, lines};
use crate::support::run::{Ended, Run, Running};

/// A job that is started again and again with the same data directory.
struct Job<'a> {
    case: &'a str,
    kind: &'a str,
    n: u64,
    keys: u64,
    rate: u64,
    ttl: u64,
    backend: &'a str,
}

const PACED: Job<'_> = Job {
    case: "lists",
    kind: "split",
    n: 1200,
    keys: 10,
    rate: 1000,
    ttl: 50,
    backend: "filesystem",
};

impl Job<'_> {
    /// A start of it, which goes on from the last checkpoint if there is one.
    fn run(&self, data: &Path, parallelism: u32) -> Run {
        let run = Run::new("run", guest("guest_state"))
            .arg("--json")
            .param("case", self.case)
            .param("kind", self.kind)
            .param("n", self.n)
            .param("keys", self.keys)
            .param("rate", self.rate)
            .param("ttl", self.ttl)
            .param("out", data.join("out").display())
            .parallelism(parallelism)
            .arg("--state-backend")
            .arg(self.backend);
        going_on(run, "40ms", data)
    }

    /// Starts it with each parallelism in turn, kills all starts but the last some time after they have a checkpoint of
    /// their own, and gives what was published.
    fn survive(&self, data: &Path, parallelism: &[u32]) -> (Lines, Ended) {
        let (last, killed) = parallelism.split_last().expect("at least one start");
        for subtasks in killed {
            let mut running = self.run(data, *subtasks).start();
            let is_saved = |_: &Running| has_checkpoint(&data.join("checkpoints"));
            assert!(running.reaches("a checkpoint", is_saved), "it ended before");
            if running.exits_within(Duration::from_millis(250)).is_none() {
                running.kill();
            }
        }
        let ended = self.run(data, *last).end().success();
        if !killed.is_empty() {
            let from = &ended.summary()["restored_from"];
            assert!(from.is_u64(), "not restored\n{}", ended.told());
        }
        (lines(&data.join("out")), ended)
    }
}
