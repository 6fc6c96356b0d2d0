//! A savepoint on disk: a directory that contains everything a job needs to go on, by relative names, so that it can be
//! moved and kept. The format is docs/SAVEPOINT_FORMAT.md.
//!
//! Keeps: `_metadata.json` is written last, so a directory without it is no savepoint; a file that is not what was
//! written is refused. It is independent of state backend and parallelism. Blocks; not for async threads.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::avro_file;
use super::error::SavepointError;
use super::state_files::{AVRO, ChainState, StateFiles, TaskState, states_of};
use crate::storage::blob_store::hex;
use crate::storage::metadata::{FileEntry, Metadata, StateEntry, TaskEntry, VertexEntry};

/// The manifest of a savepoint.
pub(crate) const MANIFEST: &str = "_metadata.json";
/// The hashes of all files, as `b3sum --check` reads them.
pub(super) const CHECKSUMS: &str = "_checksums.b3";
/// What the manifest says it is.
const FORMAT: &str = "wasmill-savepoint";
/// The version this build writes and reads.
const VERSION: u32 = 1;

/// The manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// What this is: `wasmill-savepoint`.
    pub(crate) format: String,
    /// Version of the format.
    pub(crate) version: u32,
    /// When it was written (milliseconds since the Unix epoch).
    pub(crate) created_ms: i64,
    /// Subtasks of operators that did not say otherwise.
    pub(crate) parallelism: u32,
    /// The components that ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<FileEntry>,
    /// Positions, event time, operators and states; the files of a task's states are named by their role.
    pub(crate) checkpoint: Metadata,
}

/// What goes into a savepoint beside the checkpoint.
pub(crate) struct Bundle<'a> {
    /// Where the checkpoint's files are.
    pub(crate) files: &'a StateFiles,
    /// The checkpoint; its output has been published.
    pub(crate) checkpoint: &'a Metadata,
    /// Subtasks of operators that did not say otherwise.
    pub(crate) parallelism: u32,
    /// Files of components to be put in, by their digests.
    pub(crate) components: &'a [(String, PathBuf)],
    /// The time (milliseconds since the Unix epoch).
    pub(crate) now_ms: i64,
}

impl Bundle<'_> {
    /// Writes the savepoint into a new directory `name` below `parent`; gives its path. What was begun is removed if it
    /// fails.
    ///
    /// # Errors
    /// The directory exists, the disk refuses, or the checkpoint cannot be read.
    pub(crate) fn write(&self, parent: &Path, name: &str) -> Result<PathBuf, SavepointError> {
        let root = parent.join(name);
        create(parent)?;
        std::fs::create_dir(&root)
            .map_err(|error| SavepointError::file(&root, "create", error.to_string()))?;
        self.fill(&root).inspect_err(|_| {
            let _ = std::fs::remove_dir_all(&root);
        })?;
        Ok(root)
    }

    fn fill(&self, root: &Path) -> Result<(), SavepointError> {
        create(&root.join("state"))?;
        let mut checkpoint = self.checkpoint.clone();
        for (chain_index, chain) in checkpoint.vertices.iter_mut().enumerate() {
            let states = states_of(&self.checkpoint.operators, chain);
            for subtask in 0..chain.tasks.len() {
                let place = format!("{chain_index}-{subtask}");
                chain.tasks[subtask] = self.task(root, &place, chain, subtask, &states)?;
            }
        }
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_ms: self.now_ms,
            parallelism: self.parallelism,
            components: self.components(root)?,
            checkpoint,
        };
        seal(root, &manifest)
    }

    fn components(&self, root: &Path) -> Result<Vec<FileEntry>, SavepointError> {
        if self.components.is_empty() {
            return Ok(Vec::new());
        }
        create(&root.join("components"))?;
        let copy = |(digest, from): &(String, PathBuf)| {
            let name = format!("components/{digest}.wasm");
            let bytes = std::fs::read(from)
                .map_err(|error| SavepointError::file(from, "read", error.to_string()))?;
            put(&root.join(&name), &bytes)?;
            Ok(FileEntry {
                name,
                role: digest.clone(),
                bytes: bytes.len() as u64,
                blake3: hex(blake3::hash(&bytes).as_bytes()),
            })
        };
        self.components.iter().map(copy).collect()
    }

    fn task(
        &self,
        root: &Path,
        place: &str,
        chain: &VertexEntry,
        subtask: usize,
        states: &[ChainState],
    ) -> Result<TaskEntry, SavepointError> {
        let task = &chain.tasks[subtask];
        let mut written = task.clone();
        // The output of the checkpoint was published before this is written, so nothing is left to publish.
        for sink in &mut written.sinks {
            sink.committables.clear();
            sink.segments.clear();
        }
        if task.in_flight.is_some() {
            let reason = "the checkpoint has records in flight, and a savepoint cannot".to_owned();
            return Err(SavepointError::Metadata(reason));
        }
        if task.state.is_none() && task.operator_state.is_none() {
            return Ok(written);
        }
        let mut opened = self.files.open(self.checkpoint, chain, task, states)?;
        let mut files = Vec::new();
        for (index, state) in (0..).zip(states) {
            let has_it = match state.keyed() {
                Some(_) => task.state.is_some(),
                None => task.operator_state.is_some(),
            };
            if has_it {
                files.push(write_state(root, place, index, state, &mut opened)?);
            }
        }
        written.operator_state = None;
        written.state = Some(StateEntry {
            format: AVRO.to_owned(),
            key_groups: task.state.as_ref().and_then(|state| state.key_groups),
            files,
        });
        Ok(written)
    }
}

