//! Where shipped components are looked for, and where not.

use std::path::Path;

use super::{candidates, path};

#[test]
fn a_name_that_leaves_the_folder_names_nothing() {
    for name in ["../standard", "/etc/passwd", "a/b"] {
        assert!(candidates(name, Some(Path::new("/"))).is_empty(), "{name}");
    }
    assert_eq!(path("no-such-component", None), None);
}

#[test]
fn the_folder_of_the_configuration_goes_first() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("mine.wasm");
    std::fs::write(&file, "").expect("the file can be written");
    assert_eq!(path("mine", Some(folder.path())), Some(file));
    assert_eq!(path("mine", None), None);
}
