//! The contract and the workspace table explain themselves: every item of wit/ and every library has its sentence.

use crate::tree::{Finding, Tree};

/// How many libraries in a row may share one comment.
const SHARED_COMMENT_MAX: usize = 3;

/// What begins a named item of a WIT file.
const WIT_ITEMS: [&str; 8] = [
    "interface ",
    "world ",
    "record ",
    "variant ",
    "enum ",
    "flags ",
    "resource ",
    "type ",
];

/// The name of the item that a line of a WIT file defines: a type, a function, a field or a case.
fn defined(line: &str) -> Option<&str> {
    let name = |text: &str| {
        let end = text
            .find(|c: char| !(c.is_alphanumeric() || "-%".contains(c)))
            .unwrap_or(text.len());
        text.get(..end)
            .filter(|name| !name.is_empty())
            .map(str::len)
    };
    let body = WIT_ITEMS
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword))
        .unwrap_or(line);
    let other = [
        "package ", "use ", "import ", "export ", "include ", "//", "}",
    ];
    if other.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    let end = name(body)?;
    Some(body[..end].trim_start_matches('%'))
}

/// Every interface, world, type, function, field and case has a `///` line, or its type's comment names it.
pub(crate) fn wit_is_documented(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| file.path.starts_with("wit/") && file.path.ends_with(".wit"))
    {
        let (mut comment, mut parent, mut inside_item) = (String::new(), String::new(), false);
        for (number, line) in file.text.lines().enumerate() {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("///") {
                comment.push_str(text);
                continue;
            }
            let Some(name) = (!inside_item).then(|| defined(line)).flatten() else {
                inside_item = inside_item && !line.ends_with([';', '}']);
                comment.clear();
                continue;
            };
            if comment.is_empty() && !parent.contains(&format!("`{name}")) {
                let what = format!("`{name}` has no `///` line that says what it is");
                findings.push(Finding::new(&file.path, number + 1, what));
            }
            if line.ends_with('{') {
                parent.clone_from(&comment);
            }
            // A function may go on for several lines; its arguments are no items.
            inside_item = line.contains("func(") && !line.ends_with(';');
            comment.clear();
        }
    }
    findings
}

/// Every library of the workspace table has a comment that says why it is there.
pub(crate) fn libraries_have_a_reason(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file("Cargo.toml") else {
        return vec![Finding::new("Cargo.toml", 0, "is missing")];
    };
    let mut findings = Vec::new();
    let (mut inside, mut unexplained) = (false, usize::MAX);
    for (number, line) in file.text.lines().enumerate() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            unexplained = SHARED_COMMENT_MAX;
        } else if line.starts_with('#') {
            unexplained = 0;
        } else if line.trim().is_empty() {
            unexplained = SHARED_COMMENT_MAX;
        } else if inside && line.contains(" = ") && !line.contains("path = ") {
            unexplained = unexplained.saturating_add(1);
            if unexplained > SHARED_COMMENT_MAX {
                let what = "say in a comment above why this library is needed";
                findings.push(Finding::new("Cargo.toml", number + 1, what));
            }
        }
    }
    findings
}

/// The compiled RocksDB that cargo links here, if it is a kept one, is of the version in Cargo.lock.
pub(crate) fn kept_rocksdb(lock: &str, link: &str) -> Vec<Finding> {
    let version = lock
        .split("\n[[package]]\n")
        .find_map(|package| package.strip_prefix("name = \"librocksdb-sys\"\nversion = \""))
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    if link.is_empty() || link.contains(&format!("/rocksdb-{version}-")) {
        return Vec::new();
    }
    let what = format!("links another RocksDB than {version}: run scripts/setup.sh");
    vec![Finding::new(".cargo/rocksdb.toml", 0, what)]
}
