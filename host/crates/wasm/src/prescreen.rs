//! What a file must not exceed before a compiler looks at it.
//!
//! Compile time and memory grow with the file, in the worst case far faster than its size. These bounds turn the
//! absurd away for the price of one pass over the section headers; the real wall around a compiler is the process it
//! runs in.

use crate::error::WasmError;
use crate::inspect::Inspection;

/// Bounds on the shape of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Functions of all its core modules.
    pub functions: u64,
    /// Bytes of the largest function body.
    pub function_bytes: u64,
    /// Core modules and components in it, at any depth.
    pub nested: u64,
}

impl Default for ModuleLimits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            functions: 200_000,
            function_bytes: 1 << 20,
            nested: 1_000,
        }
    }
}

/// Refuses a file by its size alone.
///
/// # Errors
/// It is too large.
pub(crate) fn check_file(name: &str, bytes: usize, limits: &ModuleLimits) -> Result<(), WasmError> {
    check(name, "file size (bytes)", bytes as u64, limits.file_bytes)
}

/// Refuses a component by its shape.
///
/// # Errors
/// The first bound it exceeds.
pub(crate) fn check_shape(
    name: &str,
    inspection: &Inspection,
    limits: &ModuleLimits,
) -> Result<(), WasmError> {
    check(name, "functions", inspection.functions, limits.functions)?;
    check(
        name,
        "size of one function (bytes)",
        inspection.largest_function_bytes,
        limits.function_bytes,
    )?;
    let nested = inspection.core_modules + inspection.nested_components;
    check(name, "modules and components", nested, limits.nested)
}

fn check(name: &str, limit: &'static str, used: u64, allowed: u64) -> Result<(), WasmError> {
    if used <= allowed {
        return Ok(());
    }
    Err(WasmError::TooLarge {
        name: name.to_owned(),
        limit,
        used,
        allowed,
    })
}
