//! A broker that goes away: nothing is lost or told twice, whatever was under way.

use std::path::Path;
use std::time::Duration;

use super::{Job, must_have_told, orders, write};
use crate::support::kafka::Broker;
use crate::support::kills::going_on;
use crate::support::run::Run;

#[test]
fn a_broker_that_is_killed_and_started_again_costs_nothing() {
    let place = tempfile::tempdir().expect("a directory");
    let mut broker = Broker::own(place.path().join("broker"));
    let (from, to) = (broker.topic("in", 3), broker.topic("out", 2));
    broker.write(&from, orders(0..3_000));
    let job = Job::new(&broker, &from, &to);
    let mut running = job.run(place.path()).parallelism(2).start();
    let reached = running.reaches("messages", |_| broker.has(&to, 2_000));
    assert!(reached, "it ended: {}", running.errors());
    broker.stop();
    let ended = running.exits_within(Duration::from_millis(1_500));
    assert!(
        ended.is_none(),
        "it waits for the broker: {}",
        running.errors()
    );
    broker.start_again();
    broker.write(&from, orders(3_000..5_000));
    let reached = running.reaches("messages", |_| broker.has(&to, 5_000));
    assert!(reached, "it ended: {}", running.errors());
    running.interrupt();
    let ended = running.end();
    must_have_told(&broker, &to, 5_000, &ended.told());
}

/// Whether a stored checkpoint has output that is to be published after it.
fn has_output_waiting(data: &Path) -> bool {
    let folders = std::fs::read_dir(data.join("checkpoints/bids"))
        .into_iter()
        .flatten();
    folders.flatten().any(|folder| {
        let text = std::fs::read_to_string(folder.path().join("_metadata.json"));
        text.is_ok_and(|text| text.contains("\"segments\""))
    })
}

/// The broker stands still, so a checkpoint is stored and its output is not published; then the job is killed.
#[test]
fn a_job_killed_between_pre_commit_and_commit_publishes_once() {
    const BIDS: u64 = 3_000;
    let (place, data) = (tempfile::tempdir(), tempfile::tempdir());
    let (place, data) = (place.expect("a directory"), data.expect("a directory"));
    let (broker, place) = (Broker::own(place.path().join("broker")), data.path());
    let told = broker.topic("bids", 3);
    let job = |data: &Path, sink: &str, rate: u64| {
        let text = format!(
            "name: bids\noperators:\n  - {{ uid: in, source: {{ type: generator, data: bids, events: {BIDS}, rate: {rate} }} }}\n  - {{ uid: out, sink: {{ {sink} }}, input: in }}\n"
        );
        Run::new("run", write(data, &text))
    };
    let plain = place.join("plain");
    std::fs::create_dir(&plain).expect("a directory");
    let expected = job(&plain, "type: collect", 1_000_000).end().success();
    let mut expected: Vec<String> = expected.out.lines().map(str::to_owned).collect();
    expected.sort();
    let sink = format!(
        "type: kafka, topic: bids, bootstrap-servers: \"{}\", format: json, sink.delivery-guarantee: exactly-once, sink.transactional-id-prefix: bids",
        broker.address()
    );
    let run = |subtasks: u32, rate: u64| {
        going_on(job(place, &sink, rate), "100ms", place).parallelism(subtasks)
    };
    // Some minutes long, so that it does not end before.
    let mut running = run(2, 20).start();
    let reached = running.reaches("messages", |_| broker.has(&told, 21));
    assert!(reached, "it ended: {}", running.errors());
    broker.signal("STOP");
    // Several checkpoints could have been taken, but the first that finds no broker keeps the others waiting.
    let ended = running.exits_within(Duration::from_millis(600));
    assert!(ended.is_none(), "it ended: {}", running.errors());
    assert!(has_output_waiting(place), "{}", running.errors());
    running.kill();
    broker.signal("CONT");
    let ended = run(3, 1_000).end().success();
    let messages = broker.read(&told).into_iter();
    let mut lines: Vec<String> = messages.map(|message| message.value).collect();
    lines.sort();
    assert_eq!(lines.len(), expected.len(), "{}", ended.told());
    assert!(lines == expected, "{}", ended.told());
}
