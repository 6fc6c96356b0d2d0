//! The restart strategy as it is written. Keys are Flink's.

use std::time::Duration;

use dataflow::job::restart::RestartStrategy;
use serde::Deserialize;

use super::ConfigError;
use super::raw::{duration, one_of};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRestartStrategy {
    #[serde(rename = "type")]
    kind: String,
    fixed_delay: RawFixedDelay,
    exponential_delay: RawExponentialDelay,
    failure_rate: RawFailureRate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawFixedDelay {
    attempts: u32,
    delay: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawExponentialDelay {
    initial_backoff: String,
    max_backoff: String,
    backoff_multiplier: f64,
    reset_backoff_threshold: String,
    attempts_before_reset_backoff: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawFailureRate {
    max_failures_per_interval: u32,
    failure_rate_interval: String,
    delay: String,
}

/// How older configurations say a fixed delay; the restart strategy goes before it unless it is `auto`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawExecutionRetries {
    default: u32,
    delay: Option<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Auto,
    None,
    FixedDelay,
    ExponentialDelay,
    FailureRate,
}

const KINDS: [(&str, Kind); 8] = [
    ("auto", Kind::Auto),
    ("none", Kind::None),
    ("fixed-delay", Kind::FixedDelay),
    ("exponential-delay", Kind::ExponentialDelay),
    ("failure-rate", Kind::FailureRate),
    ("off", Kind::None),
    ("fixeddelay", Kind::FixedDelay),
    ("exponentialdelay", Kind::ExponentialDelay),
];

fn ms(key: &'static str, value: &str) -> Result<i64, ConfigError> {
    let parsed: Duration = duration(key, value)?;
    Ok(i64::try_from(parsed.as_millis()).unwrap_or(i64::MAX))
}

impl RawRestartStrategy {
    /// The strategy, and whether it applies to failures that the same input would bring about again.
    pub(super) fn resolve(
        &self,
        checkpoints: bool,
        retries: Option<&RawExecutionRetries>,
    ) -> Result<(RestartStrategy, bool), ConfigError> {
        let kind = one_of("restart-strategy.type", &self.kind, &KINDS)?;
        let (fixed, exponential, rate) = (
            self.fixed_delay()?,
            self.exponential_delay()?,
            self.failure_rate()?,
        );
        if let (Kind::Auto, Some(retries)) = (kind, retries) {
            let delay = retries.delay.as_deref().unwrap_or("0s");
            let strategy = RestartStrategy::FixedDelay {
                attempts: retries.default,
                delay_ms: ms("execution-retries.delay", delay)?,
            };
            return Ok((strategy, true));
        }
        Ok(match kind {
            Kind::Auto if checkpoints => (exponential, false),
            Kind::Auto | Kind::None => (RestartStrategy::None, false),
            Kind::FixedDelay => (fixed, true),
            Kind::ExponentialDelay => (exponential, true),
            Kind::FailureRate => (rate, true),
        })
    }

    fn fixed_delay(&self) -> Result<RestartStrategy, ConfigError> {
        let RawFixedDelay { attempts, delay } = &self.fixed_delay;
        Ok(RestartStrategy::FixedDelay {
            attempts: *attempts,
            delay_ms: ms("restart-strategy.fixed-delay.delay", delay)?,
        })
    }

    fn exponential_delay(&self) -> Result<RestartStrategy, ConfigError> {
        const MULTIPLIER: &str = "restart-strategy.exponential-delay.backoff-multiplier";
        let raw = &self.exponential_delay;
        let multiplier = raw.backoff_multiplier;
        if !(1.0..=1000.0).contains(&multiplier) {
            return Err(ConfigError::Value {
                key: MULTIPLIER,
                value: multiplier.to_string(),
                reason: "it must be between 1 and 1000".to_owned(),
            });
        }
        Ok(RestartStrategy::ExponentialDelay {
            initial_ms: ms(
                "restart-strategy.exponential-delay.initial-backoff",
                &raw.initial_backoff,
            )?,
            max_ms: ms(
                "restart-strategy.exponential-delay.max-backoff",
                &raw.max_backoff,
            )?,
            multiplier,
            reset_after_ms: ms(
                "restart-strategy.exponential-delay.reset-backoff-threshold",
                &raw.reset_backoff_threshold,
            )?,
            attempts_before_reset: raw.attempts_before_reset_backoff,
        })
    }

    fn failure_rate(&self) -> Result<RestartStrategy, ConfigError> {
        let raw = &self.failure_rate;
        Ok(RestartStrategy::FailureRate {
            max_failures: raw.max_failures_per_interval,
            interval_ms: ms(
                "restart-strategy.failure-rate.failure-rate-interval",
                &raw.failure_rate_interval,
            )?,
            delay_ms: ms("restart-strategy.failure-rate.delay", &raw.delay)?,
        })
    }
}
