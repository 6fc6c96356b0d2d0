//! Every step has its deadline and its place; durations are summed up per hour.

use wasmill_sdk::testing::Harness;

use super::{Durations, Event, Violation, process_monitoring};

/// Runs one order through steps at these minutes.
fn run(steps: &[(&str, i64)]) -> (Vec<Violation>, Vec<Durations>) {
    let event = |&(step, minute): &(&str, i64)| Event {
        order: 7,
        step: step.to_owned(),
        at_ms: minute * 60_000,
    };
    let events: Vec<Event> = steps.iter().map(event).collect();
    let mut harness = Harness::start(&process_monitoring, &[]).unwrap();
    harness.push(0, &events).unwrap();
    harness.finish().unwrap();
    (harness.records(0).unwrap(), harness.records(1).unwrap())
}

fn violation(what: &str, step: &str, minute: i64) -> Violation {
    Violation {
        order: 7,
        what: what.to_owned(),
        step: step.to_owned(),
        at_ms: minute * 60_000,
    }
}

#[test]
fn an_order_in_time_violates_nothing_and_is_summed_up() {
    let steps = [
        ("placed", 0),
        ("paid", 30),
        ("shipped", 90),
        ("delivered", 95),
    ];
    let (violations, durations) = run(&steps);
    assert_eq!(violations, []);
    let mut told: Vec<_> = durations
        .iter()
        .map(|d| {
            (
                d.step.as_str(),
                d.hour_ms,
                d.orders,
                d.mean_ms,
                d.longest_ms,
            )
        })
        .collect();
    told.sort_unstable();
    let minute = 60_000;
    assert_eq!(
        told,
        [
            ("delivered", 60 * minute, 1, 5 * minute, 5 * minute),
            ("paid", 0, 1, 30 * minute, 30 * minute),
            ("shipped", 60 * minute, 1, 60 * minute, 60 * minute),
        ]
    );
}

#[test]
fn a_missed_deadline_is_told_once_whether_the_step_comes_late_or_never() {
    let missed = violation("missed", "paid", 30);
    assert_eq!(run(&[("placed", 0)]).0, std::slice::from_ref(&missed));
    let (violations, durations) = run(&[("placed", 0), ("paid", 31)]);
    assert_eq!(violations[0], missed);
    assert_eq!(
        violations[1..],
        [violation("missed", "shipped", 31 + 24 * 60)]
    );
    assert_eq!(durations.len(), 1);
}

#[test]
fn a_step_out_of_order_is_told_and_changes_nothing() {
    let steps = [
        ("placed", 0),
        ("shipped", 5),
        ("paid", 10),
        ("shipped", 20),
        ("delivered", 30),
    ];
    assert_eq!(run(&steps).0, [violation("out of order", "shipped", 5)]);
}
