//! The components that come with the binary: a job file may name them without saying where they are.
//!
//! They are looked for in the folder that `WASMILL_PLUGIN_DIR` names, in `plugins` next to the binary, and where cargo
//! puts them when the binary is where cargo puts it. What a job file declares itself goes before.

use std::path::PathBuf;

/// The variable with a folder of components.
const FOLDER: &str = "WASMILL_PLUGIN_DIR";

/// The file of a shipped component, if there is one of this name.
pub(super) fn path(name: &str) -> Option<PathBuf> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !name.chars().all(is_plain) {
        return None;
    }
    let file = format!("{name}.wasm");
    let built = format!("plugin_{}.wasm", name.replace('-', "_"));
    let given = std::env::var_os(FOLDER).map(|folder| PathBuf::from(folder).join(&file));
    let binary = std::env::current_exe().ok();
    let folder = binary.as_ref().and_then(|binary| binary.parent());
    let beside = folder.map(|folder| folder.join("plugins").join(&file));
    let developed = folder.and_then(|folder| folder.parent());
    let developed = developed.map(|target| target.join("wasm32-unknown-unknown/guest").join(built));
    let mut candidates = [given, beside, developed].into_iter().flatten();
    candidates.find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests;
