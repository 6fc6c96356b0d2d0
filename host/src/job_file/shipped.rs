//! The components that come with the binary: a job file may name them without saying where they are.
//!
//! They are looked for in the folder of the configuration (`plugin.dir`), in `plugins` next to the binary, and where
//! cargo puts them when the binary is where cargo puts it. What a job file declares itself goes before.

use std::path::{Path, PathBuf};

/// The file of a shipped component, if there is one of this name.
pub(super) fn path(name: &str, plugin_dir: Option<&Path>) -> Option<PathBuf> {
    let mut candidates = candidates(name, plugin_dir).into_iter();
    candidates.find(|candidate| candidate.is_file())
}

/// Where a shipped component of this name is looked for, in this order; nowhere if the name would leave the folders.
pub(super) fn candidates(name: &str, plugin_dir: Option<&Path>) -> Vec<PathBuf> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !name.chars().all(is_plain) {
        return Vec::new();
    }
    let file = format!("{name}.wasm");
    let built = format!("plugin_{}.wasm", name.replace('-', "_"));
    let given = plugin_dir.map(|folder| folder.join(&file));
    let binary = std::env::current_exe().ok();
    let folder = binary.as_ref().and_then(|binary| binary.parent());
    let beside = folder.map(|folder| folder.join("plugins").join(&file));
    let developed = folder.and_then(|folder| folder.parent());
    let developed = developed.map(|target| target.join("wasm32-unknown-unknown/guest").join(built));
    [given, beside, developed].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
