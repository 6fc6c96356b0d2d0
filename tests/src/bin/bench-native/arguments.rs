//! The words `name=value` of the command line, as every engine of the comparison takes them, turned into parameters of
//! the `bench` component and keys of the host's configuration. What a value may be is decided there, not here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

#[cfg(test)]
mod tests;

/// The words there are.
const WORDS: [&str; 13] = [
    "job",
    "p",
    "n",
    "keys",
    "epm",
    "rate",
    "file",
    "emit",
    "backend",
    "ckpt",
    "data",
    "component",
    "panic",
];

/// Where cargo puts the component, seen from the folder of this program.
const COMPONENT: &str = "../wasm32-unknown-unknown/guest/bench.wasm";

/// The words that were given.
#[derive(Debug)]
pub(crate) struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// Reads words; a later one of the same name wins.
    ///
    /// # Errors
    /// A word is not `name=value`, or no word has this name.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut given = BTreeMap::new();
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                bail!("\"{word}\" is not name=value");
            };
            if !WORDS.contains(&name) {
                bail!("there is no word {name}; known are {}", WORDS.join(", "));
            }
            given.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self(given))
    }

    fn given(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Which job.
    pub(crate) fn job(&self) -> &str {
        self.given("job").unwrap_or("J2")
    }

    /// Parameters of the component, name and value.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let names: &[&str] = match self.job() {
            "J7" => &["n", "keys", "epm", "file", "emit"],
            "L2" => &["n", "keys", "epm", "rate"],
            _ => &["n", "keys", "epm"],
        };
        let given = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.given(name)?.to_owned())));
        let job = ("job".to_owned(), self.job().to_owned());
        std::iter::once(job).chain(given).collect()
    }

    /// Keys of the configuration and their values.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let interval = self.given("ckpt").filter(|interval| *interval != "0");
        let settings = [
            ("parallelism.default", self.given("p").map(str::to_owned)),
            ("state.backend", self.given("backend").map(str::to_owned)),
            ("data.dir", self.given("data").map(str::to_owned)),
            (
                "execution.checkpointing.interval",
                interval.map(|interval| format!("{interval}ms")),
            ),
        ];
        settings
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }

    /// After how many records an operator panics once, if one is to.
    ///
    /// # Errors
    /// It is no number.
    pub(crate) fn panic_after(&self) -> Result<Option<i64>> {
        let records = self.given("panic").map(str::parse);
        records.transpose().context("panic=")
    }

    /// The file of the component whose graph is run.
    ///
    /// # Errors
    /// None was given, and the system does not say where this program is.
    pub(crate) fn component(&self) -> Result<PathBuf> {
        if let Some(file) = self.given("component") {
            return Ok(PathBuf::from(file));
        }
        let own =
            std::env::current_exe().context("find the bench component, or give component=")?;
        Ok(own
            .parent()
            .map_or_else(PathBuf::new, |dir| dir.join(COMPONENT)))
    }
}
