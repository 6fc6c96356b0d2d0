//! Every sample job publishes what an independent program says it must, undisturbed and killed again and again.
//!
//! What must come out is committed below `tests/golden/<sample>/`, one file per output, made from the sample's data by
//! the `oracle.py` beside it. Lines are compared as JSON values, whatever their order. A disturbed run takes a
//! checkpoint every few milliseconds, reads slowly, and goes on at another parallelism after each SIGKILL.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::answer::Lines;
use crate::support::kills::going_on;
use crate::support::oracle::random;
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;
use crate::support::wait;

/// The parallelism of each start after a kill.
const PARALLELISM: [u32; 4] = [2, 3, 1, 2];

/// A sample, by the name of its folder.
struct Sample {
    name: &'static str,
    /// Its input below `plugins/<name>/data/`.
    data: &'static str,
    /// Its outputs: directories below `out`, and files of what must be in them.
    outputs: &'static [&'static str],
    /// Lines a second in a disturbed run.
    rate: u64,
    /// Whether the answer depends on the steps in which event time advances, so that it needs the rate in every run.
    always_paced: bool,
}

impl Sample {
    /// The data that is committed with it.
    fn input(&self) -> PathBuf {
        let data = root().join("plugins").join(self.name).join("data");
        data.join(self.data)
    }

    fn command(&self, out: &Path, parallelism: u32) -> Run {
        self.command_on(&self.input(), out, parallelism)
    }

    fn command_on(&self, input: &Path, out: &Path, parallelism: u32) -> Run {
        let module = format!("sample_{}", self.name.replace('-', "_"));
        let run = Run::new("run", guest(&module))
            .arg("--json")
            .param("path", input.display())
            .param("out", out.display())
            .parallelism(parallelism);
        match self.always_paced {
            true => run.param("rate", self.rate),
            false => run,
        }
    }

    fn killable(&self, data: &Path, start: usize) -> Run {
        let run = self.command(&data.join("out"), PARALLELISM[start % PARALLELISM.len()]);
        let run = match self.always_paced {
            true => run,
            false => run.param("rate", self.rate),
        };
        going_on(run, "10ms", data)
    }

    /// What is published must be what is written down.
    fn check(&self, out: &Path, told: &str) {
        for output in self.outputs {
            let expected = root().join("tests/golden").join(self.name);
            let expected = json_lines(&[expected.join(format!("{output}.jsonl"))]);
            assert!(expected.len() > 5, "{output}: too little is expected");
            let found = json_lines(&parts_below(&out.join(output)));
            found.must_equal(&expected, &format!("{} {output}, {told}", self.name));
        }
    }

    /// Runs it undisturbed, then killed at so many moments.
    fn keeps_its_promise(&self, kills: usize) {
        let plain = tempfile::tempdir().expect("a directory");
        self.command(plain.path(), 1).end().success();
        self.check(plain.path(), "undisturbed");
        let data = tempfile::tempdir().expect("a directory");
        let seed = wait::fresh_seed();
        let mut killed = 0;
        let ended = loop {
            let mut running = self.killable(data.path(), killed).start();
            if killed == kills {
                break running.end().success();
            }
            // After a checkpoint, so that there is something to go on from.
            let checkpoints = data.path().join("checkpoints");
            let begun =
                running.reaches("a checkpoint", |_| published::has_checkpoint(&checkpoints));
            let moment = Duration::from_millis(60 + random(killed as u64, seed) % 240);
            if !begun || running.exits_within(moment).is_some() {
                break running.end().success();
            }
            running.kill();
            killed += 1;
        };
        let told = format!("killed {killed} times\n{}", ended.told());
        assert!(killed > 0, "ended before it could be killed, {told}");
        assert!(!ended.summary()["restored_from"].is_null(), "{told}");
        self.check(&data.path().join("out"), &told);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The part files of a directory and of its partitions.
pub(crate) fn parts_below(directory: &Path) -> Vec<PathBuf> {
    let mut parts = published::parts(directory);
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            parts.extend(published::parts(&entry.path()));
        }
    }
    parts
}

/// The lines of files, each a JSON value in one form. Why a line was rejected is left out: the words are the parser's.
pub(crate) fn json_lines(files: &[PathBuf]) -> Lines {
    let mut lines = Lines::default();
    for file in files {
        let text =
            fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for line in text.lines() {
            let mut value: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{}: {error}: {line}", file.display()));
            value.as_object_mut().map(|object| object.remove("reason"));
            lines.add(value.to_string());
        }
    }
    lines
}

