//! Labels are never paths, and half an upload is no component.

use super::*;

#[test]
fn a_label_is_never_a_path() {
    let awkward = [
        "",
        ".",
        "..",
        "/",
        "\\",
        "../x",
        "a/..",
        "..\\..\\x",
        "\0",
        "\u{202e}x",
        "...x",
        "a b",
        "%2e%2e%2fx",
        "é/ü",
    ];
    let long = "x/".repeat(1000) + &"y".repeat(1000);
    for name in awkward.into_iter().chain([long.as_str()]) {
        let label = label_of(name);
        assert!(
            !label.is_empty() && label.len() <= LABEL_CHARS_MAX,
            "{name:?}"
        );
        assert!(!label.starts_with('.'), "{name:?}");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(label.chars().all(plain), "{name:?} became {label:?}");
    }
}

#[test]
fn the_last_part_of_a_path_is_its_label() {
    assert_eq!(label_of("../../../../tmp/evil.wasm"), "evil.wasm");
    assert_eq!(label_of("C:\\jobs\\a b.wasm"), "a_b.wasm");
    assert_eq!(label_of("/"), "component.wasm");
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = ComponentStore::open(dir.path()).expect("a store");
    let (sender, receiver) = mpsc::channel(2);
    sender
        .try_send(Chunk::Bytes(Bytes::from_static(b"\0asm")))
        .expect("room for a chunk");
    drop(sender);
    assert!(store.receive(1, receiver).is_err());
    let left = std::fs::read_dir(dir.path())
        .expect("the directory")
        .count();
    assert_eq!(left, 0);
}
