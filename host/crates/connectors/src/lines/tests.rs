//! Line cutting against a naive model, with reads of any size.

use std::io::Read;

use dataflow::limits::{RECORD_BYTES_MAX, SOURCE_BATCH_BYTES, SOURCE_BATCH_RECORDS};
use proptest::prelude::*;

use super::{LineBuffer, LineTooLong};

/// Gives its bytes in pieces.
struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.piece.min(self.bytes.len()).min(into.len());
        into[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

fn naive(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let mut lines: Vec<&[u8]> = lines
        .into_iter()
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    if !last.is_empty() {
        lines.push(last);
    }
    lines
        .into_iter()
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

fn cut(bytes: &[u8], piece: usize) -> Result<Vec<String>, LineTooLong> {
    let mut from = Pieces { bytes, piece };
    let mut buffer = LineBuffer::new();
    let (mut lines, mut taken, mut at_end) = (Vec::new(), 0, false);
    while !at_end {
        at_end = buffer.fill(&mut from).unwrap() == 0;
        while let Some((batch, count)) = buffer.take(u64::MAX, at_end)? {
            taken += count;
            batch.validate(SOURCE_BATCH_RECORDS).unwrap();
            assert!(batch.count == 1 || batch.values.data.len() <= SOURCE_BATCH_BYTES);
            for value in batch.values.entries(batch.len()) {
                lines.push(String::from_utf8(value.to_vec()).unwrap());
            }
        }
    }
    assert_eq!(taken, bytes.len());
    Ok(lines)
}

proptest! {
    #[test]
    fn lines_are_those_of_the_model(
        bytes in proptest::collection::vec(
            prop_oneof![4 => Just(b'a'), 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()],
            0..3000,
        ),
        piece in 1usize..500,
    ) {
        prop_assert_eq!(cut(&bytes, piece).unwrap(), naive(&bytes));
    }
}

#[test]
fn invalid_bytes_at_a_line_end_do_not_join_the_next_line() {
    let bytes = b"a\xc3\n\xa4b\n";
    assert_eq!(cut(bytes, 100).unwrap(), ["a\u{fffd}", "\u{fffd}b"]);
}

#[test]
fn many_invalid_bytes_still_fit_the_limits() {
    let line = [vec![0xff; 900], vec![b'\n']].concat();
    let bytes = line.repeat(300);
    assert_eq!(cut(&bytes, 100_000).unwrap(), naive(&bytes));
}

#[test]
fn longest_line_passes_and_a_longer_one_is_refused() {
    let mut bytes = vec![b'x'; RECORD_BYTES_MAX];
    bytes.extend_from_slice(b"\r\nshort\n");
    assert_eq!(cut(&bytes, 1 << 20).unwrap().len(), 2);
    let bytes = vec![b'x'; RECORD_BYTES_MAX + 1];
    assert_eq!(cut(&bytes, 1 << 20), Err(LineTooLong));
}

#[test]
fn lines_of_one_width_need_no_ends() {
    let mut buffer = LineBuffer::new();
    buffer.fill(&mut &b"ab\ncd\n"[..]).unwrap();
    let (batch, taken) = buffer.take(u64::MAX, false).unwrap().unwrap();
    assert_eq!((taken, batch.count), (6, 2));
    assert!(batch.values.ends.is_empty());
}
