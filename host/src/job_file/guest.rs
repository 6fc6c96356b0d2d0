//! What an operator of a job file says about its guest: `on_failure` and `limits`, as written, and what they mean.

use std::str::FromStr;

use bytesize::ByteSize;
use dataflow::graph::logical::Operator;
use dataflow::port::guest_settings::{GuestSettings, OnFailure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::OperatorEntry;
use super::error::Defect;

/// What happens when an operator fails at a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnFailureEntry {
    /// The job fails.
    Fail,
    /// The record is left out and counted.
    Skip,
    /// The record is left out, counted and kept for `wasmill dead-letters`.
    DeadLetter,
}

/// What the guest of an operator may use; what is not named is as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsEntry {
    /// Linear memory of the instance, such as 64MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<String>,
    /// Wall time of one call, such as 500ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) call_timeout: Option<String>,
    /// Output of one call, such as 8MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<String>,
    /// Keyed state of one subtask, such as 1GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// Timers of one subtask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timers: Option<u64>,
    /// Log lines of one subtask in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_lines: Option<u32>,
}

impl From<OnFailureEntry> for OnFailure {
    fn from(entry: OnFailureEntry) -> Self {
        match entry {
            OnFailureEntry::Fail => Self::Fail,
            OnFailureEntry::Skip => Self::Skip,
            OnFailureEntry::DeadLetter => Self::DeadLetter,
        }
    }
}

/// Puts what an entry says over what the component's plan says.
///
/// # Errors
/// A limit means nothing, or the operator is a connector of the host, which runs in no guest.
pub(super) fn apply(
    place: &str,
    entry: &OperatorEntry,
    operator: &mut Operator,
) -> Result<(), Defect> {
    let says_something = entry.on_failure.is_some() || entry.limits.is_some();
    if !says_something {
        return Ok(());
    }
    if !operator.is_guest() {
        let reason = "on_failure and limits are for operators of a component; this is a connector of the host";
        return Err(Defect::new(place, reason.to_owned()));
    }
    let own = &mut operator.guest;
    if let Some(on_failure) = entry.on_failure {
        own.on_failure = Some(on_failure.into());
    }
    let Some(limits) = &entry.limits else {
        return Ok(());
    };
    let said = settings(limits)
        .map_err(|(field, reason)| Defect::new(format!("{place}.limits.{field}"), reason))?;
    *own = GuestSettings {
        memory_bytes: said.memory_bytes.or(own.memory_bytes),
        call_timeout_ms: said.call_timeout_ms.or(own.call_timeout_ms),
        output_bytes: said.output_bytes.or(own.output_bytes),
        state_bytes: said.state_bytes.or(own.state_bytes),
        timers: said.timers.or(own.timers),
        log_lines_per_second: said.log_lines_per_second.or(own.log_lines_per_second),
        on_failure: own.on_failure,
    };
    Ok(())
}

type Wrong = (&'static str, String);

fn settings(limits: &LimitsEntry) -> Result<GuestSettings, Wrong> {
    Ok(GuestSettings {
        memory_bytes: size("memory", limits.memory.as_deref())?,
        call_timeout_ms: milliseconds("call_timeout", limits.call_timeout.as_deref())?,
        output_bytes: size("output", limits.output.as_deref())?,
        state_bytes: size("state", limits.state.as_deref())?,
        timers: limits.timers,
        log_lines_per_second: limits.log_lines,
        on_failure: None,
    })
}

fn size(field: &'static str, text: Option<&str>) -> Result<Option<u64>, Wrong> {
    let parse = |text: &str| {
        let parsed = ByteSize::from_str(text);
        parsed.map_err(|error| (field, format!("\"{text}\": {error}; write it as 64MiB")))
    };
    Ok(text.map(parse).transpose()?.map(|size| size.0))
}

fn milliseconds(field: &'static str, text: Option<&str>) -> Result<Option<u64>, Wrong> {
    let parse = |text: &str| {
        let parsed = humantime::parse_duration(text);
        parsed.map_err(|error| (field, format!("\"{text}\": {error}; write it as 500ms")))
    };
    let duration = text.map(parse).transpose()?;
    Ok(duration.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX).max(1)))
}
