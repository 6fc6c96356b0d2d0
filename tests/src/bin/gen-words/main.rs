//! Makes the text of benchmark job J7: words with Zipf frequencies in lines, from integers only.
//!
//! Every engine reads the same bytes, so the text is part of the benchmark's data contract: the files, one after the
//! other, are the same bytes for any number of files. It is not a test fixture; nothing in the tests reads it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[cfg(test)]
mod tests;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const CONSONANTS: &[u8] = b"bcdfghjklmnprstvwz";
const VOWELS: &[u8] = b"aeiou";
const SYLLABLES: u64 = 90;

/// The contract's random number `index` of stream `seed`.
fn random(index: u64, seed: u64) -> u64 {
    let mut z = index.wrapping_mul(GOLDEN).wrapping_add(seed);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The word of a rank, unique and in lower case.
fn word(rank: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = rank + 1;
    while rest > 0 {
        rest -= 1;
        let syllable = (rest % SYLLABLES) as usize;
        bytes.push(CONSONANTS[syllable / VOWELS.len()]);
        bytes.push(VOWELS[syllable % VOWELS.len()]);
        rest /= SYLLABLES;
    }
    let last = (random(rank, 77) & 31) as usize;
    if let Some(&consonant) = CONSONANTS.get(last) {
        bytes.push(consonant);
    }
    bytes
}

/// The words by rank, with the sums of their weights 1 / (rank + 1).
struct Vocabulary {
    words: Vec<Vec<u8>>,
    weights: Vec<u64>,
}

impl Vocabulary {
    fn new(size: u64) -> Self {
        let mut total = 0;
        let weights = (0..size).map(|rank| {
            total += (1_u64 << 32) / (rank + 1);
            total
        });
        Self {
            weights: weights.collect(),
            words: (0..size).map(word).collect(),
        }
    }

    /// The `index`-th word of the text.
    fn draw(&self, index: u64) -> &[u8] {
        let total = self.weights.last().copied().unwrap_or(1);
        let at = (random(index, 55) >> 1) % total;
        let rank = self
            .weights
            .partition_point(|&sum| sum <= at)
            .min(self.words.len() - 1);
        &self.words[rank]
    }
}

/// Appends a line of 5 to 20 words to `text` and returns how many words it has. `first` is its first word's index.
fn append_line(text: &mut Vec<u8>, vocabulary: &Vocabulary, line: u64, first: u64) -> u64 {
    let words = 5 + (random(line, 99) >> 1) % 16;
    for index in first..first + words {
        let start = text.len();
        text.extend_from_slice(vocabulary.draw(index));
        if index == first {
            text[start] = text[start].to_ascii_uppercase();
        }
        if index == first + words - 1 {
            text.extend_from_slice(b".\n");
        } else if random(index, 56) & 15 == 0 {
            text.extend_from_slice(b", ");
        } else {
            text.push(b' ');
        }
    }
    words
}

/// Writes about `bytes` bytes of text into `files` files of about equal size in `folder`.
fn generate(folder: &Path, bytes: u64, vocabulary: &Vocabulary, files: u64) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (mut written, mut line, mut index) = (0, 0, 0);
    let mut text = Vec::new();
    for file in 0..files {
        let end = bytes * (file + 1) / files;
        let mut out = BufWriter::new(File::create(folder.join(format!("words-{file:02}.txt")))?);
        while written < end {
            text.clear();
            index += append_line(&mut text, vocabulary, line, index);
            line += 1;
            written += text.len() as u64;
            out.write_all(&text)?;
        }
        out.flush()?;
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a command line tool tells its user")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| match arguments.get(at) {
        Some(text) => text.parse().ok().filter(|&number: &u64| number > 0),
        None => Some(default),
    };
    let (Some(folder), Some(bytes), Some(vocabulary), Some(files)) = (
        arguments.first().map(PathBuf::from),
        number(1, 300_000_000),
        number(2, 200_000),
        number(3, 1),
    ) else {
        eprintln!("usage: gen-words FOLDER [BYTES=300000000] [VOCABULARY=200000] [FILES=1]");
        return ExitCode::from(2);
    };
    match generate(&folder, bytes, &Vocabulary::new(vocabulary), files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gen-words: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