#[test]
fn fraud_detection_finds_what_it_must() {
    let sample = Sample {
        name: "fraud-detection",
        data: "payments.jsonl",
        outputs: &["alerts"],
        rate: 1_000,
        always_paced: false,
    };
    sample.keeps_its_promise(3);
}

#[test]
fn anomaly_detection_finds_what_it_must() {
    let sample = Sample {
        name: "anomaly-detection",
        data: "readings.jsonl",
        outputs: &["anomalies", "silent"],
        rate: 1200,
        always_paced: false,
    };
    sample.keeps_its_promise(3);
}

#[test]
fn process_monitoring_finds_what_it_must() {
    let sample = Sample {
        name: "process-monitoring",
        data: "orders.jsonl",
        outputs: &["violations", "durations"],
        rate: 1000,
        always_paced: false,
    };
    sample.keeps_its_promise(3);
}

#[test]
fn a_search_index_is_complete() {
    let sample = Sample {
        name: "search-index",
        data: "licences.txt",
        outputs: &["terms", "documents"],
        rate: 1000,
        always_paced: false,
    };
    sample.keeps_its_promise(3);
}

#[test]
fn sessionization_finds_what_it_must() {
    let sample = Sample {
        name: "sessionization",
        data: "clicks.jsonl",
        outputs: &["sessions", "late"],
        rate: 1_000,
        always_paced: true,
    };
    sample.keeps_its_promise(3);
}

const CONTINUOUS_ETL: Sample = Sample {
    name: "continuous-etl",
    data: "orders",
    outputs: &["orders", "rejected"],
    rate: 600,
    always_paced: false,
};

#[test]
fn continuous_etl_writes_what_it_must() {
    CONTINUOUS_ETL.keeps_its_promise(3);
}

/// Half of the exports is there at first, the rest appears after a kill; no file is read twice.
#[test]
fn continuous_etl_goes_on_with_files_that_appear() {
    let data = tempfile::tempdir().expect("a directory");
    let (input, out) = (data.path().join("orders"), data.path().join("out"));
    let checkpoints = data.path().join("checkpoints");
    fs::create_dir(&input).expect("the directory can be made");
    let mut exports: Vec<PathBuf> = fs::read_dir(CONTINUOUS_ETL.input())
        .expect("the exports")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    exports.sort();
    let deliver = |files: &[PathBuf]| {
        for file in files {
            let name = file.file_name().expect("a file has a name");
            fs::copy(file, input.join(name)).expect("the export can be copied");
        }
    };
    let published = || {
        let outputs = CONTINUOUS_ETL.outputs.iter();
        let lines = outputs.map(|output| json_lines(&parts_below(&out.join(output))).len());
        lines.sum::<u64>()
    };
    let watching = |parallelism| {
        let run = CONTINUOUS_ETL.command_on(&input, &out, parallelism);
        run.param("watch", 20)
            .set("data.tmp-dir", data.path())
            .checkpoints("10ms", &checkpoints)
    };
    let (first, rest) = exports.split_at(exports.len() / 2);
    deliver(first);
    let mut running = watching(2).start();
    let begun = running.reaches("the first exports", |_| published() > 300);
    assert!(begun, "{}", running.end().told());
    running.kill();
    deliver(rest);
    let mut running = watching(3).arg("--restore").arg("latest").start();
    let whole = running.reaches("all exports", |_| published() >= 718);
    assert!(whole, "{}", running.end().told());
    running.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.told());
    CONTINUOUS_ETL.check(&out, &stopped.told());
}

#[test]
fn rule_alerts_are_those_that_must_be() {
    let sample = Sample {
        name: "rule-alerts",
        data: "",
        outputs: &["alerts"],
        rate: 1_000,
        always_paced: false,
    };
    sample.keeps_its_promise(3);
}

#[test]
fn trending_hashtags_are_those_that_must_be() {
    let sample = Sample {
        name: "trending-hashtags",
        data: "",
        outputs: &["trending", "feeds"],
        rate: 1_000,
        always_paced: false,
    };
    sample.keeps_its_promise(3);
}
