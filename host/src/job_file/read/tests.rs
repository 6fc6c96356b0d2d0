//! What is read, and where a mistake is found.

use super::*;

#[test]
fn a_mistake_has_its_line_and_field() {
    let text = "name: a\noperators:\n  - uid: x\n    parallelism: many\n";
    let Err(JobFileError::Malformed { line, field, .. }) = parse("a.yaml", text) else {
        panic!("it was accepted");
    };
    assert_eq!((line, field.as_str()), (4, "operators[0].parallelism"));
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let text = "name: a\nname: b\noperators: []\n";
    let Err(JobFileError::Malformed { line, .. }) = parse("a.yaml", text) else {
        panic!("it was accepted");
    };
    assert_eq!(line, 2);
}

#[test]
fn a_written_job_file_reads_back_equal() {
    let text = include_str!("../../../../docs/JOB_FILES.md");
    let example = text.split("```yaml\n").nth(1).unwrap();
    let job = parse("a.yaml", example.split("```").next().unwrap()).unwrap();
    let written = serde_saphyr::to_string(&job).unwrap();
    assert_eq!(parse("b.yaml", &written).unwrap(), job, "{written}");
}

#[test]
fn job_files_are_told_by_their_names() {
    for (path, is) in [
        ("a.yaml", true),
        ("a.yml", true),
        ("-", true),
        ("a.wasm", false),
        ("a", false),
    ] {
        assert_eq!(is_job_file(Path::new(path)), is, "{path}");
    }
}
