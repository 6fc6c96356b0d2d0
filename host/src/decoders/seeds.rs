//! Valid bytes for every reader: examples of the documentation, checkpoints and savepoints that earlier versions wrote, and
//! small ones made here.

use std::path::{Path, PathBuf};

use connectors::schema::Schema;
use dataflow::checkpoint::in_flight::InFlight;

/// A plan with a bit of everything.
const PLAN: &str = include_str!("plan.json");

/// A file of a seed may have so many bytes: a mutator gets nowhere with large ones.
const BYTES_MAX: u64 = 64 << 10;

const SCHEMA: &str = r#"{"type":"record","name":"r","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"},{"name":"tags","type":{"type":"array","items":["null","string"]}},{"name":"counts","type":{"type":"map","values":"double"}},{"name":"kind","type":{"type":"enum","name":"k","symbols":["A","B"]}}]}"#;

const RECORD: &str = r#"{"id":7,"name":"seven","tags":["odd",null],"counts":{"a":1.5},"kind":"B"}"#;

/// The root of the sources.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder whose paths are wanted, not the large ones; none if there is no such folder.
fn files(folder: &str, wanted: impl Fn(&Path) -> bool) -> Vec<Vec<u8>> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&path) && entry.metadata().is_ok_and(|it| it.len() <= BYTES_MAX) {
                found.extend(std::fs::read(&path));
            }
        }
    }
    found.sort();
    found
}

fn named(folder: &str, name: &str) -> Vec<Vec<u8>> {
    files(folder, |path| path.ends_with(name))
}

fn record() -> Vec<u8> {
    let schema = Schema::parse(SCHEMA).expect("a schema");
    let json = serde_json::from_str(RECORD).expect("a record");
    let mut row = Vec::new();
    connectors::row::encode(&schema, &json, &mut row).expect("a row");
    row
}

fn behind_lines(lines: &[&str], rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(rest);
    bytes
}

pub(super) fn batch() -> Vec<Vec<u8>> {
    let fixed = [&[0, 2, 0, 2, 1, 2, 0, 4][..], b"abcd"].concat();
    let ends = [&[0, 2, 0, 0, 2, 3, 1, 0, 3, 0][..], b"abc"].concat();
    vec![fixed, ends]
}

pub(super) fn row() -> Vec<Vec<u8>> {
    vec![
        behind_lines(&[SCHEMA], &record()),
        behind_lines(&["\"long\""], &7_u64.to_le_bytes()),
        behind_lines(&["[\"null\",\"string\"]"], &1_u128.to_le_bytes()),
    ]
}

pub(super) fn lines() -> Vec<Vec<u8>> {
    let csv = r#"{"type":"record","name":"r","fields":[{"name":"id","type":"long"},{"name":"name","type":"string"}]}"#;
    vec![
        behind_lines(&[SCHEMA], RECORD.as_bytes()),
        behind_lines(&[csv], b"1,one\n2,\"two, too\"\n3,\"\"\"3\"\"\"\n"),
    ]
}

/// Versions and small numbers: the forms are short.
pub(super) fn connector_state() -> Vec<Vec<u8>> {
    let state = |whose: u8| {
        let mut bytes = vec![whose, 1];
        (0..4_u64).for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes
    };
    (0..6).map(state).collect()
}

pub(super) fn operator_state() -> Vec<Vec<u8>> {
    let text = |text: &[u8]| [&(text.len() as u32).to_le_bytes()[..], text].concat();
    let list = [
        &1_u32.to_le_bytes()[..],
        &text(b"it/0"),
        &[0],
        &1_u32.to_le_bytes(),
        &text(b"x"),
    ];
    let map = [
        &1_u32.to_le_bytes()[..],
        &text(b"it/2"),
        &[2],
        &1_u32.to_le_bytes(),
        &text(b"k"),
        &text(b"v"),
    ];
    vec![list.concat(), map.concat()]
}

pub(super) fn in_flight() -> Vec<Vec<u8>> {
    let mut found = files("tests/fixtures/checkpoint-2-heap-in-flight", |path| {
        path.parent().is_some_and(|it| it.ends_with("shared"))
    });
    found.retain(|bytes| InFlight::decode(bytes).is_ok());
    found
}

pub(super) fn heap_snapshot() -> Vec<Vec<u8>> {
    let mut found = files("tests/fixtures", |path| {
        path.parent().is_some_and(|it| it.ends_with("shared"))
    });
    found.retain(|bytes| bytes.starts_with(b"WMSTATE1"));
    found.truncate(8);
    found
}

