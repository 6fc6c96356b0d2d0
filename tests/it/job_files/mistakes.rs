//! Mistakes in a job file, each refused before anything runs, with file, place, what is wrong and what to do.

use super::{Folder, WORDS};
use crate::support::programs::guest;
use crate::support::run::Run;

/// What to replace in the job of two components, by what, and what the one line of error says.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    (
        "name: words",
        "nmae: words",
        &["line 2", "unknown field", "nmae"],
    ),
    ("name: words", "name: [", &["line"]),
    (
        "uid: counts",
        "uid: lines",
        &[
            "operators[2] \"lines\".uid",
            "operators[0] has the same uid",
        ],
    ),
    (
        "uid: counts",
        "uid: ''",
        &["operators[0]", "uid", "is empty"],
    ),
    (
        "component: counting",
        "component: countin",
        &[
            "operators[0] \"counts\".component",
            "\"countin\"",
            "counting, text",
        ],
    ),
    (
        "input: counts",
        "input: count",
        &[
            "operators[1] \"out\".inputs",
            "no operator \"count\"",
            "counts, lines, out, words",
        ],
    ),
    (
        "inputs: { lines: lines }",
        "inputs: { lines: counts }",
        &["cycle through", "\"counts\"", "\"words\""],
    ),
    (
        "inputs: { lines: lines }",
        "inputs: { line: lines }",
        &["\"words\".inputs", "no input \"line\"", "it has: lines"],
    ),
    (
        "inputs: { lines: lines }",
        "",
        &[
            "\"words\"",
            "the input \"lines\" of the component is not connected",
        ],
    ),
    (
        "input: words.words",
        "input: words",
        &[
            "\"counts\".inputs",
            "which output of \"words\"",
            "words, long",
        ],
    ),
    (
        "input: words.words",
        "input: words.wrods",
        &["\"words\" has no output \"wrods\"", "words, long"],
    ),
    (
        "input: words.words",
        "input: lines",
        &[
            "edge \"lines\" -> operators[0] \"counts\"",
            "gives",
            "takes",
        ],
    ),
    (
        "type: collect }",
        "type: colect }",
        &["\"out\"", "colect", "text-files"],
    ),
    (
        "type: collection",
        "type: colection",
        &["operators[2] \"lines\".source", "colection"],
    ),
    (
        "{ type: collect }",
        "{ type: collect, max: 1 }",
        &["\"out\"", "unknown field `max`"],
    ),
    (
        "${longest}",
        "${lngest}",
        &["operators[3].parameters.longest", "\"lngest\"", "longest"],
    ),
    (
        "part: tokenizer,",
        "part: tokenizer, shortest: 1,",
        &["operators[3] \"words\"", "parameter shortest"],
    ),
    (
        "text: PARTS",
        "text: no-such.wasm",
        &["components.text", "no-such.wasm"],
    ),
    (
        "sink: { type: collect }, input",
        "sink: { type: collect }, component: text, input",
        &["exactly one of source, sink and component"],
    ),
    (
        "{ uid: counts,",
        "{ uid: counts, operator: cuont,",
        &["\"counts\".operator", "\"cuont\"", "by-word, count"],
    ),
    (
        "{ uid: counts,",
        "{ uid: counts, paralelism: 3,",
        &["operators[0]", "paralelism"],
    ),
    (
        "{ uid: counts,",
        "{ uid: counts, parallelism: 999,",
        &["counts/", "999", "128"],
    ),
    (
        "parallelism: 2",
        "settings: { state.backed: heap }",
        &["state.backed"],
    ),
    (
        "parallelism: 2",
        "settings: { state-backend: disk }",
        &["state.backend", "disk", "memory, filesystem, rocksdb"],
    ),
    (
        "part: counter",
        "part: unrelated",
        &[
            "edge \"words.words\" -> operators[0] \"counts\"",
            "\"long\"",
        ],
    ),
];

#[test]
fn every_mistake_is_named_with_its_place() {
    let folder = Folder::new();
    for (from, to, words) in MISTAKES {
        let job = WORDS.replacen(from, to, 1);
        assert_ne!(job, WORDS, "{from} is not in the job");
        let ended = Run::new("plan", folder.job(&job)).end();
        ended.fails_naming(words);
        assert_eq!(ended.code, Some(2), "{}", ended.told());
    }
}

#[test]
fn a_job_file_that_does_not_exist_is_named() {
    for verb in ["run", "plan", "inspect"] {
        Run::new(verb, "no-such-job.yaml")
            .end()
            .fails_naming(&["no-such-job.yaml"]);
    }
}

#[test]
fn another_component_than_the_file_says_is_refused() {
    let folder = Folder::new();
    let job = WORDS.replace("text: PARTS", "text: { path: PARTS, digest: '00' }");
    Run::new("plan", folder.job(&job))
        .end()
        .fails_naming(&["components.text.digest", "not 00"]);
}

#[test]
fn a_parameter_the_file_does_not_have_is_named() {
    let folder = Folder::new();
    let run = folder.run(WORDS).param("lngest", 3);
    run.end()
        .fails_naming(&["no parameter \"lngest\"", "longest"]);
    let run = folder.run(WORDS).param("longest", "many");
    run.end()
        .fails_naming(&["parameters.longest", "\"many\" is not a whole number"]);
}

#[test]
fn a_part_of_a_job_is_no_job() {
    let run = Run::new("run", guest("guest_parts"));
    run.end()
        .fails_naming(&["input.lines", "open port", "job file"]);
    let run = Run::new("export", guest("guest_parts"));
    run.end().fails_naming(&["input.lines", "open port"]);
    let run = Run::new("plan", guest("guest_parts"))
        .param("part", "filter")
        .param("field", "key");
    run.end().fails_naming(&["input.in", "job file"]);
}

#[test]
fn a_field_that_the_records_do_not_have_is_named() {
    let folder = Folder::new();
    let job = super::sums(&folder.path("out")).replace("by: key", "by: kye");
    Run::new("plan", folder.job(&job)).end().fails_naming(&[
        "operators[2] \"sums\"",
        "no field kye",
        "key, one",
    ]);
}
