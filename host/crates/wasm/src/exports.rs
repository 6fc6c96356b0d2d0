//! The exports of a component, interface by interface: what every component has, and what it may have.
//!
//! Keeps: an interface that is there has the functions of the contract (a component whose `source` is another one is
//! refused when it is loaded), one that is not there is `None`. Types are checked when an instance is made.

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::exports::wasmill::dataflow::{manifest, operator, plan, sink, source};
use crate::host_state::HostState;
use crate::inspect::{Inspection, PLAN_EXPORT, SINK_EXPORT, SOURCE_EXPORT};

/// Where the exports of a component are.
#[derive(Clone)]
pub(crate) struct ExportIndices {
    manifest: manifest::GuestIndices,
    operator: operator::GuestIndices,
    plan: Option<plan::GuestIndices>,
    source: Option<source::GuestIndices>,
    sink: Option<sink::GuestIndices>,
}

impl ExportIndices {
    /// Looks the exports up.
    pub(crate) fn new(
        pre: &InstancePre<HostState>,
        inspection: &Inspection,
    ) -> wasmtime::Result<Self> {
        let has = |interface| inspection.exports_interface(interface);
        Ok(Self {
            manifest: manifest::GuestIndices::new(pre)?,
            operator: operator::GuestIndices::new(pre)?,
            plan: has(PLAN_EXPORT)
                .then(|| plan::GuestIndices::new(pre))
                .transpose()?,
            source: has(SOURCE_EXPORT)
                .then(|| source::GuestIndices::new(pre))
                .transpose()?,
            sink: has(SINK_EXPORT)
                .then(|| sink::GuestIndices::new(pre))
                .transpose()?,
        })
    }

    /// Whether the component builds job graphs.
    pub(crate) fn has_plan(&self) -> bool {
        self.plan.is_some()
    }

    /// Whether the component has sources.
    pub(crate) fn has_sources(&self) -> bool {
        self.source.is_some()
    }

    /// Whether the component has sinks.
    pub(crate) fn has_sinks(&self) -> bool {
        self.sink.is_some()
    }

    /// The functions of an instance.
    pub(crate) fn load(
        &self,
        store: &mut Store<HostState>,
        instance: &Instance,
    ) -> wasmtime::Result<Exports> {
        let mut loaded = Exports {
            manifest: self.manifest.load(&mut *store, instance)?,
            operator: self.operator.load(&mut *store, instance)?,
            plan: None,
            source: None,
            sink: None,
        };
        if let Some(plan) = &self.plan {
            loaded.plan = Some(plan.load(&mut *store, instance)?);
        }
        if let Some(source) = &self.source {
            loaded.source = Some(source.load(&mut *store, instance)?);
        }
        if let Some(sink) = &self.sink {
            loaded.sink = Some(sink.load(&mut *store, instance)?);
        }
        Ok(loaded)
    }
}

/// The functions of one instance.
pub(crate) struct Exports {
    manifest: manifest::Guest,
    operator: operator::Guest,
    plan: Option<plan::Guest>,
    source: Option<source::Guest>,
    sink: Option<sink::Guest>,
}

impl Exports {
    /// What the component is.
    pub(crate) fn wasmill_dataflow_manifest(&self) -> &manifest::Guest {
        &self.manifest
    }

    /// Its operators.
    #[inline]
    pub(crate) fn wasmill_dataflow_operator(&self) -> &operator::Guest {
        &self.operator
    }

    /// Its job graph.
    pub(crate) fn plan(&self) -> wasmtime::Result<&plan::Guest> {
        present(self.plan.as_ref(), PLAN_EXPORT)
    }

    /// Its sources.
    pub(crate) fn source(&self) -> wasmtime::Result<&source::Guest> {
        present(self.source.as_ref(), SOURCE_EXPORT)
    }

    /// Its sinks.
    pub(crate) fn sink(&self) -> wasmtime::Result<&sink::Guest> {
        present(self.sink.as_ref(), SINK_EXPORT)
    }
}

fn present<'a, T>(export: Option<&'a T>, name: &str) -> wasmtime::Result<&'a T> {
    export.ok_or_else(|| wasmtime::Error::msg(format!("the component does not export {name}")))
}
