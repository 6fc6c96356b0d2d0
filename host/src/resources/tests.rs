//! A job gets what it asks for, and only that.

use dataflow::graph::logical::{Connector, OperatorKind};
use dataflow::ids::OperatorId;

use super::*;

fn operator(id: u32, uid: &str, grants: &[&str], cached_files: &[&str]) -> Operator {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Operator {
        id: OperatorId(id),
        uid: uid.to_owned(),
        name: uid.to_owned(),
        parallelism: None,
        chain: true,
        kind: OperatorKind::Sink(Connector("{}".to_owned())),
        inputs: Vec::new(),
        outputs: Vec::new(),
        component: None,
        grants: owned(grants),
        cached_files: owned(cached_files),
        guest: Default::default(),
    }
}

fn graph(operators: Vec<Operator>) -> JobGraph {
    JobGraph {
        name: "job".to_owned(),
        max_parallelism: 128,
        operators,
        edges: Vec::new(),
        cached_files: vec![("own".to_owned(), "own.csv".to_owned())],
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    pairs.iter().map(own).collect()
}

fn given(
    operators: Vec<Operator>,
    grants: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Result<Resources, String> {
    let (grants, cached_files) = (pairs(grants), pairs(files));
    let given = Given {
        grants,
        cached_files,
    };
    of_job(&graph(operators), &given).map_err(|error| error.to_string())
}

fn sink(id: u32, uid: &str) -> Operator {
    operator(id, uid, &["files"], &[])
}

#[test]
fn a_grant_goes_to_the_operator_that_asks_for_it() {
    let operators = vec![operator(1, "other", &[], &[]), sink(2, "out")];
    let resources = given(operators, &[("files", "dir")], &[]).unwrap();
    assert_eq!(resources.directories.len(), 1);
    assert_eq!(resources.directories[&OperatorId(2)], Path::new("dir"));
}

#[test]
fn operators_do_not_share_a_directory() {
    let both = || vec![sink(1, "a"), sink(2, "b")];
    let refused = given(both(), &[("files", "dir")], &[]).unwrap_err();
    assert!(refused.contains("a, b"), "{refused}");
    let each = [("files:a", "x"), ("files:b", "y")];
    let resources = given(both(), &each, &[]).unwrap();
    assert_eq!(resources.directories[&OperatorId(2)], Path::new("y"));
}

#[test]
fn what_nobody_asks_for_is_refused() {
    let unknown = given(vec![sink(1, "a")], &[("network", "x")], &[]).unwrap_err();
    assert!(unknown.contains("network"), "{unknown}");
    let wrong = given(vec![sink(1, "a")], &[("files:b", "x")], &[]).unwrap_err();
    assert!(wrong.contains("files:b") && wrong.ends_with('a'), "{wrong}");
    let unused = given(vec![operator(1, "a", &[], &[])], &[("files", "x")], &[]).unwrap_err();
    assert!(unused.contains("no operator"), "{unused}");
}

#[test]
fn the_user_registers_another_file_under_a_name_of_the_job() {
    let resources = given(Vec::new(), &[], &[("own", "mine.csv"), ("more", "b")]).unwrap();
    assert_eq!(resources.cached_files["own"].source, Path::new("mine.csv"));
    assert_eq!(resources.cached_files.len(), 2);
}

#[test]
fn a_job_does_not_run_without_what_it_asks_for() {
    let missing = |operator: Operator| {
        let graph = graph(vec![operator]);
        check(&graph, &Resources::default())
            .unwrap_err()
            .to_string()
    };
    let grant = missing(sink(1, "out"));
    assert!(
        grant.starts_with("operator \"out\"") && grant.contains("--grant"),
        "{grant}"
    );
    let file = missing(operator(1, "look-up", &[], &["cities"]));
    assert!(file.contains("--cached-file cities=PATH"), "{file}");
}

#[test]
fn a_registered_file_is_copied_and_the_copy_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cities.csv");
    std::fs::write(&path, "first").unwrap();
    let mut resources = Resources::default();
    let file = CachedFile::new(path.clone());
    resources.cached_files.insert("cities".to_owned(), file);
    fetch(&resources, &directory.path().join("work")).unwrap();
    std::fs::write(&path, "second").unwrap();
    let local = resources.cached_files["cities"].local().unwrap();
    assert_eq!(std::fs::read(local).unwrap(), b"first");
}
