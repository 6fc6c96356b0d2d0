//! What `wasmill new` writes: a small job with its test and its data, the same in every language.
//!
//! Keeps: nothing that is there is changed; names in the files are those of the project and of the SDK beside this
//! program. The files are part of this program, and compile as they stand but for these names.

use std::path::{Path, PathBuf};

use super::{Language, ProjectError, Sdk};

/// A file of a template: its name in the project, and its text.
type File = (&'static str, &'static str);

/// The files that every project has.
const COMMON: [File; 2] = [
    (
        "sample.jsonl",
        include_str!("../templates/common/sample.jsonl"),
    ),
    (".gitignore", include_str!("../templates/common/gitignore")),
];

const RUST: [File; 4] = [
    (
        "Cargo.toml",
        include_str!("../templates/rust/Cargo.toml.in"),
    ),
    ("src/lib.rs", include_str!("../templates/rust/src/lib.rs")),
    (
        "src/tests.rs",
        include_str!("../templates/rust/src/tests.rs"),
    ),
    ("README.md", include_str!("../templates/rust/README.md")),
];

const PYTHON: [File; 4] = [
    ("job.py", include_str!("../templates/python/job.py")),
    (
        "test_job.py",
        include_str!("../templates/python/test_job.py"),
    ),
    (
        "pyproject.toml",
        include_str!("../templates/python/pyproject.toml"),
    ),
    ("README.md", include_str!("../templates/python/README.md")),
];

const TYPESCRIPT: [File; 5] = [
    ("job.ts", include_str!("../templates/typescript/job.ts")),
    (
        "job.test.ts",
        include_str!("../templates/typescript/job.test.ts"),
    ),
    (
        "package.json",
        include_str!("../templates/typescript/package.json"),
    ),
    (
        "tsconfig.json",
        include_str!("../templates/typescript/tsconfig.json"),
    ),
    (
        "README.md",
        include_str!("../templates/typescript/README.md"),
    ),
];

const GO: [File; 4] = [
    ("go.mod", include_str!("../templates/go/go.mod.in")),
    ("main.go", include_str!("../templates/go/main.go")),
    ("main_test.go", include_str!("../templates/go/main_test.go")),
    ("README.md", include_str!("../templates/go/README.md")),
];

const C: [File; 4] = [
    ("job.c", include_str!("../templates/c/job.c")),
    ("job_test.c", include_str!("../templates/c/job_test.c")),
    ("Makefile", include_str!("../templates/c/Makefile")),
    ("README.md", include_str!("../templates/c/README.md")),
];

fn files(language: Language) -> &'static [File] {
    match language {
        Language::Rust => &RUST,
        Language::Python => &PYTHON,
        Language::Typescript => &TYPESCRIPT,
        Language::Go => &GO,
        Language::C => &C,
    }
}

/// Writes a project, and tells its folder and its files.
///
/// # Errors
/// The name is none, the folder is occupied, the SDK is not there, or the disk says no.
pub(crate) fn create(
    language: Language,
    name: &str,
    folder: &Path,
    sdk: &Sdk,
) -> Result<Vec<PathBuf>, ProjectError> {
    check_name(name)?;
    let library = sdk.of(language)?;
    if let Ok(mut entries) = folder.read_dir()
        && entries.next().is_some()
    {
        return Err(ProjectError::Occupied(folder.to_owned()));
    }
    let library = library.display().to_string();
    let mut written = Vec::new();
    for (file, text) in files(language).iter().chain(&COMMON) {
        let path = folder.join(file);
        let text = text.replace("{{name}}", name).replace("{{sdk}}", &library);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(ProjectError::io(parent))?;
        }
        std::fs::write(&path, text).map_err(ProjectError::io(&path))?;
        written.push(path);
    }
    // The libraries of the SDK in the versions it was tested with; cargo leaves out what a project does not need.
    if language == Language::Rust
        && let Some(lock) = sdk.lock_file()
    {
        let path = folder.join("Cargo.lock");
        std::fs::copy(&lock, &path).map_err(ProjectError::io(&lock))?;
        written.push(path);
    }
    Ok(written)
}

/// A name that is a package in every language.
fn check_name(name: &str) -> Result<(), ProjectError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.chars().all(fits) && !name.ends_with('-') && name.len() <= 64 {
        return Ok(());
    }
    Err(ProjectError::Name(name.to_owned()))
}
