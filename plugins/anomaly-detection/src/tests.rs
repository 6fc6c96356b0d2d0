//! Statistics agree with the definition, bursts of outliers are anomalies, and silence is told once.

use wasmill_sdk::testing::Harness;

use super::statistics::Statistics;
use super::{Anomaly, Reading, Silent, anomaly_detection};

fn run(readings: &[(i64, f64)]) -> (Vec<Silent>, Vec<Anomaly>) {
    let reading = |&(second, value): &(i64, f64)| Reading {
        sensor: "S".to_owned(),
        at_ms: second * 1000,
        value,
    };
    let readings: Vec<Reading> = readings.iter().map(reading).collect();
    let mut harness = Harness::start(&anomaly_detection, &[]).unwrap();
    harness.push(0, &readings).unwrap();
    harness.finish().unwrap();
    (harness.records(0).unwrap(), harness.records(1).unwrap())
}

#[test]
fn scores_are_distances_in_standard_deviations() {
    let numbers = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    let mut statistics = Statistics::default();
    numbers.iter().for_each(|&number| statistics.add(number));
    // Mean 5, sample variance 32 / 7.
    let expected = 3.0 / (32.0f64 / 7.0).sqrt();
    assert!((statistics.score(8.0) - expected).abs() < 1e-12);
    assert_eq!(Statistics::default().score(8.0), 0.0);
}

#[test]
fn three_outliers_within_a_minute_are_an_anomaly() {
    let usual: Vec<(i64, f64)> = (0..40).map(|n| (n, [20.0, 21.0][n as usize % 2])).collect();
    let one = [&usual[..], &[(41, 90.0)]].concat();
    assert_eq!(run(&one).1, []);
    let three = [&usual[..], &[(41, 90.0), (42, 91.0), (43, 89.0)]].concat();
    let windows: Vec<(i64, i64)> = run(&three)
        .1
        .iter()
        .map(|a| (a.window_start, a.outliers))
        .collect();
    // The windows that contain all three, 60 seconds long, one every 20.
    assert_eq!(windows, [(0, 3), (20_000, 3), (40_000, 3)]);
}

#[test]
fn a_silent_sensor_is_told_once() {
    let since = |seconds: &[i64]| {
        let told = |&second: &i64| Silent {
            sensor: "S".to_owned(),
            since_ms: second * 1000,
        };
        seconds.iter().map(told).collect::<Vec<_>>()
    };
    // Readings of second 59 and 119 come in time; after 130 there is none for 70 seconds, and none at all after 200.
    let readings = [0, 59, 118, 130, 200].map(|second| (second, 1.0));
    assert_eq!(run(&readings).0, since(&[130, 200]));
}
