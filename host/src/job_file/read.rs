//! From a file (or standard input, written `-`) to the document, with the user's parameters put in.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::document::JobFile;
use super::error::{Defect, JobFileError};
use super::{parameters, watermarks};

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// Bytes of a job file, at most: ten thousand operators with generous schemas.
const BYTES_MAX: u64 = 16 << 20;

/// A job file that was read.
#[derive(Clone, Debug)]
pub(crate) struct ReadJobFile {
    /// What is in it.
    pub(crate) job: JobFile,
    /// What messages call it.
    pub(crate) name: String,
    /// What its paths are relative to.
    pub(crate) folder: PathBuf,
}

/// Whether a path names a job file rather than a component.
pub(crate) fn is_job_file(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    path == Path::new(STANDARD_INPUT) || matches!(extension, Some("yaml" | "yml"))
}

/// Reads a job file and puts parameters (name and value) in.
///
/// # Errors
/// It cannot be read, is not a job file, or the parameters do not fit it.
pub(crate) fn read(path: &Path, given: &[(String, String)]) -> Result<ReadJobFile, JobFileError> {
    let name = path.display().to_string();
    let text = text_of(path).map_err(|error| JobFileError::Unreadable {
        file: name.clone(),
        reason: error.to_string(),
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    of_text(&name, folder, &text, given)
}

/// Reads a job file from memory: `name` is what messages call it, and its paths are relative to `folder`.
///
/// # Errors
/// It is not a job file, or the parameters do not fit it.
pub(crate) fn of_text(
    name: &str,
    folder: &Path,
    text: &str,
    given: &[(String, String)],
) -> Result<ReadJobFile, JobFileError> {
    let mut job = parse(name, text)?;
    let refuse = |defect: Defect| defect.of(name);
    if !job.is_known_version() {
        let reason = format!("{} is not 1; this host does not know it", job.version);
        return Err(refuse(Defect::new("version", reason)));
    }
    let values = parameters::values(&job, folder, given).map_err(refuse)?;
    watermarks::expand(&mut job).map_err(refuse)?;
    parameters::substitute(&mut job, &values).map_err(refuse)?;
    Ok(ReadJobFile {
        job,
        name: name.to_owned(),
        folder: folder.to_owned(),
    })
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new(STANDARD_INPUT) {
        std::io::stdin()
            .take(BYTES_MAX + 1)
            .read_to_string(&mut text)?
    } else {
        let file = std::fs::File::open(path)?;
        file.take(BYTES_MAX + 1).read_to_string(&mut text)?
    };
    if read as u64 > BYTES_MAX {
        let reason = format!("it has more than the {BYTES_MAX} bytes that are allowed");
        return Err(std::io::Error::other(reason));
    }
    Ok(text)
}

fn parse(file: &str, text: &str) -> Result<JobFile, JobFileError> {
    let mut field = String::new();
    let parsed = serde_saphyr::with_deserializer_from_str(text, |yaml| {
        serde_path_to_error::deserialize(yaml).map_err(|error| {
            field = error.path().to_string();
            error.into_inner()
        })
    });
    parsed.map_err(|error: serde_saphyr::Error| {
        let reason = error.without_snippet().to_string();
        let reason = reason.lines().next().unwrap_or_default().to_owned();
        JobFileError::Malformed {
            file: file.to_owned(),
            line: error.location().map_or(1, |at| at.line()),
            field: match field.as_str() {
                "" | "." | "?" => "the whole".to_owned(),
                field => field.to_owned(),
            },
            reason,
        }
    })
}

#[cfg(test)]
mod tests;
