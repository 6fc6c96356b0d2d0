//! What a record says of components that were swapped.

use super::{JobSource, JobSpec};

fn spec() -> JobSpec {
    JobSpec {
        source: JobSource::Elsewhere,
        parameters: Vec::new(),
        settings: Vec::new(),
        grants: Vec::new(),
        cached_files: Vec::new(),
        parallelism: None,
        chosen: Default::default(),
        restore: None,
        allow_non_restored: false,
        swapped: Default::default(),
    }
}

#[test]
fn a_component_that_was_swapped_again_and_back_is_itself() {
    let mut spec = spec();
    assert_eq!(spec.current("a"), "a");
    spec.swapped("a", "b");
    spec.swapped("b", "c");
    assert_eq!(spec.current("a"), "c");
    spec.swapped("c", "a");
    assert_eq!(spec.current("a"), "a");
    assert!(spec.swapped.is_empty());
}

#[test]
fn a_record_of_an_earlier_build_is_read() {
    let text = r#"{"source":"elsewhere","parameters":[],"settings":[],"grants":[],"cached_files":[],
        "parallelism":null,"restore":null}"#;
    let read: JobSpec = serde_json::from_str(text).expect("a record");
    assert_eq!(read, spec());
}
