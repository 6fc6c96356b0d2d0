//! What the doctor tells: a line for each check, for people and for scripts. Nothing is decided here.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// The promise is kept.
    Ok,
    /// It is broken.
    Failed,
    /// It could not be looked at, or does not concern this component.
    Skipped,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    /// What was looked at, a word.
    pub(crate) name: &'static str,
    /// How it ended.
    pub(crate) verdict: Verdict,
    /// What was found, or why nothing was.
    pub(crate) why: String,
}

/// All checks of a component, in the order in which they were made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The file.
    pub(crate) file: String,
    /// The checks.
    pub(crate) checks: Vec<Check>,
}

impl Report {
    /// A report without checks.
    pub(crate) fn of(file: String) -> Self {
        Self {
            file,
            checks: Vec::new(),
        }
    }

    /// The report of a file that cannot be loaded: it breaks the contract before anything of it runs.
    pub(crate) fn unloadable(file: String, error: &wasm::WasmError) -> Self {
        let mut report = Self::of(file);
        report.add("contract", Verdict::Failed, error.to_string());
        report
    }

    /// Adds a check.
    pub(crate) fn add(&mut self, name: &'static str, verdict: Verdict, why: impl Into<String>) {
        // A guest's panic text has lines of its own.
        let why = why.into().replace('\n', " ");
        self.checks.push(Check { name, verdict, why });
    }

    /// How many checks ended so.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        let checks = self.checks.iter();
        checks.filter(|check| check.verdict == verdict).count()
    }

    /// Whether a promise is broken.
    pub(crate) fn has_failed(&self) -> bool {
        self.count(Verdict::Failed) > 0
    }

    /// For people: a line for each check, and the sum.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.file);
        for check in &self.checks {
            let (name, verdict) = (check.name, check.verdict.name());
            text.push_str(&format!("  {name:<14} {verdict:<8} {}\n", check.why));
        }
        let counts = [Verdict::Ok, Verdict::Failed, Verdict::Skipped];
        let counts = counts.map(|verdict| format!("{} {}", self.count(verdict), verdict.name()));
        text.push_str(&counts.join(", "));
        text.push('\n');
        text
    }
}
