//! Guests that are not written in Rust: built once by the first test that needs them, by the script that their own
//! authors would use, with toolchains that `scripts/languages.sh` finds or installs. One that cannot be had fails the
//! test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use super::programs;

/// A guest by its language and the folder of its `build.sh`, from the root of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Guest {
    language: &'static str,
    folder: &'static str,
}

/// The jobs of the tests in Go.
pub(crate) const GO: Guest = guest("go", "tests/languages/go");
/// The jobs of the tests in C.
pub(crate) const C: Guest = guest("c", "tests/languages/c");
/// The samples.
pub(crate) const SAMPLES: [Guest; 3] = [
    guest("go", "plugins/word-count-go"),
    guest("c", "plugins/word-count-c"),
    guest("zig", "plugins/word-count-zig"),
];

const fn guest(language: &'static str, folder: &'static str) -> Guest {
    Guest { language, folder }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Guest {
    /// The module that its `build.sh` makes.
    pub(crate) fn built(self) -> PathBuf {
        type Built = BTreeMap<Guest, Arc<OnceLock<PathBuf>>>;
        static BUILT: Mutex<Built> = Mutex::new(BTreeMap::new());
        // Only the entry is taken under the lock: two guests may be built at once.
        let once = {
            let mut built = BUILT
                .lock()
                .expect("no test panics while it holds the lock");
            Arc::clone(built.entry(self).or_default())
        };
        once.get_or_init(|| self.build()).clone()
    }

    fn build(self) -> PathBuf {
        let name = self.folder.replace('/', "-");
        let folder = programs::component_cache().join("languages");
        std::fs::create_dir_all(&folder).expect("the target directory can be written");
        let out = folder.join(format!("{name}.wasm"));
        let script = root().join(self.folder).join("build.sh");
        with_tools(self.language, &[script.as_ref(), out.as_ref()]);
        out
    }
}

/// Runs a command with the tools of a language, which must succeed; returns what it says.
pub(crate) fn with_tools(language: &str, command: &[&Path]) -> String {
    let output = Command::new(root().join("scripts/languages.sh"))
        .arg(language)
        .args(command)
        .current_dir(root())
        .output()
        .expect("bash is there");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success(),
        "scripts/languages.sh {language} {command:?}:\n{said}"
    );
    said
}
