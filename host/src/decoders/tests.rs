//! Every reader takes its seeds and edited copies of them; the fuzz targets go further from the same place.

use super::ALL;
use crate::simulation::decoders::mutants;

/// Edited copies of each seed.
const MUTANTS: u64 = 300;

#[test]
fn no_bytes_bring_a_reader_down() {
    for decoder in &ALL {
        let seeds = (decoder.seeds)();
        assert!(!seeds.is_empty(), "{} has no seed", decoder.name);
        for seed in seeds {
            (decoder.read)(&seed);
            for bytes in mutants(&seed, MUTANTS) {
                (decoder.read)(&bytes);
            }
        }
        (decoder.read)(&[]);
    }
}

#[test]
fn names_of_readers_are_names_of_folders() {
    let mut names: Vec<&str> = ALL.iter().map(|decoder| decoder.name).collect();
    let plain = |name: &&str| name.bytes().all(|it| it.is_ascii_lowercase() || it == b'-');
    assert!(names.iter().all(plain), "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len(), "each is there once");
}
