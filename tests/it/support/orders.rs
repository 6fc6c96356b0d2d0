//! Orders to a running job: a savepoint, another parallelism, another component. They are given as a user gives them, by
//! the verbs of the command line to the process that shows the job.

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::run::{Ended, Run};

/// A process with one job that takes orders.
pub(crate) struct Ordered {
    /// The process.
    pub(crate) cluster: Cluster,
    /// The id of its job.
    pub(crate) job: String,
}

impl Ordered {
    /// Starts the job and shows it.
    pub(crate) fn start(run: Run) -> Self {
        let run = run
            .arg("--ui=127.0.0.1:0")
            // Tests look often.
            .set("rest.max-requests-per-second", "100000");
        let cluster = Cluster::of(run.start());
        let jobs = cluster.until("/jobs", |it| it["jobs"][0].is_object());
        let job = jobs["jobs"][0]["id"].as_str().expect("an id").to_owned();
        Self { cluster, job }
    }

    /// Waits until the job has completed a checkpoint.
    pub(crate) fn saved(self) -> Self {
        has_completed(&self.cluster, &self.job);
        self
    }

    /// Gives an order and waits until it is carried out.
    pub(crate) fn order(&self, verb: &str, words: &[&str]) -> Value {
        order(&self.cluster, &self.job, verb, words)
    }

    /// Waits for the end of the process.
    pub(crate) fn end(self) -> Ended {
        self.cluster.process.end()
    }
}

/// Waits until a job of a cluster has completed a checkpoint.
pub(crate) fn has_completed(cluster: &Cluster, job: &str) {
    let completed = |it: &Value| it["counts"]["completed"].as_u64() > Some(0);
    cluster.until(&format!("/jobs/{job}/checkpoints"), completed);
}

/// Gives an order to a job of a cluster: what it gave, or the `error`.
pub(crate) fn order(cluster: &Cluster, job: &str, verb: &str, words: &[&str]) -> Value {
    let ended = cluster.verb(verb, &[&[job, "--json"], words].concat());
    if ended.code == Some(0) {
        ended.json()
    } else {
        json!({ "error": ended.error_line() })
    }
}
