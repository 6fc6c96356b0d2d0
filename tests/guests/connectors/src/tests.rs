//! The job as a function: what it plans.

use wasmill_sdk::component;

fn plan(case: &str) -> Result<String, String> {
    let arguments = [("case".to_owned(), case.to_owned())];
    component::plan("guest-connectors", &super::connectors, &arguments)
        .map_err(|error| error.to_string())
}

#[test]
fn a_sink_of_the_component_asks_for_files_in_its_plan() {
    let plan = plan("segments").unwrap();
    assert!(plan.contains("\"grants\":[\"files\"]"), "{plan}");
    assert!(plan.contains("{\"type\":\"component\"}"), "{plan}");
}

#[test]
fn an_operator_that_reads_a_registered_file_says_so_in_its_plan() {
    let plan = plan("lookup").unwrap();
    assert!(plan.contains("\"cached_files\":[\"cities\"]"), "{plan}");
}

#[test]
fn only_sources_and_sinks_may_ask_for_files() {
    let refused = plan("files-in-an-operator").unwrap_err();
    assert!(
        refused.starts_with("operator \"greedy\": it asks for files"),
        "{refused}"
    );
}
