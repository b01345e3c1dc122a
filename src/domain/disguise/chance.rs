//! How often ordinary language reads like a pattern without meaning the word: by the table of how usual words are
//! ([`super::ordinary`]), over all divisions into words of one or two characters. Longer ones are left out: the table knows words
//! by a hash, and of the many texts that three syllables may be, some have the hash of a word by chance.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::ordinary::word_cost;
use super::sounds::{FIRST_HAN, LAST_HAN, SOUNDS};
use super::weigh::{WORD, doubt};
use super::{ENOUGH_BY_SOUND, View};
use crate::domain::text::folded_char;

/// How often a pattern is read in what does not mean the word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chance {
    /// In a million words of ordinary Chinese, before anything is weighed.
    pub per_million: f64,
    /// The same, once what is too usual is left alone.
    pub believed_per_million: f64,
    /// What is read so most often.
    pub likeliest: Option<String>,
    /// What a text weighs that is nothing but the likeliest reading; for initials and order the only one.
    pub weight: i32,
    /// Whether that is taken for the word, and whether without a person's look.
    pub taken: (bool, bool),
}

/// How many characters of one sound are tried, by the length of the word that they are put together in.
const TRIED: [usize; 2] = [200, 40];

/// Costs at and beyond this are counted as this.
const MOST: usize = 400;

/// Han characters by what their sounds are taken for, the most usual first.
static BY_CLASS: LazyLock<HashMap<u16, Vec<char>>> = LazyLock::new(|| {
    let folds = |c: &char| folded_char(*c) == Some(*c); // no text that is looked at has others
    let mut known: Vec<(u32, char)> =
        (FIRST_HAN..=LAST_HAN).filter(folds).filter_map(|c| Some((word_cost(&[c])?, c))).collect();
    known.sort_unstable();
    let mut by_class: HashMap<u16, Vec<char>> = HashMap::new();
    for (_, c) in known {
        for sound in SOUNDS.of(c) {
            let alike = by_class.entry(SOUNDS.class(sound)).or_default();
            if alike.last() != Some(&c) {
                alike.push(c);
            }
        }
    }
    by_class
});

/// What share of ordinary text are texts of each cost; the last is for all that cost more.
type Costs = Vec<f64>;

/// The share of a text of this cost.
fn share(cost: u32) -> f64 {
    (-f64::from(cost) / 8.0).exp()
}

/// Everything that is read like some of a word's characters, and is one word of the language.
struct Segment {
    /// Without the characters themselves.
    others: Costs,
    /// The characters themselves.
    own: Option<u32>,
    /// The cheapest that is something else.
    best: Option<(u32, String)>,
}

/// How often a text reads like these characters by their sounds and is something else.
pub(super) fn chance_of_sounds(chars: &[char]) -> Chance {
    let length = chars.len();
    // by place: what else is read so up to there; and the characters themselves
    let mut others: Vec<Costs> = vec![vec![0.0; MOST + 1]; length + 1];
    let mut own: Vec<Costs> = others.clone();
    let mut same: Vec<Option<(u32, String)>> = vec![None; length + 1];
    let mut best: Vec<Option<(u32, String)>> = vec![None; length + 1];
    own[0][0] = 1.0;
    same[0] = Some((0, String::new()));
    for end in 1..=length {
        for start in end.saturating_sub(TRIED.len())..end {
            let segment = segment(&chars[start..end]);
            let itself = segment.own.map(|cost| (cost, chars[start..end].iter().collect::<String>()));
            let (before, mut after) = (others[start].clone(), std::mem::take(&mut others[end]));
            put(&mut after, &before, &segment.others);
            put(&mut after, &own[start], &segment.others);
            if let Some((cost, _)) = &itself {
                shift(&mut after, &before, *cost);
                let kept = own[start].clone();
                shift(&mut own[end], &kept, *cost);
            }
            others[end] = after;
            let ways = [
                joined(&same[start], &segment.best),
                joined(&best[start], &segment.best),
                joined(&best[start], &itself),
            ];
            best[end] = ways.into_iter().chain([best[end].take()]).flatten().min();
            same[end] = [joined(&same[start], &itself), same[end].take()].into_iter().flatten().min();
        }
    }
    let reads = &others[length];
    let likeliest = best[length].clone();
    let weight = likeliest.as_ref().map_or(0, |(cost, _)| *cost as i32 - WORD);
    Chance {
        per_million: mass(reads, 0),
        believed_per_million: mass(reads, (ENOUGH_BY_SOUND + WORD) as usize),
        likeliest: likeliest.map(|(_, text)| text),
        weight,
        taken: Chance::of_weight(weight, &[View::Sound], length),
    }
}

