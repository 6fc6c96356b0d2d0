//! What was saved, opened to be looked at: a savepoint, the last checkpoint of a job, or one of its retained ones.
//!
//! Nothing is locked and nothing is changed, so the job may run meanwhile; a checkpoint that it forgets while it is being
//! read is reported as missing. The command line and the REST API read state through here. Blocks; not for async threads.

use std::path::{Path, PathBuf};

use dataflow::key_group::key_group;
use serde_json::{Value as Json, json};
use tokio::runtime::Handle;

use super::bundle::{self, MANIFEST};
use super::entry::Entry;
use super::error::SavepointError;
use super::fit::Fit;
use super::folder::Folder;
use super::state_files::{ChainState, ChainStateKind, StateFiles, states_of};
use crate::storage::current::{CURRENT, newest_metadata};
use crate::storage::metadata::{Metadata, OperatorEntry, VertexEntry};
use crate::storage::s3::S3Config;

/// What was saved.
pub(crate) struct SavedState {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// `savepoint` or `checkpoint`.
    pub(crate) what: &'static str,
    /// What it consists of.
    pub(crate) metadata: Metadata,
    files: StateFiles,
}

/// Is shown an entry of a state.
pub(crate) type ShowEntry<'a> =
    &'a mut dyn FnMut(&ChainState, Entry<'_>) -> Result<(), SavepointError>;

impl SavedState {
    /// Opens what is at a path, which may be in a bucket: the directory of a savepoint, the directory of a job's checkpoints (the newest one), or
    /// the folder of one of them. Working files go below `work_dir`, which is removed when this is dropped.
    ///
    /// # Errors
    /// It is none of these, or damaged.
    pub(crate) fn open(
        path: &Path,
        work_dir: PathBuf,
        s3: &S3Config,
        runtime: &Handle,
    ) -> Result<Self, SavepointError> {
        let unknown = |reason: &str| SavepointError::Unknown {
            path: path.display().to_string(),
            reason: reason.to_owned(),
        };
        let folder = Folder::open(path, s3, runtime)?;
        let readable = |text: &[u8]| {
            serde_json::from_slice(text)
                .map_err(|error| SavepointError::Metadata(error.to_string()))
        };
        let (what, folder, metadata) = if folder.is_savepoint()? {
            let root = folder.on_disk(work_dir.join("fetched"))?;
            let metadata = bundle::read(&root)?.checkpoint;
            ("savepoint", Folder::open(&root, s3, runtime)?, metadata)
        } else if folder.read(CURRENT)?.is_some() {
            let metadata = newest_metadata(|name| folder.read(name));
            let metadata = metadata.map_err(|reason| unknown(&reason))?;
            ("checkpoint", folder, metadata)
        } else if let Some(text) = folder.read(MANIFEST)? {
            let root = path.parent().map(Path::to_owned).unwrap_or_default();
            (
                "checkpoint",
                Folder::open(&root, s3, runtime)?,
                readable(&text)?,
            )
        } else {
            return Err(unknown("there is no checkpoint or savepoint"));
        };
        Ok(Self {
            path: path.to_owned(),
            what,
            metadata,
            files: StateFiles {
                blobs: folder.blobs()?,
                root: folder.into_path(),
                work_dir,
            },
        })
    }

    /// How it fits a job with these operators.
    ///
    /// # Errors
    /// It does not say which states it has.
    pub(crate) fn fit(
        &self,
        operators: &[OperatorEntry],
        max_parallelism: u32,
    ) -> Result<Fit, SavepointError> {
        if self.metadata.operators.is_empty() {
            let path = self.path.display();
            return Err(SavepointError::Metadata(format!(
                "{path}: it was taken by an early build and does not say which states it has"
            )));
        }
        Ok(Fit::of(&self.metadata, operators, max_parallelism))
    }

    /// Every state with its kind, schemas and size.
    pub(crate) fn states(&self) -> Result<Vec<Json>, SavepointError> {
        let mut states = Vec::new();
        for chain in &self.metadata.vertices {
            for (index, state) in (0..).zip(states_of(&self.metadata.operators, chain)) {
                let mut entries = 0u64;
                let mut bytes = 0u64;
                self.visit_one(chain, index, &mut |_, entry| {
                    entries += 1;
                    bytes += (entry.key.len() + entry.sub_key.len() + entry.value.len()) as u64;
                    Ok(())
                })?;
                let mut told = json!({
                    "operator": state.operator, "state": short_name(&state), "kind": state.word(),
                    "entries": entries, "bytes": bytes,
                });
                let mut operators = self.metadata.operators.iter();
                let operator = operators.find(|it| it.uid == state.operator);
                told["key_schema"] = json!(operator.and_then(|it| it.key_schema.as_ref()));
                if let ChainStateKind::Declared(declared) = &state.kind {
                    told["schema"] = declared.schema.clone();
                    told["expires"] = json!(declared.expires);
                }
                states.push(told);
            }
        }
        Ok(states)
    }