fn write_state(
    root: &Path,
    place: &str,
    index: u32,
    state: &ChainState,
    from: &mut TaskState,
) -> Result<FileEntry, SavepointError> {
    let name = format!("state/{place}-{}.avro", file_name(&state.name));
    avro_file::write(root, &name, &state.name, &state.codec, |append| {
        from.visit(index, state, append)
    })
}

/// The name of a state as that of a file: readable where it can be, and never that of another state.
fn file_name(state: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let readable: String = state
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte) } else { '.' })
        .take(100)
        .collect();
    let hash = blake3::hash(state.as_bytes());
    format!("{readable}-{}", &hex(hash.as_bytes())[..8])
}

/// Writes the manifest and the hashes of all files; from then on it is a savepoint.
fn seal(root: &Path, manifest: &Manifest) -> Result<(), SavepointError> {
    let path = root.join(MANIFEST);
    let refused = |reason: String| SavepointError::file(&path, "write", reason);
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| refused(error.to_string()))?;
    let tasks = manifest.checkpoint.vertices.iter().flat_map(|it| &it.tasks);
    let states = tasks.flat_map(|task| task.state.iter().flat_map(|state| &state.files));
    let mut sums: Vec<String> = states
        .chain(&manifest.components)
        .map(|file| format!("{}  {}\n", file.blake3, file.name))
        .collect();
    sums.push(format!(
        "{}  {MANIFEST}\n",
        hex(blake3::hash(&text).as_bytes())
    ));
    put(&root.join(CHECKSUMS), sums.concat().as_bytes())?;
    let draft = root.join("_metadata.json.draft");
    put(&draft, &text)?;
    std::fs::rename(&draft, &path).map_err(|error| refused(error.to_string()))?;
    let directory = File::open(root).and_then(|dir| dir.sync_all());
    directory.map_err(|error| refused(error.to_string()))
}

fn create(dir: &Path) -> Result<(), SavepointError> {
    let made = std::fs::create_dir_all(dir);
    made.map_err(|error| SavepointError::file(dir, "create", error.to_string()))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), SavepointError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| SavepointError::file(path, "write", error.to_string()))
}

/// Whether a directory says that it is a savepoint.
pub(crate) fn is_savepoint(dir: &Path) -> bool {
    dir.join(MANIFEST).is_file() && dir.join(CHECKSUMS).is_file()
}

/// Reads the manifest of the savepoint in a directory. The files it names are checked when they are read.
///
/// # Errors
/// There is none, it is damaged, or of another version.
pub(crate) fn read(dir: &Path) -> Result<Manifest, SavepointError> {
    let path = dir.join(MANIFEST);
    let refused = |reason: String| SavepointError::file(&path, "read", reason);
    let text = std::fs::read(&path).map_err(|error| refused(error.to_string()))?;
    let sums = dir.join(CHECKSUMS);
    let sums = std::fs::read_to_string(&sums)
        .map_err(|error| SavepointError::file(&sums, "read", error.to_string()))?;
    let own = format!("{}  {MANIFEST}", hex(blake3::hash(&text).as_bytes()));
    if !sums.lines().any(|line| line == own) {
        return Err(refused(format!("its hash is not the one in {CHECKSUMS}")));
    }
    parse(&text).map_err(refused)
}

/// Reads a manifest.
///
/// # Errors
/// It is none, or one of another version; a text.
pub(super) fn parse(text: &[u8]) -> Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        let (format, version) = (&manifest.format, manifest.version);
        return Err(format!(
            "it is {format} {version}, this build reads {FORMAT} {VERSION}"
        ));
    }
    Ok(manifest)
}
