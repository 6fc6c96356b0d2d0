//! Values that outgrow their shard: long byte strings, and maps of one key with many sub-keys.
//!
//! They are shared between the live state and snapshots by reference count, so a shard that is copied after a snapshot
//! copies a pointer. A long value is copied as a whole at its first change after a snapshot; a big map node by node.

use std::sync::Arc;

use imbl::OrdMap;

/// Inline values above this many bytes move out of the arena.
pub(crate) const INLINE_BYTES_MAX: usize = 4096;

/// Packed maps above this many bytes become trees.
pub(crate) const PACKED_BYTES_MAX: usize = 1024;

/// A guess of what a tree needs for one entry besides its bytes.
const TREE_ENTRY_BYTES: usize = 96;

/// An entry of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Epoch of the last write.
    pub(crate) epoch: u32,
    /// The value, or `None` if the sub-key was removed and the next snapshot has to say so.
    pub(crate) value: Option<Arc<[u8]>>,
}

/// The map of one key with many sub-keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// Sub-keys in order.
    pub(crate) cells: OrdMap<Arc<[u8]>, Cell>,
    /// Epoch in which the map became a tree; a snapshot that builds on an older one writes all of it.
    pub(crate) born: u32,
    /// Cells with a value.
    pub(crate) live: usize,
    /// Bytes of sub-keys and values.
    bytes: usize,
    /// The flush after which the tree was last swept.
    swept_at: u32,
}

impl Tree {
    /// An empty tree of this epoch.
    pub(crate) fn new(born: u32) -> Self {
        Self {
            born,
            ..Self::default()
        }
    }

    /// Sets a cell; `None` leaves a tombstone. Tells how many values there are more or fewer.
    pub(crate) fn set(&mut self, sub_key: &[u8], value: Option<&[u8]>, epoch: u32) -> i64 {
        let before = self.live;
        self.live += usize::from(value.is_some());
        self.bytes += value.map_or(0, <[u8]>::len);
        let cell = Cell {
            epoch,
            value: value.map(Arc::from),
        };
        if let Some(slot) = self.cells.get_mut(sub_key) {
            self.live -= usize::from(slot.value.is_some());
            self.bytes -= slot.value.as_ref().map_or(0, |value| value.len());
            *slot = cell;
        } else {
            self.bytes += sub_key.len();
            self.cells.insert(Arc::from(sub_key), cell);
        }
        self.live as i64 - before as i64
    }

    /// Removes a cell without a trace. Tells how many values there are more or fewer.
    pub(crate) fn remove(&mut self, sub_key: &[u8]) -> i64 {
        let Some(cell) = self.cells.remove(sub_key) else {
            return 0;
        };
        let value = cell.value.map(|value| value.len());
        self.bytes -= sub_key.len() + value.unwrap_or(0);
        self.live -= usize::from(value.is_some());
        -i64::from(value.is_some())
    }

    /// Forgets tombstones that no snapshot needs any more, if they are the larger part.
    pub(crate) fn sweep_tombstones(&mut self, settled: u32) {
        if self.cells.len() >= 64 && self.live * 2 <= self.cells.len() {
            self.forget(|cell| cell.value.is_none() && cell.epoch <= settled);
        }
    }

    /// Forgets everything that a database has by now, once after each of its flushes.
    pub(crate) fn sweep_flushed(&mut self, settled: u32) -> i64 {
        if self.swept_at >= settled {
            return 0;
        }
        self.swept_at = settled;
        let before = self.live;
        self.forget(|cell| cell.epoch <= settled);
        self.live as i64 - before as i64
    }

    fn forget(&mut self, gone: impl Fn(&Cell) -> bool) {
        let gone: Vec<Arc<[u8]>> = self
            .cells
            .iter()
            .filter(|(_, cell)| gone(cell))
            .map(|(sub_key, _)| Arc::clone(sub_key))
            .collect();
        for sub_key in gone {
            self.remove(&sub_key);
        }
    }

    fn allocated(&self) -> usize {
        self.bytes + self.cells.len() * TREE_ENTRY_BYTES
    }
}

/// A value outside the arena.
#[derive(Clone, Debug)]
pub(crate) enum Large {
    /// A long value or list.
    Bytes(Arc<Vec<u8>>),
    /// A map of many sub-keys.
    Tree(Tree),
}

impl Large {
    /// Bytes allocated, about.
    pub(crate) fn allocated(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.capacity(),
            Self::Tree(tree) => tree.allocated(),
        }
    }
}

/// The large values of one shard by slot number.
#[derive(Clone, Debug, Default)]
pub(crate) struct LargeSlots {
    slots: Vec<Option<Large>>,
    allocated: usize,
}

impl LargeSlots {
    /// Stores a value and gives its slot.
    pub(crate) fn add(&mut self, large: Large) -> u32 {
        self.allocated += large.allocated();
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            self.slots[free] = Some(large);
            return free as u32;
        }
        self.slots.push(Some(large));
        (self.slots.len() - 1) as u32
    }

    /// Takes a value out.
    pub(crate) fn take(&mut self, slot: u32) -> Option<Large> {
        let large = self.slots.get_mut(slot as usize)?.take();
        self.allocated -= large.as_ref().map_or(0, Large::allocated);
        large
    }

    /// Looks at a value.
    pub(crate) fn get(&self, slot: u32) -> Option<&Large> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Changes a value.
    pub(crate) fn change<R>(
        &mut self,
        slot: u32,
        change: impl FnOnce(&mut Large) -> R,
    ) -> Option<R> {
        let large = self.slots.get_mut(slot as usize)?.as_mut()?;
        self.allocated -= large.allocated();
        let result = change(large);
        self.allocated += large.allocated();
        Some(result)
    }

    /// Bytes allocated, about.
    pub(crate) fn allocated(&self) -> usize {
        self.allocated
    }
}
