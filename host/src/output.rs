//! What commands say: results on standard output, everything else on standard error. A closed pipe is no error.

use std::io::{self, Write};

/// Writes lines to standard output.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    // Whoever closed the pipe has read enough.
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Writes bytes to standard output as they are.
pub(crate) fn write(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    // Whoever closed the pipe has read enough.
    let _ = out.write_all(bytes);
    let _ = out.flush();
}

/// Writes a line to standard error.
pub(crate) fn error(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.write_all(b"\n");
}

/// A rate or count as people read it: `950`, `12.3 k`, `4.56 M`.
pub(crate) fn figure(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.2} G", v / 1e9),
        v if v >= 1e6 => format!("{:.2} M", v / 1e6),
        v if v >= 1e4 => format!("{:.1} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

/// A size as people read it.
pub(crate) fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().iec().to_string()
}
