//! The console: what is committed is what its sources build, its own tests pass, and a job lives its life in a real
//! browser on a real cluster.
//!
//! Needs node and Chromium; what is missing fails the test and says so. What the browser does stands in `web/e2e`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::cluster::Cluster;
use crate::support::programs;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

/// A command in the folder of the console.
fn in_console(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(sources());
    command
}

/// Runs a command to its success.
fn done(mut command: Command) -> Output {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; the tests of the console need node 20 and npm")
    });
    assert!(
        output.status.success(),
        "{command:?}:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Installs what `package-lock.json` names, once, if it is not there.
fn installed() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        if !sources().join("node_modules/.package-lock.json").exists() {
            done(in_console("npm", &["ci", "--no-audit", "--no-fund"]));
        }
    });
}

/// The files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").to_owned();
                found.insert(name, std::fs::read(&path).expect("the file can be read"));
            }
        }
    }
    found
}

#[test]
fn the_committed_console_is_what_its_sources_build() {
    installed();
    let built = TempDir::new().expect("a folder");
    let folder = built.path().to_str().expect("a name in UTF-8");
    done(in_console(
        "npm",
        &["run", "build", "--", "--outDir", folder, "--emptyOutDir"],
    ));
    let (committed, built) = (files(&sources().join("dist")), files(built.path()));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&committed),
        names(&built),
        "web/dist is not what web/src builds: run `make console` and commit it"
    );
    for (name, bytes) in &built {
        assert!(
            committed[name] == *bytes,
            "web/dist/{} is not what web/src builds: run `make console` and commit it",
            name.display()
        );
    }
}

#[test]
fn the_unit_tests_of_the_console_pass() {
    installed();
    done(in_console("npm", &["test"]));
}

#[test]
fn a_job_lives_its_life_in_the_browser() {
    installed();
    let data = TempDir::new().expect("a folder");
    let plugin = programs::guest("bench");
    let plugins = plugin.parent().expect("a folder of plugins");
    let pictures = plugins
        .ancestors()
        .nth(2)
        .expect("the target directory")
        .join("console-screenshots");
    let cluster = Cluster::start(data.path());
    let mut scenes = in_console("node", &["e2e/main.mjs"]);
    scenes
        .env("CONSOLE_ADDRESS", format!("http://{}", cluster.address))
        .env("CONSOLE_PLUGINS", plugins)
        .env("CONSOLE_PICTURES", pictures);
    done(scenes);
}
