//! The sandbox as a whole: one engine, one linker, one cache, one ticking epoch; it loads components.

use std::path::Path;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::{Component as Compiled, HasSelf, Linker};

use dataflow::clock::Clock;

use crate::bindings::Complete;
use crate::component::{Component, ComponentCore};
use crate::component_cache::{ComponentCache, Digest, deserialize};
use crate::componentize::componentize;
use crate::engine::{RuntimeConfig, engine};
use crate::epoch::EpochTicker;
use crate::error::WasmError;
use crate::exports::ExportIndices;
use crate::host_state::HostState;
use crate::inspect::{self, Inspection};
use crate::prescreen;
use crate::wasi;

/// Loads components. A cheap clone; safe to use from every thread. Loading may compile and then takes a while: it
/// blocks, and belongs on a thread that may.
#[derive(Clone)]
pub struct Runtime {
    core: Arc<RuntimeCore>,
}

/// What all components of one runtime share.
pub(crate) struct RuntimeCore {
    pub(crate) engine: Engine,
    pub(crate) config: RuntimeConfig,
    pub(crate) clock: Arc<dyn Clock>,
    linker: Linker<HostState>,
    cache: Option<ComponentCache>,
    /// Ticks until the last component is gone.
    pub(crate) ticker: Option<EpochTicker>,
}

impl Runtime {
    /// Sets the sandbox up; `clock` times the guests' log lines.
    ///
    /// # Errors
    /// The configuration contradicts itself, or the cache directory is not usable.
    pub fn new(config: RuntimeConfig, clock: Arc<dyn Clock>) -> Result<Self, WasmError> {
        let engine = engine(&config)?;
        let mut linker = Linker::new(&engine);
        Complete::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state).map_err(
            |error| WasmError::Engine {
                reason: format!("{error:#}"),
            },
        )?;
        wasi::add_to_linker(&mut linker).map_err(|error| WasmError::Engine {
            reason: format!("{error:#}"),
        })?;
        let cache = config.cache_dir.as_deref().map(ComponentCache::open);
        let ticks = config.epoch_tick_ms;
        let ticker = (ticks > 0).then(|| EpochTicker::start(&engine, ticks));
        let core = RuntimeCore {
            cache: cache.transpose()?,
            ticker: ticker.transpose()?,
            engine,
            config,
            clock,
            linker,
        };
        Ok(Self {
            core: Arc::new(core),
        })
    }

    /// Loads the component in a file.
    ///
    /// # Errors
    /// The file cannot be read, or as [`Runtime::load_bytes`].
    pub fn load(&self, path: &Path) -> Result<Component, WasmError> {
        let unreadable = |error: std::io::Error| WasmError::Read {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let name = path.display().to_string();
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        prescreen::check_file(&name, length, &self.core.config.module_limits)?;
        let bytes = std::fs::read(path).map_err(unreadable)?;
        Ok(self.load_bytes(&name, &bytes)?.at(path))
    }

    /// Loads a component, or a core module with a component type, from memory. `name` is what messages call it.
    ///
    /// # Errors
    /// It is no component, too large, invalid, or does not fit the contract: every way has its own error.
    pub fn load_bytes(&self, name: &str, bytes: &[u8]) -> Result<Component, WasmError> {
        let core = &self.core;
        let limits = &core.config.module_limits;
        prescreen::check_file(name, bytes.len(), limits)?;
        let digest = Digest::of(bytes);
        let (component, form) = componentize(name, bytes)?;
        let inspection = inspect::inspect(name, digest, bytes.len(), &component, form)?;
        prescreen::check_shape(name, &inspection, limits)?;
        check_contract(name, &inspection)?;
        let (compiled, from_cache) = core.compile(name, digest, &component)?;
        let incompatible = |error: wasmtime::Error| WasmError::Incompatible {
            name: name.to_owned(),
            reason: format!("{error:#}"),
        };
        let pre = core
            .linker
            .instantiate_pre(&compiled)
            .map_err(incompatible)?;
        let exports = ExportIndices::new(&pre, &inspection).map_err(incompatible)?;
        let component = Component::new(ComponentCore {
            runtime: Arc::clone(core),
            name: name.to_owned(),
            digest,
            inspection,
            pre,
            exports,
            from_cache,
        });
        component.check_types()?;
        Ok(component)
    }
}

impl RuntimeCore {
    /// Compiled code and whether it came out of the cache.
    fn compile(
        &self,
        name: &str,
        digest: Digest,
        component: &[u8],
    ) -> Result<(Compiled, bool), WasmError> {
        let cached = self.cache.as_ref();
        if let Some(compiled) = cached.and_then(|cache| cache.load(&self.engine, digest)) {
            return Ok((compiled, true));
        }
        let refused = |error: wasmtime::Error| WasmError::Compile {
            name: name.to_owned(),
            reason: format!("{error:#}"),
        };
        let artefact = match &self.config.compiler {
            Some(compiler) => compiler.run(name, component)?,
            None => self
                .engine
                .precompile_component(component)
                .map_err(refused)?,
        };
        let compiled = deserialize(&self.engine, &artefact).map_err(refused)?;
        if let Some(cache) = &self.cache {
            cache.store(&self.engine, digest, &artefact);
        }
        Ok((compiled, false))
    }
}

/// Compares names only, so that the error can list them; types are checked when the component is linked.
fn check_contract(name: &str, inspection: &Inspection) -> Result<(), WasmError> {
    let missing = inspection.missing_exports();
    if !missing.is_empty() {
        return Err(WasmError::MissingExports {
            name: name.to_owned(),
            missing,
        });
    }
    let unknown = inspection.unknown_imports();
    if !unknown.is_empty() {
        return Err(WasmError::UnknownImports {
            name: name.to_owned(),
            unknown,
        });
    }
    Ok(())
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("config", &self.core.config)
            .finish_non_exhaustive()
    }
}
