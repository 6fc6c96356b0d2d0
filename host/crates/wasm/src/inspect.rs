//! What is in a component's file, found without compiling or running it: plain data for people and for the prescreen.

use wasmparser::{Parser, Payload};

use crate::component_cache::Digest;
use crate::error::WasmError;

/// The form in which a component was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceForm {
    /// A component.
    Component,
    /// A core module with its component type, made a component here.
    CoreModule,
}

/// The largest world of the contract that a component has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// Describes operators and runs them.
    Operators,
    /// Also builds a job graph.
    Job,
    /// Neither: it cannot be loaded.
    Unknown,
}

/// What a component's file consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Hash of the file as it was handed over.
    pub digest: Digest,
    /// Its length in bytes.
    pub file_bytes: u64,
    /// The form it came in.
    pub form: SourceForm,
    /// Bytes of the component; more than the file's if it was made here.
    pub component_bytes: u64,
    /// Which world it has.
    pub world: World,
    /// Interfaces and functions it imports.
    pub imports: Vec<String>,
    /// Interfaces and functions it exports.
    pub exports: Vec<String>,
    /// Core modules in it, at any depth.
    pub core_modules: u64,
    /// Components within it, at any depth.
    pub nested_components: u64,
    /// Functions defined by all core modules.
    pub functions: u64,
    /// Bytes of all function bodies.
    pub code_bytes: u64,
    /// Bytes of the largest function body.
    pub largest_function_bytes: u64,
    /// Bytes of all data segments.
    pub data_bytes: u64,
}

/// Interfaces every component must export.
pub(crate) const REQUIRED_EXPORTS: [&str; 2] = ["manifest", "operator"];

/// Interfaces a component may import.
pub(crate) const KNOWN_IMPORTS: [&str; 10] = [
    "cached-files",
    "files",
    "log",
    "metrics",
    "operator-state",
    "output",
    "state",
    "timers",
    "types",
    "watermarks",
];

/// The interface a component exports to build job graphs.
pub(crate) const PLAN_EXPORT: &str = "plan";

/// The interface a component exports if it has sources.
pub(crate) const SOURCE_EXPORT: &str = "source";

/// The interface a component exports if it has sinks.
pub(crate) const SINK_EXPORT: &str = "sink";

/// The contract's package.
const PACKAGE: &str = "wasmill:dataflow/";

/// The contract's version; the guest's must be compatible with it.
pub(crate) const VERSION: &str = "0.1.0";

/// The full name of an interface of the contract.
pub(crate) fn full_name(interface: &str) -> String {
    format!("{PACKAGE}{interface}@{VERSION}")
}

/// Whether `name` is the given interface in a version that this host takes: 0.1 with any patch.
pub(crate) fn is_interface(name: &str, interface: &str) -> bool {
    name.strip_prefix(PACKAGE)
        .and_then(|name| name.strip_prefix(interface))
        .is_some_and(|version| version.starts_with("@0.1."))
}

/// Packages of WASI 0.2 that are linked, closed (`wasi/`). HTTP is none of them.
const WASI_PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// Whether `name` is an interface of WASI that this host takes: 0.2 with any patch.
fn is_wasi(name: &str) -> bool {
    name.strip_prefix("wasi:")
        .and_then(|name| name.split_once('/'))
        .is_some_and(|(package, interface)| {
            let version = interface.split_once('@').map(|(_, version)| version);
            WASI_PACKAGES.contains(&package)
                && version.is_some_and(|version| version.starts_with("0.2."))
        })
}

/// Looks at a component.
///
/// # Errors
/// The bytes are not well-formed.
pub(crate) fn inspect(
    name: &str,
    digest: Digest,
    file_bytes: usize,
    component: &[u8],
    form: SourceForm,
) -> Result<Inspection, WasmError> {
    let mut found = Inspection {
        digest,
        file_bytes: file_bytes as u64,
        form,
        component_bytes: component.len() as u64,
        world: World::Unknown,
        imports: Vec::new(),
        exports: Vec::new(),
        core_modules: 0,
        nested_components: 0,
        functions: 0,
        code_bytes: 0,
        largest_function_bytes: 0,
        data_bytes: 0,
    };
    let malformed = |error: wasmparser::BinaryReaderError| WasmError::Compile {
        name: name.to_owned(),
        reason: error.to_string(),
    };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(malformed)?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        found.add(&payload, depth == 0).map_err(malformed)?;
    }
    found.world = found.world();
    Ok(found)
}

fn length(range: std::ops::Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

impl Inspection {
    fn add(
        &mut self,
        payload: &Payload<'_>,
        is_top: bool,
    ) -> Result<(), wasmparser::BinaryReaderError> {
        match payload {
            Payload::ModuleSection { .. } => self.core_modules += 1,
            Payload::ComponentSection { .. } => self.nested_components += 1,
            Payload::CodeSectionEntry(body) => {
                let bytes = length(body.range());
                self.functions += 1;
                self.code_bytes += bytes;
                self.largest_function_bytes = self.largest_function_bytes.max(bytes);
            }
            Payload::DataSection(section) => self.data_bytes += length(section.range()),
            Payload::ComponentImportSection(section) if is_top => {
                for import in section.clone() {
                    self.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if is_top => {
                for export in section.clone() {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the component exports an interface of the contract.
    pub(crate) fn exports_interface(&self, interface: &str) -> bool {
        self.exports
            .iter()
            .any(|name| is_interface(name, interface))
    }

    fn world(&self) -> World {
        if !REQUIRED_EXPORTS
            .iter()
            .all(|name| self.exports_interface(name))
        {
            World::Unknown
        } else if self.exports_interface(PLAN_EXPORT) {
            World::Job
        } else {
            World::Operators
        }
    }

    /// Interfaces of WASI that the component imports; they are linked and lead nowhere.
    pub fn wasi_imports(&self) -> impl Iterator<Item = &str> {
        self.imports
            .iter()
            .map(String::as_str)
            .filter(|name| is_wasi(name))
    }

    /// Interfaces the contract demands and the component does not export.
    pub(crate) fn missing_exports(&self) -> Vec<String> {
        REQUIRED_EXPORTS
            .iter()
            .filter(|name| !self.exports_interface(name))
            .map(|name| full_name(name))
            .collect()
    }

    /// Imports that no host function provides.
    pub(crate) fn unknown_imports(&self) -> Vec<String> {
        let known = |name: &str| {
            is_wasi(name) || KNOWN_IMPORTS.iter().any(|known| is_interface(name, known))
        };
        self.imports
            .iter()
            .filter(|name| !known(name))
            .cloned()
            .collect()
    }
}
