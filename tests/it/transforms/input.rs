//! Input files for the test component, the items in them, and running a case over them.

use std::path::Path;

use tempfile::TempDir;

use crate::support::answer::Lines;
use crate::support::oracle::random;
use crate::support::programs::guest;
use crate::support::published;
use crate::support::run::Run;

/// A line of input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) key: i64,
    pub(super) value: i64,
    pub(super) ts: i64,
}

/// Three input files.
pub(super) struct Inputs {
    directory: TempDir,
    pub(super) items: [Vec<Item>; 3],
}

/// Item number `index` of an input: seven keys, and out of order by at most 40 ms.
fn item(index: u64, input: u64) -> Item {
    let draw = |salt: u64, below: u64| (random(index, 100 + 10 * input + salt) % below) as i64;
    Item {
        key: draw(0, 7),
        value: draw(1, 1000),
        ts: 1000 + 3 * index as i64 + draw(2, 40),
    }
}

impl Inputs {
    /// Writes three files of `count` items each.
    pub(super) fn new(count: u64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let items = [0, 1, 2].map(|input| (0..count).map(|i| item(i, input)).collect::<Vec<_>>());
        for (name, items) in ["a", "b", "c"].iter().zip(&items) {
            let line = |item: &Item| format!("{} {} {}\n", item.key, item.value, item.ts);
            let text: String = items.iter().map(line).collect();
            std::fs::write(directory.path().join(name), text).expect("an input file");
        }
        Self { directory, items }
    }

    /// A run of a case that publishes in a directory.
    pub(super) fn run(&self, case: &str, out: &Path) -> Run {
        let mut run = Run::new("run", guest("guest_transform"))
            .arg("--json")
            .param("case", case)
            .param("out", out.display());
        for name in ["a", "b", "c"] {
            run = run.param(name, self.directory.path().join(name).display());
        }
        run
    }

    /// The case must publish these lines at parallelism 1 and 3.
    pub(super) fn check(&self, case: &str, expected: &Lines) {
        for parallelism in [1, 3] {
            self.check_at(parallelism, case, &[], expected);
        }
    }

    /// The case must publish these lines.
    pub(super) fn check_at(
        &self,
        parallelism: u32,
        case: &str,
        parameters: &[(&str, &str)],
        expected: &Lines,
    ) {
        let out = tempfile::tempdir().expect("a directory");
        let mut run = self.run(case, out.path()).parallelism(parallelism);
        for (name, value) in parameters {
            run = run.param(name, value);
        }
        let summary = run.summary();
        assert_eq!(summary["status"], "finished", "{case}: {summary}");
        let what = format!("{case} {parameters:?} at parallelism {parallelism}");
        published::plain_lines(out.path()).must_equal(expected, &what);
    }

    /// Subtask and value of each record of a case that tells them, at parallelism 3.
    pub(super) fn spread(&self, case: &str) -> impl Iterator<Item = (usize, String)> {
        let out = tempfile::tempdir().expect("a directory");
        self.run(case, out.path()).parallelism(3).summary();
        let seen = published::plain_lines(out.path()).each();
        seen.into_iter().map(|line| {
            let (subtask, value) = line.split_once(' ').expect("a subtask and a value");
            (subtask.parse().expect("a subtask"), value.to_owned())
        })
    }
}
