//! The words themselves: what each is in which lists. Kept side by side, for there are many: nearly every word is in one list.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::rules::RuleId;

/// One folded word.
#[derive(Debug)]
pub(super) struct Entry {
    /// Of the fold.
    pub(super) bytes: u32,
    /// Of the fold.
    pub(super) characters: u32,
    /// The longest other entry that it ends with.
    pub(super) suffix: Option<EntryId>,
    /// Where its uses begin.
    first: u32,
    /// Only ASCII letters and digits: found only as a whole word.
    pub(super) latin: bool,
    /// All lists of the entries it ends with are its own: where it is found they have nothing to add.
    pub(super) covers_below: bool,
    /// There is an exception among the entries it ends with.
    pub(super) excepts: bool,
    /// One of its lists asks that it begins and ends where words do ([`super::LexiconBuilder::bound`]).
    pub(super) bound: bool,
}

/// The number of an entry, plus one: so that none costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId(std::num::NonZeroU32);

impl EntryId {
    pub(super) fn new(no: u32) -> Option<Self> {
        no.checked_add(1).and_then(std::num::NonZeroU32::new).map(Self)
    }

    pub(super) fn no(self) -> u32 {
        self.0.get() - 1
    }
}

/// What an entry is in one list.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) list: RuleId,
    pub(super) exception: bool,
    /// It counts only where it begins and ends where words do.
    pub(super) bound: bool,
    /// As written.
    pub(super) word: Arc<str>,
    /// In which of the files, and on which line from 1; 0 where nobody said.
    pub(super) file: u16,
    pub(super) line: u32,
}

/// All words.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) all: Box<[Entry]>,
    uses: Box<[Use]>,
    /// Before which bytes an entry as it is written ends a clause itself; in hardly any word one does.
    clauses: HashMap<u32, Vec<u32>>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, no: u32) -> Option<&Entry> {
        self.all.get(no as usize)
    }

    /// What an entry is in its lists.
    pub(super) fn uses(&self, no: u32) -> &[Use] {
        let first = |no: usize| self.all.get(no).map_or(self.uses.len(), |entry| entry.first as usize);
        self.uses.get(first(no as usize)..first(no as usize + 1)).unwrap_or_default()
    }

    /// What all entries are in all lists.
    pub(super) fn all_uses(&self) -> &[Use] {
        &self.uses
    }

    /// Whether an entry as it is written ends a clause before this byte.
    pub(super) fn ends_clause(&self, no: u32, byte: u32) -> bool {
        self.clauses.get(&no).is_some_and(|bytes| bytes.contains(&byte))
    }
}

/// Takes entries in.
#[derive(Default)]
pub(super) struct EntriesBuilder {
    all: Vec<Entry>,
    /// Of which entry each use is, and the one of the same entry that was put in before it.
    uses: Vec<(u32, Option<u32>, Use)>,
    /// The use of each entry that was put in last.
    last: Vec<Option<u32>>,
    clauses: HashMap<u32, Vec<u32>>,
}

impl EntriesBuilder {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Takes in a fold. Gives its number.
    pub(super) fn add(&mut self, fold: &str) -> u32 {
        self.all.push(Entry {
            bytes: fold.len() as u32,
            characters: fold.chars().count() as u32,
            suffix: None,
            first: 0,
            latin: fold.bytes().all(|b| b.is_ascii_alphanumeric()),
            covers_below: true,
            excepts: false,
            bound: false,
        });
        self.last.push(None);
        self.all.len() as u32 - 1
    }

    /// What an entry is in this list already, as a word or as an exception.
    pub(super) fn same(&self, no: u32, list: RuleId, exception: bool) -> Option<&Use> {
        let use_at = |at: Option<u32>| self.uses.get(at? as usize);
        let last = use_at(self.last.get(no as usize).copied().flatten());
        std::iter::successors(last, |(_, before, _)| use_at(*before))
            .map(|(_, _, one)| one)
            .find(|one| one.list == list && one.exception == exception)
    }

    /// Puts an entry into a list. As it is written it ends clauses before these bytes.
    pub(super) fn put(&mut self, no: u32, one: Use, clauses: impl Iterator<Item = u32>) {
        let (Some(entry), Some(last)) = (self.all.get_mut(no as usize), self.last.get_mut(no as usize)) else { return };
        entry.bound |= one.bound;
        for byte in clauses.filter(|byte| (1..entry.bytes).contains(byte)) {
            let known = self.clauses.entry(no).or_default();
            if !known.contains(&byte) {
                known.push(byte);
            }
        }
        let before = last.replace(self.uses.len() as u32);
        self.uses.push((no, before, one));
    }

    pub(super) fn build(self) -> Entries {
        let Self { mut all, mut uses, clauses, .. } = self;
        uses.sort_by_key(|(no, ..)| *no);
        let mut at = 0;
        for (no, entry) in (0..).zip(&mut all) {
            entry.first = at;
            at += uses.iter().skip(at as usize).take_while(|(other, ..)| *other == no).count() as u32;
        }
        Entries { all: all.into(), uses: uses.into_iter().map(|(_, _, one)| one).collect(), clauses }
    }
}
