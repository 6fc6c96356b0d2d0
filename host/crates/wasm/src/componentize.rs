//! From the file a compiler wrote to the bytes of a component.
//!
//! A component passes as it is. A core module that carries its component type (as wit-bindgen embeds it) is wrapped by
//! `wit-component`; one without it cannot be, and is told so. Whether the component fits the contract is checked after
//! compilation (`runtime.rs`).

use std::borrow::Cow;

use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::WasmError;
use crate::inspect::SourceForm;

/// Custom sections that hold a component type start with this.
const COMPONENT_TYPE_SECTION: &str = "component-type";

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
    if !has_component_type(name, bytes)? {
        return Err(WasmError::NoComponentType {
            name: name.to_owned(),
        });
    }
    let component = ComponentEncoder::default()
        .validate(true)
        .module(bytes)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| WasmError::Componentize {
            name: name.to_owned(),
            reason: format!("{error:#}"),
        })?;
    Ok((Cow::Owned(component), SourceForm::CoreModule))
}

fn has_component_type(name: &str, module: &[u8]) -> Result<bool, WasmError> {
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| WasmError::Compile {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        if let Payload::CustomSection(section) = payload
            && section.name().starts_with(COMPONENT_TYPE_SECTION)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
