//! Promises of the plan document.

use proptest::prelude::*;

use super::*;

const PLAN: &str = r#"{
  "version": 1, "name": "word-count", "max_parallelism": 128,
  "operators": [
    { "id": 0, "uid": "lines", "name": "text files", "kind": "source", "parallelism": null,
      "connector": { "type": "text-files", "path": "/var/log" },
      "outputs": [ { "name": "out", "schema": "string" } ] },
    { "id": 1, "uid": "count", "name": "process", "kind": "operator", "keyed": true,
      "inputs": [ { "schema": "string" } ],
      "outputs": [ { "name": "out", "schema": { "type": "record", "name": "WordCount", "fields": [] }, "key_schema": "string" } ],
      "states": [ { "name": "count", "kind": "value", "schema": "long", "sub_key_schema": null } ],
      "watermarks": { "strategy": "bounded", "max_out_of_orderness_ms": 100, "idle_after_ms": null } },
    { "id": 2, "uid": "files", "name": "text files", "kind": "sink",
      "connector": { "type": "text-files", "path": "out" }, "inputs": [ { "schema": "string" } ] }
  ],
  "edges": [
    { "from": 0, "output": 0, "to": 1, "input": 0, "partitioning": "hash" },
    { "from": 1, "output": 0, "to": 2, "input": 0, "partitioning": "forward" }
  ]
}"#;

fn read(document: &str) -> Result<Plan, WasmError> {
    parse("it", "plan", document, Plan::check)
}

#[test]
fn the_documented_plan_is_read() {
    let plan = read(PLAN).expect("a plan");
    assert_eq!(plan.operators.len(), 3);
    assert_eq!(plan.edges[0].partitioning, Partitioning::Hash);
    assert!(plan.operators[1].keyed && plan.operators[1].chain);
    let written = serde_json::to_string(&plan).expect("it can be written");
    assert_eq!(read(&written).expect("and read again"), plan);
}

/// What to replace in the plan, by what, which field is then wrong, and what the reason says.
const DEFECTS: &[(&str, &str, &str, &str)] = &[
    (
        r#""version": 1"#,
        r#""version": 2"#,
        "version",
        "2 is not 1",
    ),
    (r#""id": 1,"#, r#""id": -1,"#, "operators[1].id", "-1"),
    (
        r#""keyed": true"#,
        r#""keyed": 1"#,
        "operators[1].keyed",
        "boolean",
    ),
    (
        r#""kind": "value""#,
        r#""kind": "heap""#,
        "operators[1].states[0].kind",
        "heap",
    ),
    (r#""keyed": true,"#, "", "operators[1].states", "keyed"),
    (
        r#""uid": "lines","#,
        "",
        "operators[0]",
        "missing field `uid`",
    ),
    (
        r#""uid": "lines""#,
        r#""uid": """#,
        "operators[0].uid",
        "empty",
    ),
    (
        r#""keyed": true"#,
        r#""keyed": true, "ttl": 1"#,
        "operators[1].ttl",
        "unknown field",
    ),
    (
        r#""type": "text-files", "path": "out""#,
        "",
        "operators[2].connector.type",
        "missing",
    ),
    (
        r#""max_out_of_orderness_ms": 100, "#,
        "",
        "operators[1].watermarks.max_out_of_orderness_ms",
        "bounded",
    ),
    (r#""hash""#, r#""magic""#, "edges[0].partitioning", "magic"),
    (
        r#""max_parallelism": 128"#,
        r#""max_parallelism": 0"#,
        "max_parallelism",
        "between",
    ),
    (
        r#""max_parallelism": 128"#,
        r#""restart_strategy": { "type": "often" }"#,
        "restart_strategy",
        "often",
    ),
    (
        r#""max_parallelism": 128"#,
        r#""restart_strategy": { "type": "exponential-delay", "initial_backoff_ms": 1, "max_backoff_ms": 2, "backoff_multiplier": 0.5, "reset_backoff_threshold_ms": 3, "attempts_before_reset_backoff": 4 }"#,
        "restart_strategy.backoff_multiplier",
        "between",
    ),
    (
        r#""parallelism": null"#,
        r#""parallelism": 99999"#,
        "operators[0].parallelism",
        "between",
    ),
];

#[test]
fn every_defect_names_its_field() {
    for &(from, to, field, reason) in DEFECTS {
        let document = PLAN.replacen(from, to, 1);
        assert_ne!(document, PLAN, "{from} is not in the plan");
        match read(&document).expect_err(field) {
            WasmError::Document {
                field: found,
                reason: why,
                ..
            } => {
                // How deep the place of an unknown variant goes depends on how the JSON is read.
                let within = found.strip_prefix(field);
                assert!(
                    within.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
                    "{found} instead of {field}: {why}"
                );
                assert!(why.contains(reason), "{field}: {why}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for document in [
        "",
        "null",
        "[]",
        "{}",
        &format!("{PLAN} {PLAN}"),
        &PLAN[..500],
    ] {
        let refused = read(document);
        assert!(
            matches!(refused, Err(WasmError::Document { .. })),
            "{document}"
        );
    }
}

proptest! {
    /// Pieces of the plan left out, said twice, or replaced by what numbers and texts can be at their worst.
    #[test]
    fn no_document_brings_the_host_down(
        edits in prop::collection::vec((0..PLAN.len(), 0..40usize, "[0-9]{20}|-1|null|\\PC{0,6}|[\\[{\"]"), 1..4),
    ) {
        let mut document: Vec<char> = PLAN.chars().collect();
        for (at, length, text) in edits {
            let at = at.min(document.len());
            let end = (at + length).min(document.len());
            document.splice(at..end, text.chars());
        }
        // A plan or a reason; a panic would be neither.
        let document: String = document.into_iter().collect();
        let read = read(&document);
        let refused = matches!(read, Err(WasmError::Document { .. }));
        prop_assert!(read.is_ok() || refused);
    }
}
