//! Builds the guests once per test run, with the compiler that builds the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where the guests of the tests are, from the root.
const GUESTS: &str = "host/crates/wasm/tests/guests";

/// The file of a guest.
pub(crate) fn path(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let target = root().join("target/guests");
        let arguments = ["build", "--release", "--locked"];
        cargo(&root().join(GUESTS), &arguments, &target);
        target.join("wasm32-unknown-unknown/release")
    });
    built.join(format!("{name}.wasm"))
}

/// Its bytes.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("the guest was built")
}

/// The root of the repository: this file serves the tests of more than one package.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|folder| folder.join(GUESTS).is_dir())
        .expect("a package of this repository")
}

fn cargo(folder: &Path, arguments: &[&str], target: &Path) {
    let status = Command::new(env!("CARGO"))
        .current_dir(folder)
        .args(arguments)
        .args(["--target", "wasm32-unknown-unknown"])
        .arg("--target-dir")
        .arg(target)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the guests of {folder:?} do not build");
}

/// A plugin, as the core module that cargo makes.
pub(crate) fn plugin(name: &str) -> PathBuf {
    let target = root().join("target");
    cargo(
        root(),
        &["build", "--profile", "guest", "-p", name],
        &target,
    );
    target.join(format!("wasm32-unknown-unknown/guest/{name}.wasm"))
}
