//! [`RestartStrategy`]: what a job wants to happen after a failure. Only carried to the host, which does it.

use std::time::Duration;

use serde_json::{Value, json};

/// What happens when a job has failed. It goes before what the host is configured to do, and holds for failures of the
/// job's own code, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RestartStrategy {
    /// The job stays failed.
    NoRestart,
    /// It is restarted from its last checkpoint so many times in all.
    FixedDelay {
        /// Restarts over the life of the job.
        attempts: u32,
        /// Time before each.
        delay: Duration,
    },
    /// It is restarted after a time that grows from failure to failure.
    ExponentialDelay {
        /// Time before the first restart.
        initial_backoff: Duration,
        /// The longest time.
        max_backoff: Duration,
        /// Growth from one to the next, between 1 and 1000.
        backoff_multiplier: f64,
        /// So long without a failure, and the time starts anew.
        reset_backoff_threshold: Duration,
        /// Restarts between two such resets; one failure more ends the job.
        attempts_before_reset_backoff: u32,
    },
    /// It is restarted unless it fails too often.
    FailureRate {
        /// Failures within the interval that are tolerated.
        max_failures_per_interval: u32,
        /// The interval.
        failure_rate_interval: Duration,
        /// Time before each restart.
        delay: Duration,
    },
}

impl RestartStrategy {
    /// As the plan has it.
    pub(crate) fn document(self) -> Value {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::NoRestart => json!({ "type": "none" }),
            Self::FixedDelay { attempts, delay } => {
                json!({ "type": "fixed-delay", "attempts": attempts, "delay_ms": ms(delay) })
            }
            Self::ExponentialDelay {
                initial_backoff,
                max_backoff,
                backoff_multiplier,
                reset_backoff_threshold,
                attempts_before_reset_backoff,
            } => json!({
                "type": "exponential-delay",
                "initial_backoff_ms": ms(initial_backoff),
                "max_backoff_ms": ms(max_backoff),
                "backoff_multiplier": backoff_multiplier,
                "reset_backoff_threshold_ms": ms(reset_backoff_threshold),
                "attempts_before_reset_backoff": attempts_before_reset_backoff,
            }),
            Self::FailureRate {
                max_failures_per_interval,
                failure_rate_interval,
                delay,
            } => json!({
                "type": "failure-rate",
                "max_failures_per_interval": max_failures_per_interval,
                "failure_rate_interval_ms": ms(failure_rate_interval),
                "delay_ms": ms(delay),
            }),
        }
    }
}
