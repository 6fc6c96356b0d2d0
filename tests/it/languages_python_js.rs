//! Jobs in Python and TypeScript, through the real binary: they give the oracle's answers, undisturbed and killed, and
//! the samples publish what is written down for their twins in Rust.
//!
//! Components are built by `scripts/languages.sh`, which installs the tools, once for each content of the sources. If it
//! cannot, the test fails with what it says: a language that is not tested is not supported.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::golden::{json_lines, parts_below};
use crate::support::answer::{Lines, Sum};
use crate::support::kills::end_after_kills;
use crate::support::oracle::Question;
use crate::support::published;
use crate::support::run::Run;
use crate::support::text;

pub(crate) const PYTHON: Language = Language {
    name: "python",
    jobs: "tests/languages/python/jobs.py",
};

pub(crate) const TYPESCRIPT: Language = Language {
    name: "javascript",
    jobs: "tests/languages/typescript/jobs.ts",
};

/// A guest language.
pub(crate) struct Language {
    /// What the script calls it.
    name: &'static str,
    /// The file of the jobs that answer the oracle's questions.
    jobs: &'static str,
}

impl Language {
    /// Runs a verb of the script; returns what it prints.
    fn script(&self, arguments: &[&str]) -> String {
        let output = Command::new(root().join("scripts/languages.sh"))
            .arg(self.name)
            .args(arguments)
            .current_dir(root())
            .output()
            .expect("scripts/languages.sh starts");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr);
        let told = arguments.join(" ");
        assert!(
            output.status.success(),
            "scripts/languages.sh {} {told}:\n{out}\n{err}",
            self.name
        );
        out
    }

    /// The component of a job.
    fn component(&self, job: &str) -> PathBuf {
        PathBuf::from(self.script(&["build", job]).trim())
    }

    /// The component of the jobs that answer the oracle's questions.
    pub(crate) fn built(&self) -> PathBuf {
        self.component(self.jobs)
    }

    /// A run of one of the jobs that answer the oracle's questions.
    fn run(&self, job: &str) -> Run {
        Run::new("run", self.built())
            .arg("--json")
            .param("job", job)
    }

    /// Every question with generated data is answered exactly.
    fn answers(&self, job: &str, parallelism: u32) {
        let question = question(job, 20_000, 100);
        let run = self
            .run(job)
            .param("n", question.n)
            .param("keys", question.keys)
            .param("epm", question.epm);
        let summary = run.parallelism(parallelism).summary();
        let told = format!("{} {job}: {summary}", self.name);
        assert_eq!(
            Sum::of_summary(&summary),
            Sum::expected(&question),
            "{told}"
        );
    }

    /// Words are counted exactly, with every update or at the end.
    fn counts_words(&self) {
        let data = tempfile::tempdir().expect("a directory");
        let file = data.path().join("words.txt");
        let text = text::make(200_000, 3_000);
        fs::write(&file, &text).expect("the text can be written");
        for (job, emit) in [("J7-final", "final"), ("J7-all", "all")] {
            let question = Question {
                text: &text,
                ..question(job, 0, 1)
            };
            let run = self
                .run("J7")
                .param("file", file.display())
                .param("emit", emit);
            let summary = run.parallelism(2).summary();
            let told = format!("{} {job}: {summary}", self.name);
            assert_eq!(
                Sum::of_summary(&summary),
                Sum::expected(&question),
                "{told}"
            );
        }
    }

    /// A word count with a timer for each word survives kills.
    fn words_survive_kills(&self) {
        let data = tempfile::tempdir().expect("a directory");
        let file = data.path().join("words.txt");
        let text = text::make(150_000, 2_000);
        fs::write(&file, &text).expect("the text can be written");
        let question = Question {
            text: &text,
            ..question("J7-final", 0, 1)
        };
        let rate = text.lines().count() / 2;
        let command = |out: &Path| {
            let run = self
                .run("J7")
                .param("file", file.display())
                .param("emit", "final")
                .param("rate", rate);
            run.param("out", out.display())
        };
        survives_kills(&command, &|out, told| {
            published::lines(out).must_equal(&Lines::expected(&question), told);
        });
    }

    /// Windows of generated data survive kills.
    fn windows_survive_kills(&self, job: &str) {
        let question = question(job, 30_000, 50);
        let command = |out: &Path| {
            let run = self
                .run(job)
                .param("n", question.n)
                .param("keys", question.keys)
                .param("epm", question.epm)
                .param("rate", question.n / 2);
            run.param("out", out.display())
        };
        survives_kills(&command, &|out, told| {
            published::lines(out).must_equal(&Lines::expected(&question), told);
        });
    }

    /// A source and a sink written in the language give every number once.
    fn has_connectors_of_its_own(&self) {
        let out = tempfile::tempdir().expect("a directory");
        let grant = format!("files={}", out.path().display());
        self.run("connectors")
            .param("n", 20_000)
            .arg("--grant")
            .arg(grant)
            .parallelism(2)
            .summary();
        let mut expected = Lines::default();
        (0..20_000).for_each(|number| expected.add(number.to_string()));
        published::plain_lines(out.path()).must_equal(&expected, self.name);
    }

    /// A failure in user code names the job's operator, the record and the function.
    fn failures_name(&self, needles: &[&str]) {
        let needles = [&["seven is refused", "at record"], needles].concat();
        self.run("fail")
            .param("n", 1_000)
            .end()
            .fails_naming(&needles);
        let mistyped = self.run("J2").param("n", "many").end();
        mistyped.fails_naming(&["parameter n", "`many` is no long"]);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn question(job: &str, n: u64, keys: u64) -> Question<'_> {
    Question {
        job,
        n,
        keys,
        epm: 1,
        text: "",
    }
}

