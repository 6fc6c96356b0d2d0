//! What one guest may use, and the limiter that holds a store to it.
//!
//! The limiter refuses growth (the guest sees a failed allocation) and remembers the refusal, so that a trap that
//! follows is reported as what it is. It counts memory over all memories of the instance. Time is limited elsewhere
//! (`epoch.rs`), output and state by the call and the host functions.

use dataflow::port::guest_settings::GuestSettings;
use wasmtime::ResourceLimiter;

/// Linear memory of one guest unless the job says otherwise.
const MEMORY_BYTES_DEFAULT: u64 = 256 << 20;

/// Time one call into a guest may take unless the job says otherwise.
const CALL_TIMEOUT_MS_DEFAULT: u64 = 10_000;

/// Entries of one table: function pointers of a large program, with room to spare.
const TABLE_ELEMENTS_DEFAULT: u64 = 100_000;

/// Core instances of one component unless the job says otherwise.
const CORE_INSTANCES_DEFAULT: u64 = 64;

/// Memories of one component.
const MEMORIES_MAX: usize = 8;

/// Tables of one component.
const TABLES_MAX: usize = 64;

/// What one guest may use. By value: every task carries its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestLimits {
    /// Linear memory of the instance, all its memories together.
    pub memory_bytes: u64,
    /// Memory beyond which the instance is replaced by a fresh one between two calls, because some languages never
    /// give memory back. Nothing is lost: what lasts lives in the host.
    pub recycle_memory_bytes: u64,
    /// Wall time of one call; rounded up to ticks of the epoch.
    pub call_timeout_ms: u64,
    /// Entries of each table.
    pub table_elements: u64,
    /// Core instances of the component: the program, its adapters, and a language runtime of several modules.
    pub core_instances: u64,
    /// Bytes of keys and values one call may emit.
    pub call_output_bytes: u64,
    /// Bytes of keys and values one call may write to state and timers.
    pub call_write_bytes: u64,
    /// Log lines in one second; further ones are counted and dropped.
    pub log_lines_per_second: u32,
}

impl Default for GuestLimits {
    fn default() -> Self {
        Self {
            memory_bytes: MEMORY_BYTES_DEFAULT,
            recycle_memory_bytes: MEMORY_BYTES_DEFAULT / 4 * 3,
            call_timeout_ms: CALL_TIMEOUT_MS_DEFAULT,
            table_elements: TABLE_ELEMENTS_DEFAULT,
            core_instances: CORE_INSTANCES_DEFAULT,
            call_output_bytes: dataflow::limits::CALL_OUTPUT_HARD_BYTES as u64,
            call_write_bytes: dataflow::limits::CALL_OUTPUT_HARD_BYTES as u64,
            log_lines_per_second: dataflow::limits::LOG_LINES_PER_SECOND,
        }
    }
}

impl GuestLimits {
    /// These limits, but for what an operator says otherwise.
    pub(crate) fn with(mut self, settings: &GuestSettings) -> Self {
        if let Some(bytes) = settings.memory_bytes {
            self.memory_bytes = bytes;
            self.recycle_memory_bytes = bytes / 4 * 3;
        }
        if let Some(ms) = settings.call_timeout_ms {
            self.call_timeout_ms = ms;
        }
        if let Some(bytes) = settings.output_bytes {
            self.call_output_bytes = bytes;
        }
        if let Some(lines) = settings.log_lines_per_second {
            self.log_lines_per_second = lines;
        }
        self
    }
}

/// Growth that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusedGrowth {
    /// Which limit, as errors name it.
    pub(crate) limit: &'static str,
    /// What the guest would have had.
    pub(crate) wanted: u64,
    /// What it may have.
    pub(crate) allowed: u64,
}

/// Holds one store to its limits.
#[derive(Debug)]
pub(crate) struct GrowthLimiter {
    memory_bytes_max: u64,
    table_elements_max: u64,
    core_instances: usize,
    memory_bytes: u64,
    /// The last growth by the last call of `memory_growing`, to be taken back if the system refuses it.
    last_growth_bytes: u64,
    refused: Option<RefusedGrowth>,
}

impl GrowthLimiter {
    pub(crate) fn new(limits: &GuestLimits) -> Self {
        Self {
            memory_bytes_max: limits.memory_bytes,
            table_elements_max: limits.table_elements,
            core_instances: usize::try_from(limits.core_instances).unwrap_or(usize::MAX),
            memory_bytes: 0,
            last_growth_bytes: 0,
            refused: None,
        }
    }

    /// Forgets a refusal that the guest survived; called before each call.
    #[inline]
    pub(crate) fn forget_refusal(&mut self) {
        self.refused = None;
    }

    /// The growth refused in the current call, if any.
    pub(crate) fn refused(&self) -> Option<RefusedGrowth> {
        self.refused
    }

    /// Linear memory of the instance.
    #[inline]
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

impl ResourceLimiter for GrowthLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current) as u64;
        let wanted = self.memory_bytes.saturating_add(growth);
        if wanted > self.memory_bytes_max {
            self.refused = Some(RefusedGrowth {
                limit: "memory (bytes)",
                wanted,
                allowed: self.memory_bytes_max,
            });
            return Ok(false);
        }
        self.memory_bytes = wanted;
        self.last_growth_bytes = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_bytes -= self.last_growth_bytes;
        self.last_growth_bytes = 0;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired as u64 > self.table_elements_max {
            self.refused = Some(RefusedGrowth {
                limit: "table (elements)",
                wanted: desired as u64,
                allowed: self.table_elements_max,
            });
            return Ok(false);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.core_instances
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests;
