//! A guest reaches what it was granted and nothing else.

use super::*;

fn granted(directory: &std::path::Path) -> Reachable {
    let mut resources = Resources::default();
    let at = directory.to_owned();
    resources.directories.insert(OperatorId(4), at);
    Reachable::new(Arc::new(resources), 1)
}

#[test]
fn files_are_appended_renamed_listed_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = granted(directory.path());
    assert_eq!(files.append(3, "a", b"one").unwrap(), 3);
    assert_eq!(files.append(3, "a", b"two").unwrap(), 6);
    files.sync(3, "a").unwrap();
    files.append(3, "b", b"").unwrap();
    assert!(matches!(
        files.rename(3, "a", "b"),
        Err(FileError::AlreadyExists)
    ));
    files.rename(3, "a", "c").unwrap();
    assert_eq!(files.list(3, "", 10).unwrap(), ["b", "c"]);
    assert_eq!(files.list(3, "b", 10).unwrap(), ["c"]);
    assert_eq!(files.list(3, "", 1).unwrap(), ["b"]);
    assert_eq!(files.size(3, "c").unwrap(), Some(6));
    assert_eq!(files.size(3, "a").unwrap(), None);
    assert_eq!(files.read(3, "c", 2, 100).unwrap(), b"etwo");
    assert_eq!(files.read(3, "c", 1 << 40, 100).unwrap(), b"");
    files.remove(3, "c").unwrap();
    files.remove(3, "c").unwrap();
    assert!(matches!(files.read(3, "c", 0, 1), Err(FileError::NotFound)));
}

#[test]
fn an_operator_without_a_grant_reaches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = granted(directory.path());
    assert!(matches!(
        files.append(4, "a", b""),
        Err(FileError::NotGranted)
    ));
    assert!(matches!(files.list(4, "", 1), Err(FileError::NotGranted)));
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let inside = outside.path().join("granted");
    std::fs::create_dir(&inside).unwrap();
    let target = outside.path().join("secret");
    std::os::unix::fs::symlink(&target, inside.join("absolute")).unwrap();
    std::os::unix::fs::symlink("../secret", inside.join("relative")).unwrap();
    let mut files = granted(&inside);
    let long = "x".repeat(256);
    for name in [
        "",
        ".",
        "..",
        "../secret",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "a\0b",
        &long,
    ] {
        let refused = files.read(3, name, 0, 10);
        assert!(
            matches!(refused, Err(FileError::InvalidName(_))),
            "{name:?}"
        );
        assert!(files.append(3, name, b"x").is_err(), "{name:?}");
        assert!(files.remove(3, name).is_err(), "{name:?}");
        assert!(files.rename(3, "a", name).is_err(), "{name:?}");
    }
    for link in ["absolute", "relative"] {
        assert!(files.read(3, link, 0, 10).is_err(), "{link}");
        assert!(files.append(3, link, b"x").is_err(), "{link}");
    }
    assert_eq!(std::fs::read(&target).unwrap(), b"secret");
}

#[test]
fn what_is_too_large_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = granted(directory.path());
    files.append(3, "a", b"x").unwrap();
    assert!(matches!(
        files.read(3, "a", 0, u32::MAX),
        Err(FileError::TooLarge)
    ));
    let much = vec![0; BYTES_PER_CALL_MAX + 1];
    assert!(matches!(
        files.append(3, "a", &much),
        Err(FileError::TooLarge)
    ));
}
