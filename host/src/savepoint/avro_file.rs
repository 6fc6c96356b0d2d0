//! Avro object container files of state entries: written and read as streams, named with their size and hash.
//!
//! Keeps: equal entries in equal order make equal bytes, as far as Avro maps allow; a file is read only after its hash
//! was checked.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use apache_avro::{Codec, Reader, Schema, Writer};

use super::entry::{Entry, EntryCodec, OwnedEntry};
use super::error::SavepointError;
use crate::storage::blob_store::{hex, unhex};
use crate::storage::metadata::FileEntry;

/// Writes and hashes on the way.
struct Hashed {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes `entries` as the file `name` below `root`; `role` is what it holds. The file is durable when this returns.
///
/// `entries` is called with a function that takes one entry after the other.
///
/// # Errors
/// The disk refuses, or `entries` does.
pub(crate) fn write(
    root: &Path,
    name: &str,
    role: &str,
    codec: &EntryCodec,
    entries: impl FnOnce(
        &mut dyn FnMut(Entry<'_>) -> Result<(), SavepointError>,
    ) -> Result<(), SavepointError>,
) -> Result<FileEntry, SavepointError> {
    let path = root.join(name);
    let refused = |reason: String| SavepointError::file(&path, "write", reason);
    let schema = codec.schema().map_err(refused)?;
    let file = File::create(&path).map_err(|error| refused(error.to_string()))?;
    let hashed = Hashed {
        file: BufWriter::new(file),
        hasher: blake3::Hasher::new(),
        bytes: 0,
    };
    let mut writer = Writer::builder()
        .schema(&schema)
        .writer(hashed)
        .codec(Codec::Null)
        .marker(marker(&schema, role))
        .build()
        .map_err(|error| refused(error.to_string()))?;
    entries(&mut |entry| {
        let record = codec.to_record(entry);
        let appended = writer.unvalidated_append_value_ref(&record);
        appended
            .map(drop)
            .map_err(|error| refused(error.to_string()))
    })?;
    writer.flush().map_err(|error| refused(error.to_string()))?;
    let mut hashed = writer
        .into_inner()
        .map_err(|error| refused(error.to_string()))?;
    let io = |error: std::io::Error| refused(error.to_string());
    hashed.flush().map_err(io)?;
    hashed.file.get_ref().sync_all().map_err(io)?;
    Ok(FileEntry {
        name: name.to_owned(),
        role: role.to_owned(),
        bytes: hashed.bytes,
        blake3: hex(hashed.hasher.finalize().as_bytes()),
    })
}

/// Marks the blocks of a file: sixteen bytes that are unlikely in the data.
fn marker(schema: &Schema, role: &str) -> [u8; 16] {
    let hash = blake3::hash(format!("{role} {}", schema.canonical_form()).as_bytes());
    let mut marker = [0; 16];
    marker.copy_from_slice(&hash.as_bytes()[..16]);
    marker
}

/// Checks size and hash of a file below `root`; gives its path.
///
/// # Errors
/// It is missing, or not what was written.
pub(crate) fn verify(root: &Path, file: &FileEntry) -> Result<PathBuf, SavepointError> {
    let path = safe_path(root, &file.name)?;
    let refused = |reason: String| SavepointError::file(&path, "read", reason);
    let opened = File::open(&path).map_err(|error| refused(error.to_string()))?;
    let mut reader = BufReader::with_capacity(1 << 20, opened);
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = reader
            .read(&mut chunk)
            .map_err(|error| refused(error.to_string()))?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hasher.update(&chunk[..read]);
    }
    if bytes != file.bytes {
        let expected = file.bytes;
        return Err(refused(format!("{bytes} bytes instead of {expected}")));
    }
    if unhex(&file.blake3).ok().as_deref() != Some(hasher.finalize().as_bytes()) {
        return Err(refused("its hash is not the recorded one".to_owned()));
    }
    Ok(path)
}

/// The place of a file of a savepoint, which must stay inside of it.
pub(crate) fn safe_path(root: &Path, name: &str) -> Result<PathBuf, SavepointError> {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if plain && !name.is_empty() {
        return Ok(root.join(path));
    }
    Err(SavepointError::file(
        root,
        "read",
        format!("{name:?} is no name of a file in it"),
    ))
}

/// Shows the entries of a file below `root`, one after the other.
///
/// # Errors
/// It is missing or damaged, or `visit` fails.
pub(crate) fn read(
    root: &Path,
    file: &FileEntry,
    codec: &EntryCodec,
    visit: impl FnMut(OwnedEntry) -> Result<(), SavepointError>,
) -> Result<(), SavepointError> {
    let path = verify(root, file)?;
    let refused = |reason: String| SavepointError::file(&path, "read", reason);
    let opened = File::open(&path).map_err(|error| refused(error.to_string()))?;
    entries(BufReader::new(opened), codec, refused, visit)
}

/// Shows the entries of an open file. What is wrong with its bytes goes through `refused`.
pub(super) fn entries(
    file: impl Read,
    codec: &EntryCodec,
    refused: impl Fn(String) -> SavepointError,
    mut visit: impl FnMut(OwnedEntry) -> Result<(), SavepointError>,
) -> Result<(), SavepointError> {
    let reader = Reader::new(file).map_err(|error| refused(error.to_string()))?;
    for record in reader {
        let record = record.map_err(|error| refused(error.to_string()))?;
        let entry = codec.of_record(&record);
        visit(entry.ok_or_else(|| refused("a record is no entry of the state".to_owned()))?)?;
    }
    Ok(())
}
