//! Names of part files and the committable that turns an unfinished one into a published one.
//!
//! Unfinished: `.part-<subtask>-<run>-<n>.inprogress`. Published: `part-<subtask>-<checkpoint>-<run>`, and `-<i>` behind
//! it from the second file of one checkpoint on. The run is in both, since a job that starts afresh counts its
//! checkpoints from one again and must not replace what an earlier run published. Keeps: a committable names files of
//! the sink's directory and nothing outside of it.

use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Committable, ConnectorError, SinkContext};

use crate::saved;
use crate::text_files::NAME;

const UNFINISHED_PREFIX: &str = ".part-";
const UNFINISHED_SUFFIX: &str = ".inprogress";
const PUBLISHED_PREFIX: &str = "part-";

/// What a commit renames: names within the directory of the sink; the published one may be that of a file in the
/// sub-directory of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartFile {
    pub(super) unfinished: String,
    pub(super) published: String,
}

/// The name of the n-th unfinished file of a writer.
pub(super) fn unfinished(context: &SinkContext, number: u64) -> String {
    format!(
        "{UNFINISHED_PREFIX}{}-{}-{number}{UNFINISHED_SUFFIX}",
        context.subtask,
        plain(&context.run)
    )
}

/// The name of the `index`-th file that a writer publishes with a checkpoint.
pub(super) fn published(context: &SinkContext, checkpoint: CheckpointId, index: u64) -> String {
    let run = plain(&context.run);
    let name = format!(
        "{PUBLISHED_PREFIX}{}-{}-{run}",
        context.subtask, checkpoint.0
    );
    if index == 0 {
        name
    } else {
        format!("{name}-{index}")
    }
}

/// Whether a file of this name was published by one of the runs for a checkpoint after `restored`.
pub(super) fn is_after(name: &str, restored: CheckpointId, runs: &[String]) -> bool {
    let parts = name
        .strip_prefix(PUBLISHED_PREFIX)
        .map(|rest| rest.split('-').collect::<Vec<_>>());
    let Some([_subtask, checkpoint, run, ..]) = parts.as_deref() else {
        return false;
    };
    let later = checkpoint
        .parse()
        .is_ok_and(|number: u64| number > restored.0);
    later && runs.iter().any(|known| plain(known) == *run)
}

/// Whether a directory of this name is that of a partition.
pub(super) fn is_partition(name: &str) -> bool {
    !name.starts_with(['.', '=']) && name.contains('=')
}

/// Whether a file of this name is an unfinished one of this sink.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED_PREFIX) && name.ends_with(UNFINISHED_SUFFIX)
}

/// A run's name as a part of a file name.
fn plain(run: &str) -> String {
    run.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

impl PartFile {
    /// The sub-directory of the published file, if it has one.
    pub(super) fn partition(&self) -> Option<&str> {
        self.published
            .rsplit_once('/')
            .map(|(partition, _)| partition)
    }

    pub(super) fn to_committable(&self) -> Committable {
        Committable::new(
            saved::Writer::new()
                .bytes(self.unfinished.as_bytes())
                .bytes(self.published.as_bytes())
                .finish(),
        )
    }

    pub(super) fn from_committable(committable: &Committable) -> Result<Self, ConnectorError> {
        let mut reader = saved::Reader::new(NAME, &committable.bytes)?;
        let part = Self {
            unfinished: reader.text()?.to_owned(),
            published: reader.text()?.to_owned(),
        };
        let names_files = |name: &str| !name.contains(['/', '\0']);
        let (partition, published) = match part.published.rsplit_once('/') {
            Some((partition, published)) => (Some(partition), published),
            None => (None, part.published.as_str()),
        };
        if !is_unfinished(&part.unfinished)
            || !published.starts_with(PUBLISHED_PREFIX)
            || !names_files(&part.unfinished)
            || !names_files(published)
            || partition.is_some_and(|name| !names_files(name) || !is_partition(name))
        {
            return Err(reader.corrupt(format!(
                "`{}` and `{}` are no names of part files",
                part.unfinished, part.published
            )));
        }
        reader.end()?;
        Ok(part)
    }
}
