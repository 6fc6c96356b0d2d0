//! The command line keeps its word: documented fields, exit codes, and a clean stop that can be continued.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::answer::{Lines, Sum};
use crate::support::oracle::Question;
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::{Run, Running};

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Fails unless an object has exactly these fields, in whatever order.
fn has_fields(object: &Value, names: &[&str]) {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("{object} is no object"));
    let mut expected: Vec<&str> = names.to_vec();
    expected.sort_unstable();
    let mut found: Vec<&str> = object.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_plan_has_the_documented_fields() {
    let plan = Run::new("plan", guest("bench"))
        .arg("--json")
        .param("job", "J4")
        .parallelism(3);
    let plan = plan.end().success().json();
    has_fields(
        &plan,
        &[
            "name",
            "components",
            "grants",
            "max_parallelism",
            "tasks",
            "vertices",
            "edges",
        ],
    );
    assert_eq!(plan["name"], "bench-J4");
    assert_eq!(plan["max_parallelism"], 128);
    let vertices = plan["vertices"].as_array().expect("vertices");
    let names = [
        "id",
        "name",
        "parallelism",
        "keyed",
        "component",
        "operators",
        "states",
    ];
    for vertex in vertices {
        has_fields(vertex, &names);
        assert_eq!(vertex["parallelism"], 3);
        for operator in vertex["operators"].as_array().expect("operators") {
            has_fields(operator, &["id", "uid", "name"]);
        }
    }
    let edges = plan["edges"].as_array().expect("edges");
    for edge in edges {
        has_fields(edge, &["from", "to", "input", "partitioning", "name"]);
    }
    assert!(
        edges.iter().any(|edge| edge["partitioning"] == "hash"),
        "{plan}"
    );
    assert_eq!(plan["tasks"], 3 * vertices.len());
}

#[test]
fn a_plan_is_drawn_for_people() {
    let plan = Run::new("plan", guest("bench"))
        .param("job", "J2")
        .end()
        .success();
    for word in ["bench-J2", "hash", "count", "sum"] {
        assert!(plan.out.contains(word), "{word}: {}", plan.out);
    }
}

#[test]
fn inspect_has_the_documented_fields() {
    let inspected = Run::new("inspect", guest("word_count"))
        .arg("--json")
        .end()
        .success()
        .json();
    let names = [
        "file",
        "digest",
        "bytes",
        "component_bytes",
        "form",
        "world",
        "imports",
        "exports",
        "functions",
        "code_bytes",
        "manifest",
    ];
    has_fields(&inspected, &names);
    assert_eq!(inspected["manifest"]["version"], 1);
    assert_eq!(inspected["manifest"]["sdk"]["language"], "rust");
    let imports = inspected["imports"].as_array().expect("imports");
    let ours = |import: &Value| {
        import
            .as_str()
            .is_some_and(|i| i.contains("wasmill:dataflow"))
    };
    assert!(
        imports.iter().all(ours),
        "something ambient is imported: {imports:?}"
    );
    let text = Run::new("inspect", guest("word_count")).end().success().out;
    for word in ["word-count", "path", "out", "seen", "wasmill:dataflow"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn parallelism_zero_means_one_subtask_per_core() {
    let cores = std::thread::available_parallelism()
        .expect("the number of cores")
        .get();
    let plan = Run::new("plan", guest("bench"))
        .arg("--json")
        .param("job", "J2")
        .parallelism(0);
    let plan = plan.end().success().json();
    assert_eq!(plan["vertices"][0]["parallelism"], cores);
    let question = Question {
        job: "J2",
        n: 100_000,
        keys: 1_000,
        epm: 1,
        text: "",
    };
    let summary = Run::bench("J2")
        .param("n", 100_000)
        .parallelism(0)
        .summary();
    assert_eq!(Sum::of_summary(&summary), Sum::expected(&question));
}

#[test]
fn the_summary_has_the_documented_fields() {
    let summary = Run::bench("J2").param("n", 10_000).summary();
    let names = [
        "job",
        "status",
        "seconds",
        "records_in",
        "records_out",
        "restarts",
        "restored_from",
        "savepoint",
        "stopped_at",
        "checkpoints",
        "failed_checkpoints",
        "failures",
        "last_checkpoint_bytes",
        "longest_checkpoint_pause_ms",
        "cpu_seconds",
        "peak_rss_bytes",
        "operators",
        "sinks",
        "count",
        "checksum",
    ];
    has_fields(&summary, &names);
    assert_eq!(summary["records_in"], 10_000);
    assert_eq!(summary["count"], 10_000);
}

const QUESTION: Question<'_> = Question {
    job: "J4",
    n: 200_000,
    keys: 500,
    epm: 1,
    text: "",
};

fn windows() -> Run {
    Run::bench("J4")
        .param("n", QUESTION.n)
        .param("keys", QUESTION.keys)
        .parallelism(2)
}

#[test]
fn an_interrupted_job_stops_cleanly_and_goes_on_to_the_same_result() {
    let (out, data) = (directory(), directory());
    let run = windows()
        .param("rate", QUESTION.n / 4)
        .param("out", out.path().display());
    let mut running = run.checkpoints("100ms", data.path()).start();
    let begun = |_: &Running| published::bytes(out.path()) > 0;
    assert!(
        running.reaches("first output", begun),
        "it ended: {}",
        running.errors()
    );
    running.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.told());
    let summary = stopped.summary();
    assert_eq!(summary["status"], "stopped", "{}", stopped.told());
    let restored = windows().param("out", out.path().display());
    let restored = restored
        .arg("--data-dir")
        .arg(data.path())
        .arg("--restore")
        .arg("latest");
    let restored = restored.end().success();
    let told = restored.told();
    assert_eq!(
        restored.summary()["restored_from"],
        summary["stopped_at"],
        "{told}"
    );
    published::lines(out.path()).must_equal(&Lines::expected(&QUESTION), &told);
}

