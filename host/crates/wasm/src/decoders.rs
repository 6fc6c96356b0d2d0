//! What a test of hostile bytes needs beyond a running guest: the readers of what guests answer and of component files. No
//! part of the interface of this crate.

use crate::component_cache::Digest;
use crate::componentize::componentize;
use crate::error::WasmError;
use crate::inspect::inspect;
use crate::manifest::{Manifest, check_manifest, parse};
use crate::plan::{Plan, check_plan};
use crate::prescreen::{ModuleLimits, check_file, check_shape};

/// Reads a plan as a guest answers it.
///
/// # Errors
/// It is none.
pub fn plan(text: &str) -> Result<Plan, WasmError> {
    parse("fuzz", "plan", text, check_plan)
}

/// Reads a manifest as a guest answers it.
///
/// # Errors
/// It is none.
pub fn manifest(text: &str) -> Result<Manifest, WasmError> {
    parse("fuzz", "manifest", text, check_manifest)
}

/// Everything that is done with the bytes of a component before a compiler sees them.
///
/// # Errors
/// It is none, or has a shape that is refused.
pub fn component(bytes: &[u8]) -> Result<(), WasmError> {
    let limits = ModuleLimits::default();
    check_file("fuzz", bytes.len(), &limits)?;
    let (component, form) = componentize("fuzz", bytes)?;
    let found = inspect("fuzz", Digest::of(bytes), bytes.len(), &component, form)?;
    check_shape("fuzz", &found, &limits)
}
