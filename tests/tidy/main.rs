//! The house rules, each a test: the arrows between the crates, and what a file, a word or a document must keep.
//!
//! A rule is a function from the tree to its findings. In here every rule is applied to this repository; `planted`
//! shows that each of them finds what it is there for. Needs nothing built and takes far less than a second.

mod arrows;
mod contract;
mod files;
mod planted;
mod prose;
mod tree;
mod words;

use tree::{Finding, Tree};

/// Fails with every finding of a rule on this repository, one a line.
fn holds(rule: fn(&Tree) -> Vec<Finding>) {
    report(&rule(&Tree::read()));
}

fn report(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} findings:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

#[test]
fn crates_depend_downwards_only() {
    holds(arrows::manifests);
}

#[test]
fn a_library_with_an_owner_is_named_by_the_owner_only() {
    holds(arrows::owned_words);
}

#[test]
fn tokio_is_spoken_in_few_rooms() {
    holds(arrows::tokio_words);
}

#[test]
fn laws_do_no_io_and_take_time_as_an_argument() {
    holds(arrows::laws);
}

#[test]
fn only_the_host_reads_the_environment() {
    holds(arrows::environment);
}

#[test]
fn files_open_with_a_purpose() {
    holds(files::open_with_a_purpose);
}

#[test]
fn files_are_short() {
    holds(files::are_short);
}

#[test]
fn files_are_named_by_a_noun() {
    holds(files::are_named_by_a_noun);
}

#[test]
fn unit_tests_live_beside_their_source() {
    holds(files::keep_tests_beside);
}

#[test]
fn no_leftovers_and_no_sleeping() {
    holds(words::banned);
}

#[test]
fn open_notes_name_an_issue() {
    holds(words::notes);
}

#[test]
fn no_path_of_one_machine() {
    holds(words::machine_paths);
}

#[test]
fn unsafe_code_stands_in_listed_files() {
    holds(words::unsafe_code);
}

#[test]
fn links_lead_somewhere() {
    holds(prose::links_resolve);
}

#[test]
fn quoted_code_is_the_code() {
    holds(prose::quotations);
}

#[test]
fn every_feature_has_its_line() {
    holds(prose::features);
}

#[test]
fn every_item_of_the_contract_is_documented() {
    holds(contract::wit_is_documented);
}

#[test]
fn every_library_has_a_reason() {
    holds(contract::libraries_have_a_reason);
}

#[test]
fn a_kept_rocksdb_is_of_the_locked_version() {
    let read = |path: &str| std::fs::read_to_string(tree::root().join(path)).unwrap_or_default();
    report(&contract::kept_rocksdb(
        &read("Cargo.lock"),
        &read(".cargo/rocksdb.toml"),
    ));
}