/// Runs a job to its end twice: undisturbed, and killed twice after a checkpoint and restored with another parallelism.
fn survives_kills(command: &dyn Fn(&Path) -> Run, check: &dyn Fn(&Path, &str)) {
    let data = tempfile::tempdir().expect("a directory");
    let out = data.path().join("out");
    let (_, told) = end_after_kills(&|| command(&out), data.path(), 2, 150..450);
    check(&out, &told);
}

/// A sample in another language publishes what its twin in Rust must publish.
fn sample_keeps_its_promise(
    language: &Language,
    job: &str,
    (twin, data, rate): (&str, &str, u32),
    outputs: &[&str],
) {
    let component = language.component(job);
    let input = root().join("plugins").join(twin).join("data").join(data);
    let command = |out: &Path| {
        let run = Run::new("run", &component)
            .arg("--json")
            .param("path", input.display())
            .param("rate", rate);
        run.param("out", out.display())
    };
    let check = |out: &Path, told: &str| {
        for output in outputs {
            let golden = root().join("tests/golden").join(twin);
            let expected = json_lines(&[golden.join(format!("{output}.jsonl"))]);
            assert!(expected.len() > 5, "{output}: too little is expected");
            let found = json_lines(&parts_below(&out.join(output)));
            found.must_equal(&expected, &format!("{job} {output}, {told}"));
        }
    };
    let plain = tempfile::tempdir().expect("a directory");
    command(plain.path()).end().success();
    check(plain.path(), "undisturbed");
    survives_kills(&command, &check);
}

#[test]
fn python_answers_the_oracle() {
    PYTHON.answers("J2", 2);
    PYTHON.answers("J4", 2);
    PYTHON.answers("J5", 2);
    PYTHON.answers("J8", 2);
    PYTHON.counts_words();
}

#[test]
fn typescript_answers_the_oracle() {
    TYPESCRIPT.answers("J2", 2);
    TYPESCRIPT.answers("J4", 2);
    TYPESCRIPT.answers("J5", 2);
    TYPESCRIPT.answers("J8", 2);
    TYPESCRIPT.counts_words();
}

#[test]
fn python_survives_kills() {
    PYTHON.words_survive_kills();
    PYTHON.windows_survive_kills("J4");
    PYTHON.windows_survive_kills("J8");
}

#[test]
fn typescript_survives_kills() {
    TYPESCRIPT.words_survive_kills();
    TYPESCRIPT.windows_survive_kills("J4");
    TYPESCRIPT.windows_survive_kills("J8");
}

#[test]
fn sources_and_sinks_are_written_in_python_and_typescript() {
    PYTHON.has_connectors_of_its_own();
    TYPESCRIPT.has_connectors_of_its_own();
}

#[test]
fn failures_name_the_place_in_the_users_code() {
    PYTHON.failures_name(&["valueerror", "jobs.py, line", "in refuse"]);
    TYPESCRIPT.failures_name(&["rangeerror", "at refuse"]);
}

/// componentize-py never frees a byte that leaves the guest: the host replaces the instance, and nothing shows.
#[test]
fn a_long_run_in_python_does_not_run_out_of_memory() {
    let ended = PYTHON
        .run("grow")
        .param("n", 600_000)
        .set("log.level", "wasm=debug")
        .end()
        .success();
    assert_eq!(ended.summary()["count"], 600_000, "{}", ended.told());
    let replaced = ended.err.matches("its memory is large").count();
    assert!(replaced > 1, "{}", ended.told());
}

#[test]
fn fraud_detection_in_python_finds_what_it_must() {
    let job = "plugins/fraud-detection-python/fraud_detection.py";
    let twin = ("fraud-detection", "payments.jsonl", 1_000);
    sample_keeps_its_promise(&PYTHON, job, twin, &["alerts"]);
}

#[test]
fn sessionization_in_typescript_finds_what_it_must() {
    let job = "plugins/sessionization-typescript/sessionization.ts";
    let twin = ("sessionization", "clicks.jsonl", 1_000);
    sample_keeps_its_promise(&TYPESCRIPT, job, twin, &["sessions", "late"]);
}

#[test]
fn the_python_sdk_passes_its_own_tests() {
    PYTHON.script(&["test"]);
    PYTHON.script(&["test", "plugins/fraud-detection-python"]);
}

#[test]
fn the_javascript_sdk_passes_its_own_tests() {
    TYPESCRIPT.script(&["test"]);
    TYPESCRIPT.script(&["test", "plugins/sessionization-typescript"]);
    TYPESCRIPT.script(&["test", "tests/languages/typescript"]);
}
