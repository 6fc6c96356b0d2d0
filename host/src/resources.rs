//! What the user gives to a job beside its parameters: directories (`--grant`) and registered files (`--cached-file`).
//!
//! Keeps: a job that is run has everything it asks for, or it is refused before anything of it runs; nothing is given
//! that was not asked for. A directory belongs to one operator.

use std::path::{Path, PathBuf};

use dataflow::graph::logical::{JobGraph, Operator};
use dataflow::port::resources::{CachedFile, Resources};
use thiserror::Error;

/// The grant of a directory.
const FILES: &str = "files";

/// Something that a job asks for is missing, or what was given is of no use.
#[derive(Debug, Error)]
pub(crate) enum ResourceError {
    /// A grant that does not exist.
    #[error("--grant {0}: there is no such grant; give {FILES}=DIR or {FILES}:UID=DIR")]
    UnknownGrant(String),
    /// A grant that nobody asks for.
    #[error("--grant {given}: {}", match asking.as_slice() {
        [] => "no operator of the job asks for it".to_owned(),
        asking => format!("operators that ask for it: {}", asking.join(", ")),
    })]
    UnusedGrant {
        /// What was given.
        given: String,
        /// Uids of the operators that ask for it.
        asking: Vec<String>,
    },
    /// One directory for several operators.
    #[error(
        "--grant {FILES}: operators {} ask for it and each needs a directory of its own; give {FILES}:UID=DIR for each",
        .0.join(", ")
    )]
    SharedGrant(Vec<String>),
    /// An operator asks for something that was not given.
    #[error("operator \"{uid}\": it asks for {what}, which is not given; give {how}")]
    Missing {
        /// Which operator.
        uid: String,
        /// What it asks for.
        what: String,
        /// How to give it.
        how: String,
    },
    /// A directory or file that cannot be used.
    #[error("{what} {}: {reason}", path.display())]
    Unusable {
        /// Which grant or registered file.
        what: String,
        /// Where.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// What the user gave, as name and path.
pub(crate) struct Given {
    /// `files` or `files:UID`, and a directory.
    pub(crate) grants: Vec<(String, String)>,
    /// Names and paths of files.
    pub(crate) cached_files: Vec<(String, String)>,
}

/// What the operators of a job get. What is missing is no error here: see [`check`].
///
/// # Errors
/// Something was given that nobody asks for or that is not there.
pub(crate) fn of_job(graph: &JobGraph, given: &Given) -> Result<Resources, ResourceError> {
    let mut resources = Resources::default();
    let asking: Vec<&Operator> = graph
        .operators
        .iter()
        .filter(|operator| operator.grants.iter().any(|grant| grant == FILES))
        .collect();
    let uids = || asking.iter().map(|operator| operator.uid.clone()).collect();
    for (grant, directory) in &given.grants {
        let (kind, uid) = match grant.split_once(':') {
            Some((kind, uid)) => (kind, Some(uid)),
            None => (grant.as_str(), None),
        };
        if kind != FILES {
            return Err(ResourceError::UnknownGrant(grant.clone()));
        }
        if uid.is_none() && asking.len() > 1 {
            return Err(ResourceError::SharedGrant(uids()));
        }
        let wanted = |operator: &&&Operator| uid.is_none_or(|uid| operator.uid == uid);
        let Some(operator) = asking.iter().find(wanted) else {
            return Err(ResourceError::UnusedGrant {
                given: grant.clone(),
                asking: uids(),
            });
        };
        let directory = PathBuf::from(directory);
        resources.directories.insert(operator.id, directory);
    }
    for (name, path) in graph.cached_files.iter().chain(&given.cached_files) {
        let file = CachedFile::new(PathBuf::from(path));
        resources.cached_files.insert(name.clone(), file);
    }
    Ok(resources)
}

/// Checks that a job can run with this: everything it asks for is there. Makes granted directories.
///
/// # Errors
/// The first thing that is missing, with the operator named.
pub(crate) fn check(graph: &JobGraph, resources: &Resources) -> Result<(), ResourceError> {
    for operator in &graph.operators {
        let missing = |what: String, how: String| ResourceError::Missing {
            uid: operator.uid.clone(),
            what,
            how,
        };
        if !operator.grants.is_empty() && !resources.directories.contains_key(&operator.id) {
            let how = format!("--grant {FILES}=DIR");
            return Err(missing("files in a directory".to_owned(), how));
        }
        let known = |name: &&String| resources.cached_files.contains_key(*name);
        if let Some(name) = operator.cached_files.iter().find(|name| !known(name)) {
            let how = format!("--cached-file {name}=PATH");
            return Err(missing(format!("the cached file \"{name}\""), how));
        }
    }
    for (name, file) in &resources.cached_files {
        let unusable = |reason: String| ResourceError::Unusable {
            what: format!("cached file \"{name}\":"),
            path: file.source.clone(),
            reason,
        };
        let metadata = std::fs::metadata(&file.source);
        if !metadata
            .map_err(|error| unusable(error.to_string()))?
            .is_file()
        {
            return Err(unusable("it is no file".to_owned()));
        }
    }
    for directory in resources.directories.values() {
        let made = std::fs::create_dir_all(directory);
        made.map_err(|error| ResourceError::Unusable {
            what: "granted directory".to_owned(),
            path: directory.clone(),
            reason: error.to_string(),
        })?;
    }
    Ok(())
}

/// Copies the registered files to a directory of this process.
///
/// # Errors
/// A file cannot be copied.
pub(crate) fn fetch(resources: &Resources, directory: &Path) -> Result<(), ResourceError> {
    if resources.cached_files.is_empty() {
        return Ok(());
    }
    let unusable = |what: String, path: &Path, error: &std::io::Error| ResourceError::Unusable {
        what,
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let made = std::fs::create_dir_all(directory);
    made.map_err(|error| unusable("working directory".to_owned(), directory, &error))?;
    for (index, (name, file)) in resources.cached_files.iter().enumerate() {
        let local = directory.join(index.to_string());
        std::fs::copy(&file.source, &local)
            .map_err(|error| unusable(format!("cached file \"{name}\":"), &file.source, &error))?;
        file.copied_to(local);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
