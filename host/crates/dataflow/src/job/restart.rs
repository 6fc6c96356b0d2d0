//! When a failed job is started again: Flink's restart strategies, as a law of the times of its failures.
//!
//! Keeps: what a strategy allows depends on the failures told to it and their times alone.

use std::collections::VecDeque;
use std::fmt;

/// How a job is restarted after a failure. Durations in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RestartStrategy {
    /// Never.
    None,
    /// So many times in all, always after the same delay.
    FixedDelay {
        /// Restarts over the life of the job.
        attempts: u32,
        /// Time before each.
        delay_ms: i64,
    },
    /// After a delay that grows from restart to restart and is forgotten after a time without failures.
    ExponentialDelay {
        /// The first delay.
        initial_ms: i64,
        /// The delay grows no further than this.
        max_ms: i64,
        /// Growth from one restart to the next.
        multiplier: f64,
        /// So long without a failure, and the delay starts anew.
        reset_after_ms: i64,
        /// Restarts between two resets; one more failure ends the job.
        attempts_before_reset: u32,
    },
    /// After a fixed delay, unless there were too many failures within an interval.
    FailureRate {
        /// Failures within the interval that are tolerated.
        max_failures: u32,
        /// The interval.
        interval_ms: i64,
        /// Time before each restart.
        delay_ms: i64,
    },
}

/// What to do after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Deploy the job again after this many milliseconds.
    After(i64),
    /// Leave it failed; why.
    GiveUp(GiveUp),
}

/// Why a job is not restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// The strategy is none.
    NoRestart,
    /// All restarts are used up; how many there were.
    AttemptsUsedUp(u32),
    /// More failures than this within so many milliseconds.
    TooManyFailures(u32, i64),
}

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRestart => f.write_str("its restart strategy is none"),
            Self::AttemptsUsedUp(attempts) => write!(f, "all {attempts} restarts are used up"),
            Self::TooManyFailures(max, interval_ms) => {
                write!(
                    f,
                    "there were more than {max} failures within {interval_ms} ms"
                )
            }
        }
    }
}

/// The restarts of one job.
#[derive(Clone, Debug)]
pub struct Restarts {
    strategy: RestartStrategy,
    /// Restarts since the last reset.
    used: u32,
    /// Times of failures that still count.
    failures_ms: VecDeque<i64>,
}

impl Restarts {
    /// None so far.
    pub fn new(strategy: RestartStrategy) -> Self {
        Self {
            strategy,
            used: 0,
            failures_ms: VecDeque::new(),
        }
    }

    /// The job has failed.
    pub fn on_failure(&mut self, now_ms: i64) -> Restart {
        let last_ms = self.failures_ms.back().copied();
        self.failures_ms.push_back(now_ms);
        match self.strategy {
            RestartStrategy::None => Restart::GiveUp(GiveUp::NoRestart),
            RestartStrategy::FixedDelay { attempts, delay_ms } => {
                self.failures_ms.clear();
                self.take_one_of(attempts, delay_ms)
            }
            RestartStrategy::ExponentialDelay {
                initial_ms,
                max_ms,
                multiplier,
                reset_after_ms,
                attempts_before_reset,
            } => {
                self.failures_ms = [now_ms].into();
                // The time of the restart itself is no time without failures.
                let quiet_ms = last_ms.map(|last| now_ms - last - self.delay_before());
                if quiet_ms.is_some_and(|quiet| quiet >= reset_after_ms) {
                    self.used = 0;
                }
                let delay = delay_ms(initial_ms, max_ms, multiplier, self.used);
                self.take_one_of(attempts_before_reset, delay)
            }
            RestartStrategy::FailureRate {
                max_failures,
                interval_ms,
                delay_ms,
            } => {
                let recent = |at: &i64| now_ms - at < interval_ms;
                while self.failures_ms.front().is_some_and(|at| !recent(at)) {
                    self.failures_ms.pop_front();
                }
                if self.failures_ms.len() > max_failures as usize {
                    return Restart::GiveUp(GiveUp::TooManyFailures(max_failures, interval_ms));
                }
                Restart::After(delay_ms)
            }
        }
    }

    /// The delay of the restart before this failure.
    fn delay_before(&self) -> i64 {
        match self.strategy {
            RestartStrategy::ExponentialDelay {
                initial_ms,
                max_ms,
                multiplier,
                ..
            } if self.used > 0 => delay_ms(initial_ms, max_ms, multiplier, self.used - 1),
            _ => 0,
        }
    }

    fn take_one_of(&mut self, attempts: u32, delay_ms: i64) -> Restart {
        if self.used >= attempts {
            return Restart::GiveUp(GiveUp::AttemptsUsedUp(self.used));
        }
        self.used += 1;
        Restart::After(delay_ms)
    }
}

fn delay_ms(initial_ms: i64, max_ms: i64, multiplier: f64, restarts: u32) -> i64 {
    let exponent = i32::try_from(restarts).unwrap_or(i32::MAX);
    let delay = initial_ms as f64 * multiplier.powi(exponent);
    if delay < max_ms as f64 {
        delay as i64
    } else {
        max_ms
    }
}

#[cfg(test)]
mod tests;
