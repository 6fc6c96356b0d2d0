//! The sink without transactions, and what it makes of records.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Job, must_have_told, orders, totals};
use crate::kill::Dice;
use crate::support::kafka::Broker;

#[test]
fn at_least_once_loses_nothing_when_it_is_killed() {
    let broker = Broker::shared();
    let (from, to) = (broker.topic("least-in", 3), broker.topic("least-out", 2));
    broker.write(&from, orders(0..30_000));
    let data = tempfile::tempdir().expect("a directory");
    let job = Job::new(broker, &from, &to)
        .bounded()
        .sink("sink.delivery-guarantee: at-least-once");
    let mut dice = Dice::new("kafka at least once");
    for start in 0..3 {
        let mut running = job.run(data.path()).parallelism(start % 2 + 1).start();
        if running
            .exits_within(Duration::from_millis(200 + dice.below(300)))
            .is_some()
        {
            break;
        }
        running.kill();
    }
    let ended = job.run(data.path()).parallelism(3).end().success();
    // The last total of each item, and everything on the way there.
    for (item, expected) in super::expected(30_000) {
        let told = totals(&broker.read(&to));
        let distinct: BTreeMap<_, _> = told[&item].iter().copied().collect();
        let expected: BTreeMap<_, _> = expected.into_iter().collect();
        assert!(distinct == expected, "{item}: {}", ended.told());
    }
}

#[test]
fn without_a_guarantee_and_without_checkpoints_an_undisturbed_job_writes_everything_once() {
    let broker = Broker::shared();
    let (from, to) = (broker.topic("none-in", 2), broker.topic("none-out", 3));
    broker.write(&from, orders(0..3_000));
    for (guarantee, more) in [
        ("none", ""),
        (
            "exactly-once",
            ", sink.transactional-id-prefix: no-checkpoints",
        ),
    ] {
        let to = broker.topic(&format!("{to}-{guarantee}"), 2);
        let job = Job::new(broker, &from, &to)
            .bounded()
            .sink(&format!("sink.delivery-guarantee: {guarantee}{more}"));
        let ended = super::run(&job.text(), 2).success();
        must_have_told(broker, &to, 3_000, &ended.told());
    }
}
