//! The programs under test: built once by the first test that needs them, quickly when they are up to date.
//!
//! The profile and the target directory are those of the tests themselves, so nothing is compiled twice.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the programs are.
struct Programs {
    target: PathBuf,
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        // The test binary is target/release/deps/it-<hash>.
        let own = std::env::current_exe().expect("the path of this test binary");
        let target = own
            .ancestors()
            .nth(3)
            .expect("a target directory above it")
            .to_owned();
        cargo(&target, &["build", "--release", "-p", "wasmill"]);
        cargo(&target, &["guests"]);
        Programs { target }
    })
}

/// Has cargo build something into the target directory of the tests; a failure shows cargo's own words.
fn cargo(target: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    // What cargo has told this test about itself: a build script that looks at it would run anew every time, and all
    // that depends on it would be compiled anew.
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(arguments)
        .arg("--quiet")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo can be started");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {}:\n{words}",
        arguments.join(" ")
    );
}

/// The binary.
pub(crate) fn wasmill() -> PathBuf {
    programs().target.join("release/wasmill")
}

/// A plugin by the name of its library, as the core module that cargo makes.
pub(crate) fn guest(name: &str) -> PathBuf {
    programs()
        .target
        .join(format!("wasm32-unknown-unknown/guest/{name}.wasm"))
}

/// Compiled components, shared by all tests and kept from run to run.
pub(crate) fn component_cache() -> PathBuf {
    programs().target.join("it-components")
}
