//! The sink with transactions: a job that is killed, moved and rescaled tells readers of committed messages everything
//! once, and in order.

use std::path::PathBuf;
use std::time::Duration;

use super::{Job, must_have_told, orders};
use crate::kill::Dice;
use crate::support::kafka::Broker;
use crate::support::orders::Ordered;
use crate::support::run::Running;

/// Waits until a topic has at least so many messages.
fn reaches(broker: &Broker, running: &mut Running, topic: &str, messages: usize) {
    let enough = |_: &Running| broker.has(topic, messages);
    let reached = running.reaches("messages", enough);
    assert!(reached, "it ended: {}", running.errors());
}

#[test]
fn a_job_killed_at_random_moments_and_rescaled_tells_everything_once() {
    const ORDERS: u64 = 24_000;
    let broker = Broker::shared();
    let (from, to) = (
        broker.topic("exactly-in", 4),
        broker.topic("exactly-out", 3),
    );
    let data = tempfile::tempdir().expect("a directory");
    let job = Job::new(broker, &from, &to);
    let mut dice = Dice::new("kafka exactly once");
    let start = |subtasks: u32| job.run(data.path()).parallelism(subtasks).start();
    let parts = 6;
    for (part, subtasks) in (0..parts).zip([1, 3, 2, 4, 1, 3]) {
        let mut running = start(subtasks);
        // Something to do in every life, some of it left by the one before.
        let share = ORDERS / parts;
        broker.write(&from, orders(part * share..(part + 1) * share));
        if part + 1 < parts {
            let moment = Duration::from_millis(50 + dice.below(900));
            let ended = running.exits_within(moment);
            assert!(ended.is_none(), "it ended: {}", running.errors());
            running.kill();
        } else {
            reaches(broker, &mut running, &to, ORDERS as usize);
            running.interrupt();
            let ended = running.end();
            assert_eq!(ended.code, Some(130), "{}", ended.told());
        }
    }
    must_have_told(broker, &to, ORDERS, "killed five times");
    // What was published is not published again, whoever starts from the checkpoint.
    let mut again = start(2);
    broker.write(&from, orders(ORDERS..ORDERS + 10));
    reaches(broker, &mut again, &to, ORDERS as usize + 10);
    again.kill();
    let mut again = start(1);
    broker.write(&from, orders(ORDERS + 10..ORDERS + 20));
    reaches(broker, &mut again, &to, ORDERS as usize + 20);
    again.interrupt();
    let ended = again.end();
    must_have_told(broker, &to, ORDERS + 20, &ended.told());
}

#[test]
fn a_savepoint_goes_on_at_another_parallelism_and_twice_if_it_is_started_twice() {
    let broker = Broker::shared();
    let (from, to) = (broker.topic("saved-in", 4), broker.topic("saved-out", 2));
    broker.write(&from, orders(0..4_000));
    let data = tempfile::tempdir().expect("a directory");
    let job = Job::new(broker, &from, &to);
    let mut running = Ordered::start(job.run(data.path()).parallelism(1));
    reaches(broker, &mut running.cluster.process, &to, 4_000);
    let target = data.path().join("savepoints");
    let target = target.to_str().expect("a path");
    let answer = running.order("stop", &["--savepoint", target]);
    let ended = running.end().success();
    let savepoint = answer["location"].as_str().map(PathBuf::from);
    let savepoint = savepoint.unwrap_or_else(|| panic!("{answer}\n{}", ended.told()));
    must_have_told(broker, &to, 4_000, &ended.told());
    broker.write(&from, orders(4_000..6_000));
    // Two jobs from one savepoint: each tells what comes after it, with markers of its own.
    for (subtasks, name) in [(3, "saved-first"), (2, "saved-second")] {
        let told = broker.topic(name, 2);
        let data = tempfile::tempdir().expect("a directory");
        let fork = Job::new(broker, &from, &told);
        let sink =
            format!("sink.delivery-guarantee: exactly-once, sink.transactional-id-prefix: {to}");
        let run = fork.sink(&sink).run(data.path()).parallelism(subtasks);
        let mut running = run.arg("--from").arg(&savepoint).start();
        reaches(broker, &mut running, &told, 2_000);
        running.interrupt();
        let ended = running.end();
        let mut rest = super::expected(6_000);
        let before = super::expected(4_000);
        for (item, totals) in &mut rest {
            totals.drain(..before[item].len());
        }
        assert_eq!(super::totals(&broker.read(&told)), rest, "{}", ended.told());
    }
}