    /// The names of all states, as `operator uid/state`.
    pub(crate) fn names(&self) -> Vec<String> {
        let chains = self.metadata.vertices.iter();
        let states = chains.flat_map(|chain| states_of(&self.metadata.operators, chain));
        states.map(|state| state.name).collect()
    }

    /// Shows the entries of the states of an operator, or of one of them, or of all. Order within a state is that of the
    /// files.
    ///
    /// # Errors
    /// There is no such state, a file is damaged, or `show` fails.
    pub(crate) fn visit(
        &self,
        operator: Option<&str>,
        state: Option<&str>,
        show: ShowEntry<'_>,
    ) -> Result<(), SavepointError> {
        let mut known = false;
        for chain in &self.metadata.vertices {
            for (index, of_chain) in (0..).zip(states_of(&self.metadata.operators, chain)) {
                let wanted = operator.is_none_or(|uid| of_chain.operator == uid)
                    && state.is_none_or(|name| short_name(&of_chain) == name);
                if wanted {
                    known = true;
                    self.visit_one(chain, index, show)?;
                }
            }
        }
        if known || (operator.is_none() && state.is_none()) {
            return Ok(());
        }
        let asked = [operator, state].into_iter().flatten().collect::<Vec<_>>();
        Err(SavepointError::NoState {
            asked: asked.join("/"),
            known: self.names().join(", "),
        })
    }

    /// Shows the entries of a key, given as JSON, in one state.
    ///
    /// # Errors
    /// As [`SavedState::visit`]; or the key does not fit the schema.
    pub(crate) fn visit_key(
        &self,
        operator: &str,
        state: &str,
        key: &Json,
        show: ShowEntry<'_>,
    ) -> Result<(), SavepointError> {
        let no_state = || SavepointError::NoState {
            asked: format!("{operator}/{state}"),
            known: self.names().join(", "),
        };
        for chain in &self.metadata.vertices {
            let states = states_of(&self.metadata.operators, chain);
            let mut named = (0..).zip(&states);
            let Some((index, of_chain)) =
                named.find(|(_, it)| it.operator == operator && short_name(it) == state)
            else {
                continue;
            };
            if of_chain.keyed().is_none() {
                return self.visit_one(chain, index, show);
            }
            let bytes = of_chain.codec.key.of_json(key);
            let bytes = bytes.map_err(|reason| SavepointError::Key {
                key: key.to_string(),
                reason,
            })?;
            let group = key_group(&bytes, self.metadata.max_parallelism);
            for task in &chain.tasks {
                let range = task.state.as_ref().and_then(|state| state.key_groups);
                if range.is_some_and(|(start, end)| !(start..end).contains(&group)) {
                    continue;
                }
                let mut opened = self.files.open(&self.metadata, chain, task, &states)?;
                opened.visit(index, of_chain, &mut |entry| {
                    if entry.key == bytes {
                        show(of_chain, entry)
                    } else {
                        Ok(())
                    }
                })?;
            }
            return Ok(());
        }
        Err(no_state())
    }

    fn visit_one(
        &self,
        chain: &VertexEntry,
        index: u32,
        show: ShowEntry<'_>,
    ) -> Result<(), SavepointError> {
        let states = states_of(&self.metadata.operators, chain);
        let Some(state) = states.get(index as usize) else {
            return Ok(());
        };
        for task in &chain.tasks {
            let mut opened = self.files.open(&self.metadata, chain, task, &states)?;
            opened.visit(index, state, &mut |entry| show(state, entry))?;
        }
        Ok(())
    }
}

impl Drop for SavedState {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.files.work_dir);
    }
}

/// The name of a state within its operator.
pub(crate) fn short_name(state: &ChainState) -> &str {
    let own = state.name.strip_prefix(state.operator.as_str());
    own.and_then(|name| name.strip_prefix('/'))
        .unwrap_or(&state.name)
}

/// An entry as JSON for people, with the operator and the state it is of.
pub(crate) fn entry_json(state: &ChainState, entry: Entry<'_>) -> Json {
    let mut told = json!({ "operator": state.operator, "state": short_name(state) });
    if let (Json::Object(told), Json::Object(fields)) = (&mut told, state.codec.to_json(entry)) {
        told.extend(fields);
    }
    told
}
