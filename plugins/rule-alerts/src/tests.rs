//! A rule holds from its time on until its next version, however the two streams arrive.

use wasmill_sdk::testing::Harness;

use super::{Alert, rule_alerts};

fn sample(second: i64, value: i64) -> String {
    let at_ms = second * 1000;
    format!(r#"{{"host":"H","metric":"cpu","at_ms":{at_ms},"value":{value}}}"#)
}

fn rule(second: i64, what: &str) -> String {
    let at_ms = second * 1000;
    format!(r#"{{"rule":"hot","metric":"cpu","at_ms":{at_ms},{what}}}"#)
}

/// The seconds of the alerts. Input 0 are samples, input 1 rules.
fn seconds(pushes: &[(usize, String)]) -> Vec<i64> {
    let mut harness = Harness::start(&rule_alerts, &[]).unwrap();
    for (input, line) in pushes {
        harness.push(*input, std::slice::from_ref(line)).unwrap();
    }
    harness.finish().unwrap();
    let alerts = harness.records::<Alert>(0).unwrap();
    alerts.iter().map(|alert| alert.at_ms / 1000).collect()
}

#[test]
fn so_many_samples_in_a_row_are_one_alert() {
    let values = [91, 92, 50, 93, 94, 95, 96];
    let mut pushes = vec![(1, rule(0, r#""above":90,"times":3"#))];
    pushes.extend(
        values
            .iter()
            .zip(1..)
            .map(|(&value, second)| (0, sample(second, value))),
    );
    assert_eq!(seconds(&pushes), [6]);
}

#[test]
fn a_rule_holds_from_its_time_on_whenever_it_arrives() {
    let rules = [
        (1, rule(2, r#""above":90,"times":1"#)),
        (1, rule(4, r#""above":10,"times":1"#)),
        (1, rule(6, r#""removed":true"#)),
    ];
    let samples = [(1, 95), (2, 50), (3, 95), (4, 9), (5, 20), (7, 95)];
    let samples = samples.map(|(second, value)| (0, sample(second, value)));
    let rules_first = [&rules[..], &samples].concat();
    assert_eq!(seconds(&rules_first), [3, 5]);
    let samples_first = [&samples[..], &rules].concat();
    assert_eq!(seconds(&samples_first), [3, 5]);
}
