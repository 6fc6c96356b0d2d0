//! What columns promise.

use super::copy_words;

#[test]
fn short_slices_of_every_length_are_copied_whole() {
    let bytes: Vec<u8> = (1..=64).collect();
    for length in 0..=bytes.len() {
        let mut out = vec![0xff; 3];
        copy_words(&mut out, &bytes[..length]);
        assert_eq!(out[..3], [0xff; 3], "what was there, at {length}");
        assert_eq!(out[3..], bytes[..length], "at {length}");
    }
}
