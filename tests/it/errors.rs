//! What goes wrong is said: an exit code that is not zero and one line that names the thing.
//!
//! Commands that are refused before anything runs, and jobs that fail while they run. Damaged checkpoints are in
//! `damage`.

use std::path::Path;

use crate::support::oracle::Question;
use crate::support::programs::guest;
use crate::support::published::has_checkpoint;
use crate::support::run::Run;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn faulty(fault: &str) -> Run {
    Run::new("run", guest("faulty"))
        .arg("--json")
        .param("fault", fault)
        .param("at", 5)
}

/// Runs a file that is no job.
fn refused(name: &str, bytes: &[u8]) {
    let directory = directory();
    let file = directory.path().join(name);
    std::fs::write(&file, bytes).expect("the file can be written");
    for verb in ["run", "plan", "inspect"] {
        Run::new(verb, &file).end().fails_naming(&[name]);
    }
}

#[test]
fn a_job_that_does_not_exist_is_named() {
    for verb in ["run", "plan", "inspect"] {
        Run::new(verb, "no-such-job.wasm")
            .end()
            .fails_naming(&["no-such-job.wasm"]);
    }
}

#[test]
fn a_file_that_is_no_component_is_named() {
    refused("notes.wasm", b"these are only notes\n");
    refused("empty.wasm", b"");
    refused("cut.wasm", b"\0asm");
}

#[test]
fn a_core_module_without_a_component_type_is_named() {
    refused("module.wasm", b"\0asm\x01\0\0\0");
}

#[test]
fn a_component_that_is_cut_short_is_named() {
    let whole = std::fs::read(guest("word_count")).expect("the plugin");
    refused("half.wasm", &whole[..whole.len() / 2]);
}

#[test]
fn a_directory_in_place_of_a_job_is_named() {
    let directory = directory();
    let name = directory.path().display().to_string();
    Run::new("run", directory.path())
        .end()
        .fails_naming(&[&name]);
}

#[test]
fn a_parameter_value_the_job_refuses_is_named() {
    Run::bench("J99").end().fails_naming(&["J99"]);
}

#[test]
fn a_parameter_value_of_the_wrong_type_is_named() {
    Run::bench("J2")
        .param("n", "many")
        .end()
        .fails_naming(&["parameter n", "many"]);
}

#[test]
fn a_parameter_the_job_does_not_have_is_named() {
    Run::bench("J2")
        .param("kyes", 3)
        .end()
        .fails_naming(&["kyes"]);
}

#[test]
fn a_missing_parameter_is_named() {
    Run::new("run", guest("word_count"))
        .end()
        .fails_naming(&["path"]);
}

#[test]
fn a_missing_input_is_named() {
    let run = Run::new("run", guest("word_count")).param("path", "no/such/input");
    run.end().fails_naming(&["no/such/input"]);
}

#[test]
fn an_unknown_setting_is_named() {
    let run = Run::bench("J2").set("state.backed", "heap");
    run.end().fails_naming(&["state.backed"]);
}

#[test]
fn a_duration_that_is_none_is_named() {
    let run = Run::bench("J2").arg("--checkpoint-interval").arg("soon");
    run.end()
        .fails_naming(&["execution.checkpointing.interval", "soon"]);
}

#[test]
fn a_configuration_file_that_does_not_exist_is_named() {
    Run::bench("J2")
        .arg("--config")
        .arg("no-such.toml")
        .end()
        .fails_naming(&["no-such.toml"]);
}

#[test]
fn an_output_that_is_no_directory_is_named() {
    let directory = directory();
    let file = directory.path().join("taken");
    std::fs::write(&file, "a file").expect("the file can be written");
    Run::bench("J2")
        .param("n", 1000)
        .param("out", file.display())
        .end()
        .fails_naming(&["taken"]);
}

#[test]
fn restoring_without_a_checkpoint_names_the_place() {
    let directory = directory();
    let name = directory.path().display().to_string();
    let latest = Run::bench("J2").arg("--data-dir").arg(directory.path());
    latest
        .arg("--restore")
        .arg("latest")
        .end()
        .fails_naming(&["checkpoint", &name]);
    let path = Run::bench("J2").arg("--restore").arg(directory.path());
    path.end().fails_naming(&["checkpoint", &name]);
    Run::bench("J2")
        .arg("--restore")
        .arg("no-such-place")
        .end()
        .fails_naming(&["no-such-place"]);
}

