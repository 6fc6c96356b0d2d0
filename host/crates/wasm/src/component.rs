//! A loaded component: compiled, linked, checked against the contract, ready to be instantiated.

use std::path::Path;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::InstancePre;

use dataflow::clock::Clock;
use dataflow::port::operator::OperatorFactory;

use crate::component_cache::Digest;
use crate::engine::RuntimeConfig;
use crate::epoch::{EpochTicker, Ticks};
use crate::error::WasmError;
use crate::exports::ExportIndices;
use crate::host_state::HostState;
use crate::inspect::Inspection;
use crate::instance::{GuestInstance, NotStarted};
use crate::limits::GuestLimits;
use crate::operator::GuestOperatorFactory;
use crate::runtime::RuntimeCore;

/// A component that can be asked what it is and made into operators. A cheap clone; safe to use from every thread.
#[derive(Clone)]
pub struct Component {
    core: Arc<ComponentCore>,
    file: Option<Arc<Path>>,
}

/// What all clones of a component share.
pub(crate) struct ComponentCore {
    /// Keeps the epoch ticking as long as a guest may run.
    pub(crate) runtime: Arc<RuntimeCore>,
    /// The name it was loaded under, for messages.
    pub(crate) name: String,
    /// Hash of the file.
    pub(crate) digest: Digest,
    /// What was found in the file.
    pub(crate) inspection: Inspection,
    /// Linked with the host functions.
    pub(crate) pre: InstancePre<HostState>,
    /// Where its exports are.
    pub(crate) exports: ExportIndices,
    /// Whether the compiled code came out of the cache.
    pub(crate) from_cache: bool,
}

impl Component {
    pub(crate) fn new(core: ComponentCore) -> Self {
        Self {
            core: Arc::new(core),
            file: None,
        }
    }

    /// The same component, known to lie in a file.
    #[must_use]
    pub fn at(mut self, file: &Path) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The file it was loaded from, if it was; it may have changed since.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The name it was loaded under.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Hash of the file it was loaded from.
    pub fn digest(&self) -> Digest {
        self.core.digest
    }

    /// What is in the file: worlds, imports, exports, sizes.
    pub fn inspect(&self) -> &Inspection {
        &self.core.inspection
    }

    /// Whether the compiled code came out of the cache instead of the compiler.
    pub fn is_from_cache(&self) -> bool {
        self.core.from_cache
    }

    /// Makes operators of this component, each held to `limits`.
    pub fn operators(&self, limits: GuestLimits) -> Arc<dyn OperatorFactory> {
        Arc::new(self.guests(limits))
    }

    /// As [`Component::operators`], with the concrete type.
    pub fn guests(&self, limits: GuestLimits) -> GuestOperatorFactory {
        GuestOperatorFactory::new(self.clone(), limits)
    }

    /// A fresh instance that is asked for a document.
    pub(crate) fn inquiry(&self) -> Result<GuestInstance, WasmError> {
        let limits = self.config().inquiry;
        let state = HostState::of_inquiry(self.name(), &limits, self.clock());
        GuestInstance::new(self, &limits, state).map_err(|error| match error {
            NotStarted::Guest(error) => WasmError::Guest(error),
            NotStarted::Types(reason) => WasmError::Incompatible {
                name: self.name().to_owned(),
                reason,
            },
        })
    }

    /// Checks the types of the exports, which takes an instance. One that cannot be made for another reason says nothing
    /// about types; that is reported when the component is used, under the limits that hold then.
    pub(crate) fn check_types(&self) -> Result<(), WasmError> {
        match self.inquiry() {
            Err(error @ WasmError::Incompatible { .. }) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    pub(crate) fn exports(&self) -> &ExportIndices {
        &self.core.exports
    }

    pub(crate) fn pre(&self) -> &InstancePre<HostState> {
        &self.core.pre
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.core.runtime.engine
    }

    pub(crate) fn config(&self) -> &RuntimeConfig {
        &self.core.runtime.config
    }

    /// What the time of calls is measured by; absent if guests are not interrupted.
    pub(crate) fn ticks(&self) -> Option<Ticks> {
        self.core.runtime.ticker.as_ref().map(EpochTicker::ticks)
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.core.runtime.clock)
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("name", &self.core.name)
            .field("digest", &self.core.digest)
            .finish_non_exhaustive()
    }
}
