//! Why a component could not be loaded, described or planned. Failures of a running guest are
//! [`OperatorError`]s; this is about everything before.

use std::path::PathBuf;

use thiserror::Error;

use dataflow::port::error::{Domain, Recovery};
use dataflow::port::operator::OperatorError;

/// A component is not usable, or the sandbox could not be set up.
#[derive(Clone, Debug, Error)]
pub enum WasmError {
    /// The component's file could not be read.
    #[error("component {}: the file cannot be read: {reason}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The bytes are neither a component nor a core module.
    #[error(
        "{name} is neither a WebAssembly component nor a core module; upload the .wasm file that the compiler wrote"
    )]
    NotWasm {
        /// The name it was loaded under.
        name: String,
    },
    /// A core module that was not built against the contract.
    #[error(
        "{name} is a core module without a component type and without the functions of wasmill:dataflow; build it with a wasmill SDK or wit-bindgen, or export them by name"
    )]
    NoComponentType {
        /// The name it was loaded under.
        name: String,
    },
    /// A core module could not be turned into a component.
    #[error("{name} cannot be made a component: {reason}")]
    Componentize {
        /// The name it was loaded under.
        name: String,
        /// What does not fit.
        reason: String,
    },
    /// The component does not export what the contract demands.
    #[error("{name} does not export {}; build it for the world operators or job of wasmill:dataflow", missing.join(", "))]
    MissingExports {
        /// The name it was loaded under.
        name: String,
        /// The interfaces it lacks.
        missing: Vec<String>,
    },
    /// The component wants something that no host function provides.
    #[error("{name} imports {}, which this host does not provide; build it without them (for Rust: target wasm32-unknown-unknown)", unknown.join(", "))]
    UnknownImports {
        /// The name it was loaded under.
        name: String,
        /// The imports nobody provides.
        unknown: Vec<String>,
    },
    /// Names fit, types do not: it was built against another version of the contract.
    #[error(
        "{name} does not fit this version of the contract: {reason}; build it again with the current SDK"
    )]
    Incompatible {
        /// The name it was loaded under.
        name: String,
        /// What does not fit.
        reason: String,
    },
    /// The component is larger than anything a compiler should be asked to compile.
    #[error("{name} is over the limit on {limit}: {used}, at most {allowed} are allowed")]
    TooLarge {
        /// The name it was loaded under.
        name: String,
        /// Which limit.
        limit: &'static str,
        /// What it has.
        used: u64,
        /// What it may have.
        allowed: u64,
    },
    /// The code is invalid or uses a proposal that is switched off.
    #[error("{name} cannot be compiled: {reason}")]
    Compile {
        /// The name it was loaded under.
        name: String,
        /// What the compiler said.
        reason: String,
    },
    /// The cache of compiled components is not usable.
    #[error("cache of compiled components at {}: {reason}", path.display())]
    Cache {
        /// Directory or file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The engine could not be made with this configuration.
    #[error("the WebAssembly engine cannot be set up: {reason}")]
    Engine {
        /// What wasmtime or the system said.
        reason: String,
    },
    /// The component has operators but no job graph.
    #[error("{name} exports no job graph (wasmill:dataflow/plan); build it for the world job")]
    NoPlan {
        /// The name it was loaded under.
        name: String,
    },
    /// The component refused to plan with the given arguments.
    #[error("{name} cannot plan the job: {message}")]
    PlanRefused {
        /// The name it was loaded under.
        name: String,
        /// What it said.
        message: String,
    },
    /// The manifest or the plan is not the document that `wit/MANIFEST.md` describes.
    #[error("{document} of {name}, {field}: {reason}")]
    Document {
        /// The name the component was loaded under.
        name: String,
        /// `manifest` or `plan`.
        document: &'static str,
        /// Path of the field, such as `operators[3].states[0].kind`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The guest trapped or went over a limit while it was asked for a document.
    #[error(transparent)]
    Guest(#[from] OperatorError),
}

impl WasmError {
    /// Who has to act.
    pub fn domain(&self) -> Domain {
        match self {
            Self::Read { .. } | Self::Cache { .. } => Domain::External,
            Self::Engine { .. } => Domain::Internal,
            Self::Guest(error) => error.domain(),
            Self::NotWasm { .. }
            | Self::NoComponentType { .. }
            | Self::Componentize { .. }
            | Self::MissingExports { .. }
            | Self::UnknownImports { .. }
            | Self::Incompatible { .. }
            | Self::TooLarge { .. }
            | Self::Compile { .. }
            | Self::NoPlan { .. }
            | Self::PlanRefused { .. }
            | Self::Document { .. } => Domain::User,
        }
    }

    /// What may help.
    pub fn recovery(&self) -> Recovery {
        match self.domain() {
            Domain::External => Recovery::RestartJob,
            Domain::User | Domain::Internal => Recovery::FailJob,
        }
    }
}
