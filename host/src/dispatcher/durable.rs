//! Files that are there as a whole or not at all, also after a loss of power.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::DispatchError;

/// An error of the file system as the dispatcher's.
pub(super) fn failed<'a>(
    path: &'a Path,
    action: &'static str,
) -> impl Fn(std::io::Error) -> DispatchError + 'a {
    move |error| DispatchError::Storage {
        path: path.display().to_string(),
        action,
        reason: error.to_string(),
    }
}

/// Writes a file beside its place and moves it there.
///
/// # Errors
/// The system refuses; the file is then as it was.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), DispatchError> {
    let beside = path.with_extension("inprogress");
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(failed(&beside, "write"))?;
    into_place(&beside, path)
}

/// Moves a complete file to its place.
///
/// # Errors
/// The system refuses.
pub(super) fn into_place(from: &Path, to: &Path) -> Result<(), DispatchError> {
    std::fs::rename(from, to).map_err(failed(to, "move into place"))?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed(folder, "sync"))
}
