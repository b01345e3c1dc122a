//! A ring of the latest entries with chains through it by key: what the windows are made of.
//!
//! No entry owns memory: the ring is one slab, a chain is two indices an entry, and a table of chain heads finds the chain
//! of a key. Keys may share a chain; the walker tells them apart. The entry that came first is shed when the ring is full.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::written::Ring;
use crate::domain::time::Timestamp;

/// What stands in a [`Chains`].
pub(super) trait Link: Copy {
    /// By what it is found.
    fn key(&self) -> u64;
    /// When it was.
    fn time(&self) -> Timestamp;
}

/// No entry. Indices are kept plus one, so that fresh memory means "none" and costs nothing until it is used.
const NONE: u32 = 0;

/// How many entries of a chain are looked at for one question. Chains are longer only for what thousands say alike.
const FARTHEST: usize = 512;

#[derive(Clone, Copy)]
struct Slot<T> {
    entry: T,
    newer: u32,
    older: u32,
}

/// The ring.
pub(super) struct Chains<T> {
    slots: Vec<Slot<T>>,
    heads: Vec<u32>,
    /// Where the next entry goes once the ring is full: the one that came first.
    first: usize,
    capacity: usize,
    shed: u64,
}

impl<T: Link> Chains<T> {
    /// A ring of at most `capacity` entries (at least 1, at most 2³¹).
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 31);
        Self { slots: Vec::new(), heads: Vec::new(), first: 0, capacity, shed: 0 }
    }

    /// How many entries came, those that were shed too.
    pub(super) fn came(&self) -> u64 {
        self.shed + self.slots.len() as u64
    }

    fn head(&self, key: u64) -> usize {
        // The lowest bits of a hash; the table's length is a power of two.
        key as usize & (self.heads.len().wrapping_sub(1))
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        self.slots.get((index as usize).wrapping_sub(1))
    }

    fn slot_mut(&mut self, index: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut((index as usize).wrapping_sub(1))
    }

    /// Puts the entry at `at` behind all newer ones of its chain.
    fn link(&mut self, at: usize) {
        let Some(entry) = self.slots.get(at).map(|slot| slot.entry) else { return };
        let me = at as u32 + 1;
        let head = self.head(entry.key());
        let mut newer = NONE;
        let mut older = self.heads.get(head).copied().unwrap_or(NONE);
        for _ in 0..FARTHEST {
            match self.slot(older) {
                Some(slot) if slot.entry.time() > entry.time() => (newer, older) = (older, slot.older),
                _ => break,
            }
        }
        self.set_older(newer, head, me);
        if let Some(slot) = self.slot_mut(older) {
            slot.newer = me;
        }
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.newer, slot.older) = (newer, older);
        }
    }

    fn unlink(&mut self, at: usize) {
        let Some(&Slot { entry, newer, older }) = self.slots.get(at) else { return };
        self.set_older(newer, self.head(entry.key()), older);
        if let Some(slot) = self.slot_mut(older) {
            slot.newer = newer;
        }
    }

    /// Makes `older` follow `newer`, or the head of the chain when there is none.
    fn set_older(&mut self, newer: u32, head: usize, older: u32) {
        match self.slot_mut(newer) {
            Some(slot) => slot.older = older,
            None => {
                if let Some(slot) = self.heads.get_mut(head) {
                    *slot = older;
                }
            }
        }
    }

    /// The entries of a key between two times, both included, newest first.
    pub(super) fn between(&self, key: u64, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &T> {
        let head = self.heads.get(self.head(key)).copied().unwrap_or(NONE);
        std::iter::successors(self.slot(head), |slot| self.slot(slot.older))
            .take(FARTHEST)
            .map(|slot| &slot.entry)
            .skip_while(move |entry| entry.time() > to)
            .take_while(move |entry| entry.time() >= from)
            .filter(move |entry| entry.key() == key)
    }
}

impl<T: Link + Serialize + DeserializeOwned> Ring for Chains<T> {
    type Entry = T;

    fn add(&mut self, entry: T) {
        if self.heads.is_empty() {
            self.heads = vec![NONE; self.capacity.next_power_of_two()];
            self.slots.reserve_exact(self.capacity);
        }
        let slot = Slot { entry, newer: NONE, older: NONE };
        let at = if self.slots.len() < self.capacity {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            let at = self.first;
            self.unlink(at);
            if let Some(old) = self.slots.get_mut(at) {
                *old = slot;
            }
            self.first = (at + 1) % self.capacity;
            self.shed += 1;
            at
        };
        self.link(at);
    }

    fn iter_after(&self, before: u64) -> impl Iterator<Item = &T> {
        let (late, early) = self.slots.split_at_checked(self.first).unwrap_or((&[], &[]));
        let known = usize::try_from(before.saturating_sub(self.shed)).unwrap_or(usize::MAX);
        let early_known = known.min(early.len());
        let early = early.get(early_known..).unwrap_or_default();
        let late = late.get(known - early_known..).unwrap_or_default();
        early.iter().chain(late).map(|slot| &slot.entry)
    }

    fn time(entry: &T) -> Timestamp {
        entry.time()
    }

    fn shed(&self) -> u64 {
        self.shed
    }

    fn set_shed(&mut self, shed: u64) {
        self.shed = shed;
    }
}
