//! The text is the one that every engine of the benchmark reads.

use super::{Vocabulary, append_line, word};

fn text(bytes: usize, words: u64) -> Vec<u8> {
    let vocabulary = Vocabulary::new(words);
    let (mut text, mut index, mut line) = (Vec::new(), 0, 0);
    while text.len() < bytes {
        index += append_line(&mut text, &vocabulary, line, index);
        line += 1;
    }
    text
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_text_is_the_same_bytes_as_for_the_other_engines() {
    let text = text(3_000_000, 200_000);
    assert_eq!(text.len(), LENGTH);
    assert_eq!(fnv(&text), HASH);
}

#[test]
fn words_are_unique() {
    let mut words: Vec<_> = (0..20_000).map(word).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), 20_000);
}

/// Of the first 3,000,000 bytes, as written by the generator in Java that the other engines use.
const LENGTH: usize = 3_000_047;
const HASH: u64 = 0xefec_f5f7_6330_f8ad;
