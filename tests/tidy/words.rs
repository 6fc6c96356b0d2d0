//! Words that must not be in the tree: leftovers, waiting by sleeping, paths of one machine, unsafe code.
//!
//! The rules' own folder has to quote these words and is left out.

use crate::arrows::stands_in;
use crate::tree::{File, Finding, Tree};

/// Where the banned words are quoted.
const RULES: &str = "tests/tidy/";

/// What is banned in Rust code, and what to do instead.
const BANNED: [(&str, &str); 6] = [
    ("todo!", "do it, or write an issue"),
    (
        "unimplemented!",
        "return an error that says what is not supported",
    ),
    ("dbg!", "remove it"),
    (
        "#[ignore",
        "a test that does not run keeps no promise: make it fast or delete it",
    ),
    ("#[should_panic", "errors are values: check the value"),
    ("thread::sleep", "wait on a condition with a time limit"),
];

/// Files that may have unsafe code, with the reason. Each site has its `SAFETY:` note (a lint sees to that).
const UNSAFE: [(&str, &str); 4] = [
    (
        "host/crates/runtime/src/task/time_slice.rs",
        "asks the system for a thread's time slice, which no library does",
    ),
    (
        "host/crates/wasm/src/component_cache.rs",
        "loads compiled components, only those this machine has made and signed",
    ),
    (
        "host/crates/wasm/tests/guests/behaviors/src/wicked.rs",
        "a guest that breaks the contract on purpose; it runs in the sandbox only",
    ),
    (
        "host/crates/wasm/benches/turns/mod.rs",
        "reads a thread's CPU clock, which std has not",
    ),
];

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: [&str; 4] = ["/root/", "/work/", "/home/", "/Users/"];

fn checked(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files
        .iter()
        .filter(|file| !file.path.starts_with(RULES))
}

/// No leftovers, no tests that do not run, no sleeping.
pub(crate) fn banned(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in checked(tree).filter(|file| file.is_rust()) {
        for (number, line) in file.code.lines().enumerate() {
            for (word, instead) in BANNED {
                if line.contains(word)
                    && (word.starts_with('#') || word.contains("::") || stands_in(line, word))
                {
                    findings.push(Finding::new(
                        &file.path,
                        number + 1,
                        format!("`{word}`: {instead}"),
                    ));
                }
            }
        }
    }
    findings
}

/// Open work is an issue: a note in the text names it, as in `TODO(#12)`.
pub(crate) fn notes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in checked(tree).filter(|file| file.path != "Cargo.lock") {
        for (number, line) in file.text.lines().enumerate() {
            let bare = line
                .match_indices("TODO")
                .any(|(at, _)| !line[at + 4..].starts_with("(#"));
            if stands_in(line, "FIXME") || (bare && stands_in(line, "TODO")) {
                let what = "an open note: do it, or name its issue as in TODO(#12)";
                findings.push(Finding::new(&file.path, number + 1, what));
            }
        }
    }
    findings
}

/// No path that exists on one machine only.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in checked(tree) {
        for (number, line) in file.text.lines().enumerate() {
            for start in MACHINE_PATHS {
                let absolute = line.match_indices(start).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.})".contains(c))
                });
                if absolute {
                    let what = format!(
                        "`{start}` is a path of one machine: make it relative or an argument"
                    );
                    findings.push(Finding::new(&file.path, number + 1, what));
                }
            }
        }
    }
    findings
}

/// Unsafe code stands in few files, all listed.
pub(crate) fn unsafe_code(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in checked(tree).filter(|file| file.is_rust()) {
        if UNSAFE.iter().any(|&(path, _)| path == file.path) {
            continue;
        }
        for (number, line) in file.code.lines().enumerate() {
            if stands_in(line, "unsafe") {
                let what = "unsafe code: do without, or list the file and the reason in tidy";
                findings.push(Finding::new(&file.path, number + 1, what));
            }
        }
    }
    findings
}
