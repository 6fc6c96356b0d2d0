//! Text to read: lines of words drawn from a vocabulary, the same bytes for the same arguments.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::oracle::random;

/// Appends a line of up to twelve words, some with capitals, digits, punctuation or empty.
fn append_line(out: &mut String, line: u64, vocabulary: u64) {
    for index in 0..random(line, 3) % 13 {
        let draw = random(line * 16 + index, 4);
        // Small numbers are frequent: the product of two draws.
        let rank = (draw >> 32) % vocabulary * (draw & 0xFFFF) / 0x1_0000;
        let word = match rank % 3 {
            0 => format!("Word{rank}"),
            1 => format!("w{rank}x"),
            _ => format!("{rank}"),
        };
        out.push_str(&word);
        out.push_str([" ", ", ", "; ", " - ", ". ", "\t"][(draw >> 8) as usize % 6]);
    }
    out.push('\n');
}

/// About `bytes` bytes of text.
pub(crate) fn make(bytes: usize, vocabulary: u64) -> String {
    let mut text = String::with_capacity(bytes + 256);
    for line in 0.. {
        if text.len() >= bytes {
            break;
        }
        append_line(&mut text, line, vocabulary);
    }
    text
}

/// Writes about `bytes` bytes of text to a file: one block of a megabyte, over and over.
pub(crate) fn write_repeated(path: &Path, bytes: u64, vocabulary: u64) {
    let block = make(1 << 20, vocabulary);
    let mut out = BufWriter::new(File::create(path).expect("the text file can be made"));
    let mut written = 0;
    while written < bytes {
        out.write_all(block.as_bytes())
            .expect("the text can be written");
        written += block.len() as u64;
    }
    out.flush().expect("the text can be written");
}
