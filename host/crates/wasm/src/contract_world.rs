//! The component type of a core module, found from the names of what it exports.
//!
//! A compiler that knows nothing of components can still give functions the contract's names. They say which
//! interfaces the module has, so the world is composed of `wit/` and embedded here, and no author needs a tool for
//! that step. A module that says its type by itself is never given another one.

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::inspect::{PLAN_EXPORT, REQUIRED_EXPORTS, SINK_EXPORT, SOURCE_EXPORT, full_name};

/// The contract's files.
const CONTRACT: [(&str, &str); 9] = [
    ("files.wit", include_str!("../../../../wit/files.wit")),
    ("host.wit", include_str!("../../../../wit/host.wit")),
    ("manifest.wit", include_str!("../../../../wit/manifest.wit")),
    (
        "operator-state.wit",
        include_str!("../../../../wit/operator-state.wit"),
    ),
    ("operator.wit", include_str!("../../../../wit/operator.wit")),
    ("sink.wit", include_str!("../../../../wit/sink.wit")),
    ("source.wit", include_str!("../../../../wit/source.wit")),
    ("state.wit", include_str!("../../../../wit/state.wit")),
    ("types.wit", include_str!("../../../../wit/types.wit")),
];

/// The worlds of the contract, to which the one of the module is added.
const WORLDS: &str = include_str!("../../../../wit/world.wit");

/// Whether the names of exported functions are those of the contract's operators.
pub(crate) fn is_contract<'a>(mut exports: impl Iterator<Item = &'a str>) -> bool {
    exports.any(|name| has_interface(name, REQUIRED_EXPORTS[1]))
}

/// Embeds the world that the exported functions say into a module.
///
/// # Errors
/// The module is malformed.
pub(crate) fn embed_guest(module: &mut Vec<u8>, exports: &[String]) -> Result<(), String> {
    let mut body = String::from("include operators;");
    for interface in [PLAN_EXPORT, SOURCE_EXPORT, SINK_EXPORT] {
        if exports.iter().any(|name| has_interface(name, interface)) {
            body.push_str(&format!(" export {interface};"));
        }
    }
    embed(module, "guest-module", &body)
}

/// Embeds what the adapter asks of the host, which is the log and nothing else.
///
/// # Errors
/// The adapter is malformed.
pub(crate) fn embed_adapter(module: &mut Vec<u8>) -> Result<(), String> {
    embed(module, "guest-adapter", "import log;")
}

fn embed(module: &mut Vec<u8>, name: &str, body: &str) -> Result<(), String> {
    let (resolve, world) = world(name, body)?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))
}

/// The contract with one world more.
fn world(name: &str, body: &str) -> Result<(Resolve, WorldId), String> {
    let mut sources = SourceMap::default();
    for (name, text) in CONTRACT {
        sources.push_str(name, text);
    }
    sources.push_str(
        "world.wit",
        format!("{WORLDS}\nworld {name} {{ {body} }}\n"),
    );
    let group = sources.parse().map_err(|(_, error)| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve
        .push_group(group)
        .map_err(|error| error.to_string())?;
    let world = resolve
        .select_world(&[package], Some(name))
        .map_err(|error| format!("{error:#}"))?;
    Ok((resolve, world))
}

/// Whether an exported function belongs to an interface of the contract.
fn has_interface(export: &str, interface: &str) -> bool {
    export
        .strip_prefix(full_name(interface).as_str())
        .is_some_and(|rest| rest.starts_with('#'))
}
