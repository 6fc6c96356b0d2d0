//! Where the checkpoints of a job are: a local directory, or a prefix in a bucket of S3. A name only; nothing is opened
//! here.

use std::fmt;
use std::path::{Path, PathBuf};

/// What the name of a place in S3 begins with.
const SCHEME: &str = "s3://";

/// A place for checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A directory.
    Local(PathBuf),
    /// Objects of a bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// What the names of the objects begin with, without a slash at either end; empty for the whole bucket.
        prefix: String,
    },
}

impl Location {
    /// Reads a path or `s3://bucket/prefix`.
    ///
    /// # Errors
    /// There is no bucket, or the scheme is another one; a text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix(SCHEME) else {
            return match text.split_once("://") {
                Some(("file", path)) => Ok(Self::Local(PathBuf::from(path))),
                Some((scheme, _)) => Err(format!(
                    "there is no store \"{scheme}\"; write a path or s3://bucket/prefix"
                )),
                None => Ok(Self::Local(PathBuf::from(text))),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err("it names no bucket; write s3://bucket/prefix".to_owned());
        }
        let parts = prefix.split('/').filter(|part| !part.is_empty());
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            prefix: parts.collect::<Vec<_>>().join("/"),
        })
    }

    /// Whether a text names a place in S3.
    pub(crate) fn is_remote_name(text: &Path) -> bool {
        text.to_str().is_some_and(|text| text.starts_with(SCHEME))
    }

    /// A place within this one, by a relative path.
    pub(crate) fn join(&self, below: &Path) -> Self {
        match self {
            Self::Local(dir) => Self::Local(dir.join(below)),
            Self::S3 { bucket, prefix } => {
                let own = prefix.split('/').map(str::to_owned);
                let below = below.iter().map(|part| part.to_string_lossy().into_owned());
                let parts = own.chain(below).filter(|part| !part.is_empty());
                Self::S3 {
                    bucket: bucket.clone(),
                    prefix: parts.collect::<Vec<_>>().join("/"),
                }
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(dir) => dir.display().fmt(f),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "{SCHEME}{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "{SCHEME}{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests;
