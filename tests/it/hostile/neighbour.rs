//! A job of somebody else in the same process, that runs while hostile ones do: records are stamped at a steady pace,
//! counted by key, and their way to the sink is timed.
//!
//! Exact is what it must be at the end. How late its records came is bounded only by what would be a standstill: a test is
//! no place to measure, `scripts/bench-neighbour.sh` does that.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::bombs;
use crate::support::answer::Sum;
use crate::support::cluster::Cluster;
use crate::support::oracle::Question;
use crate::support::programs;
use crate::support::wait::{now_ns, within};

/// No case takes longer, on a loaded machine too.
const LIMIT: Duration = Duration::from_secs(20);

/// Records a second that the neighbour is to get.
const RATE: u64 = 5_000;

const KEYS: u64 = 100;

/// A record that takes longer than this was not late but stood still (microseconds).
const STANDSTILL_US: f64 = 10e6;

/// A cluster with a good job under way, and the component that misbehaves.
pub(super) struct Neighbour {
    cluster: Cluster,
    job: String,
    hostile: String,
    since_ns: u64,
    _dir: TempDir,
}

impl Neighbour {
    /// Starts both.
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let cluster = Cluster::start_as(dir.path(), |run| {
            run.set("guest.compile.cpu", "2s")
                .set("guest.compile.timeout", "10s")
                .set("guest.call-timeout", "300ms")
                .set("guest.memory", "64MiB")
        });
        let bench = cluster.upload("bench");
        let hostile = cluster.upload("guest_hostile");
        let job = cluster.run(
            &bench,
            &json!({
                "parameters": { "job": "L2", "n": 1_000_000_000_u64, "keys": KEYS, "rate": RATE },
                "settings": { "execution.checkpointing.interval": "100ms" },
            }),
        );
        cluster.reaches(&job, "RUNNING");
        Self {
            cluster,
            job,
            hostile,
            since_ns: now_ns(),
            _dir: dir,
        }
    }

    /// Submits a case; what was said about its end.
    pub(super) fn end_of(&self, case: &str) -> String {
        // Keys are somebody else's only if there is somebody else.
        let subtasks = if case.contains("foreign") { 2 } else { 1 };
        let body = json!({
            "parallelism": subtasks,
            "parameters": { "case": case },
            "settings": {
                "guest.output": "16MiB",
                "guest.state-writes": "16MiB",
                "guest.timers": "100000",
            },
        });
        let path = format!("/v1/components/{}/run", self.hostile);
        let answer = self.cluster.post(&path, &body);
        if answer.status != 200 {
            assert!(matches!(answer.status, 400..500), "{}", answer.text());
            return texts(&answer.json()["errors"]);
        }
        let id = answer.json()["jobid"].clone();
        let job = id.as_str().expect("a job id");
        let ended = within(LIMIT, || {
            let state = self.cluster.state(job);
            ["FAILED", "FINISHED"]
                .contains(&state.as_str())
                .then_some(())
        });
        assert!(ended.is_some(), "{case} did not end");
        let said = self.cluster.get(&format!("/v1/jobs/{job}/exceptions"));
        texts(&said["root-exception"])
    }

    /// The component that misbehaves is another one, which must be refused.
    pub(super) fn refuses(&self, component: &[u8]) -> String {
        let sent = self
            .cluster
            .send_file("/v1/components/upload", "file", "bomb.wasm", component);
        if sent.status != 200 {
            assert!(matches!(sent.status, 400..500), "{}", sent.text());
            return texts(&sent.json()["errors"]);
        }
        let id = sent.json()["id"].as_str().expect("an id").to_owned();
        let run = format!("/v1/components/{id}/run");
        let answer = self.cluster.post(&run, &json!({}));
        assert!(matches!(answer.status, 400..500), "{}", answer.text());
        texts(&answer.json()["errors"])
    }

    /// Ends it and looks at what it gave.
    pub(super) fn check_unharmed(self) {
        assert_eq!(self.cluster.state(&self.job), "RUNNING");
        let ran_ns = now_ns() - self.since_ns;
        let dir = tempfile::tempdir().expect("a directory");
        let target = dir.path().display().to_string();
        let arguments = [&self.job, "--savepoint", &target, "--drain"];
        self.cluster.verb("stop", &arguments).success();
        self.cluster.reaches(&self.job, "FINISHED");
        let details = self.cluster.get(&format!("/jobs/{}", self.job));
        assert_eq!(details["restarts"], 0, "{details}");
        let results = self
            .cluster
            .get(&format!("/jobs/{}/accumulators", self.job));
        let result = |name: &str| {
            let all = results["user-task-accumulators"].as_array();
            let mut all = all.expect("a list").iter();
            let found = all.find(|it| it["name"].as_str().is_some_and(|it| it.ends_with(name)));
            let value = found.and_then(|it| it["value"].as_str());
            value
                .unwrap_or_else(|| panic!("no {name} in {results}"))
                .to_owned()
        };
        let count = result(".count").parse().expect("a number");
        let question = Question {
            job: "J2",
            n: count,
            keys: KEYS,
            epm: 1,
            text: "",
        };
        let checksum = result(".checksum");
        assert_eq!(Sum { count, checksum }, Sum::expected(&question));
        let slowest_us: f64 = result(".max-us").parse().expect("a number");
        assert!(slowest_us < STANDSTILL_US, "{results}");
        let wanted = RATE * ran_ns / 1_000_000_000;
        assert!(count > wanted / 10, "{count} of {wanted} records");
        let said = self.cluster.process.errors();
        assert!(!said.contains("thread '"), "{said}");
    }
}

/// The texts of a list, or a text.
fn texts(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(texts).collect::<Vec<_>>().join("\n"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn what_is_dear_to_compile_is_no_more_to_a_neighbor_than_its_refusal() {
    let neighbour = Neighbour::start();
    let said = neighbour.refuses(&bombs::dear_to_compile());
    assert!(said.contains("processor time"), "{said}");
    let half = std::fs::read(programs::guest("guest_hostile")).expect("it was built");
    let said = neighbour.refuses(&half[..half.len() / 2]);
    assert!(said.contains("bomb.wasm"), "{said}");
    neighbour.check_unharmed();
}
