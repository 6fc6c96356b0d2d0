//! A job that fails while it runs is started again as its restart strategy says, goes on from its last checkpoint, and
//! publishes exactly what it would have published.
//!
//! The failures are real: a guest that panics, a call that never returns, an output directory that is gone for a while.
//! What must come out is computed here or taken from the oracle, which shares nothing with the engine.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::answer::{Lines, Sum};
use crate::support::cluster::Cluster;
use crate::support::oracle::{Field, Question, hash};
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;

const N: u64 = 60_000;
const KEYS: u64 = 100;

/// The pairs of the generator, each key's records numbered from 1.
fn expected() -> Sum {
    let question = Question {
        job: "J2",
        n: N,
        keys: KEYS,
        epm: 1,
        text: "",
    };
    let (mut seen, mut sum) = (vec![0_u64; KEYS as usize], 0_u64);
    for n in 0..N {
        // Pairs are (key, 1) with the keys of job J2.
        let key = question.bid(n).auction;
        let count = &mut seen[key as usize];
        *count += 1;
        let record = [Field::Long(key), Field::Long(*count)];
        sum = sum.wrapping_add(hash(&record));
    }
    Sum {
        count: N,
        checksum: format!("{sum:016x}"),
    }
}

/// A job that takes three seconds and misbehaves in the middle of it, on so many attempts.
fn faulty(fault: &str, attempts: u32, data: &Path) -> Run {
    Run::new("run", guest("faulty"))
        .arg("--json")
        .param("fault", fault)
        .param("at", 5)
        .param("after", N / KEYS / 2)
        .param("attempts", attempts)
        .param("n", N)
        .param("keys", KEYS)
        .param("rate", N / 3)
        .set("execution.checkpointing.interval", "100ms")
        .set("data.dir", data)
}

