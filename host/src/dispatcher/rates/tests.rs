//! Rates are differences, and a restart is no negative rate.

use dataflow::ids::VertexId;

use super::*;

const TASK: TaskId = TaskId {
    vertex: VertexId(0),
    subtask: 0,
};

fn reading(records_in: u64, busy_ns: u64) -> BTreeMap<TaskId, TaskReading> {
    let reading = TaskReading {
        records_in,
        busy_ns,
        ..TaskReading::default()
    };
    BTreeMap::from([(TASK, reading)])
}

#[test]
fn rates_are_what_was_added_between_two_samples() {
    let mut rates = Rates::default();
    rates.update(0, reading(100, 0), 1_000_000_000);
    assert_eq!(
        rates.of(TASK).records_in,
        100.0 * 0.0,
        "one sample is no rate"
    );
    rates.update(0, reading(1_100, 1_000_000_000), 3_000_000_000);
    assert_eq!(rates.of(TASK).records_in, 500.0);
    assert_eq!(rates.of(TASK).busy, 0.5);
}

#[test]
fn a_restart_begins_anew() {
    let mut rates = Rates::default();
    rates.update(0, reading(1_000, 0), 1_000_000_000);
    rates.update(1, reading(10, 0), 2_000_000_000);
    assert_eq!(rates.of(TASK), TaskRates::default());
    rates.update(1, reading(30, 0), 3_000_000_000);
    assert_eq!(rates.of(TASK).records_in, 20.0);
}
