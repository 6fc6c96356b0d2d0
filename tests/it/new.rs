//! `wasmill new`, `build` and `dev`: a project of every language is written, passes its own test by the language's own
//! runner, is built by one command, runs, and keeps the rules. Tools that are missing are named.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::languages::root;
use crate::support::programs;
use crate::support::run::{Ended, Run};

/// What the job of every template tells of its sample.
fn totals() -> Vec<Value> {
    let totals = [
        ("anna", 1200),
        ("bert", 450),
        ("anna", 1299),
        ("carla", 30_000),
        ("bert", 500),
        ("anna", 1300),
    ];
    totals
        .into_iter()
        .map(|(account, cents)| json!({ "account": account, "cents": cents }))
        .collect()
}

/// A project that was just written.
struct Project {
    folder: TempDir,
    language: &'static str,
}

impl Project {
    fn new(language: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let run = Run::bare("new")
            .arg("first-job")
            .arg("--lang")
            .arg(language);
        run.arg("--dir").arg(folder.path()).end().success();
        Self { folder, language }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command in the folder, with the tools of the language on the path.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let language = match self.language {
            "typescript" => "javascript",
            language => language,
        };
        let mut command = if language == "rust" {
            Command::new(program.as_ref())
        } else {
            let mut command = Command::new(root().join("scripts/languages.sh"));
            command.arg(language).arg(program.as_ref());
            command
        };
        let target = programs::component_cache().with_file_name("");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        // What the SDK depends on is compiled once, in the folder of the tests.
        command
            .env("CARGO_TARGET_DIR", target)
            .current_dir(self.path());
        command
    }

    fn does(&self, program: impl AsRef<Path>, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output();
        let output = output.expect("it can be started");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr);
        let told = format!("{}: {arguments:?}\n{out}\n{err}", self.language);
        assert!(output.status.success(), "{told}");
        out
    }

    /// One command builds it.
    fn build(&self) -> PathBuf {
        let said = self.does(programs::wasmill(), &["build"]);
        assert_eq!(said.trim(), "job.wasm");
        self.path().join("job.wasm")
    }

    /// It tells what it should, and keeps the rules.
    fn runs(&self) {
        let component = self.build();
        let sample = self.path().join("sample.jsonl");
        let run = Run::new("run", &component).arg("--collect").parallelism(1);
        let ended = run.param("path", sample.display()).end().success();
        let lines = ended.out.lines().map(serde_json::from_str::<Value>);
        let told: Vec<Value> = lines.filter_map(Result::ok).collect();
        assert_eq!(told, totals(), "{}", ended.told());
        let doctor = Run::new("doctor", &component).arg("--sample").arg(&sample);
        let ended = doctor.end().success();
        assert!(
            ended.out.contains("10 ok, 0 failed, 0 skipped"),
            "{}",
            ended.told()
        );
    }
}

#[test]
fn a_project_in_rust_is_built_by_one_command() {
    let project = Project::new("rust");
    project.does("cargo", &["test", "--quiet"]);
    project.runs();
}

#[test]
fn a_project_in_go_is_built_by_one_command() {
    let project = Project::new("go");
    project.does("go", &["vet", "./..."]);
    project.does("go", &["test", "./..."]);
    project.runs();
}

#[test]
fn a_project_in_c_is_built_by_one_command() {
    let project = Project::new("c");
    project.does("make", &["test"]);
    project.runs();
}

#[test]
fn a_project_in_python_is_built_by_one_command() {
    let project = Project::new("python");
    project.does("python", &["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    project.runs();
}

#[test]
fn a_project_in_typescript_is_built_by_one_command() {
    let project = Project::new("typescript");
    // What `npm install` would do, from the copy of the SDK that was built for the tests.
    let sdk = project.does("sh", &["-c", "echo ${PATH%%/node_modules*}"]);
    let sdk = Path::new(sdk.trim());
    let modules = project.path().join("node_modules");
    fs::create_dir(&modules).expect("a folder");
    symlink(sdk, modules.join("wasmill")).expect("a link");
    symlink(sdk.join("node_modules/@types"), modules.join("@types")).expect("a link");
    project.does("npm", &["test"]);
    project.runs();
}

fn refused(arguments: &[&str], needles: &[&str]) -> Ended {
    let mut run = Run::bare(arguments[0]);
    for argument in &arguments[1..] {
        run = run.arg(argument);
    }
    let ended = run.end();
    ended.fails_naming(needles);
    ended
}

#[test]
fn what_cannot_be_a_project_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().display().to_string();
    refused(
        &["new", "No Name", "--dir", &path],
        &["name \"No Name\"", "lower-case"],
    );
    let nowhere = format!("{path}/sdk");
    refused(
        &["new", "a", "--dir", &path, "--sdk", &nowhere],
        &["the SDK of Rust", "--sdk PATH"],
    );
    refused(&["build", &path], &["this is no project", "Cargo.toml"]);
    fs::write(folder.path().join("mine.txt"), "mine").expect("written");
    refused(&["new", "a", "--dir", &path], &["not empty"]);
    let kept = fs::read_to_string(folder.path().join("mine.txt"));
    assert_eq!(kept.expect("it is still there"), "mine");
}

#[test]
fn a_missing_tool_is_named_with_what_installs_it() {
    let tools = [
        ("rust", "rustc"),
        ("go", "go"),
        ("c", "clang-19"),
        ("python", "python3"),
        ("typescript", "node"),
    ];
    for (language, tool) in tools {
        let project = Project::new(language);
        let run = Run::bare("build")
            .variable("PATH", "nowhere")
            .arg(project.path());
        run.end().fails_naming(&[tool, "is missing", "install"]);
    }
}

#[test]
fn a_mistake_in_the_job_is_shown_in_the_words_of_the_compiler() {
    let project = Project::new("c");
    fs::write(project.path().join("job.c"), "int wrong = \"text\" +;\n").expect("written");
    let ended = Run::bare("build").arg(project.path()).end();
    ended.fails_naming(&["wasmill-cc could not build"]);
    assert!(
        ended.err.contains("expected expression"),
        "{}",
        ended.told()
    );
    assert!(!project.path().join("job.wasm").exists());
}

#[test]
fn dev_builds_and_runs_again_after_a_change_until_it_is_interrupted() {
    let project = Project::new("c");
    let mut setting = std::ffi::OsString::from("data.cache-dir=");
    setting.push(programs::component_cache());
    let run = Run::bare("dev")
        .arg(project.path())
        .arg("-p")
        .arg("1")
        .arg("-D")
        .arg(setting);
    let mut running = run.start();
    let told = |it: &crate::support::run::Running, line: &str| it.output().contains(line);
    assert!(running.reaches("the first run", |it| told(it, "30000")));
    let sample = project.path().join("sample.jsonl");
    fs::write(&sample, "{\"account\":\"emil\",\"cents\":4711}\n").expect("written");
    assert!(running.reaches("a run with other data", |it| told(it, "4711")));
    let job = project.path().join("job.c");
    let source = fs::read_to_string(&job).expect("the job");
    fs::write(&job, "broken").expect("written");
    let failed = |it: &crate::support::run::Running| it.errors().contains("could not build");
    assert!(running.reaches("a failed build", failed));
    let twice = source.replace("+= paid->cents", "+= 2 * paid->cents");
    fs::write(&job, twice).expect("written");
    assert!(running.reaches("a run of another job", |it| told(it, "9422")));
    running.interrupt();
    running.end().success();
}