fn fixed_delay(run: Run, attempts: u32) -> Run {
    run.set("restart-strategy.type", "fixed-delay")
        .set("restart-strategy.fixed-delay.delay", "10ms")
        .set(
            "restart-strategy.fixed-delay.attempts",
            attempts.to_string(),
        )
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// The job must have ended well after so many restarts, with the right answer.
fn is_exact(summary: &Value, restarts: u64) {
    assert_eq!(summary["restarts"], restarts, "{summary}");
    assert_eq!(Sum::of_summary(summary), expected(), "{summary}");
}

#[test]
fn without_a_failure_the_answer_is_the_expected_one() {
    let data = directory();
    is_exact(&faulty("none", 0, data.path()).summary(), 0);
}

#[test]
fn a_job_goes_back_to_its_last_checkpoint_on_every_backend() {
    for backend in ["memory", "filesystem", "rocksdb"] {
        let data = directory();
        let run = fixed_delay(faulty("panic", 2, data.path()), 3)
            .arg("--state-backend")
            .arg(backend)
            .set("data.tmp-dir", data.path())
            .parallelism(2);
        let summary = run.summary();
        is_exact(&summary, 2);
        let failures = summary["failures"].as_array().expect("the failures");
        assert_eq!(failures.len(), 2, "{summary}");
        for failure in failures {
            let text = failure["cause"].as_str().unwrap_or_default();
            assert!(text.contains("asked to panic at key 5"), "{summary}");
            assert_eq!(failure["restarted_after_ms"], 10, "{summary}");
        }
        // It did not begin anew: what was checkpointed before the failure was not read again.
        assert!(summary["restored_from"].as_u64() > Some(0), "{summary}");
        let read = summary["records_in"].as_u64();
        assert!(read < Some(N), "{backend}: {summary}");
    }
}

#[test]
fn without_checkpoints_a_restarted_job_begins_anew() {
    let data = directory();
    let run = fixed_delay(faulty("panic", 1, data.path()), 1);
    let summary = run.set("execution.checkpointing.interval", "0s").summary();
    is_exact(&summary, 1);
    assert_eq!(summary["records_in"], N, "{summary}");
}

#[test]
fn a_call_that_never_returned_is_made_again_after_a_restart() {
    let data = directory();
    let run = fixed_delay(faulty("loop", 1, data.path()), 1).set("guest.call-timeout", "200ms");
    is_exact(&run.summary(), 1);
}

#[test]
fn a_fixed_delay_gives_up_when_its_restarts_are_used_up() {
    let data = directory();
    let ended = fixed_delay(faulty("panic", 9, data.path()), 2).end();
    assert_eq!(ended.code, Some(1), "{}", ended.told());
    ended.fails_naming(&["faulty", "asked to panic at key 5"]);
    assert_eq!(ended.err.matches("restarting").count(), 2);
    assert!(ended.err.contains("all 2 restarts are used up"));
}

#[test]
fn restarts_are_configured_by_the_keys_of_older_configurations_too() {
    let data = directory();
    let ended = faulty("panic", 9, data.path())
        .set("execution-retries.default", "1")
        .set("execution-retries.delay", "10ms")
        .end();
    assert_eq!(ended.err.matches("restarting").count(), 1);
    assert!(ended.err.contains("all 1 restarts are used up"));
}

#[test]
fn an_exponential_delay_grows() {
    let data = directory();
    let summary = faulty("panic", 3, data.path())
        .set("restart-strategy.type", "exponential-delay")
        .set("restart-strategy.exponential-delay.initial-backoff", "10ms")
        .set(
            "restart-strategy.exponential-delay.backoff-multiplier",
            "3.0",
        )
        .set("restart-strategy.exponential-delay.max-backoff", "50ms")
        .summary();
    is_exact(&summary, 3);
    let failures = summary["failures"].as_array().expect("the failures");
    let delays: Vec<_> = failures
        .iter()
        .map(|failure| failure["restarted_after_ms"].as_u64())
        .collect();
    assert_eq!(delays, [Some(10), Some(30), Some(50)], "{summary}");
}

#[test]
fn a_failure_rate_gives_up_after_too_many_failures_in_its_interval() {
    let data = directory();
    let ended = faulty("panic", 9, data.path())
        .set("restart-strategy.type", "failure-rate")
        .set(
            "restart-strategy.failure-rate.max-failures-per-interval",
            "1",
        )
        .set("restart-strategy.failure-rate.failure-rate-interval", "1h")
        .set("restart-strategy.failure-rate.delay", "10ms")
        .end();
    assert_eq!(ended.code, Some(1), "{}", ended.told());
    assert_eq!(ended.err.matches("restarting").count(), 1);
    assert!(ended.err.contains("more than 1 failures within 3600000 ms"));
}

#[test]
fn a_job_whose_component_is_broken_is_not_restarted_unless_asked_to() {
    let data = directory();
    let ended = faulty("panic", 9, data.path()).end();
    assert_eq!(ended.code, Some(1), "{}", ended.told());
    assert_eq!(ended.err.matches("restarting").count(), 0);
    assert!(ended.err.contains("it would fail in the same way again"));
}

#[test]
fn an_output_directory_that_was_gone_for_a_while_has_everything_once() {
    let data = directory();
    let (out, away) = (data.path().join("out"), data.path().join("away"));
    let question = Question {
        job: "J2",
        n: 100_000,
        keys: 1_000,
        epm: 1,
        text: "",
    };
    let mut running = Run::bench(question.job)
        .param("n", question.n)
        .param("keys", question.keys)
        .param("epm", question.epm)
        .param("out", out.display())
        .param("rate", question.n / 2)
        .parallelism(2)
        .set("restart-strategy.exponential-delay.initial-backoff", "20ms")
        .set("restart-strategy.exponential-delay.max-backoff", "100ms")
        .checkpoints("100ms", &data.path().join("checkpoints"))
        .start();
    let begun = running.reaches("some output", |_| published::bytes(&out) > 0);
    assert!(begun, "{}", running.errors());
    std::fs::rename(&out, &away).expect("the directory can be moved");
    std::fs::write(&out, "in the way").expect("a file can be written");
    let failed = running.reaches("a restart", |it| it.errors().contains("restarting"));
    assert!(failed, "{}", running.errors());
    std::fs::remove_file(&out).expect("the file can be removed");
    std::fs::rename(&away, &out).expect("the directory can be moved back");
    let ended = running.end().success();
    let summary = ended.summary();
    assert!(summary["restarts"].as_u64() > Some(0), "{summary}");
    published::lines(&out).must_equal(&Lines::expected(&question), &ended.told());
}

#[test]
fn several_checkpoints_under_way_at_once_keep_the_answer() {
    let data = directory();
    let summary = fixed_delay(faulty("panic", 1, data.path()), 1)
        .set("execution.checkpointing.max-concurrent-checkpoints", "4")
        .set("execution.checkpointing.interval", "1ms")
        .parallelism(2)
        .summary();
    is_exact(&summary, 1);
}

#[test]
fn at_least_once_nothing_is_lost() {
    let data = directory();
    let summary = fixed_delay(faulty("panic", 1, data.path()), 1)
        .set("execution.checkpointing.mode", "AT_LEAST_ONCE")
        .parallelism(2)
        .summary();
    assert_eq!(summary["restarts"], 1, "{summary}");
    assert!(summary["count"].as_u64() >= Some(N), "{summary}");
}

#[test]
fn the_restart_strategy_of_the_job_goes_before_the_configuration() {
    let data = directory();
    let none = |attempts| {
        let run = faulty("panic", attempts, data.path()).param("restarts", 1);
        run.set("restart-strategy.type", "none")
    };
    is_exact(&none(1).summary(), 1);
    let ended = none(9).end();
    assert_eq!(ended.err.matches("restarting").count(), 1);
    assert!(ended.err.contains("all 1 restarts are used up"));
}

#[test]
fn the_restart_strategy_of_a_job_is_exported_and_holds_in_its_job_file() {
    let data = directory();
    let exported = Run::new("export", guest("faulty"))
        .param("fault", "panic")
        .param("at", 5)
        .param("after", N / KEYS / 2)
        .param("attempts", 1)
        .param("n", N)
        .param("keys", KEYS)
        .param("rate", N / 3)
        .param("restarts", 1)
        .end()
        .success();
    for setting in [
        "restart-strategy.type: fixed-delay",
        "attempts: \"1\"",
        "delay: 10ms",
    ] {
        assert!(exported.out.contains(setting), "{}", exported.told());
    }
    let file = data.path().join("faulty.yaml");
    std::fs::write(&file, &exported.out).expect("the job file can be written");
    let run = Run::new("run", &file).arg("--json");
    let summary = run
        .checkpoints("100ms", &data.path().join("data"))
        .summary();
    is_exact(&summary, 1);
    assert!(summary["restored_from"].as_u64() > Some(0), "{summary}");
}

#[test]
fn a_job_shows_each_of_its_states() {
    let data = directory();
    let cluster = Cluster::start(data.path());
    let faulty = cluster.upload("faulty");
    let job = |fault: &str, strategy: &str| {
        let spec = json!({
            "parameters": { "fault": fault, "at": 5, "n": 10_000, "keys": KEYS },
            "settings": {
                "restart-strategy.type": strategy,
                "restart-strategy.fixed-delay.delay": "1h",
            },
        });
        cluster.run(&faulty, &spec)
    };
    cluster.reaches(&job("none", "none"), "FINISHED");
    cluster.reaches(&job("panic", "none"), "FAILED");
    let waits = job("panic", "fixed-delay");
    cluster.reaches(&waits, "RESTARTING");
    let cancel = format!("/jobs/{waits}?mode=cancel");
    cluster.request("PATCH", &cancel, &[], &[]).is(202);
    cluster.reaches(&waits, "CANCELED");
}
