//! Checkpoints that say what no checkpoint says: refused, or taken for what they say and run. Never a panic. The readers of
//! all other bytes are in `crate::decoders`.
//!
//! Valid documents are edited at random: bits flipped, pieces cut, doubled and put in, numbers replaced by the worst there
//! are. Hashes are not looked at here, so the edits reach what lies behind them.

use std::path::Path;

use super::dice::Dice;
use super::run::Run;
use super::world::World;
use crate::storage::checkpoint_store::{Restorable, RestoredPlace};
use crate::storage::metadata::Metadata;

/// Numbers at their worst, and what is no number.
const WORST: [&str; 9] = [
    "0",
    "-1",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "null",
    "\"\"",
];

/// One edit.
fn edit(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.index(bytes.len() + 1).min(bytes.len());
    let end = (at + dice.index(24)).min(bytes.len());
    match dice.below(6) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => number(bytes, at, dice),
    }
}

/// Replaces the next number by one of the worst.
fn number(bytes: &mut Vec<u8>, from: usize, dice: &mut Dice) {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes[from..].iter().position(digit) else {
        return;
    };
    let start = from + start;
    let length = bytes[start..].iter().position(|byte| !digit(byte));
    let end = start + length.unwrap_or(bytes.len() - start);
    let worst = WORST[dice.index(WORST.len())].bytes();
    bytes.splice(start..end, worst);
}

/// Edited copies of a document.
pub(crate) fn mutants(valid: &[u8], count: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|seed| {
        let mut dice = Dice::new(seed);
        let mut bytes = valid.to_vec();
        for _ in 0..dice.between(1, 3) {
            edit(&mut bytes, &mut dice);
        }
        bytes
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
}

/// A run that was killed after some checkpoints, and the metadata of the newest.
fn interrupted(runtime: &tokio::runtime::Runtime, folder: &Path) -> (Run, Vec<u8>) {
    let mut world = World::new(7, None, runtime.handle().clone());
    world.end_after(3);
    let mut run = Run::new(world, folder);
    assert_eq!(run.process(0), Ok(false), "it is killed");
    let mut store = run.world.checkpoints("looks".to_owned());
    let newest = store.load_latest().expect("a checkpoint").metadata;
    let bytes = serde_json::to_vec(&newest).expect("it can be written");
    (run, bytes)
}

/// Restored for good: tasks are opened and run for a while.
#[test]
fn no_metadata_brings_the_host_down() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().expect("a directory"));
    let (mut run, valid) = interrupted(&runtime, folder.path());
    run.world.disk.protect();
    let (mut read, mut opened) = (0, 0);
    for (number, bytes) in mutants(&valid, 3000).enumerate() {
        let Ok(metadata) = serde_json::from_slice::<Metadata>(&bytes) else {
            continue;
        };
        read += 1;
        let restorable = Restorable {
            metadata,
            damaged_runs: Vec::new(),
            place: RestoredPlace {
                path: String::new(),
                is_savepoint: false,
            },
        };
        let name = format!("mutant{number}");
        let mut store = run.world.checkpoints(name.clone());
        run.world.hurry(300);
        // An end, or a reason; both are fine.
        opened += u64::from(run.attempt(&name, &mut store, Some(&restorable)).is_ok());
    }
    assert!(read > 300, "only {read} could be read");
    assert!(opened < read, "everything was taken");
}

#[test]
fn no_list_of_checkpoints_brings_the_host_down() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().expect("a directory"));
    let (run, _) = interrupted(&runtime, folder.path());
    let valid = run.world.disk.read("CURRENT").expect("it is there");
    let mut refused = 0;
    for bytes in mutants(&valid, 2000) {
        run.world.disk.write("CURRENT", Some(bytes));
        let found = run.world.checkpoints("looks".to_owned()).load_latest();
        refused += u64::from(found.is_err());
    }
    assert!(refused > 0, "everything was taken");
}
