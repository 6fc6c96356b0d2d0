//! The job that is stopped and goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::orders::Ordered;
use crate::support::programs::guest;
use crate::support::published::lines;
use crate::support::run::Run;

/// Bids of a run.
pub(super) const BIDS: u64 = 8_000;
const KEYS: u64 = 40;
/// Bids a second: a run lasts long enough to be given orders.
const RATE: u64 = 1500;

/// A start of the job.
pub(super) struct Evolving {
    data: PathBuf,
    backend: String,
    parallelism: u32,
    version: u64,
    data_dir: String,
    out: String,
}

impl Evolving {
    pub(super) fn new(data: &Path, backend: &str) -> Self {
        Self {
            data: data.to_owned(),
            backend: backend.to_owned(),
            parallelism: 2,
            version: 1,
            data_dir: "first".to_owned(),
            out: "out".to_owned(),
        }
    }

    pub(super) fn parallelism(self, parallelism: u32) -> Self {
        Self {
            parallelism,
            ..self
        }
    }

    pub(super) fn version(self, version: u64) -> Self {
        Self { version, ..self }
    }

    pub(super) fn data_dir(self, name: &str) -> Self {
        let data_dir = name.to_owned();
        Self { data_dir, ..self }
    }

    pub(super) fn out(self, name: &str) -> Self {
        let out = name.to_owned();
        Self { out, ..self }
    }

    /// The job and its parameters.
    pub(super) fn job(&self, run: Run) -> Run {
        run.param("version", self.version)
            .param("n", BIDS)
            .param("keys", KEYS)
            .param("rate", RATE)
            .param("out", self.data.join(&self.out).display())
    }

    /// A start from the beginning.
    pub(super) fn run(&self) -> Run {
        self.job(Run::new("run", guest("guest_evolving_one")).arg("--json"))
            .parallelism(self.parallelism)
            .arg("--state-backend")
            .arg(&self.backend)
            .set("data.tmp-dir", &self.data)
            .checkpoints("50ms", &self.data.join(&self.data_dir))
    }

    /// A start from something that was saved.
    pub(super) fn from(&self, saved: &Path) -> Run {
        self.run().arg("--from").arg(saved)
    }

    /// Where its checkpoints are.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.data.join(&self.data_dir).join("guest-evolving-one")
    }

    /// Where its savepoints go.
    pub(super) fn target(&self) -> PathBuf {
        self.data.join("savepoints")
    }

    /// Starts it and waits for a checkpoint.
    pub(super) fn started(&self) -> Ordered {
        Ordered::start(self.run()).saved()
    }

    /// Starts it and stops it with a savepoint; where that is.
    pub(super) fn stopped(&self) -> PathBuf {
        let running = self.started();
        let answer = self.stop(&running, &[]);
        let ended = running.end().success();
        let path = answer["location"].as_str();
        let path = path.unwrap_or_else(|| panic!("{answer}\n{}", ended.told()));
        assert_eq!(ended.summary()["savepoint"], path, "{}", ended.told());
        PathBuf::from(path)
    }

    /// Stops a running job with a savepoint.
    pub(super) fn stop(&self, running: &Ordered, more: &[&str]) -> Value {
        let target = self.target();
        let target = target.to_str().expect("a path");
        running.order("stop", &[&["--savepoint", target], more].concat())
    }

    fn told(&self) -> Lines {
        lines(&self.data.join(&self.out))
    }

    /// Bids that the lines count.
    pub(super) fn counted(&self) -> u64 {
        let count = |line: &str| {
            let count = line.split(',').nth(2).and_then(|count| count.parse().ok());
            count.unwrap_or(0_u64)
        };
        self.told().each().iter().map(|line| count(line)).sum()
    }

    /// The totals of all bids, once each.
    pub(super) fn must_have_told_everything(&self, of_what: &str) {
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
        self.told().must_equal(&expected, of_what);
    }
}
