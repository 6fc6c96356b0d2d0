//! The format of savepoints: what is damaged is refused, and what earlier builds wrote is read for ever.

use std::path::{Path, PathBuf};

use super::evolving::Evolving;
use crate::support::run::Run;

fn files(dir: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == kind))
        .collect()
}

#[test]
fn a_damaged_savepoint_is_refused_with_the_name_of_the_file() {
    let data = tempfile::tempdir().expect("a directory");
    let savepoint = Evolving::new(data.path(), "filesystem").stopped();
    let second = Evolving::new(data.path(), "filesystem").data_dir("second");
    let manifest = savepoint.join("_metadata.json");
    let mut damaged = files(&savepoint.join("state"), "avro");
    damaged.retain(|path| path.to_string_lossy().contains("totals.total"));
    damaged.push(manifest);
    assert!(damaged.len() > 1, "no files of the state");
    for path in damaged {
        let whole = std::fs::read(&path).expect("the file");
        let mut bytes = whole.clone();
        let last = bytes.len() - 20;
        bytes[last] ^= 1;
        std::fs::write(&path, &bytes).expect("the file can be damaged");
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        second.from(&savepoint).end().fails_naming(&[&name, "hash"]);
        std::fs::remove_file(&path).expect("the file can be removed");
        second.from(&savepoint).end().error_line();
        std::fs::write(&path, &whole).expect("the file can be restored");
    }
    let ended = second.from(&savepoint).end().success();
    second.must_have_told_everything(&ended.told());
}

#[test]
fn what_is_no_savepoint_is_said_to_be_none() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Evolving::new(data.path(), "filesystem").data_dir("none");
    let refused = job
        .run()
        .arg("--from")
        .arg(data.path().join("nothing"))
        .end();
    refused.fails_naming(&["nothing"]);
    let listed = Run::bare("state").arg("list").arg(data.path()).end();
    listed.fails_naming(&["no checkpoint or savepoint"]);
}

#[test]
fn a_savepoint_of_format_1_is_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/savepoint-1");
    let exported = Run::bare("state").arg("export").arg(&fixture).arg("totals");
    let exported = exported.end().success();
    let mut lines: Vec<&str> = exported.out.lines().collect();
    lines.sort_unstable();
    let expected = std::fs::read_to_string(fixture.with_extension("jsonl"));
    let expected = expected.expect("what is in the fixture");
    let mut expected: Vec<&str> = expected.lines().collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    let data = tempfile::tempdir().expect("a directory");
    let second = Evolving::new(data.path(), "rocksdb").version(2);
    let ended = second.from(&fixture).end().success();
    second.must_have_told_everything(&ended.told());
}