#[test]
fn a_job_without_checkpoints_stops_when_interrupted() {
    let mut running = windows()
        .param("n", 100_000_000)
        .param("rate", 1_000)
        .start();
    let ready = Running::handles_interrupts;
    assert!(
        running.reaches("its signal handler", ready),
        "{}",
        running.errors()
    );
    running.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.told());
}

/// Interrupts twice what cannot stop once `stuck` holds, and expects an end.
fn stops_at_the_second_interrupt(run: Run, mut stuck: impl FnMut(&Running) -> bool) {
    let mut running = run.start();
    assert!(
        // By reference: what it waits on stays open to the end.
        running.reaches("a call that does not return", &mut stuck),
        "{}",
        running.errors()
    );
    let ready = Running::handles_interrupts;
    assert!(
        running.reaches("its signal handler", ready),
        "{}",
        running.errors()
    );
    running.interrupt();
    let asked = |running: &Running| running.errors().contains("once more");
    assert!(
        running.reaches("the first stop", asked),
        "{}",
        running.errors()
    );
    running.interrupt();
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.told());
}

#[test]
fn a_second_interrupt_ends_a_job_whose_guest_does_not_return() {
    let run = Run::new("run", guest("faulty"))
        .param("fault", "loop")
        .param("at", 5);
    let run = run.set("guest.call-timeout", "10m");
    stops_at_the_second_interrupt(run, |running| running.errors().contains("asked to loop"));
}

#[test]
fn a_second_interrupt_ends_a_job_whose_sink_does_not_return() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    listener
        .set_nonblocking(true)
        .expect("a listener that can be asked");
    let run = Run::bench("J0")
        .param("n", 1_000_000_000)
        .param("port", port);
    // The sink is stuck when what waits to be read here, and is never read, has long not grown.
    let (mut peer, mut waiting, mut same) = (None, 0, 0);
    stops_at_the_second_interrupt(run, move |_| {
        let Some(stream) = &peer else {
            peer = listener.accept().ok().map(|(stream, _)| stream);
            return false;
        };
        let found = stream.peek(&mut vec![0; 16 << 20]).unwrap_or(0);
        same = if found == waiting { same + 1 } else { 0 };
        waiting = found;
        waiting > 0 && same > 100
    });
}

#[test]
fn the_configuration_is_printed_as_a_file_that_can_be_used() {
    let printed = Run::bare("config").end().success().out;
    let directory = directory();
    let file = directory.path().join("wasmill.toml");
    let changed = printed.replace("default = 1", "default = 3");
    assert_ne!(printed, changed);
    std::fs::write(&file, changed).expect("the file can be written");
    let plan = Run::new("plan", guest("bench"))
        .arg("--json")
        .param("job", "J2");
    let plan = plan.arg("--config").arg(&file).end().success().json();
    assert_eq!(plan["vertices"][0]["parallelism"], 3);
}
