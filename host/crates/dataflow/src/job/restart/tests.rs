//! Promises of the restart strategies.

use super::{GiveUp, Restart, RestartStrategy, Restarts};

fn delays(strategy: RestartStrategy, failures_ms: &[i64]) -> Vec<Restart> {
    let mut restarts = Restarts::new(strategy);
    failures_ms
        .iter()
        .map(|at| restarts.on_failure(*at))
        .collect()
}

#[test]
fn none_never_restarts() {
    let given_up = Restart::GiveUp(GiveUp::NoRestart);
    assert_eq!(delays(RestartStrategy::None, &[5]), [given_up]);
}

#[test]
fn a_fixed_delay_is_used_so_many_times() {
    let strategy = RestartStrategy::FixedDelay {
        attempts: 2,
        delay_ms: 7,
    };
    let expected = [
        Restart::After(7),
        Restart::After(7),
        Restart::GiveUp(GiveUp::AttemptsUsedUp(2)),
    ];
    assert_eq!(delays(strategy, &[0, 1_000_000, 9_000_000]), expected);
}

const EXPONENTIAL: RestartStrategy = RestartStrategy::ExponentialDelay {
    initial_ms: 100,
    max_ms: 500,
    multiplier: 2.0,
    reset_after_ms: 10_000,
    attempts_before_reset: 4,
};

#[test]
fn an_exponential_delay_grows_to_its_maximum_and_then_gives_up() {
    let expected = [
        Restart::After(100),
        Restart::After(200),
        Restart::After(400),
        Restart::After(500),
        Restart::GiveUp(GiveUp::AttemptsUsedUp(4)),
    ];
    assert_eq!(delays(EXPONENTIAL, &[0, 200, 500, 1_000, 1_600]), expected);
}

#[test]
fn a_quiet_time_after_the_restart_makes_the_delay_start_anew() {
    // The second failure comes 10,000 ms after the first, but only 9,900 ms after the restart.
    let expected = [
        Restart::After(100),
        Restart::After(200),
        Restart::After(100),
    ];
    assert_eq!(delays(EXPONENTIAL, &[0, 10_000, 20_200]), expected);
}

#[test]
fn a_failure_rate_counts_only_failures_within_its_interval() {
    let strategy = RestartStrategy::FailureRate {
        max_failures: 2,
        interval_ms: 1_000,
        delay_ms: 3,
    };
    let expected = [
        Restart::After(3),
        Restart::After(3),
        Restart::After(3),
        Restart::GiveUp(GiveUp::TooManyFailures(2, 1_000)),
    ];
    assert_eq!(delays(strategy, &[0, 600, 1_500, 1_550]), expected);
}