/// How often this text itself stands in ordinary language, written in these ways at so many places.
pub(super) fn chance_of_text(text: &[char], views: &[View], changed: usize, length: usize) -> Chance {
    let cost = super::ordinary::cost(text);
    let weight = cost as i32 - WORD - changed as i32 * views.iter().map(|view| doubt(*view)).sum::<i32>();
    let per_million = 1e6 * share(cost);
    let taken = Chance::of_weight(weight, views, length);
    let believed_per_million = if taken.0 { per_million } else { 0.0 };
    Chance { per_million, believed_per_million, likeliest: None, weight, taken }
}

fn segment(chars: &[char]) -> Segment {
    let tried = TRIED.get(chars.len() - 1).copied().unwrap_or_default();
    let alike: Vec<Vec<char>> = chars.iter().map(|c| alike(*c, tried)).collect();
    let mut segment = Segment { others: vec![0.0; MOST + 1], own: word_cost(chars), best: None };
    let mut text = Vec::with_capacity(chars.len());
    each(&alike, &mut text, &mut |text| {
        let Some(cost) = word_cost(text).filter(|_| text != chars) else { return };
        segment.others[(cost as usize).min(MOST)] += share(cost);
        if segment.best.as_ref().is_none_or(|(best, _)| cost < *best) {
            segment.best = Some((cost, text.iter().collect()));
        }
    });
    segment
}

/// Usual characters that sound like one; itself where it has no sound.
fn alike(c: char, most: usize) -> Vec<char> {
    let mut alike: Vec<char> = Vec::new();
    for (no, sound) in SOUNDS.of(c).enumerate() {
        let others = BY_CLASS.get(&SOUNDS.class(sound)).map_or(&[][..], Vec::as_slice);
        alike.extend(others.iter().take(most / (1 + no))); // fewer by a rarer sound
    }
    alike.sort_unstable();
    alike.dedup();
    alike
}

/// Every text with one of each.
fn each(of: &[Vec<char>], text: &mut Vec<char>, found: &mut impl FnMut(&[char])) {
    let Some((first, rest)) = of.split_first() else { return found(text) };
    for c in first {
        text.push(*c);
        each(rest, text, found);
        text.pop();
    }
}

/// Adds all of one behind all of another.
fn put(to: &mut Costs, before: &Costs, behind: &Costs) {
    for (cost, part) in behind.iter().enumerate().filter(|(_, part)| **part > 0.0) {
        for (other, rest) in before.iter().enumerate().filter(|(_, rest)| **rest > 0.0) {
            to[(cost + other).min(MOST)] += part * rest;
        }
    }
}

fn shift(to: &mut Costs, before: &Costs, cost: u32) {
    for (other, rest) in before.iter().enumerate().filter(|(_, rest)| **rest > 0.0) {
        to[(cost as usize + other).min(MOST)] += rest * share(cost);
    }
}

fn joined(one: &Option<(u32, String)>, other: &Option<(u32, String)>) -> Option<(u32, String)> {
    let ((cost, text), (more, rest)) = (one.as_ref()?, other.as_ref()?);
    Some((cost + more, format!("{text}{rest}")))
}

/// How often texts of at least this cost stand in a million words.
fn mass(costs: &Costs, from: usize) -> f64 {
    1e6 * costs.iter().skip(from).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str) -> Chance {
        chance_of_sounds(&word.chars().collect::<Vec<_>>())
    }

    #[test]
    fn what_is_usual_and_sounds_alike_is_likely_and_left_alone() {
        let chance = of("微信");
        assert!(chance.per_million > 5.0 && chance.likeliest.is_some(), "{chance:?}");
        assert!(chance.believed_per_million < chance.per_million / 5.0, "{chance:?}");
        assert_eq!(chance.taken, (false, false));
    }

    #[test]
    fn what_nothing_sounds_like_is_unlikely() {
        let (rare, usual) = (of("代开发票"), of("事实"));
        assert!(rare.per_million * 100.0 < usual.per_million, "{rare:?} {usual:?}");
        assert_eq!(of("vx"), Chance { weight: of("vx").weight, taken: of("vx").taken, ..Chance::default() });
    }

    #[test]
    fn the_likeliest_is_never_the_word_itself() {
        for word in ["加微信", "刷单", "傻逼", "赌博", "你好", "长期招聘兼职打字员日结三百元起"]
        {
            let chance = of(word);
            assert!(chance.per_million < 1e6, "{word}: {chance:?}");
            assert_ne!(chance.likeliest.as_deref(), Some(word));
            assert!(chance.believed_per_million <= chance.per_million, "{chance:?}");
        }
    }
}
