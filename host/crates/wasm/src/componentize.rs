//! From the file a compiler wrote to the bytes of a component.
//!
//! A component passes as it is. A core module is wrapped by `wit-component`: by the component type it carries (as
//! wit-bindgen embeds it), or, if it carries none, by the contract's names of what it exports (`contract_world.rs`). One
//! that has neither cannot be, and is told so. A module that wants `wasi_snapshot_preview1` gets `adapter.wat` for it,
//! which answers inside the guest: no component made here reaches WASI. Whether the component fits the contract is
//! checked after compilation (`runtime.rs`).

use std::borrow::Cow;

use wasmparser::{BinaryReaderError, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::contract_world;
use crate::error::WasmError;
use crate::inspect::SourceForm;

/// Custom sections that hold a component type start with this.
const COMPONENT_TYPE_SECTION: &str = "component-type";

/// The import module of compilers that target WASI.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// `adapter.wat`, assembled.
const ADAPTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/adapter.wasm"));

/// The component in `bytes`, and which form it came in.
///
/// # Errors
/// The bytes are no WebAssembly, or a core module that cannot be made a component.
pub(crate) fn componentize<'a>(
    name: &str,
    bytes: &'a [u8],
) -> Result<(Cow<'a, [u8]>, SourceForm), WasmError> {
    if Parser::is_component(bytes) {
        return Ok((Cow::Borrowed(bytes), SourceForm::Component));
    }
    if !Parser::is_core_wasm(bytes) {
        return Err(WasmError::NotWasm {
            name: name.to_owned(),
        });
    }
    let module = CoreModule::read(bytes).map_err(|error| WasmError::Compile {
        name: name.to_owned(),
        reason: error.to_string(),
    })?;
    if !module.has_component_type
        && !contract_world::is_contract(module.exports.iter().map(String::as_str))
    {
        return Err(WasmError::NoComponentType {
            name: name.to_owned(),
        });
    }
    let component = wrap(bytes, &module).map_err(|reason| WasmError::Componentize {
        name: name.to_owned(),
        reason,
    })?;
    Ok((Cow::Owned(component), SourceForm::CoreModule))
}

fn wrap(bytes: &[u8], module: &CoreModule) -> Result<Vec<u8>, String> {
    let mut bytes = Cow::Borrowed(bytes);
    if !module.has_component_type {
        contract_world::embed_guest(bytes.to_mut(), &module.exports)?;
    }
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder
        .module(&bytes)
        .map_err(|error| format!("{error:#}"))?;
    if module.wants_preview1 {
        let mut adapter = ADAPTER.to_vec();
        contract_world::embed_adapter(&mut adapter)?;
        encoder
            .adapter(PREVIEW1, &adapter)
            .map_err(|error| format!("{error:#}"))?;
    }
    encoder.encode().map_err(|error| format!("{error:#}"))
}

/// What is asked about a core module before it is wrapped.
#[derive(Default)]
struct CoreModule {
    has_component_type: bool,
    wants_preview1: bool,
    exports: Vec<String>,
}

impl CoreModule {
    fn read(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::CustomSection(section) => {
                    found.has_component_type |= section.name().starts_with(COMPONENT_TYPE_SECTION);
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        found.wants_preview1 |= import?.module == PREVIEW1;
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        found.exports.push(export?.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }
}
