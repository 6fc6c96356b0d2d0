//! What a metric shows after changes.

use super::*;

#[test]
fn a_histogram_keeps_every_value_within_a_percent() {
    let change = MetricChange::Sample((0..1000).collect());
    let mut value = change.nothing();
    value.change(change);
    value.change(MetricChange::Sample(vec![1 << 52]));
    let MetricValue::Histogram(histogram) = value else {
        panic!("samples make a histogram");
    };
    assert_eq!(histogram.len(), 1001);
    let median = histogram.value_at_quantile(0.5);
    assert!((490..=510).contains(&median), "{median}");
    let (max, told) = (histogram.max() as f64, (1_u64 << 52) as f64);
    assert!((max / told - 1.0).abs() < 0.01, "{max}");
}

#[test]
fn a_change_of_another_kind_changes_nothing() {
    let mut value = MetricValue::Counter(3);
    let mark = MetricChange::Mark(2);
    assert!(!value.takes(&mark));
    value.change(mark);
    assert_eq!(value, MetricValue::Counter(3));
    value.change(MetricChange::Count(u64::MAX));
    assert_eq!(value, MetricValue::Counter(u64::MAX));
}
