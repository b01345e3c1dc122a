//! `similar`: nearly the same text again: an advertisement that is reworded, with another number or name in it. Texts are
//! compared by the pieces of two characters that they have in common, numbers and accounts left out.

use serde::Deserialize;
use toml::Spanned;

use super::repeat::{AcrossGroups, ByMember, ByMembers, Limit, limits};
use super::{Build, Draft, Found, Look, Rule, Said};
use crate::domain::recent::{Among, Left, Needs, Recent, Sighting, Sketch};
use crate::domain::text::Text;

/// The keys of a `similar` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Similar {
    /// How many percent two texts must have in common.
    likeness: Option<Spanned<i64>>,
    /// Texts with fewer characters to compare may be like each other.
    min_characters: Option<Spanned<i64>>,
    /// What is said alike by many: texts with one of these are no hit.
    #[serde(default)]
    none: Vec<Spanned<String>>,
    /// The same member in the same group.
    by_member: Option<ByMember>,
    /// Different members of the same group.
    by_members: Option<ByMembers>,
    /// The same user in different groups.
    across_groups: Option<AcrossGroups>,
}

/// [`Similar::likeness`] where it is not given.
const LIKENESS: u32 = 45;
/// [`Similar::min_characters`] where it is not given.
const MIN_CHARACTERS: u32 = 16;
/// How many characters a piece has.
const PIECE: usize = 2;

/// When two texts are alike.
pub(super) struct Alike {
    /// In percent.
    likeness: u32,
    /// In characters to compare.
    shortest: usize,
    /// Folded.
    none: Vec<String>,
}

impl Alike {
    /// Of what is written; faults go to `build`.
    pub(super) fn build(
        likeness: Option<&Spanned<i64>>,
        shortest: Option<&Spanned<i64>>,
        none: &[Spanned<String>],
        build: &mut Build<'_>,
    ) -> Option<Self> {
        let likeness = likeness.map_or(Some(LIKENESS), |n| build.number(n, "likeness", 30..=100));
        let shortest = shortest.map_or(Some(MIN_CHARACTERS), |n| build.number(n, "min_characters", 8..=10_000));
        let none = none.iter().filter_map(|word| folded(word, build)).collect();
        Some(Self { likeness: likeness?, shortest: shortest? as usize, none })
    }

    /// Those who said a text like this one, newest first, this one among them; nobody where it is the only one, or none to
    /// compare.
    pub(super) fn find(
        &self,
        recent: &Recent,
        sighting: &Sighting,
        among: Among,
        text: &Text,
        within: std::time::Duration,
    ) -> Vec<Left> {
        let alike = recent.alike(sighting, self.likeness, among, within);
        let spared = || self.none.iter().any(|word| text.folded.text.contains(word.as_str()));
        if alike.len() < 2 || comparable(text).len() < self.shortest || spared() {
            return Vec::new();
        }
        alike
    }

    /// The fewest characters to compare.
    pub(super) fn shortest(&self) -> usize {
        self.shortest
    }
}

impl Draft for Similar {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let alike = Alike::build(self.likeness.as_ref(), self.min_characters.as_ref(), &self.none, build);
        let limits = limits(build, self.by_member.as_ref(), self.by_members.as_ref(), self.across_groups.as_ref());
        if limits.is_empty() && build.errors() == before {
            let fault = build.source.fault(build.span.clone(), "a `similar` rule without a limit finds nothing");
            build.faults.push(fault.help("e.g. `by_member = { times = 3, seconds = 600 }`"));
        }
        let alike = alike.filter(|_| build.errors() == before)?;
        Some(Box::new(Reworded { alike, limits }))
    }
}

struct Reworded {
    alike: Alike,
    limits: Vec<Limit>,
}

impl Rule for Reworded {
    fn looks(&self) -> &'static [Look] {
        &[Look::Recent]
    }

    fn needs(&self, needs: &mut Needs) {
        for limit in &self.limits {
            needs.sketches(self.alike.shortest(), limit.within());
        }
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        let reached = |among: Among| {
            let mut limits = self.limits.iter().filter(|limit| limit.among() == among);
            let Some(widest) = limits.clone().map(Limit::within).max() else { return false };
            let alike = self.alike.find(recent, sighting, among, said.text, widest);
            let copies = || alike.iter().map(|left| &left.copied);
            limits.any(|limit| limit.is_reached_by(copies, sighting))
        };
        if Among::ALL.into_iter().any(reached) {
            found.push(said.text.whole());
        }
    }
}

/// A word folded, as it stands in a fold; `None` and a fault where nothing is left of it.
pub(super) fn folded(word: &Spanned<String>, build: &mut Build<'_>) -> Option<String> {
    let mut text = Text::default();
    text.set(word.get_ref());
    if text.folded.text.is_empty() {
        let message = format!("nothing is left of `{}`: it has no letter and no digit", word.get_ref());
        build.faults.push(build.source.fault(word.span(), message).help("write a word"));
        return None;
    }
    Some(text.folded.text)
}

/// The characters of a text that are compared: its fold, with one `0` for each run of letters and digits that has a digit.
fn comparable(text: &Text) -> Vec<char> {
    let folded = &text.folded.text;
    let mut kept: Vec<char> = Vec::with_capacity(folded.len());
    // Where the last run of letters and digits begins, and whether it has a digit.
    let (mut run, mut digit) = (0, false);
    for c in folded.chars().chain(['\0']) {
        if c.is_ascii_alphanumeric() {
            digit |= c.is_ascii_digit();
            kept.push(c);
            continue;
        }
        if digit {
            kept.truncate(run);
            kept.push('0');
            digit = false;
        }
        kept.push(c);
        run = kept.len();
    }
    kept.pop();
    kept
}

/// What a text is like; `None` where it has fewer than so many characters to compare, or says one thing again and again.
pub fn sketch(text: &Text, shortest: usize) -> Option<Sketch> {
    if text.folded.text.len() < shortest || text.folded.text.chars().count() < shortest {
        return None;
    }
    let kept = comparable(text);
    if kept.len() < shortest {
        return None;
    }
    let mut pieces: Vec<u64> = kept.windows(PIECE).map(piece).collect();
    pieces.sort_unstable();
    pieces.dedup();
    let varied = pieces.len() * 2 >= shortest;
    varied.then(|| Sketch::of(pieces.into_iter())).flatten()
}

/// A hash of a piece.
fn piece(chars: &[char]) -> u64 {
    let packed = chars.iter().fold(0_u64, |packed, c| packed << 21 | u64::from(*c));
    // Any fixed odd number spreads the bits; the sketch goes on from there.
    let spread = packed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    spread ^ (spread >> 29)
}
