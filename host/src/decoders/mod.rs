//! Every reader of bytes that come from a guest, a disk or a user, once: the list that fuzzing and the tests of edited
//! documents go through, so that nobody forgets one. Compiled for tests and fuzzing only.
//!
//! Keeps: whatever the bytes, a reader gives a value or an error, never a panic, and takes memory and time in proportion to
//! them. Who adds a reader of foreign bytes adds a line to [`ALL`]. Not here: what libraries read for us (HTTP, TLS, the
//! tables of RocksDB, code for the compiler).

mod binary;
mod seeds;
mod text;

/// A reader.
pub struct Decoder {
    /// What is read; the name of its corpus.
    pub name: &'static str,
    /// Reads any bytes. Panics only if the reader is wrong.
    pub read: fn(&[u8]),
    /// Valid bytes to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

const fn decoder(name: &'static str, read: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Decoder {
    Decoder { name, read, seeds }
}

/// All of them.
pub const ALL: [Decoder; 22] = [
    decoder("batch", binary::batch, seeds::batch),
    decoder("row", binary::row, seeds::row),
    decoder("lines", text::lines, seeds::lines),
    decoder(
        "connector-state",
        binary::connector_state,
        seeds::connector_state,
    ),
    decoder(
        "kafka",
        connectors::decoders::kafka,
        connectors::decoders::kafka_seeds,
    ),
    decoder(
        "operator-state",
        binary::operator_state,
        seeds::operator_state,
    ),
    decoder("in-flight", binary::in_flight, seeds::in_flight),
    decoder("heap-snapshot", binary::heap_snapshot, seeds::heap_snapshot),
    decoder("component", binary::component, seeds::component),
    decoder("plan", text::plan, seeds::plan),
    decoder("manifest", text::manifest, seeds::manifest),
    decoder("metadata", text::metadata, seeds::metadata),
    decoder("current", text::current, seeds::current),
    decoder(
        "savepoint-manifest",
        crate::savepoint::decoders::manifest,
        seeds::savepoint_manifest,
    ),
    decoder(
        "savepoint-file",
        crate::savepoint::decoders::file,
        seeds::savepoint_file,
    ),
    decoder(
        "savepoint-value",
        crate::savepoint::decoders::value,
        seeds::savepoint_value,
    ),
    decoder(
        "declaration",
        crate::savepoint::decoders::declaration,
        seeds::declaration,
    ),
    decoder(
        "dead-letter",
        crate::dead_letters::inbox::decode,
        seeds::dead_letter,
    ),
    decoder("job-file", text::job_file, seeds::job_file),
    decoder("request", crate::api::decoders::body, seeds::request),
    decoder("tokens", crate::api::decoders::tokens, seeds::tokens),
    decoder("settings", text::settings, seeds::settings),
];

#[cfg(test)]
mod tests;
