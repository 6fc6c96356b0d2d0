//! Which files a path means.

use std::fs;

use serde_json::json;

use super::{ListedFile, Options};

fn list(path: &str) -> Result<Vec<ListedFile>, crate::ConnectorError> {
    super::list(&Options::try_new(json!({ "path": path })).unwrap())
}

#[test]
fn directories_are_searched_sorted_and_hidden_names_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("b/c")).unwrap();
    fs::create_dir(root.join(".hidden")).unwrap();
    for name in [
        "z.txt",
        "b/c/deep.txt",
        "b/a.log",
        ".hidden/x.txt",
        ".x.txt",
    ] {
        fs::write(root.join(name), name).unwrap();
    }
    let names = |path: &str| -> Vec<String> {
        let files = list(path).unwrap();
        let relative = files
            .iter()
            .map(|file| file.path.strip_prefix(root).unwrap());
        relative.map(|path| path.display().to_string()).collect()
    };
    let root_text = root.to_str().unwrap();
    assert_eq!(names(root_text), ["b/a.log", "b/c/deep.txt", "z.txt"]);
    assert_eq!(names(&format!("{root_text}/*.txt")), ["z.txt"]);
    assert_eq!(
        names(&format!("{root_text}/**/*.txt")),
        ["b/c/deep.txt", "z.txt"]
    );
    assert_eq!(names(&format!("{root_text}/.x.txt")), [".x.txt"]);
    assert_eq!(
        names(&format!("{root_text}/b*")),
        ["b/a.log", "b/c/deep.txt"]
    );
    assert!(list(&format!("{root_text}/[")).is_err());
}

#[test]
fn circle_of_links_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(directory.path(), directory.path().join("up")).unwrap();
    assert!(list(directory.path().to_str().unwrap()).is_err());
}

#[test]
fn files_are_chosen_by_name_or_by_path_and_directories_may_be_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("b/c")).unwrap();
    for name in ["z.txt", "z.log", "b/a.log", "b/c/deep.log"] {
        fs::write(root.join(name), name).unwrap();
    }
    let names = |mut keys: serde_json::Value| -> Vec<String> {
        keys["path"] = json!(root);
        let files = super::list(&Options::try_new(keys).unwrap()).unwrap();
        let below = files.iter().map(|f| f.path.strip_prefix(root).unwrap());
        below.map(|path| path.display().to_string()).collect()
    };
    let logs = names(json!({ "include": ["*.log"] }));
    assert_eq!(logs, ["b/a.log", "b/c/deep.log", "z.log"]);
    let some = names(json!({ "include": ["*.log"], "exclude": ["b/c/**", "z*"] }));
    assert_eq!(some, ["b/a.log"]);
    assert_eq!(names(json!({ "include": ["b/*"] })), ["b/a.log"]);
    assert_eq!(names(json!({ "recursive": false })), ["z.log", "z.txt"]);
}