pub(super) fn component() -> Vec<Vec<u8>> {
    let mut found = files("target/wasm32-unknown-unknown/guest", |path| {
        path.extension().is_some_and(|it| it == "wasm")
    });
    found.truncate(4);
    found.push(b"\0asm\x01\0\0\0".to_vec());
    found.push(b"\0asm\x0d\0\x01\0".to_vec());
    found
}

pub(super) fn plan() -> Vec<Vec<u8>> {
    vec![PLAN.into()]
}

pub(super) fn manifest() -> Vec<Vec<u8>> {
    let manifest = r#"{ "version": 1, "name": "m", "operators": [
        { "id": 0, "uid": "count", "name": "count", "kind": "operator", "keyed": true,
          "inputs": [ { "schema": "long" } ], "outputs": [ { "name": "out", "schema": "long" } ],
          "states": [ { "name": "n", "kind": "value", "schema": "long" } ] } ],
        "parameters": [ { "name": "n", "type": "long", "default": "1", "description": "how many" } ],
        "sdk": { "language": "rust", "name": "sdk", "version": "1" } }"#;
    vec![manifest.into()]
}

pub(super) fn metadata() -> Vec<Vec<u8>> {
    named("tests/fixtures", "_metadata.json")
}

pub(super) fn current() -> Vec<Vec<u8>> {
    named("tests/fixtures", "CURRENT")
}

pub(super) fn savepoint_manifest() -> Vec<Vec<u8>> {
    named("tests/fixtures/savepoint-1", "_metadata.json")
}

pub(super) fn savepoint_file() -> Vec<Vec<u8>> {
    let mut found = files("tests/fixtures/savepoint-1", |path| {
        path.extension().is_some_and(|it| it == "avro")
    });
    found.truncate(6);
    let choices = (0_u8..6).cycle();
    let file = |(choice, bytes): (u8, Vec<u8>)| [vec![choice], bytes].concat();
    choices.zip(found).map(file).collect()
}

pub(super) fn savepoint_value() -> Vec<Vec<u8>> {
    let longer = SCHEMA.replace(
        r#"{"name":"id","type":"long"}"#,
        r#"{"name":"id","type":"double"},{"name":"more","type":"string","default":"none"}"#,
    );
    vec![
        behind_lines(&[SCHEMA, &longer], &record()),
        behind_lines(&["\"long\"", "\"double\""], &7_u64.to_le_bytes()),
        behind_lines(&["\"string\"", "\"bytes\""], b"text"),
    ]
}

pub(super) fn declaration() -> Vec<Vec<u8>> {
    let operator = r#"{ "uid": "u", "name": "n", "kind": "operator", "key_schema": "long",
        "states": [ { "name": "s", "kind": "map", "schema": { "type": "array", "items": "long" }, "sub_key_schema": "string" } ] }"#;
    vec![operator.into()]
}

pub(super) fn job_file() -> Vec<Vec<u8>> {
    let text = include_str!("../../../docs/JOB_FILES.md");
    let examples = text.split("```yaml\n").skip(1);
    let examples = examples.filter_map(|it| it.split("```").next());
    examples.map(|it| it.as_bytes().to_vec()).collect()
}

pub(super) fn request() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"parallelism":2,"parameters":{"n":1000},"settings":{"execution.checkpointing.interval":"1s"},"programArgsList":["--keys","3"],"savepointPath":"/x","allowNonRestoredState":true}"#,
        r#"{"target-directory":"/x","cancel-job":false,"formatType":"CANONICAL"}"#,
        r#"{"targetDirectory":"/x","drain":true}"#,
        r#"{"operator":"count","component":"new"}"#,
        r#"{"0":{"parallelism":{"lowerBound":1,"upperBound":4}}}"#,
    ];
    bodies.map(Vec::from).into()
}

pub(super) fn tokens() -> Vec<Vec<u8>> {
    vec![format!("# tokens\nview {} me\n", "0a".repeat(32)).into()]
}

pub(super) fn dead_letter() -> Vec<Vec<u8>> {
    let letter = r#"{"at":1,"subtask":1,"input":0,"timestamp":-5,"key":7,"value":{"id":7},"replay":{"input":"0a","parallelism":2,"key":"0700","value":"ff"}}"#;
    vec![letter.into(), r#"{"file":"part-0-1-x","line":4}"#.into()]
}

pub(super) fn settings() -> Vec<Vec<u8>> {
    let text = "execution.checkpointing.interval=1s\nstate.backend=rocksdb\nguest.memory=64MiB\ns3://bucket/a/b";
    vec![text.into()]
}
