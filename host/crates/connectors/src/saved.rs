//! The encoding of what connectors keep in a checkpoint: positions, writer states, committables.
//!
//! Little endian, a format version first. Keeps: bytes that were not written here become `ConnectorError::Corrupt`,
//! never a panic. It is not the encoding of records; that is `row`.

use dataflow::port::sink::ConnectorError;

/// Version of everything connectors save. A change of any layout needs a new one.
pub(crate) const VERSION: u8 = 2;

/// Writes fields one after the other.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self(vec![VERSION])
    }

    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(self, value: &[u8]) -> Self {
        let mut next = self.u64(value.len() as u64);
        next.0.extend_from_slice(value);
        next
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads fields in the order in which they were written.
pub(crate) struct Reader<'a> {
    connector: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(connector: &'static str, bytes: &'a [u8]) -> Result<Self, ConnectorError> {
        let mut reader = Self {
            connector,
            rest: bytes,
        };
        let version = reader.u8()?;
        if version != VERSION {
            return Err(reader.corrupt(format!(
                "format version {version}, this program reads version {VERSION}"
            )));
        }
        Ok(reader)
    }

    pub(crate) fn corrupt(&self, reason: impl Into<String>) -> ConnectorError {
        ConnectorError::Corrupt {
            connector: self.connector,
            reason: reason.into(),
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ConnectorError> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u64(&mut self) -> Result<u64, ConnectorError> {
        let mut word = [0; 8];
        word.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(word))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], ConnectorError> {
        let length = self.u64()?;
        let length = usize::try_from(length)
            .map_err(|_| self.corrupt(format!("a field of {length} bytes")))?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, ConnectorError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.corrupt("a text is not valid UTF-8"))
    }

    /// Checks that nothing is left over.
    pub(crate) fn end(self) -> Result<(), ConnectorError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.corrupt(format!("{} bytes too many", self.rest.len())))
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ConnectorError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.corrupt(format!(
                "{length} bytes expected, {} are left",
                self.rest.len()
            )));
        };
        self.rest = rest;
        Ok(taken)
    }
}
