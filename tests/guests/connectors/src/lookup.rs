//! Enriches numbers from a registered file of lines `number,city`, read when the first record comes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use wasmill_sdk::prelude::*;

/// Adds a city to each number.
pub(crate) struct Lookup {
    file: Option<CachedFile>,
    cities: BTreeMap<i64, String>,
}

impl Lookup {
    /// A lookup in this file.
    pub(crate) fn new(file: CachedFile) -> Self {
        Self {
            file: Some(file),
            cities: BTreeMap::new(),
        }
    }

    fn load(&mut self, mut file: CachedFile) -> Result<(), Error> {
        let unreadable = |error: std::io::Error| Error::from(error.to_string());
        let size = file.size()?;
        let end = file.seek(SeekFrom::End(-1)).map_err(unreadable)?;
        let mut last = [0];
        file.read_exact(&mut last).map_err(unreadable)?;
        if end + 1 != size || last != *b"\n" {
            return Err(Error::from("the file does not end with a line"));
        }
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        for line in BufReader::new(file).lines() {
            let line = line.map_err(unreadable)?;
            if let Some((number, city)) = line.split_once(',')
                && let Ok(number) = number.parse()
            {
                self.cities.insert(number, city.to_owned());
            }
        }
        Ok(())
    }
}

impl Process for Lookup {
    type In = i64;
    type Out = String;

    fn process(
        &mut self,
        number: i64,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        if let Some(file) = self.file.take() {
            self.load(file)?;
        }
        let city = self.cities.get(&(number % 10));
        out.emit(format!("{number} {}", city.map_or("unknown", |city| city)));
        Ok(())
    }
}
