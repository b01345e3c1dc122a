//! Words and exceptions of all lists, taken in one by one.

use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::Builder;

use daachorse::CharwiseDoubleArrayAhoCorasickBuilder;

use super::disguised::{Chosen, Disguised};
use super::entries::{Entries, EntriesBuilder, EntryId, Use};
use super::{Automaton, Lexicon};
use crate::domain::rules::RuleId;
use crate::domain::text::{GapKind, Text};

/// All words together, in bytes of their folds: far below what the automaton can number, far above any real list.
const MOST_BYTES: usize = 64 << 20;

/// Why a word was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Folding leaves nothing of it: it has no letter and no digit.
    Empty,
    /// It folds to a single character, which would be found everywhere.
    OneCharacter,
    /// The same list has it already, as this entry.
    Duplicate(Arc<str>),
    /// All lists together are too large.
    Full,
}

/// Takes words and makes a [`Lexicon`].
#[derive(Default)]
pub struct LexiconBuilder {
    entries: EntriesBuilder,
    by_fold: HashMap<Box<str>, u32>,
    bytes: usize,
    text: Text,
    files: Vec<Arc<str>>,
    /// Lists whose words are also found in disguise.
    disguised: HashSet<RuleId>,
    /// Those of them whose words are not found where only sounds or shapes differ.
    chosen_only: HashSet<RuleId>,
    /// Lists whose words must begin and end where words do.
    bound: HashSet<RuleId>,
    /// Where the words come from that are added next: a place in `files`, and the line.
    place: (u16, u32),
    owners: Vec<RuleId>,
}

/// How many lists can be kept apart. Their numbers begin where those of rules end.
const MOST_APART: usize = 50_000;

impl LexiconBuilder {
    /// The words that are added next stand in this file on this line, from 1.
    pub fn at(&mut self, file: &Arc<str>, line: u32) {
        let known = self.files.iter().rposition(|other| other == file);
        let place = known.unwrap_or_else(|| {
            self.files.push(file.clone());
            self.files.len() - 1
        });
        // More files than can be numbered: words of the rest come from nowhere.
        self.place = u16::try_from(place).map_or((0, 0), |file| (file, line));
    }

    /// Lets the words of a list be found in disguise too.
    pub fn disguise(&mut self, list: RuleId) {
        self.disguised.insert(list);
    }

    /// Lets the words of a list be found in disguise only as nobody writes by chance: in pinyin, in parts, by symbols, in another
    /// order; not by sound, initials or look-alikes.
    pub fn disguise_as_chosen(&mut self, list: RuleId) {
        self.disguised.insert(list);
        self.chosen_only.insert(list);
    }

    /// Lets the words of a list that are added from here on count only where they begin and end where words do, as the text is
    /// likeliest divided into words: 口交 is none in 路口交通.
    pub fn bound(&mut self, list: RuleId) {
        self.bound.insert(list);
    }

    /// Adds a word to a list.
    ///
    /// # Errors
    /// The word was not taken, and why.
    pub fn add(&mut self, list: RuleId, word: &str) -> Result<(), Refused> {
        self.put(list, word, false)
    }

    /// Adds a phrase in which the list's words do not count.
    ///
    /// # Errors
    /// The phrase was not taken, and why.
    pub fn except(&mut self, list: RuleId, phrase: &str) -> Result<(), Refused> {
        self.put(list, phrase, true)
    }

    /// A list of words that are no hits by themselves: the rule that they belong to makes something of them. `None` when
    /// there are too many such lists.
    pub fn apart(&mut self, owner: RuleId) -> Option<RuleId> {
        let no = self.owners.len();
        self.owners.push(owner);
        (no < MOST_APART).then(|| RuleId(u16::MAX - no as u16))
    }

