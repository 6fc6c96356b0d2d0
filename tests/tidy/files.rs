//! What a source file looks like from outside: its first line, its length, its name, where its tests are.

use crate::tree::{Finding, Tree};

/// A file longer than this holds more than one noun.
const LINES_MAX: usize = 500;

/// Name parts that say nothing: the noun is missing.
const EMPTY_NAMES: [&str; 11] = [
    "util", "utils", "common", "helper", "helpers", "misc", "manager", "managers", "base", "impl",
    "impls",
];

/// Every Rust file says on its first line what it is.
pub(crate) fn open_with_a_purpose(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| {
            let what =
                "line one must be `//!`: what this is, which invariant it keeps, what it is not";
            Finding::new(&file.path, 1, what)
        })
        .collect()
}

/// No Rust file is longer than what one noun needs.
pub(crate) fn are_short(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            let what = format!("{lines} lines, at most {LINES_MAX} are allowed: split it by nouns");
            findings.push(Finding::new(&file.path, 0, what));
        }
    }
    findings
}

/// A file is named by its noun.
pub(crate) fn are_named_by_a_noun(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for (depth, part) in file.path.rsplit('/').enumerate() {
            let stem = part.strip_suffix(".rs").unwrap_or(part);
            let empty = stem
                .split(['_', '-'])
                .any(|word| EMPTY_NAMES.contains(&word));
            if empty || (depth == 0 && stem == "types") {
                let what = format!("`{stem}` is no noun of the field: name what is in it");
                findings.push(Finding::new(&file.path, 0, what));
            }
        }
    }
    findings
}

/// Unit tests live in a sibling file, `#[cfg(test)] mod tests;`.
pub(crate) fn keep_tests_beside(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let mut test_only = false;
        for (number, line) in file.code.lines().enumerate() {
            let line = line.trim();
            test_only |= line.starts_with("#[cfg(test)]");
            let code = line.trim_start_matches("#[cfg(test)]").trim_start();
            if code.is_empty() || code.starts_with("#[") {
                continue;
            }
            if test_only && code.contains("mod ") && code.ends_with('{') {
                let what = "test code inside a source file: move it to a sibling, `mod tests;`";
                findings.push(Finding::new(&file.path, number + 1, what));
            }
            test_only = false;
        }
    }
    findings
}
