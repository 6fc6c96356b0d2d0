//! A rule holds from its time on until its next version, however the two streams arrive.

use wasmill_sdk::testing::Harness;

use super::{Alert, Rule, Sample, rule_alerts};

/// A record of either stream.
#[derive(Clone)]
enum Arrival {
    Sample(Sample),
    Rule(Rule),
}

fn sample(second: i64, value: f64) -> Arrival {
    Arrival::Sample(Sample {
        host: "H".to_owned(),
        metric: "cpu".to_owned(),
        at_ms: second * 1000,
        value,
    })
}

fn rule(second: i64, above: f64, times: i64, removed: bool) -> Arrival {
    Arrival::Rule(Rule {
        rule: "hot".to_owned(),
        metric: "cpu".to_owned(),
        at_ms: second * 1000,
        above,
        times,
        removed,
    })
}

/// The seconds of the alerts.
fn seconds(arrivals: &[Arrival]) -> Vec<i64> {
    let mut harness = Harness::start(&rule_alerts, &[]).unwrap();
    for arrival in arrivals {
        match arrival {
            Arrival::Sample(sample) => harness.push(0, std::slice::from_ref(sample)).unwrap(),
            Arrival::Rule(rule) => harness.push(1, std::slice::from_ref(rule)).unwrap(),
        }
    }
    harness.finish().unwrap();
    let alerts = harness.records::<Alert>(0).unwrap();
    alerts.iter().map(|alert| alert.at_ms / 1000).collect()
}

#[test]
fn so_many_samples_in_a_row_are_one_alert() {
    let values = [91.0, 92.0, 50.0, 93.0, 94.0, 95.0, 96.0];
    let mut arrivals = vec![rule(0, 90.0, 3, false)];
    arrivals.extend(
        values
            .iter()
            .zip(1..)
            .map(|(&value, second)| sample(second, value)),
    );
    assert_eq!(seconds(&arrivals), [6]);
}

#[test]
fn a_rule_holds_from_its_time_on_whenever_it_arrives() {
    let rules = [
        rule(2, 90.0, 1, false),
        rule(4, 10.0, 1, false),
        rule(6, 0.0, 0, true),
    ];
    let samples = [
        (1, 95.0),
        (2, 50.0),
        (3, 95.0),
        (4, 9.0),
        (5, 20.0),
        (7, 95.0),
    ];
    let samples = samples.map(|(second, value)| sample(second, value));
    assert_eq!(seconds(&[&rules[..], &samples].concat()), [3, 5]);
    assert_eq!(seconds(&[&samples[..], &rules].concat()), [3, 5]);
}
