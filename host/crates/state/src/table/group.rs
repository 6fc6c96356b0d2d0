//! The shards of one key group and how they are shared with snapshots.
//!
//! A group is one page of 2^k shards. While no snapshot looks, the page is owned and a write goes straight to its
//! shard: no reference count is touched. Freezing moves the page behind an `Arc` (some tens of nanoseconds a group, so
//! the pause of a snapshot grows with the number of key groups and not of keys). The first write after that puts an
//! empty page on top; a shard is copied up when it is first written. When the snapshot is gone the lower page is folded
//! into the upper one by moving pointers.

use std::sync::Arc;

use super::arena::Header;
use super::rebuild::Figures;
use super::shard::Shard;
use super::spare::Spare;

/// Entries a shard has on average before the group doubles its shards; the fullest stay below 500.
const SHARD_ENTRIES: usize = 256;

/// Shards of one group, at most.
const SHARDS_MAX: usize = 1 << 22;

/// Layers of pages after which a freeze copies shared shards rather than add another.
const LAYERS_MAX: usize = 4;

/// Shards of one key group; `None` is in the layer below, or empty.
#[derive(Debug, Default)]
pub(crate) struct Page {
    slots: Vec<Option<Box<Shard>>>,
    below: Option<Arc<Page>>,
    /// Entries in all shards, tombstones included.
    entries: i64,
}

/// The state of a key group.
#[derive(Debug)]
pub(crate) enum Group {
    /// Nothing was ever written.
    Empty,
    /// No snapshot shares the page (but one may share the layers below).
    Owned(Page),
    /// A snapshot may share the page.
    Shared(Arc<Page>),
}

#[inline]
fn slot_of(hash: u64, slots: usize) -> usize {
    // Bits that neither the index (low ones) nor its tags (top seven) use.
    ((hash >> 32) as usize) & (slots - 1)
}

impl Page {
    fn with_slots(count: usize, below: Option<Arc<Self>>, entries: i64) -> Self {
        Self {
            slots: (0..count).map(|_| None).collect(),
            below,
            entries,
        }
    }

    /// The shard in a slot, from the highest layer that has it.
    #[inline]
    fn shard(&self, slot: usize) -> Option<&Shard> {
        let mut page = self;
        loop {
            if let Some(shard) = &page.slots[slot] {
                return Some(shard);
            }
            page = page.below.as_deref()?;
        }
    }

    fn shards(&self) -> impl Iterator<Item = &Shard> {
        (0..self.slots.len()).filter_map(|slot| self.shard(slot))
    }

    fn layers(&self) -> usize {
        let mut count = 0;
        let mut page = self;
        while let Some(below) = &page.below {
            count += 1;
            page = below;
        }
        count
    }

    /// Owns every shard, by copying those that a snapshot shares.
    fn flatten(&mut self) {
        let Some(below) = self.below.take() else {
            return;
        };
        for (slot, place) in self.slots.iter_mut().enumerate() {
            if place.is_none() {
                *place = below.shard(slot).map(|shard| Box::new(shard.clone()));
            }
        }
    }
}

impl Group {
    fn page(&self) -> Option<&Page> {
        match self {
            Self::Empty => None,
            Self::Owned(page) => Some(page),
            Self::Shared(page) => Some(page),
        }
    }

    /// The shard of a hash, if it has any entry.
    #[inline]
    pub(crate) fn shard(&self, hash: u64) -> Option<&Shard> {
        let page = self.page()?;
        page.shard(slot_of(hash, page.slots.len()))
    }

    /// The shard of a hash, made or copied if it is not owned yet.
    #[inline]
    pub(crate) fn shard_mut(&mut self, hash: u64, spare: &mut Spare) -> &mut Shard {
        if !matches!(self, Self::Owned(_)) {
            self.own();
        }
        let Self::Owned(page) = self else {
            unreachable!("own() leaves an owned page")
        };
        let slot = slot_of(hash, page.slots.len());
        let below = &page.below;
        page.slots[slot].get_or_insert_with(|| copy_up(below.as_deref(), slot, spare))
    }

    #[inline(never)]
    fn own(&mut self) {
        *self = match std::mem::replace(self, Self::Empty) {
            Self::Empty => Self::Owned(Page::with_slots(1, None, 0)),
            Self::Owned(page) => Self::Owned(page),
            Self::Shared(page) => match Arc::try_unwrap(page) {
                Ok(page) => Self::Owned(page),
                Err(page) => {
                    let (count, entries) = (page.slots.len(), page.entries);
                    Self::Owned(Page::with_slots(count, Some(page), entries))
                }
            },
        };
    }

