//! What guests may use, and what is done about those that fail: as written, and what it means.

use std::time::Duration;

use dataflow::port::guest_settings::OnFailure;
use serde::Deserialize;

use super::ConfigError;
use super::raw::{duration, one_of, positive_duration, size};

/// What guests may use.
#[derive(Clone, Debug)]
pub(crate) struct GuestConfig {
    /// Linear memory of one instance.
    pub(crate) memory_bytes: u64,
    /// Time of one call.
    pub(crate) call_timeout: Duration,
    /// Grain of that limit; zero for a limit that is never enforced.
    pub(crate) epoch_tick: Duration,
    /// Bytes one call may emit.
    pub(crate) output_bytes: u64,
    /// Bytes one call may write to state and timers.
    pub(crate) write_bytes: u64,
    /// Bytes of keyed state of one subtask.
    pub(crate) state_bytes: u64,
    /// Timers of one subtask.
    pub(crate) timers: u64,
    /// Log lines in one second.
    pub(crate) log_lines_per_second: u32,
    /// Entries of a table of a component.
    pub(crate) table_elements: u64,
    /// Core instances of a component.
    pub(crate) core_instances: u64,
    /// What happens when a guest fails at a record.
    pub(crate) on_failure: OnFailure,
    /// Dead letters one subtask may leave behind.
    pub(crate) dead_letters_max: u64,
    /// Bytes of a component's file.
    pub(crate) component_bytes: u64,
    /// Compiling.
    pub(crate) compile: CompileConfig,
}

/// What compiling a component may use.
#[derive(Clone, Debug)]
pub(crate) struct CompileConfig {
    /// Address space of the compiling process.
    pub(crate) memory_bytes: u64,
    /// Time on all its cores together.
    pub(crate) cpu: Duration,
    /// Wall time.
    pub(crate) timeout: Duration,
    /// Whether it uses several cores.
    pub(crate) parallel: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawGuest {
    memory: String,
    call_timeout: String,
    epoch_tick: String,
    output: String,
    state_writes: String,
    state: String,
    timers: u64,
    log_lines: u32,
    table_elements: u64,
    core_instances: u64,
    on_failure: String,
    dead_letters: u64,
    component_size: String,
    compile: RawCompile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCompile {
    memory: String,
    cpu: String,
    timeout: String,
    parallel: bool,
}

impl RawGuest {
    pub(super) fn resolve(&self) -> Result<GuestConfig, ConfigError> {
        let compile = &self.compile;
        Ok(GuestConfig {
            memory_bytes: size("guest.memory", &self.memory)?,
            call_timeout: positive_duration("guest.call-timeout", &self.call_timeout)?,
            epoch_tick: duration("guest.epoch-tick", &self.epoch_tick)?,
            output_bytes: size("guest.output", &self.output)?,
            write_bytes: size("guest.state-writes", &self.state_writes)?,
            state_bytes: size("guest.state", &self.state)?,
            timers: self.timers,
            log_lines_per_second: self.log_lines,
            table_elements: self.table_elements,
            core_instances: self.core_instances,
            on_failure: one_of("guest.on-failure", &self.on_failure, &OnFailure::NAMES)?,
            dead_letters_max: self.dead_letters,
            component_bytes: size("guest.component-size", &self.component_size)?,
            compile: CompileConfig {
                memory_bytes: size("guest.compile.memory", &compile.memory)?,
                cpu: positive_duration("guest.compile.cpu", &compile.cpu)?,
                timeout: positive_duration("guest.compile.timeout", &compile.timeout)?,
                parallel: compile.parallel,
            },
        })
    }
}
