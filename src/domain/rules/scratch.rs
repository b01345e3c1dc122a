//! Memory in which a message is judged, and what is kept of it for later.

use super::{Hit, Word};
use crate::domain::lexicon::WordScratch;
use crate::domain::recent::{Heat, MOST_MEASURES};
use crate::domain::score::Features;
use crate::domain::text::{Folded, Text};

/// Memory that is used again for each message.
#[derive(Default)]
pub struct Scratch {
    /// The text that was judged last and its fold.
    pub text: Text,
    /// The hits of the message judged last.
    pub hits: Vec<Hit>,
    /// It is a message that is longer than what is read of it.
    pub read_in_part: bool,
    /// How heated it is.
    pub heats: [Option<Heat>; MOST_MEASURES],
    pub(super) part: Text,
    pub(super) words: Words,
    pub(super) features: Features,
}

/// What was found in one message by itself, kept for its turn.
#[derive(Debug)]
pub struct Alone {
    original: Box<str>,
    folded: Folded,
    hits: Vec<Hit>,
    read_in_part: bool,
    heats: [Option<Heat>; MOST_MEASURES],
}

impl Scratch {
    /// What [`super::Ruleset::find`] has left here.
    pub fn keep(&self) -> Alone {
        Alone {
            original: (*self.text.original).into(),
            folded: self.text.folded.clone(),
            hits: self.hits.clone(),
            read_in_part: self.read_in_part,
            heats: self.heats,
        }
    }

    /// As [`super::Ruleset::find`] would leave it.
    pub fn restore(&mut self, alone: &Alone) {
        self.text.set_folded(&alone.original, &alone.folded);
        self.hits.clone_from(&alone.hits);
        self.read_in_part = alone.read_in_part;
        self.heats = alone.heats;
    }
}

/// Memory for words.
#[derive(Default)]
pub(super) struct Words {
    pub(super) scratch: WordScratch,
    /// Those of lists kept apart, in the text that is looked at.
    pub(super) apart: Vec<Word>,
}
