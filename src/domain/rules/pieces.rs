//! Words that one member says over several short messages: 加, then 微, then 信.

use super::{Hit, Ruleset, Scratch};
use crate::domain::disguise::{Disguise, SURE, View, Views};
use crate::domain::recent::{Recent, Sighting};

/// Where such hits are.
const PIECES: &str = "pieces";

/// So many messages are read together at most.
const MOST_PIECES: usize = 8;

/// From so many messages on a word is surely cut up: two may stand beside each other by chance.
const SURELY: usize = 3;

impl Ruleset {
    /// Adds the hits in what a member said in several short messages that end in this one. `scratch` is as
    /// [`Ruleset::find`] left it.
    pub(super) fn find_in_pieces(&self, recent: &Recent, sighting: &Sighting, scratch: &mut Scratch) {
        if sighting.piece.is_none() {
            return;
        }
        let said = recent.pieces(sighting.member, sighting.time, self.needs().pieces).take(MOST_PIECES);
        let mut pieces: Vec<_> = said.collect();
        pieces.reverse();
        let mut ends = Vec::with_capacity(pieces.len());
        let mut joined = String::new();
        for (_, piece) in &pieces {
            joined.push_str(piece.as_str());
            ends.push(joined.chars().count() as u32);
        }
        let [.., last, _] = *ends else { return };
        let Scratch { hits, part, words, .. } = scratch;
        let own = hits.len();
        part.set(&joined);
        self.find_words(part, words, hits);
        let mut kept = own;
        for at in own..hits.len() {
            let hit = &mut hits[at];
            let first = ends.partition_point(|end| *end <= hit.span.start);
            let since = pieces.get(first).map(|(time, _)| sighting.time.since(*time));
            let window = self.pieces_of(hit.rule);
            let within = !window.is_zero() && since.is_some_and(|since| since <= window);
            if within && hit.span.start < last && hit.span.end > last {
                tell(hit, part.slice(hit.span).to_owned(), pieces.len() - first);
                hits.swap(kept, at);
                kept += 1;
            }
        }
        hits.truncate(kept);
    }
}

/// Makes a hit one in so many pieces.
fn tell(hit: &mut Hit, matched: String, pieces: usize) {
    let plain = Disguise { views: Views::default(), sure: true, weight: SURE };
    let Disguise { views, sure, weight } = hit.disguise.unwrap_or(plain);
    hit.part = Some(PIECES.to_owned());
    hit.matched = Some(matched);
    hit.disguise = Some(Disguise { views: views.and(View::Pieces), sure: sure && pieces >= SURELY, weight });
}
