//! Who may depend on whom, and which room may name which library.
//!
//! The compiler already refuses what a manifest does not list; these rules look at the manifests themselves, and at
//! the words in the sources. They do not look inside a crate: the order of modules there is for review.

use crate::tree::{Finding, Tree};

/// Our host crates, by name and folder.
const ROOMS: [(&str, &str); 6] = [
    ("dataflow", "host/crates/dataflow/"),
    ("runtime", "host/crates/runtime/"),
    ("state", "host/crates/state/"),
    ("wasm", "host/crates/wasm/"),
    ("connectors", "host/crates/connectors/"),
    ("wasmill", "host/"),
];

/// Libraries with one owner: the folder that may name them.
const OWNED: [(&str, &str); 5] = [
    ("wasmtime", "host/crates/wasm/"),
    ("rocksdb", "host/crates/state/"),
    ("axum", "host/"),
    ("clap", "host/"),
    ("figment", "host/"),
];

/// What the laws do without: I/O, threads, async, and being serialized by accident. (Reading a clock is banned
/// everywhere but in `clock.rs` by clippy.toml.)
const NOT_IN_LAWS: [&str; 6] = [
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "async fn",
    "Serialize",
];

/// The room a path belongs to, the innermost one.
fn room(path: &str) -> Option<&'static str> {
    ROOMS
        .iter()
        .find(|(_, folder)| path.starts_with(folder))
        .map(|&(name, _)| name)
}

/// The names in every dependency section of a manifest, with renames resolved.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().filter_map(toml::Value::as_table));
    }
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(entries) = table.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            for (name, entry) in entries {
                let package = entry.get("package").and_then(toml::Value::as_str);
                names.push(package.unwrap_or(name).to_owned());
            }
        }
    }
    names
}

/// Whether the crate of `path` may depend on `dependency`; if not, why.
fn forbidden(path: &str, dependency: &str) -> Option<String> {
    let ours = ROOMS.iter().any(|&(name, _)| name == dependency);
    let guest = path.starts_with("guest-sdk/") || path.starts_with("plugins/");
    match room(path) {
        _ if guest && ours => {
            Some("guests depend on nothing of the host: they meet it in wit/".into())
        }
        Some("dataflow") if ours || dependency.starts_with("wasmill") => {
            Some("the laws depend on no other crate of ours".into())
        }
        Some("dataflow") if ["tokio", "crossbeam", "serde"].contains(&dependency) => {
            Some("the laws do no I/O, know no threads and no outside format".into())
        }
        Some(room) if room != "wasmill" && ours && dependency != "dataflow" => Some(format!(
            "`{room}` and `{dependency}` never depend on one another: they meet in dataflow::port"
        )),
        Some("state" | "wasm") if dependency == "tokio" => {
            Some("only the host, connectors and the network speak tokio".into())
        }
        _ => {
            let owner = OWNED.iter().find(|(name, _)| {
                dependency == *name
                    || dependency
                        .strip_prefix(name)
                        .is_some_and(|r| r.starts_with('-'))
            });
            let &(name, folder) = owner?;
            let own =
                path.starts_with(folder) && (folder != "host/" || room(path) == Some("wasmill"));
            (!own).then(|| format!("only {folder} says {name}"))
        }
    }
}

/// The arrows of the architecture hold in every manifest.
pub(crate) fn manifests(tree: &Tree) -> Vec<Finding> {
    let (manifests, mut findings) = tree.manifests();
    for (path, manifest) in manifests {
        for dependency in dependencies(&manifest) {
            if let Some(why) = forbidden(path, &dependency) {
                findings.push(Finding::new(
                    path,
                    0,
                    format!("depends on `{dependency}`: {why}"),
                ));
            }
        }
    }
    findings
}

/// Where `word` stands on its own in `line`: not inside a longer name or path.
pub(crate) fn stands_in(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    line.match_indices(word).any(|(at, _)| {
        let whole_end = !word.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            || !line[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        whole_end && !line[..at].ends_with(inside)
    })
}

/// A library with one owner is named in the owner's sources only.
pub(crate) fn owned_words(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for (number, line) in file.code.lines().enumerate() {
            for (name, folder) in OWNED {
                if !file.path.starts_with(folder) && stands_in(line, &format!("{name}::")) {
                    let what = format!("says `{name}::`, which only {folder} does");
                    findings.push(Finding::new(&file.path, number + 1, what));
                }
            }
        }
    }
    findings
}

/// tokio is spoken in the host, in connectors, and in the one file of the network that holds sockets.
pub(crate) fn tokio_words(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let spoken = matches!(room(&file.path), Some("wasmill" | "connectors") | None)
            || file
                .path
                .starts_with("host/crates/runtime/src/network/remote");
        for (number, line) in file.code.lines().enumerate() {
            if !spoken && stands_in(line, "tokio::") {
                let what = "says `tokio::`: threads carry records, tokio carries decisions";
                findings.push(Finding::new(&file.path, number + 1, what));
            }
        }
    }
    findings
}

/// The laws do no I/O and take time as an argument.
pub(crate) fn laws(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .rust()
        .filter(|file| file.path.starts_with("host/crates/dataflow/src/"))
    {
        for (number, line) in file.code.lines().enumerate() {
            for word in NOT_IN_LAWS {
                if stands_in(line, word) {
                    let what =
                        format!("says `{word}`: the laws do no I/O and take time as an argument");
                    findings.push(Finding::new(&file.path, number + 1, what));
                }
            }
        }
    }
    findings
}

/// Only the host reads environment variables; what they say is passed on by value.
pub(crate) fn environment(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let is_built_with = file.path.ends_with("/build.rs");
        if file.is_test() || is_built_with || !file.path.starts_with("host/crates/") {
            continue;
        }
        for (number, line) in file.code.lines().enumerate() {
            if line.contains("env::var") {
                let what =
                    "reads an environment variable; only the host does, and passes values on";
                findings.push(Finding::new(&file.path, number + 1, what));
            }
        }
    }
    findings
}
