//! The parts natively, in the harness of the SDK.

use wasmill_sdk::testing::Harness;

use super::*;

#[test]
fn a_part_runs_natively_from_port_to_port() {
    let mut harness = Harness::start(&parts, &[("part", "counter")]).unwrap();
    let words = ["a", "b", "a"].map(|word| Word {
        word: word.to_owned(),
    });
    harness.push(0, &words).unwrap();
    let counts: Vec<i64> = harness
        .output::<Count>(0)
        .unwrap()
        .into_iter()
        .map(|it| it.record.count)
        .collect();
    assert_eq!(counts, [1, 1, 2]);
}

#[test]
fn a_part_for_any_schema_is_told_the_schema() {
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#;
    let arguments = [
        ("part", "project"),
        ("fields", "b"),
        ("input.in.schema", schema),
    ];
    let mut harness = Harness::start(&parts, &arguments).unwrap();
    harness.push(0, &[(1_i64, "x".to_owned())]).unwrap();
    let rows = harness.output::<Dynamic>(0).unwrap();
    let expected = RowSchema::record("P", [("b".to_owned(), Type::Text)]);
    assert_eq!(rows[0].record, expected.row(&[Value::Text("x")]).unwrap());
}

#[test]
fn a_part_for_any_schema_says_so_when_it_is_planned_alone() {
    let arguments = [("part", "filter"), ("field", "a")];
    let error = Harness::start(&parts, &arguments).err().unwrap();
    assert!(error.to_string().contains("job file"), "{error}");
}
