//! The restart strategy that a job brings along: its entry in the plan, and what it means.

use dataflow::job::restart::RestartStrategy;
use serde::{Deserialize, Serialize};

use crate::manifest::Defect;

/// What a job wants to happen after a failure. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RestartEntry {
    /// It stays failed.
    None,
    /// So many restarts in all.
    FixedDelay {
        /// Restarts over the life of the job.
        attempts: u32,
        /// Time before each.
        delay_ms: u64,
    },
    /// Restarts after a time that grows.
    ExponentialDelay {
        /// Time before the first restart.
        initial_backoff_ms: u64,
        /// The longest time.
        max_backoff_ms: u64,
        /// Growth from one to the next.
        backoff_multiplier: f64,
        /// So long without a failure, and it starts anew.
        reset_backoff_threshold_ms: u64,
        /// Restarts between two such resets.
        attempts_before_reset_backoff: u32,
    },
    /// Restarts unless there are too many failures.
    FailureRate {
        /// Failures within the interval that are tolerated.
        max_failures_per_interval: u32,
        /// The interval.
        failure_rate_interval_ms: u64,
        /// Time before each restart.
        delay_ms: u64,
    },
}

impl RestartEntry {
    pub(super) fn check(&self) -> Result<(), Defect> {
        match self {
            Self::ExponentialDelay {
                backoff_multiplier, ..
            } if !(1.0..=1000.0).contains(backoff_multiplier) => Err(Defect::new(
                "restart_strategy.backoff_multiplier",
                format!("{backoff_multiplier} is not between 1 and 1000"),
            )),
            _ => Ok(()),
        }
    }

    /// The strategy.
    pub fn strategy(&self) -> RestartStrategy {
        let ms = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
        match *self {
            Self::None => RestartStrategy::None,
            Self::FixedDelay { attempts, delay_ms } => RestartStrategy::FixedDelay {
                attempts,
                delay_ms: ms(delay_ms),
            },
            Self::ExponentialDelay {
                initial_backoff_ms,
                max_backoff_ms,
                backoff_multiplier,
                reset_backoff_threshold_ms,
                attempts_before_reset_backoff,
            } => RestartStrategy::ExponentialDelay {
                initial_ms: ms(initial_backoff_ms),
                max_ms: ms(max_backoff_ms),
                multiplier: backoff_multiplier,
                reset_after_ms: ms(reset_backoff_threshold_ms),
                attempts_before_reset: attempts_before_reset_backoff,
            },
            Self::FailureRate {
                max_failures_per_interval,
                failure_rate_interval_ms,
                delay_ms,
            } => RestartStrategy::FailureRate {
                max_failures: max_failures_per_interval,
                interval_ms: ms(failure_rate_interval_ms),
                delay_ms: ms(delay_ms),
            },
        }
    }

    /// As configuration keys and values, which a job file has among its settings.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let ms = |time: &u64| format!("{time}ms");
        let kind = |name: &str| ("restart-strategy.type", name.to_owned());
        match self {
            Self::None => vec![kind("none")],
            Self::FixedDelay { attempts, delay_ms } => vec![
                kind("fixed-delay"),
                (
                    "restart-strategy.fixed-delay.attempts",
                    attempts.to_string(),
                ),
                ("restart-strategy.fixed-delay.delay", ms(delay_ms)),
            ],
            Self::ExponentialDelay {
                initial_backoff_ms,
                max_backoff_ms,
                backoff_multiplier,
                reset_backoff_threshold_ms,
                attempts_before_reset_backoff,
            } => vec![
                kind("exponential-delay"),
                (
                    "restart-strategy.exponential-delay.initial-backoff",
                    ms(initial_backoff_ms),
                ),
                (
                    "restart-strategy.exponential-delay.max-backoff",
                    ms(max_backoff_ms),
                ),
                (
                    "restart-strategy.exponential-delay.backoff-multiplier",
                    format!("{backoff_multiplier:?}"),
                ),
                (
                    "restart-strategy.exponential-delay.reset-backoff-threshold",
                    ms(reset_backoff_threshold_ms),
                ),
                (
                    "restart-strategy.exponential-delay.attempts-before-reset-backoff",
                    attempts_before_reset_backoff.to_string(),
                ),
            ],
            Self::FailureRate {
                max_failures_per_interval,
                failure_rate_interval_ms,
                delay_ms,
            } => vec![
                kind("failure-rate"),
                (
                    "restart-strategy.failure-rate.max-failures-per-interval",
                    max_failures_per_interval.to_string(),
                ),
                (
                    "restart-strategy.failure-rate.failure-rate-interval",
                    ms(failure_rate_interval_ms),
                ),
                ("restart-strategy.failure-rate.delay", ms(delay_ms)),
            ],
        }
    }
}
