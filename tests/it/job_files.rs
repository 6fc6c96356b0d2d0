//! Job files: several components in one job, components with open ports, exported plans, and every mistake named.
//!
//! Expected results are counted here, naively, from the records that go in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::answer::Lines;
use crate::support::oracle::{Field, Question};
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::{Ended, Run};

mod collected;
mod mistakes;
mod settings;

/// A folder with a job file in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a job file; `PARTS` in it stands for the component of these tests.
    fn job(&self, text: &str) -> PathBuf {
        let file = self.path("job.yaml");
        let text = text.replace("PARTS", &guest("guest_parts").display().to_string());
        std::fs::write(&file, text).expect("the job file can be written");
        file
    }

    fn run(&self, text: &str) -> Run {
        Run::new("run", self.job(text))
    }
}

/// The records that `--collect` printed, and the summary behind them if it is JSON too.
fn collected(ended: &Ended) -> Vec<Value> {
    let lines = ended.out.lines().map(|line| {
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}\n{}", ended.told()))
    });
    lines.collect()
}

/// The largest value that each key came with.
fn largest(records: &[Value], key: &str, value: &str) -> BTreeMap<String, i64> {
    let mut largest = BTreeMap::new();
    for record in records {
        let key = match &record[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let value = record[value].as_i64().expect("a number");
        let held = largest.entry(key).or_insert(value);
        *held = value.max(*held);
    }
    largest
}

const TEXT: [&str; 3] = ["to be or not to be", "extraordinarily", "be"];

/// Two typed components and two connectors.
const WORDS: &str = r#"
name: words
parallelism: 2
parameters: { longest: 10 }
components:
  text: PARTS
  counting: { path: PARTS, parameters: { part: counter } }
operators:
  # Not in the order of the stream, on purpose.
  - { uid: counts, component: counting, input: words.words }
  - { uid: out, sink: { type: collect }, input: counts }
  - uid: lines
    source: { type: collection, schema: string, values: [ "to be or not to be", "extraordinarily", "be" ] }
  - uid: words
    component: text
    parameters: { part: tokenizer, longest: "${longest}" }
    inputs: { lines: lines }
"#;

fn naive_counts(longest: usize) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for word in TEXT.iter().flat_map(|line| line.split_whitespace()) {
        if word.len() <= longest {
            *counts.entry(word.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn components_of_one_job_work_together() {
    let folder = Folder::new();
    let ended = folder.run(WORDS).end().success();
    assert_eq!(
        largest(&collected(&ended), "word", "count"),
        naive_counts(10)
    );
    let longer = folder.run(WORDS).param("longest", 100).end().success();
    let longer = largest(&collected(&longer), "word", "count");
    assert_eq!(longer, naive_counts(100));
    assert!(longer.contains_key("extraordinarily"));
}

#[test]
fn a_plan_shows_operators_and_tasks_of_several_components() {
    let folder = Folder::new();
    let file = folder.job(WORDS);
    let plan = Run::new("plan", &file).arg("--json").end().success().json();
    let names: Vec<&Value> = plan["components"]
        .as_array()
        .expect("components")
        .iter()
        .map(|component| &component["name"])
        .collect();
    assert_eq!(names, ["text", "counting"]);
    let vertices = plan["vertices"].as_array().expect("vertices");
    for vertex in vertices {
        let uids: Vec<&str> = vertex["operators"]
            .as_array()
            .expect("operators")
            .iter()
            .filter_map(|it| it["uid"].as_str())
            .filter(|uid| uid.contains('/'))
            .collect();
        let of = |name: &str| uids.iter().all(|uid| uid.starts_with(name));
        match vertex["component"].as_str() {
            Some("text") => assert!(of("words/"), "{vertex}"),
            Some("counting") => assert!(of("counts/"), "{vertex}"),
            _ => assert!(uids.is_empty(), "{vertex}"),
        }
    }
    let drawn = Run::new("plan", &file).end().success().out;
    assert!(drawn.contains("in counting"), "{drawn}");
    assert!(drawn.contains("counts/count"), "{drawn}");
    let listed = Run::new("inspect", &file).end().success().out;
    assert!(
        listed.contains("counting") && listed.contains("collection"),
        "{listed}"
    );
}

/// Two dynamic components behind a source that takes its time.
fn sums(out: &Path) -> String {
    format!(
        r#"
name: sums
parallelism: 2
parameters: {{ rate: 100000000 }}
components: {{ any: PARTS }}
operators:
  - uid: pairs
    source: {{ type: generator, data: pairs, events: 40000, keys: 200, rate: "${{rate}}" }}
  - {{ uid: all, component: any, parameters: {{ part: filter, field: key, least: 0 }}, input: pairs }}
  - {{ uid: sums, component: any, parameters: {{ part: sums, by: key, of: one }}, input: all, name: sums }}
  - {{ uid: files, sink: {{ type: text-files, path: "{}" }}, input: sums }}
"#,
        out.display()
    )
}

#[test]
fn components_for_any_schema_survive_kills_together() {
    let question = Question {
        job: "J2",
        n: 40_000,
        keys: 200,
        epm: 1,
        text: "",
    };
    let expected = Lines::expected(&question);
    for backend in ["filesystem", "rocksdb"] {
        let folder = Folder::new();
        let (out, data) = (folder.path("out"), folder.path("checkpoints"));
        let run = |start: usize| {
            let run = folder
                .run(&sums(&out))
                .arg("--json")
                .param("rate", 40_000)
                .parallelism([2, 3, 1][start % 3])
                .set("data.tmp-dir", folder.0.path())
                .arg("--state-backend")
                .arg(backend)
                .checkpoints("50ms", &data);
            if published::has_checkpoint(&data) {
                run.arg("--restore").arg("latest")
            } else {
                run
            }
        };
        for kill in 0..2 {
            let mut running = run(kill).start();
            let before = published::bytes(&out);
            let more = |_: &_| published::bytes(&out) > before + 20_000;
            assert!(running.reaches("more output", more), "it ended too early");
            running.kill();
        }
        let ended = run(2).end().success();
        assert!(
            ended.summary()["restored_from"].is_u64(),
            "{}",
            ended.told()
        );
        published::lines(&out).must_equal(&expected, &ended.told());
    }
}

#[test]
fn operators_of_one_job_may_have_different_parallelism() {
    let folder = Folder::new();
    let job = sums(&folder.path("out")).replace("name: sums }", "parallelism: 3 }");
    let file = folder.job(&job);
    let plan = Run::new("plan", &file).arg("--json").end().success().json();
    let vertices = plan["vertices"].as_array().expect("vertices");
    let wide = vertices.iter().filter(|vertex| vertex["parallelism"] == 3);
    assert!(
        wide.count() > 0 && plan["tasks"] != json!(2 * vertices.len()),
        "{plan}"
    );
    let ended = Run::new("run", &file).end().success();
    let question = Question {
        job: "J2",
        n: 40_000,
        keys: 200,
        epm: 1,
        text: "",
    };
    let expected = Lines::expected(&question);
    published::lines(&folder.path("out")).must_equal(&expected, &ended.told());
}

#[test]
fn fields_of_any_record_are_projected() {
    let folder = Folder::new();
    let job = r#"
name: projected
components: { any: PARTS }
operators:
  - uid: people
    source:
      type: collection
      schema:
        type: record
        name: Person
        fields:
          - { name: id, type: long }
          - { name: name, type: [ "null", string ] }
          - { name: tags, type: { type: array, items: string } }
      values: [ { id: 1, name: Ada, tags: [ a, b ] }, { id: 2, name: null, tags: [] } ]
  - { uid: some, component: any, parameters: { part: project, fields: "tags,name" }, input: people }
  - { uid: out, sink: { type: collect }, input: some }
"#;
    let ended = folder.run(job).end().success();
    let expected = [
        json!({ "tags": ["a", "b"], "name": "Ada" }),
        json!({ "tags": [], "name": null }),
    ];
    assert_eq!(collected(&ended), expected);
}

#[test]
fn two_inputs_of_a_component_share_their_keys() {
    let folder = Folder::new();
    let job = r#"
name: joined
components: { parts: PARTS }
operators:
  - { uid: a, source: { type: collection, schema: string, values: [ "x y x" ] } }
  - { uid: b, source: { type: collection, schema: string, values: [ "x z" ] } }
  - { uid: wa, component: parts, input: a }
  - { uid: wb, component: parts, input: { from: b, partitioning: rebalance } }
  - uid: join
    component: parts
    parameters: { part: join }
    inputs: { left: [ wa.words, wb.words ], right: wb.words }
  - { uid: out, sink: { type: collect }, input: join }
"#;
    let ended = folder.run(job).end().success();
    let words = largest(&collected(&ended), "word", "count");
    let words: Vec<&str> = words.keys().map(String::as_str).collect();
    assert_eq!(words, ["x", "y", "z"]);
    assert_eq!(collected(&ended).len(), 5);
}

/// Without what differs from graph to graph though the job is the same: numbers, and where the component lies.
fn shape(plan: &Value) -> Value {
    let without = |value: &Value, keys: &[&str]| {
        let mut value = value.clone();
        for key in keys {
            value.as_object_mut().expect("an object").remove(*key);
        }
        value
    };
    let list = |key: &str| plan[key].as_array().expect("a list").clone();
    let vertices: Vec<Value> = list("vertices")
        .iter()
        .map(|vertex| {
            let mut vertex = without(vertex, &["component"]);
            for operator in vertex["operators"].as_array_mut().expect("operators") {
                *operator = without(operator, &["id"]);
            }
            vertex
        })
        .collect();
    json!([
        plan["name"],
        plan["max_parallelism"],
        plan["tasks"],
        vertices,
        list("edges")
    ])
}

/// The running counts of the pairs with even keys.
fn even_counts(n: u64) -> Lines {
    let question = Question {
        job: "J2",
        n,
        keys: 100,
        epm: 1,
        text: "",
    };
    let mut even = Lines::default();
    question.answer(&mut |record| {
        if let [Field::Long(key), Field::Long(count)] = record
            && key % 2 == 0
        {
            even.add(format!("{key},{count}"));
        }
    });
    even
}

#[test]
fn an_exported_job_is_the_same_job() {
    let folder = Folder::new();
    let parameters = |run: Run| {
        run.param("part", "job")
            .param("n", 30_000)
            .param("rate", 30_000)
    };
    let component = guest("guest_parts");
    let export = |out: &Path| {
        let run = parameters(Run::new("export", &component)).param("out", out.display());
        let file = folder.path("exported.yaml");
        std::fs::write(&file, run.end().success().out).expect("the job file can be written");
        file
    };
    let (whole, out, data) = (
        folder.path("whole"),
        folder.path("out"),
        folder.path("data"),
    );
    let file = export(&whole);
    let plan = |run: Run| run.arg("--json").parallelism(2).end().success().json();
    let of_file = plan(Run::new("plan", &file));
    let of_component = plan(parameters(Run::new("plan", &component)).param("out", whole.display()));
    assert_eq!(shape(&of_file), shape(&of_component));
    // The exported job to its end: the same output as the component's, started, killed and restored as the file.
    Run::new("run", &file).parallelism(2).end().success();
    let expected = even_counts(30_000);
    published::plain_lines(&whole).must_equal(&expected, "the exported job");
    let mut running = parameters(Run::new("run", &component))
        .param("out", out.display())
        .parallelism(2)
        .checkpoints("50ms", &data)
        .start();
    assert!(running.reaches("some output", |_| published::bytes(&out) > 10_000));
    running.kill();
    let restored = Run::new("run", export(&out))
        .arg("--json")
        .parallelism(2)
        .checkpoints("50ms", &data)
        .arg("--restore")
        .arg("latest")
        .end()
        .success();
    assert!(
        restored.summary()["restored_from"].is_u64(),
        "{}",
        restored.told()
    );
    published::plain_lines(&out).must_equal(&expected, &restored.told());
}

#[test]
fn a_job_file_comes_from_standard_input_too() {
    let folder = Folder::new();
    let file = folder.job(WORDS);
    let run = Run::bare("run").arg("--job-file").arg("-").input(&file);
    let ended = run.end().success();
    assert_eq!(
        largest(&collected(&ended), "word", "count"),
        naive_counts(10)
    );
}

#[test]
fn the_schema_of_job_files_is_the_one_in_the_documents() {
    let printed = Run::bare("schema").arg("job-file").end().success().out;
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/job-file.schema.json");
    let kept = std::fs::read_to_string(kept).expect("the schema in docs");
    assert_eq!(
        printed, kept,
        "write it anew: wasmill schema job-file > docs/job-file.schema.json"
    );
}

#[test]
fn the_example_in_the_documents_runs() {
    let folder = Folder::new();
    let text = include_str!("../../docs/JOB_FILES.md");
    let example = text
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = example.expect("an example in YAML");
    std::fs::write(folder.path("job.yaml"), example).expect("the job file can be written");
    std::fs::copy(guest("guest_parts"), folder.path("parts.wasm")).expect("the component");
    std::fs::write(folder.path("lines.txt"), TEXT.join("\n")).expect("the input");
    let ended = Run::new("run", folder.path("job.yaml"))
        .arg("--collect")
        .end()
        .success();
    assert_eq!(
        largest(&collected(&ended), "word", "count"),
        naive_counts(10)
    );
}
