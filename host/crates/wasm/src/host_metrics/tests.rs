//! Promises of the metrics.

use super::*;

const OPERATOR: OperatorId = OperatorId(3);

fn add(metrics: &mut Metrics, name: &str, amount: u64) {
    metrics
        .change(OPERATOR, name.to_owned(), MetricChange::Count(amount))
        .expect("within the limits");
}

#[test]
fn increments_of_a_call_that_returned_ok_count() {
    let mut metrics = Metrics::default();
    add(&mut metrics, "late", 2);
    add(&mut metrics, "late", 3);
    assert_eq!(metrics.values(), []);
    metrics.commit();
    assert_eq!(
        metrics.values(),
        [(OPERATOR, "late".to_owned(), MetricValue::Counter(5))]
    );
}

#[test]
fn increments_of_a_failed_call_are_forgotten() {
    let mut metrics = Metrics::default();
    add(&mut metrics, "late", 2);
    metrics.commit();
    add(&mut metrics, "late", 3);
    add(&mut metrics, "lost", 1);
    metrics.roll_back();
    metrics.commit();
    assert_eq!(
        metrics.values(),
        [(OPERATOR, "late".to_owned(), MetricValue::Counter(2))]
    );
}

#[test]
fn a_guest_cannot_make_metrics_without_end() {
    let mut metrics = Metrics::default();
    for index in 0..METRICS_MAX {
        add(&mut metrics, &index.to_string(), 1);
    }
    let refused = metrics.change(OPERATOR, "one more".to_owned(), MetricChange::Count(1));
    assert!(matches!(
        refused,
        Err(Refusal::Limit {
            limit: "metrics",
            ..
        })
    ));
}