    /// Hears how the number of entries changed. Answers whether the group should be split.
    #[inline]
    pub(crate) fn grow(&mut self, entries: i64) -> bool {
        let Self::Owned(page) = self else {
            return false;
        };
        page.entries += entries;
        page.entries > (SHARD_ENTRIES * page.slots.len()) as i64 && page.slots.len() < SHARDS_MAX
    }

    /// Doubles the shards. Gives the change of the figures.
    pub(crate) fn split(&mut self) -> Figures {
        let mut change = Figures::default();
        let Self::Owned(page) = self else {
            return change;
        };
        let count = page.slots.len() * 2;
        let mut split = Page::with_slots(count, None, 0);
        for slot in 0..page.slots.len() {
            let Some(shard) = page.shard(slot) else {
                continue;
            };
            change = change.less(shard.accounted());
            for half in [slot, slot + page.slots.len()] {
                let mut part = shard.rebuild(|header| slot_of(header.hash, count) == half);
                part.account();
                change.add(part.accounted());
                split.slots[half] = (!part.is_empty()).then(|| Box::new(part));
            }
            page.slots[slot] = None;
        }
        split.entries = page.entries + change.entries;
        *page = split;
        change
    }

    /// Shares the page with a snapshot.
    pub(crate) fn freeze(&mut self) -> Option<Arc<Page>> {
        match std::mem::replace(self, Self::Empty) {
            Self::Empty => None,
            Self::Owned(mut page) => {
                if page.layers() >= LAYERS_MAX {
                    page.flatten();
                }
                let page = Arc::new(page);
                *self = Self::Shared(Arc::clone(&page));
                Some(page)
            }
            Self::Shared(page) => {
                *self = Self::Shared(Arc::clone(&page));
                Some(page)
            }
        }
    }

    /// Folds the layer below into the page if no snapshot shares it any more. Answers whether nothing is left to do.
    pub(crate) fn fold(&mut self, spare: &mut Spare) -> bool {
        let Self::Owned(page) = self else {
            return true;
        };
        let Some(below) = page.below.take() else {
            return true;
        };
        match Arc::try_unwrap(below) {
            Err(below) => {
                page.below = Some(below);
                false
            }
            Ok(mut below) => {
                for (slot, place) in page.slots.iter_mut().enumerate() {
                    let old = below.slots[slot].take();
                    if place.is_none() {
                        *place = old;
                    } else if let Some(old) = old {
                        spare.add(old);
                    }
                }
                page.below = below.below.take();
                page.below.is_none()
            }
        }
    }

    /// Every shard of the group.
    pub(crate) fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.page().into_iter().flat_map(Page::shards)
    }

    /// How many slots the group has.
    pub(crate) fn slots(&self) -> usize {
        self.page().map_or(0, |page| page.slots.len())
    }

    /// Drops the entries of one shard that `keep` does not want. Gives the change of the figures.
    pub(crate) fn evict(&mut self, slot: usize, keep: impl Fn(&Header) -> bool) -> Figures {
        let Some(shard) = self.page().and_then(|page| page.shard(slot)) else {
            return Figures::default();
        };
        let mut kept = shard.rebuild(keep);
        let change = kept.account();
        self.own();
        if let Self::Owned(page) = self {
            page.slots[slot] = Some(Box::new(kept));
            page.entries += change.entries;
        }
        change
    }
}

#[inline(never)]
fn copy_up(below: Option<&Page>, slot: usize, spare: &mut Spare) -> Box<Shard> {
    match below.and_then(|below| below.shard(slot)) {
        Some(shard) => spare.copy(shard),
        None => Box::default(),
    }
}

/// A table as it was at a snapshot. May be read from another thread while the table goes on.
#[derive(Debug)]
pub(crate) struct Frozen {
    groups: Vec<Option<Arc<Page>>>,
    start: u32,
}

impl Frozen {
    pub(crate) fn new(groups: Vec<Option<Arc<Page>>>, start: u32) -> Self {
        Self { groups, start }
    }

    /// The key groups in order, each with its shards that were written after epoch `since`, or with all.
    pub(crate) fn groups(&self, since: Option<u32>) -> impl Iterator<Item = (u32, Vec<&Shard>)> {
        self.groups
            .iter()
            .zip(self.start..)
            .filter_map(move |(page, key_group)| {
                let shards: Vec<&Shard> = page
                    .as_ref()?
                    .shards()
                    .filter(|shard| since.is_none_or(|since| shard.max_epoch() > since))
                    .collect();
                (!shards.is_empty()).then_some((key_group, shards))
            })
    }
}
