//! Bytes that are no component, or nearly one.

use std::path::Path;

use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

fn inspect(dir: &Path, bytes: &[u8]) -> Ended {
    let path = dir.join("damaged.wasm");
    std::fs::write(&path, bytes).expect("the file can be written");
    let run = Run::bare("inspect").arg(&path);
    run.set("data.cache-dir", dir.join("cache"))
        .set("guest.call-timeout", "300ms")
        .end()
}

#[test]
fn files_that_are_no_component_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let whole = std::fs::read(guest("guest_hostile")).expect("the guest was built");
    let cases: [(&str, Vec<u8>); 12] = [
        ("empty", Vec::new()),
        ("text", b"#!/bin/sh\nrm -rf /\n".to_vec()),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec()),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec()),
        ("magic only", b"\0asm".to_vec()),
        ("another version", b"\0asm\x02\0\0\0".to_vec()),
        ("a module of nothing", b"\0asm\x01\0\0\0".to_vec()),
        ("a component of nothing", b"\0asm\x0d\0\x01\0".to_vec()),
        (
            "a section beyond the end",
            b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f".to_vec(),
        ),
        (
            "a length without end",
            b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("twice", [whole.clone(), whole.clone()].concat()),
    ];
    for (what, bytes) in cases {
        let ended = inspect(dir.path(), &bytes);
        assert_eq!(ended.code, Some(2), "{what}\n{}", ended.told());
        ended.fails_naming(&["damaged.wasm"]);
    }
}

#[test]
fn a_component_with_flipped_bits_is_refused_or_harmless() {
    let dir = tempfile::tempdir().expect("a directory");
    let whole = std::fs::read(guest("guest_hostile")).expect("the guest was built");
    for round in 0..40_usize {
        // Spread over the whole file by a step that shares no factor with its length.
        let at = round * 7_919 * 31 % whole.len();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (round % 8);
        let ended = inspect(dir.path(), &bytes);
        let told = || format!("bit {} of byte {at}\n{}", round % 8, ended.told());
        assert!(matches!(ended.code, Some(0 | 2)), "{}", told());
        assert!(
            !ended.err.contains("thread '"),
            "the host panicked: {}",
            told()
        );
    }
}

#[test]
fn compiled_code_that_was_not_made_here_is_not_loaded() {
    let dir = tempfile::tempdir().expect("a directory");
    let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
    let run = |cache: &Path| {
        let run = Run::bare("run").arg(guest("guest_hostile"));
        run.set("data.cache-dir", cache).end().success()
    };
    run(&ours);
    run(&theirs);
    let artefact = |cache: &Path| {
        let files = std::fs::read_dir(cache).expect("the cache");
        let mut paths = files.map(|file| file.expect("a file").path());
        let found = paths.find(|path| path.extension().is_some_and(|it| it == "cwasm"));
        found.expect("an artefact")
    };
    let (own, foreign) = (artefact(&ours), artefact(&theirs));
    let good = std::fs::read(&own).expect("the artefact");
    let mut code = good.clone();
    let middle = code.len() / 2;
    code[middle..middle + 64].fill(0xcc);
    for forged in [
        std::fs::read(&foreign).expect("the artefact of another"),
        code,
        good[32..].to_vec(),
        vec![0; 64],
    ] {
        std::fs::write(&own, &forged).expect("forging");
        let ended = run(&ours);
        assert!(
            ended.err.contains("compiled component was not made here"),
            "{}",
            ended.told()
        );
        assert_eq!(
            std::fs::read(&own).expect("it was replaced"),
            good_again(&own, &forged)
        );
    }
}

/// What is in the cache now; it must not be what was forged.
fn good_again(path: &Path, forged: &[u8]) -> Vec<u8> {
    let now = std::fs::read(path).expect("the artefact");
    assert_ne!(now, forged);
    now
}
