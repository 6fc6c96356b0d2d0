//! From a project to its component, by the tools of its language as `docs/LANGUAGES.md` has them.
//!
//! Keeps: the component appears in the folder at once and whole, or the one before stays. What a tool says about the
//! user's code is shown as it is.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::language::{job_file, sources};
use super::system::{self, System, Tool};
use super::toolchain::{Invocation, on_path};
use super::{Language, ProjectError, Sdk};
use crate::output;

/// The target of components in Rust.
const RUST_TARGET: &str = "wasm32-unknown-unknown";

/// The first version of Go that can be used: 1 and this.
const GO_MINOR_MIN: u32 = 24;

/// Compilers of C, the one that is tested first.
const CLANGS: [&str; 5] = ["clang-19", "clang-20", "clang-21", "clang-22", "clang"];

/// What clang and its linker say when the libraries for WASI are not there.
const NO_LIBRARIES: [&str; 4] = [
    "file not found",
    "crt1-reactor.o",
    "libclang_rt.builtins",
    "unable to find library -lc",
];

/// Builds the component of a project at `out`, and tells its language. Blocks until it is built.
///
/// # Errors
/// The folder is no project, a tool is missing, or the job does not compile.
pub(crate) fn build(folder: &Path, sdk: &Sdk, out: &Path) -> Result<Language, ProjectError> {
    let folder = folder.canonicalize().map_err(ProjectError::io(folder))?;
    let language = Language::of(&folder)?;
    let part = out.with_extension("wasm.part");
    match language {
        Language::Rust => rust(&folder, &part)?,
        Language::Python => python(&folder, sdk, &part)?,
        Language::Typescript => typescript(&folder, sdk, &part)?,
        Language::Go => go(&folder, &part)?,
        Language::C => c(&folder, sdk, &part)?,
    }
    std::fs::rename(&part, out).map_err(ProjectError::io(out))?;
    Ok(language)
}

fn rust(folder: &Path, part: &Path) -> Result<(), ProjectError> {
    let tool = |program: &str, tool| Invocation::of(program, tool, folder);
    let mut library =
        tool("rustc", Tool::Cargo).args(["--print", "target-libdir", "--target", RUST_TARGET]);
    let found = String::from_utf8_lossy(&library.output()?.stdout).into_owned();
    if !Path::new(found.trim()).is_dir() {
        let name = format!("Rust's library for {RUST_TARGET}");
        return Err(system::missing(&name, Tool::RustTarget));
    }
    let format = "--message-format=json-render-diagnostics";
    let told = tool("cargo", Tool::Cargo)
        .args(["build", "--release", "--target", RUST_TARGET, format])
        .run()?;
    let told = String::from_utf8_lossy(&told);
    let mut modules = told.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let files = message.get("filenames")?.as_array()?;
        let mut files = files.iter().filter_map(Value::as_str);
        files
            .find(|file| file.ends_with(".wasm"))
            .map(PathBuf::from)
    });
    // What the project depends on comes before it.
    let Some(module) = modules.next_back() else {
        return Err(ProjectError::NoComponent {
            tool: "cargo".to_owned(),
            folder: folder.to_owned(),
            reason: "Cargo.toml must have crate-type = [\"cdylib\"] in [lib]".to_owned(),
        });
    };
    std::fs::copy(&module, part).map_err(ProjectError::io(&module))?;
    Ok(())
}

fn go(folder: &Path, part: &Path) -> Result<(), ProjectError> {
    let mut version = Invocation::of("go", Tool::Go, folder).args(["env", "GOVERSION"]);
    let version = String::from_utf8_lossy(&version.output()?.stdout)
        .trim()
        .to_owned();
    let minor = version.strip_prefix("go1.").and_then(|rest| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u32>().ok()
    });
    if minor.is_some_and(|minor| minor < GO_MINOR_MIN) {
        return Err(ProjectError::Tool {
            tool: "go".to_owned(),
            problem: format!("is {version}, and 1.{GO_MINOR_MIN} is needed"),
            remedy: System::Other.remedy(Tool::Go),
        });
    }
    Invocation::of("go", Tool::Go, folder)
        .variable("GOOS", "wasip1")
        .variable("GOARCH", "wasm")
        .args([
            "build",
            "-buildmode=c-shared",
            "-trimpath",
            "-ldflags=-s -w",
            "-o",
        ])
        .arg(part)
        .arg(".")
        .run()?;
    Ok(())
}

