//! Core modules as bytes: taking one apart into sections and putting it together with more in it. Just enough of the
//! format to make bad modules of a good one.

/// Types.
pub(super) const TYPES: u8 = 1;
/// Which type each function has.
pub(super) const FUNCTIONS: u8 = 3;
/// Tables.
pub(super) const TABLES: u8 = 4;
/// Memories.
pub(super) const MEMORIES: u8 = 5;
/// The function that runs first.
pub(super) const START: u8 = 8;
/// The bodies of functions.
pub(super) const CODE: u8 = 10;

const HEADER_BYTES: usize = 8;

/// A module, section by section.
#[derive(Clone)]
pub(super) struct Module {
    sections: Vec<(u8, Vec<u8>)>,
}

/// An unsigned number in LEB128.
pub(super) fn leb(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Reads such a number: it, and how many bytes it has.
fn read_leb(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (value, at + 1);
        }
    }
    panic!("a number that does not end");
}

impl Module {
    /// Takes a good module apart.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut sections = Vec::new();
        let mut at = HEADER_BYTES;
        while at < bytes.len() {
            let (length, width) = read_leb(&bytes[at + 1..]);
            let start = at + 1 + width;
            let end = start + length as usize;
            sections.push((bytes[at], bytes[start..end].to_vec()));
            at = end;
        }
        Self { sections }
    }

    /// Puts it together.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        for (id, content) in &self.sections {
            bytes.push(*id);
            bytes.extend(leb(content.len() as u64));
            bytes.extend_from_slice(content);
        }
        bytes
    }

    /// How many entries a section has.
    pub(super) fn count(&self, id: u8) -> u64 {
        let section = self.sections.iter().find(|(it, _)| *it == id);
        section.map_or(0, |(_, content)| read_leb(content).0)
    }

    /// How many functions are imported: they come first in the numbering.
    pub(super) fn imported_functions(bytes: &[u8]) -> u64 {
        // Function names of the module's own begin behind them; the good module imports functions only.
        Self::of(bytes).count(2)
    }

    /// Adds entries behind those of a section that is there.
    pub(super) fn append(&mut self, id: u8, entries: u64, more: &[u8]) {
        let section = self.sections.iter_mut().find(|(it, _)| *it == id);
        let (_, content) = section.expect("a section of the good module");
        let (count, width) = read_leb(content);
        let mut whole = leb(count + entries);
        whole.extend_from_slice(&content[width..]);
        whole.extend_from_slice(more);
        *content = whole;
    }

    /// Replaces what a section holds.
    pub(super) fn replace(&mut self, id: u8, content: Vec<u8>) {
        let section = self.sections.iter_mut().find(|(it, _)| *it == id);
        section.expect("a section of the good module").1 = content;
    }

    /// Puts a section in front of one that is there.
    pub(super) fn insert_before(&mut self, other: u8, id: u8, content: Vec<u8>) {
        let at = self.sections.iter().position(|(it, _)| *it == other);
        self.sections
            .insert(at.expect("a section of the good module"), (id, content));
    }

    /// Adds `count` functions without parameters and results, each with this body (locals and code without its `end`).
    pub(super) fn add_functions(&mut self, count: u64, body: &[u8]) {
        let number = self.count(TYPES);
        self.append(TYPES, 1, &[0x60, 0, 0]);
        let types: Vec<u8> = (0..count).flat_map(|_| leb(number)).collect();
        self.append(FUNCTIONS, count, &types);
        let mut whole = leb(body.len() as u64 + 1);
        whole.extend_from_slice(body);
        whole.push(0x0b);
        let bodies = whole.repeat(count as usize);
        self.append(CODE, count, &bodies);
    }
}
