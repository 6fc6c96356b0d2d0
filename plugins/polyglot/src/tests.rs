//! The part natively, from port to port.

use wasmill_sdk::testing::Harness;

use super::*;

#[test]
fn hours_worth_a_line_are_told() {
    let mut harness = Harness::start(&report, &[("least", "100")]).unwrap();
    let best = |customer: &str, hour: i64, cents: i64| Best {
        customer: customer.to_owned(),
        hour_ms: hour * HOUR_MS,
        cents,
    };
    let records = [best("anna", 7, 1_234), best("bert", 8, 99)];
    harness.push(0, &records).unwrap();
    let lines = harness.records::<String>(0).unwrap();
    assert_eq!(lines, ["anna 12.34 in hour 7"]);
}