fn c(folder: &Path, sdk: &Sdk, part: &Path) -> Result<(), ProjectError> {
    let compiler = sdk.of(Language::C)?.join("wasmill-cc");
    let Some(clang) = CLANGS.into_iter().find(|name| on_path(name).is_some()) else {
        return Err(system::missing(CLANGS[0], Tool::Clang));
    };
    let mut invocation = Invocation::of(compiler, Tool::Clang, folder)
        .variable("CLANG", clang)
        .arg("-o")
        .arg(part);
    for source in sources(folder, "c")? {
        invocation = invocation.arg(source);
    }
    let output = invocation.output()?;
    let words = String::from_utf8_lossy(&output.stderr);
    if !words.is_empty() {
        output::error(words.trim_end());
    }
    let lacks = |line: &str| {
        let of_wasi = [
            "stdlib.h",
            "string.h",
            "stdint.h",
            "crt1",
            "libclang_rt",
            "-lc",
        ];
        NO_LIBRARIES.iter().any(|it| line.contains(it))
            && of_wasi.iter().any(|it| line.contains(it))
    };
    if !output.status.success() && words.lines().any(lacks) {
        return Err(system::missing("the C library for WASI", Tool::Clang));
    }
    invocation.judge(&output)
}

fn python(folder: &Path, sdk: &Sdk, part: &Path) -> Result<(), ProjectError> {
    let own = folder.join(".venv/bin/python");
    let python = if own.is_file() {
        own
    } else {
        PathBuf::from("python3")
    };
    let job = job_file(folder, &["py"])?;
    let library = sdk.of(Language::Python)?;
    let mut probe =
        Invocation::of(&python, Tool::Python, folder).args(["-c", "import componentize_py"]);
    if !probe.output()?.status.success() {
        let library = library.display();
        return Err(ProjectError::Tool {
            tool: "componentize-py".to_owned(),
            problem: format!("is missing for {}", python.display()),
            remedy: format!(
                "install it, in the folder of the project: python3 -m venv .venv && .venv/bin/pip install '{library}[build,test]'"
            ),
        });
    }
    Invocation::of(&python, Tool::Python, folder)
        .variable("PYTHONPATH", library)
        .variable("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-m", "wasmill", "build"])
        .arg(job)
        .arg("-o")
        .arg(part)
        .run()?;
    Ok(())
}

fn typescript(folder: &Path, sdk: &Sdk, part: &Path) -> Result<(), ProjectError> {
    let job = job_file(folder, &["ts", "js"])?;
    if on_path("node").is_none() {
        return Err(system::missing("node", Tool::Node));
    }
    let installed = folder.join("node_modules/wasmill/bin/build.mjs");
    let own = sdk.of(Language::Typescript)?;
    let in_sources = own.join("bin/build.mjs");
    let is_built = own.join("dist").is_dir() && own.join("node_modules").is_dir();
    let builder = match (installed.is_file(), is_built) {
        (true, _) => installed,
        (false, true) => in_sources,
        (false, false) => {
            let own = own.display();
            return Err(ProjectError::Tool {
                tool: "wasmill-build".to_owned(),
                problem: "is not installed".to_owned(),
                remedy: format!(
                    "build the SDK once: (cd '{own}' && npm ci && npm run build), then in the folder of the project: npm install"
                ),
            });
        }
    };
    Invocation::of("node", Tool::Node, folder)
        .arg(builder)
        .arg(job)
        .arg("-o")
        .arg(part)
        .run()?;
    Ok(())
}
