//! The tree that the house rules are checked on: the files that git knows or would take, or a planted handful.
//!
//! Rules read this and nothing else, so every one of them can be shown to fire on files that exist only in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Path of the file from the root of the repository.
    pub(crate) path: String,
    /// Its line, from 1; 0 for the file as a whole.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.what),
            line => write!(out, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// A text file.
pub(crate) struct File {
    /// Path from the root of the repository, with slashes.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
    /// The same, for Rust files, with comments and literals blanked out; lines stay where they are.
    pub(crate) code: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the file is test or benchmark code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || ["/tests/", "/benches/"]
                .iter()
                .any(|part| self.path.contains(part))
            || self.path.starts_with("tests/")
    }
}

/// The root of the repository that this test runs in. Asked for at run time: a target folder that several checkouts
/// share may hold a test that another one has compiled.
pub(crate) fn root() -> PathBuf {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs this test and says where it is");
    Path::new(&package).join("..")
}

/// All text files, by path, and the paths of all files.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the repository.
    pub(crate) fn read() -> Self {
        let root = root();
        let listed = Command::new("git")
            .args(["-c", "safe.directory=*", "ls-files", "-z"])
            .args(["--cached", "--others", "--exclude-standard"])
            .current_dir(&root)
            .output()
            .expect("the rules are checked on the files that git lists: install git");
        assert!(
            listed.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let mut tree = Self {
            files: Vec::new(),
            paths: BTreeSet::new(),
        };
        for path in listed
            .stdout
            .split(|&byte| byte == 0)
            .filter(|path| !path.is_empty())
        {
            let path = String::from_utf8_lossy(path).into_owned();
            // A file that was removed but not yet from git's list is no file.
            let Ok(bytes) = std::fs::read(root.join(&path)) else {
                continue;
            };
            tree.add(path, String::from_utf8(bytes).ok());
        }
        assert!(
            tree.paths.len() > 30,
            "only {} files found",
            tree.paths.len()
        );
        tree
    }

    /// A tree of these files.
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let mut tree = Self {
            files: Vec::new(),
            paths: BTreeSet::new(),
        };
        for &(path, text) in files {
            tree.add(path.to_owned(), Some(text.to_owned()));
        }
        tree
    }

    fn add(&mut self, path: String, text: Option<String>) {
        self.paths.insert(path.clone());
        if let Some(text) = text {
            let code = if path.ends_with(".rs") {
                blank(&text)
            } else {
                String::new()
            };
            self.files.push(File { path, text, code });
        }
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    pub(crate) fn markdown(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".md"))
    }

    /// The manifests, parsed; one that does not parse is a finding.
    pub(crate) fn manifests(&self) -> (BTreeMap<&str, toml::Table>, Vec<Finding>) {
        let (mut manifests, mut findings) = (BTreeMap::new(), Vec::new());
        for file in &self.files {
            if file.path != "Cargo.toml" && !file.path.ends_with("/Cargo.toml") {
                continue;
            }
            match file.text.parse() {
                Ok(table) => drop(manifests.insert(file.path.as_str(), table)),
                Err(error) => {
                    findings.push(Finding::new(&file.path, 0, format!("no TOML: {error}")))
                }
            }
        }
        (manifests, findings)
    }
}

/// Replaces comments and the insides of string and character literals by spaces.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(
                bytes[at..end]
                    .iter()
                    .map(|&b| if b == b'\n' { b'\n' } else { b' ' }),
            );
            at = end;
        }
    }
    String::from_utf8(out).expect("whole characters were replaced")
}

/// Where the comment or literal that begins at `at` ends, or `at` if none begins there.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return find(bytes, at + 2, b"*/");
    }
    if rest[0] == b'r' && !word_before {
        let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            return find(bytes, at + 2 + hashes, &close);
        }
    }
    match rest[0] {
        b'"' => quoted_end(bytes, at, b'"'),
        // A quote opens a character literal only if it closes after one character: otherwise it is a lifetime.
        b'\'' if rest.get(1) == Some(&b'\\') => quoted_end(bytes, at, b'\''),
        b'\'' => {
            let width = rest[1..]
                .iter()
                .take(4)
                .position(|&b| b == b'\'')
                .unwrap_or(0);
            let one = std::str::from_utf8(&rest[1..=width]).is_ok_and(|t| t.chars().count() == 1);
            if one { at + width + 2 } else { at }
        }
        _ => at,
    }
}

fn find(bytes: &[u8], from: usize, close: &[u8]) -> usize {
    let rest = &bytes[from.min(bytes.len())..];
    rest.windows(close.len())
        .position(|w| w == close)
        .map_or(bytes.len(), |i| from + i + close.len())
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
