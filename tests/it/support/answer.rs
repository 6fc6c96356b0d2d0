//! Answers in the two forms in which the tests compare them: count and checksum, and the lines of files as a multiset.

use std::collections::BTreeMap;

use serde_json::Value;

use super::oracle::{Field, Question, hash};

/// Number of output records and the wrapping sum of their hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Records.
    pub(crate) count: u64,
    /// Sum of hashes, hexadecimal.
    pub(crate) checksum: String,
}

impl Sum {
    /// What the oracle answers.
    pub(crate) fn expected(question: &Question<'_>) -> Self {
        let (mut count, mut sum) = (0, 0_u64);
        question.answer(&mut |record| {
            count += 1;
            sum = sum.wrapping_add(hash(record));
        });
        Self {
            count,
            checksum: format!("{sum:016x}"),
        }
    }

    /// What a run's summary says.
    pub(crate) fn of_summary(summary: &Value) -> Self {
        Self {
            count: summary["count"].as_u64().unwrap_or(u64::MAX),
            checksum: summary["checksum"].as_str().unwrap_or("none").to_owned(),
        }
    }
}

/// Lines and how often each occurs. A line is the values of a record in order, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines(BTreeMap<String, u64>);

impl Lines {
    /// What the oracle answers.
    pub(crate) fn expected(question: &Question<'_>) -> Self {
        let mut lines = Self::default();
        question.answer(&mut |record| {
            let values: Vec<String> = record.iter().map(text).collect();
            lines.add(values.join(","));
        });
        lines
    }

    /// Adds a line once.
    pub(crate) fn add(&mut self, line: String) {
        *self.0.entry(line).or_default() += 1;
    }

    /// The lines, each as often as it occurs.
    pub(crate) fn each(&self) -> Vec<String> {
        let times = |(line, count): (&String, &u64)| vec![line.clone(); *count as usize];
        self.0.iter().flat_map(times).collect()
    }

    /// Each line and how often it occurs.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(line, count)| (line.as_str(), *count))
    }

    /// Number of lines.
    pub(crate) fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Number of lines that are like this.
    pub(crate) fn count_of(&self, like: impl Fn(&str) -> bool) -> u64 {
        let alike = self.0.iter().filter(|(line, _)| like(line));
        alike.map(|(_, count)| count).sum()
    }

    /// The other lines.
    pub(crate) fn without(mut self, like: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|line, _| !like(line));
        self
    }

    /// The sum of the last value of every line.
    pub(crate) fn sum_of_last_values(&self) -> u64 {
        let value = |line: &str| -> u64 {
            let last = line.rsplit(',').next().and_then(|value| value.parse().ok());
            last.unwrap_or_else(|| panic!("`{line}` ends in no number"))
        };
        self.0.iter().map(|(line, count)| value(line) * count).sum()
    }

    /// Whether no line occurs more often than in `whole`.
    pub(crate) fn is_within(&self, whole: &Self) -> bool {
        self.0
            .iter()
            .all(|(line, count)| whole.0.get(line).is_some_and(|most| count <= most))
    }

    /// Fails with the first differences unless both are equal.
    pub(crate) fn must_equal(&self, expected: &Self, of_what: &str) {
        let count = |lines: &Self, line: &str| lines.0.get(line).copied().unwrap_or(0);
        let both = self.0.keys().chain(expected.0.keys());
        let different: Vec<String> = both
            .filter(|line| count(self, line) != count(expected, line))
            .map(|line| {
                format!(
                    "  {line}: {} times, not {}",
                    count(self, line),
                    count(expected, line)
                )
            })
            .take(10)
            .collect();
        assert!(
            different.is_empty(),
            "{of_what}: {} lines instead of {}; the first differences:\n{}",
            self.len(),
            expected.len(),
            different.join("\n")
        );
    }
}

fn text(field: &Field<'_>) -> String {
    match field {
        Field::Long(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Text(text) => (*text).to_owned(),
    }
}