    /// How many different folds there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    fn put(&mut self, list: RuleId, word: &str, exception: bool) -> Result<(), Refused> {
        self.text.set(word);
        let fold = &self.text.folded;
        match fold.text.chars().take(2).count() {
            0 => return Err(Refused::Empty),
            1 if !exception => return Err(Refused::OneCharacter),
            _ => {}
        }
        if self.bytes + fold.text.len() > MOST_BYTES {
            return Err(Refused::Full);
        }
        let known = self.by_fold.get(&*fold.text).copied();
        let no = known.unwrap_or_else(|| {
            self.bytes += fold.text.len();
            let no = self.entries.add(&fold.text);
            self.by_fold.insert(fold.text.as_str().into(), no);
            no
        });
        if let Some(same) = self.entries.same(no, list, exception) {
            return Err(Refused::Duplicate(same.word.clone()));
        }
        let (file, line) = self.place;
        let bound = !exception && self.bound.contains(&list);
        let clauses = fold.gaps().iter().filter(|gap| gap.kind == GapKind::Clause).map(|gap| gap.at);
        self.entries.put(no, Use { list, exception, bound, word: word.into(), file, line }, clauses);
        Ok(())
    }

    /// Makes the automaton.
    pub fn build(self) -> Lexicon {
        let Self { entries, by_fold, files, disguised, chosen_only, owners, .. } = self;
        if entries.len() == 0 {
            return Lexicon::default();
        }
        let mut entries = entries.build();
        let mut words: Vec<(Box<str>, u32)> = by_fold.into_iter().collect();
        words.sort_unstable_by_key(|(_, no)| *no);
        let chosen = Chosen::of(&words, &entries, &disguised);
        let (automaton, disguises) = std::thread::scope(|scope| {
            let beside = chosen.are_many().then(|| Builder::new().spawn_scoped(scope, || chosen.compiled()));
            let automaton = automaton(&words);
            link(&automaton, &words, &mut entries);
            let disguises = match beside {
                Some(Ok(thread)) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Some(Err(_)) | None => chosen.compiled(),
            };
            (automaton, disguises)
        });
        let disguised = Disguised::new(disguises, chosen.entries, disguised, chosen_only);
        Lexicon { automaton: Some(automaton), entries, files, owners, disguised }
    }
}

fn automaton(words: &[(Box<str>, u32)]) -> Automaton {
    // The prefilter does not pay on Chinese.
    CharwiseDoubleArrayAhoCorasickBuilder::new()
        .use_prefilter(false)
        .build_with_values(words.iter().map(|(word, id)| (word, *id)))
        .expect("no word is empty or twice, and all together stay below MOST_BYTES")
        .clone() // what was made has up to twice the room it needs, a copy has none to spare
}

/// Gives each entry the longest other entry that it ends with.
fn link(automaton: &Automaton, words: &[(Box<str>, u32)], entries: &mut Entries) {
    for (word, no) in words {
        let mut walk = automaton.find_overlapping_stepper();
        word.chars().for_each(|c| walk.consume(c));
        // The matches that end here, longest first: the word itself, then its suffix.
        let suffix = walk.matches().map(|found| found.value()).find(|other| other != no);
        if let Some(entry) = entries.all.get_mut(*no as usize) {
            entry.suffix = suffix.and_then(EntryId::new);
        }
    }
    // By length, so that a suffix is finished before the entries that end with it.
    let mut order: Vec<u32> = words.iter().map(|(_, no)| *no).collect();
    order.sort_unstable_by_key(|no| entries.get(*no).map(|entry| entry.bytes));
    for no in order {
        let Some(suffix) = entries.get(no).and_then(|entry| entry.suffix).map(EntryId::no) else { continue };
        let (own, below) = (entries.uses(no), entries.uses(suffix));
        let has = |one: &Use| own.iter().any(|other| other.list == one.list);
        let (same, exception) = (below.iter().all(has), below.iter().any(|one| one.exception));
        let Some((covered, excepts)) = entries.get(suffix).map(|below| (below.covers_below, below.excepts)) else {
            continue;
        };
        if let Some(entry) = entries.all.get_mut(no as usize) {
            entry.covers_below = covered && same;
            entry.excepts = excepts || exception;
        }
    }
}
