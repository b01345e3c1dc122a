//! What one member says over several short messages: 加, then 微, then 信; or 日结三百, then 手机就能做, then 滴滴我.

use std::time::Duration;

use toml::Spanned;

use super::{Build, Found, Hit, Learned, Look, RuleId, Ruleset, Scratch, TOGETHER};
use crate::domain::disguise::{Disguise, View};
use crate::domain::recent::{Piece, Recent, Sighting};
use crate::domain::score::Features;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Where such hits are.
const PIECES: &str = "pieces";

/// So many messages are read together at most.
const MOST_PIECES: usize = 8;

/// From so many messages on a word is surely cut up: two may stand beside each other by chance.
const SURELY: usize = 3;

/// How long they are read together where a rule does not say it, in seconds: as long as somebody takes to type a word.
const USUAL: u32 = 60;

/// How long short messages are read together, by a rule's key.
pub(super) fn read_together(written: Option<&Spanned<i64>>, build: &mut Build<'_>) -> Option<Duration> {
    let seconds = written.map_or(Some(USUAL), |written| build.number(written, "pieces", 0..=600))?;
    Some(Duration::from_secs(seconds.into()))
}

/// Short messages of one member as one text.
struct Said<'a> {
    pieces: Vec<(Timestamp, &'a Piece)>,
    /// Where each ends, in characters.
    ends: Vec<u32>,
    text: String,
    /// The time of the last.
    now: Timestamp,
}

impl<'a> Said<'a> {
    /// What a message ends; `None` where it stands alone. Who says the same again says nothing more: 加, 加, 微, 信 is 加微信, and three
    /// times /群规 are no text.
    fn ending_in(recent: &'a Recent, sighting: &Sighting, within: Duration) -> Option<Self> {
        sighting.piece?;
        let mut pieces: Vec<_> = recent.pieces(sighting.member, sighting.time, within).take(MOST_PIECES).collect();
        // Of a number the same digits may come twice.
        let is_part = |piece: &Piece| piece.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric());
        let same = |(_, one): &(Timestamp, &Piece), (_, other): &(Timestamp, &Piece)| one == other && !is_part(one);
        if matches!(&*pieces, [last, before, ..] if same(last, before)) {
            return None;
        }
        pieces.dedup_by(|older, newer| same(older, newer));
        pieces.reverse();
        let mut said = Self { ends: Vec::with_capacity(pieces.len()), text: String::new(), now: sighting.time, pieces };
        for (_, piece) in &said.pieces {
            said.text.push_str(piece.as_str());
            said.ends.push(said.text.chars().count() as u32);
        }
        (said.pieces.len() > 1).then_some(said)
    }

    /// Where the last begins.
    fn last(&self) -> u32 {
        self.ends.iter().rev().nth(1).copied().unwrap_or_default()
    }

    /// What was said before the last.
    fn before(&self) -> String {
        self.text.chars().take(self.last() as usize).collect()
    }

    /// The pieces that a hit is in.
    fn of(&self, hit: &Hit) -> &[(Timestamp, &'a Piece)] {
        let first = self.ends.partition_point(|end| *end <= hit.span.start);
        let last = self.ends.partition_point(|end| *end < hit.span.end);
        self.pieces.get(first..=last).unwrap_or_default()
    }

    /// Whether the last message completes a hit that began in an earlier one, within so long.
    fn completes(&self, hit: &Hit, within: Duration) -> bool {
        let pieces = self.of(hit);
        let in_time = pieces.first().is_some_and(|(time, _)| self.now.since(*time) <= within);
        // What consists of several words is not made by where two messages happen to meet.
        let several = hit.scored.is_some() || hit.word.as_ref().is_some_and(|word| word.contains(TOGETHER));
        let cut_up = several || pieces.iter().all(|(_, piece)| piece.is_short());
        !within.is_zero() && in_time && cut_up && hit.span.start < self.last() && hit.span.end > self.last()
    }
}

impl Ruleset {
    /// Adds the hits in what a member said in several short messages that end in this one. `scratch` is as
    /// [`Ruleset::find`] left it.
    pub fn find_in_pieces(&self, recent: &Recent, sighting: &Sighting, learned: Learned<'_>, scratch: &mut Scratch) {
        let Some(said) = Said::ending_in(recent, sighting, self.needs().pieces) else { return };
        let Scratch { hits, part, words, features, .. } = scratch;
        let mut found = Vec::new();
        part.set(&said.text);
        self.in_text(part, words, &mut found);
        found.retain(|hit| said.completes(hit, self.pieces_of(hit.rule)));
        self.drop_doubted(part, features, learned, &mut found);
        found.extend(self.learned_in_pieces(&said, hits, part, features, learned));
        for hit in &mut found {
            tell(hit, part.slice(hit.span).to_owned(), said.of(hit).len());
        }
        hits.append(&mut found);
    }

    /// What the rules that learn find in all together, and in neither the last nor what came before it; `part` holds it all.
    fn learned_in_pieces(
        &self,
        said: &Said<'_>,
        own: &[Hit],
        part: &Text,
        features: &mut Features,
        learned: Learned<'_>,
    ) -> Vec<Hit> {
        let mut before = Text::default();
        let mut new: Vec<Hit> = Vec::new();
        let alone = |id: RuleId| own.iter().any(|hit| hit.rule == id);
        for (rule, id) in self.looking(Look::Learned).filter(|(_, id)| !alone(*id)) {
            let first = new.len();
            rule.by_learning(part, features, learned, &mut Found { rule: id, hits: &mut new });
            new.retain(|hit| hit.rule != id || said.completes(hit, rule.pieces()));
            if new.len() > first {
                before.set(&said.before());
                let mut earlier = Vec::new();
                rule.by_learning(&before, features, learned, &mut Found { rule: id, hits: &mut earlier });
                new.truncate(if earlier.is_empty() { new.len() } else { first });
            }
        }
        new
    }

    /// How long ago the first piece of what a rule finds in several messages may be; zero where it looks at each alone.
    pub fn pieces_of(&self, rule: RuleId) -> Duration {
        self.rule(rule).map(|rule| rule.pieces()).unwrap_or_default()
    }
}

/// Makes a hit one in so many pieces.
fn tell(hit: &mut Hit, matched: String, pieces: usize) {
    hit.part = Some(PIECES.to_owned());
    hit.matched = Some(matched);
    hit.disguise = Some(Disguise::also(hit.disguise, View::Pieces, pieces >= SURELY));
}