/// A job that runs until it is killed, with a first checkpoint taken.
fn running(data: &Path) -> crate::support::run::Running {
    let run = Run::bench("J2")
        .param("n", 10_000_000)
        .param("rate", 10_000);
    let mut running = run.checkpoints("50ms", data).start();
    let ready = running.reaches("the first checkpoint", |_| has_checkpoint(data));
    assert!(ready, "it ended: {}", running.errors());
    running
}

#[test]
fn a_second_run_in_the_same_place_is_refused() {
    let directory = directory();
    let first = running(directory.path());
    let name = directory.path().display().to_string();
    let second = Run::bench("J2")
        .param("n", 1000)
        .checkpoints("1s", directory.path());
    second.end().fails_naming(&["in use", &name]);
    first.kill();
    let restored = Run::bench("J2")
        .param("n", 100_000)
        .arg("--data-dir")
        .arg(directory.path());
    restored.arg("--restore").arg("latest").summary();
}

#[test]
fn the_checkpoint_of_another_job_is_refused() {
    let directory = directory();
    running(directory.path()).kill();
    let job = std::fs::read_dir(directory.path())
        .expect("the data directory")
        .flatten()
        .next();
    let job = job.expect("the folder of the job").path();
    let other = Run::bench("J4").arg("--restore").arg(job);
    let words = ["state of operator \"source\"", "--allow-non-restored-state"];
    other.end().fails_naming(&words);
}

#[test]
fn a_panic_tells_its_text_and_where() {
    let ended = faulty("panic").parallelism(2).end();
    let words = ["job faulty", "subtask", "record", "asked to panic at key 5"];
    ended.fails_naming(&words);
    assert_eq!(ended.code, Some(1), "{}", ended.told());
}

#[test]
fn a_failure_the_operator_reports_tells_its_text_and_where() {
    faulty("fail")
        .end()
        .fails_naming(&["asked to fail at key 5", "faulty", "subtask"]);
}

#[test]
fn an_endless_loop_is_stopped_within_its_limit() {
    let run = faulty("loop").set("guest.call-timeout", "500ms");
    let started_ns = crate::support::wait::now_ns();
    run.end().fails_naming(&["faulty", "subtask", "500"]);
    let seconds = (crate::support::wait::now_ns() - started_ns) as f64 / 1e9;
    assert!(seconds < 10.0, "it took {seconds} s");
}

#[test]
fn a_memory_hog_is_stopped_at_its_limit() {
    let run = faulty("memory").set("guest.memory", "64MiB");
    run.end()
        .fails_naming(&["faulty", "subtask", "memory", "67108864"]);
}

#[test]
fn endless_recursion_is_stopped() {
    faulty("stack")
        .end()
        .fails_naming(&["faulty", "subtask", "recurse"]);
}

#[test]
fn timers_without_end_are_stopped() {
    let run = faulty("timers").set("guest.call-timeout", "2s");
    run.end().fails_naming(&["faulty", "subtask"]);
}

#[test]
fn log_lines_without_end_are_stopped_and_do_not_flood() {
    let ended = faulty("log").set("guest.call-timeout", "1s").end();
    ended.fails_naming(&["faulty", "subtask"]);
    assert!(
        ended.err.len() < 1 << 20,
        "{} bytes of log",
        ended.err.len()
    );
}

#[test]
fn a_job_that_fails_publishes_what_it_had_committed_only() {
    let (out, data) = (directory(), directory());
    let running = Run::bench("J2").param("n", 60_000).param("rate", 60_000);
    let running = running.param("out", out.path().display());
    let mut running = running.checkpoints("50ms", data.path()).start();
    let begun = |_: &crate::support::run::Running| crate::support::published::bytes(out.path()) > 0;
    assert!(
        running.reaches("first output", begun),
        "{}",
        running.errors()
    );
    running.kill();
    let question = Question {
        job: "J2",
        n: 60_000,
        keys: 1_000,
        epm: 1,
        text: "",
    };
    let whole = crate::support::answer::Lines::expected(&question);
    let part = crate::support::published::lines(out.path());
    assert!(
        part.len() <= whole.len() && part.is_within(&whole),
        "more than there is to say"
    );
}
