//! What an exception spared: not needed to judge, but to explain why nothing was found.

use std::sync::Arc;

use super::{Candidate, Lexicon, WordHit};
use crate::domain::text::Folded;

/// A word that is not meant, because it stands inside an exception of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spared<'a> {
    /// The word.
    pub hit: WordHit<'a>,
    /// The exception as written.
    pub by: &'a Arc<str>,
}

impl Lexicon {
    /// Gives the words that exceptions spared, by list and place; of those that begin at one place only the longest.
    pub fn spared(&self, text: &Folded) -> Vec<Spared<'_>> {
        let mut found = Vec::new();
        self.collect(text, &mut found);
        found.sort_unstable();
        let mut spared: Vec<Spared<'_>> = Vec::new();
        let mut exception: Option<&Candidate> = None;
        for candidate in &found {
            let end = candidate.end.0;
            let current = exception.filter(|one| one.list == candidate.list && one.end.0 >= end);
            match (candidate.rank, current) {
                (0, None) => exception = Some(candidate),
                (0, Some(_)) | (_, None) => {}
                (_, Some(one)) => {
                    let known = spared.last().is_some_and(|last| {
                        last.hit.list == candidate.list && last.hit.start == candidate.start as usize
                    });
                    if let (false, Some(word), Some(by)) = (known, self.word(candidate), self.word(one)) {
                        let (list, start, end) = (candidate.list, candidate.start as usize, end as usize);
                        spared.push(Spared { hit: WordHit { list, start, end, word }, by });
                    }
                }
            }
        }
        spared
    }

    fn word(&self, candidate: &Candidate) -> Option<&Arc<str>> {
        self.entries.uses(candidate.entry).get(candidate.place as usize).map(|one| &one.word)
    }
}
