//! What a job has published: the part files of a text-files sink and nothing else that lies beside them.

use std::fs;
use std::path::{Path, PathBuf};

use super::answer::Lines;

/// The part files of a directory; none if it does not exist yet.
pub(crate) fn parts(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("an entry of the directory").path());
    let is_part = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("part-"))
    };
    paths.filter(is_part).collect()
}

/// Bytes published so far. May be called while the job runs.
pub(crate) fn bytes(directory: &Path) -> u64 {
    parts(directory)
        .iter()
        .filter_map(|path| fs::metadata(path).ok())
        .map(|m| m.len())
        .sum()
}

/// All lines published, each a JSON object that is reduced to its values.
pub(crate) fn lines(directory: &Path) -> Lines {
    let mut lines = Lines::default();
    for path in parts(directory) {
        let text = fs::read_to_string(&path).expect("a part file is text");
        assert!(
            text.ends_with('\n'),
            "{} ends within a line",
            path.display()
        );
        text.lines().for_each(|line| lines.add(values(line)));
    }
    lines
}

/// All lines published, as they are.
pub(crate) fn plain_lines(directory: &Path) -> Lines {
    let mut lines = Lines::default();
    for path in parts(directory) {
        let text = fs::read_to_string(&path).expect("a part file is text");
        text.lines().for_each(|line| lines.add(line.to_owned()));
    }
    lines
}

/// Whether any job below a data directory has a checkpoint.
pub(crate) fn has_checkpoint(data: &Path) -> bool {
    let jobs = fs::read_dir(data).into_iter().flatten().flatten();
    jobs.into_iter()
        .any(|job| job.path().join("CURRENT").is_file())
}

/// The values of a flat JSON object, in order. No value of these tests has a comma, a quote or a colon in it.
fn values(line: &str) -> String {
    let inner = line
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.unwrap_or_else(|| panic!("`{line}` is no JSON object"));
    let value = |field: &str| {
        let (_, value) = field.split_once(':').expect("a field has a value");
        value.trim().trim_matches('"').to_owned()
    };
    inner.split(',').map(value).collect::<Vec<_>>().join(",")
}
