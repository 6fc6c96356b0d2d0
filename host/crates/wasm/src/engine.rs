//! The one configuration of wasmtime: which proposals exist for guests, how they are compiled, how they are stopped.
//!
//! Invariant: everything that changes the compiled code is decided here, so that the engine's compatibility hash
//! describes an artefact completely. What one guest may use is not decided here, but per store (`limits.rs`).

use std::path::PathBuf;

use wasmtime::{Config, Engine, OptLevel, Strategy};

use crate::compiler::CompilerProcess;
use crate::error::WasmError;
use crate::limits::GuestLimits;
use crate::prescreen::ModuleLimits;

/// How often the epoch advances: the precision of the time limit of a call.
const EPOCH_TICK_MS_DEFAULT: u64 = 10;

/// Native stack of a guest call.
const STACK_BYTES_DEFAULT: usize = 512 << 10;

/// Address space reserved per memory: all of what 32 bits can address, so that a memory never moves and bounds checks
/// are left to guard pages.
const MEMORY_RESERVATION_BYTES: u64 = 4 << 30;

/// How the sandbox is set up. One per process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Where compiled components are kept between runs; nowhere if absent.
    pub cache_dir: Option<PathBuf>,
    /// Milliseconds between two ticks of the epoch. Zero compiles guests without interruption: an endless loop is then
    /// never stopped, so this is for measurements and trusted code only.
    pub epoch_tick_ms: u64,
    /// Native stack one guest call may use. The calling thread must have more.
    pub stack_bytes: usize,
    /// Compiles components; without it this process does.
    pub compiler: Option<CompilerProcess>,
    /// Whether several threads compile one component in this process.
    pub parallel_compilation: bool,
    /// What a guest may use that is asked what it is, or to plan.
    pub inquiry: GuestLimits,
    /// What a file must not exceed to be compiled at all.
    pub module_limits: ModuleLimits,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            cache_dir: None,
            epoch_tick_ms: EPOCH_TICK_MS_DEFAULT,
            stack_bytes: STACK_BYTES_DEFAULT,
            compiler: None,
            parallel_compilation: true,
            inquiry: GuestLimits::default(),
            module_limits: ModuleLimits::default(),
        }
    }
}

/// Makes the engine.
///
/// # Errors
/// The configuration contradicts itself (a stack of zero bytes, say).
pub(crate) fn engine(config: &RuntimeConfig) -> Result<Engine, WasmError> {
    let mut wasmtime = Config::new();
    wasmtime
        .strategy(Strategy::Cranelift)
        // Cranelift's own inlining changes no figure of the benchmark and hides frames, so it stays off.
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(config.parallel_compilation)
        // Without it a call is three times cheaper; nothing in the contract is asynchronous.
        .concurrency_support(false)
        // Costs a tenth of a job's time, whatever the tick (scripts/bench-epoch.sh); an endless loop costs everything.
        .epoch_interruption(config.epoch_tick_ms > 0)
        .max_wasm_stack(config.stack_bytes)
        .memory_reservation(MEMORY_RESERVATION_BYTES)
        .memory_may_move(false)
        // Used by compilers of today.
        .wasm_simd(true)
        .wasm_wide_arithmetic(true)
        // A component made of components (a language's runtime and its stub of WASI) needs it: the code between them
        // copies from memory to memory. The memory of an instance is limited over all of them.
        .wasm_multi_memory(true)
        // Not needed by any guest language we know: less surface.
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false);
    Engine::new(&wasmtime).map_err(|error| WasmError::Engine {
        reason: format!("{error:#}"),
    })
}
