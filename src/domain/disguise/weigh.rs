//! Whether a reading is meant.

use super::lattice::{Lattice, Reading, is_usual_latin};
use super::ordinary::Costs;
use super::sounds::{SOUNDS, Syllable, is_han};
use super::variants::{Kind, Pattern, Word, first_letter, reordered};
use super::{Step, View};
use crate::domain::case::Span;
use crate::domain::text::GapKind;

/// What a word costs where it is put in place of what was read as it.
pub(super) const WORD: i32 = 96;

/// How much each gap inside speaks against a word that is not spelled out throughout.
const BROKEN: i32 = 24;

/// How much the ways of writing speak for a disguise at most.
pub(super) const MOST_FAVOUR: i32 = 28;
/// How much more a picture of the thing that a character means speaks for one; faces stand in talk to mean themselves.
const THING: i32 = 8;

/// Says how each character of the word is written. `false`: it is not written so, or stands there as it is.
pub(super) fn written(pattern: &Pattern, word: &Word, path: &[Step], lattice: &Lattice, views: &mut Vec<View>) -> bool {
    views.clear();
    let length = word.chars.len();
    if path.len() != length {
        return false;
    }
    let order = match pattern.kind {
        Kind::Sounds | Kind::Initials { .. } => Vec::new(),
        kind => reordered(kind, &word.chars),
    };
    for (at, step) in path.iter().enumerate() {
        let meant = |at: usize| word.chars.get(at).copied().unwrap_or_default();
        let view = match pattern.kind {
            Kind::Sounds => read_as(step.how, meant(at)),
            Kind::Initials { from, to } if (usize::from(from)..usize::from(to)).contains(&at) => {
                let Reading::Said(c, None) = step.how else { return false };
                match meant(at) {
                    meant if meant == c => Some(View::Plain),
                    meant => (first_letter(meant) == Some(c)).then_some(View::Initial),
                }
            }
            Kind::Initials { .. } => read_as(step.how, meant(at)).filter(|view| *view == View::Plain),
            Kind::Reversed | Kind::Swapped(_) | Kind::AllSwapped(_) => moved(step.how, order.get(at).copied()),
        };
        let over = |before: &Step| before.to < step.from && lattice.repeats(before.to);
        let before = at.checked_sub(1).and_then(|before| path.get(before));
        let repeated = before.is_some_and(over);
        let filled = before.is_some_and(|before| lattice.is_filler(before.to, step.from));
        let initial = |view: &View| *view == View::Letter && is_initial(lattice, step, meant(at));
        match view.map(|view| if initial(&view) { View::Initial } else { view }) {
            Some(View::Plain) if filled => views.push(View::Filler),
            _ if filled => return false,
            Some(View::Plain) if repeated => views.push(View::Repeated),
            Some(View::Initial) if lattice.is_of_syllable(step.from) => return false,
            Some(view) => views.push(view),
            None => return false,
        }
    }
    let filled = views.contains(&View::Filler);
    let others = views.iter().any(|view| !matches!(view, View::Plain | View::Filler));
    filled != others && whole(path, views, lattice)
}

/// Whether a letter that stands for a character is only the first of its sound.
fn is_initial(lattice: &Lattice, step: &Step, meant: char) -> bool {
    let letter = lattice.units.get(step.from as usize).map(|unit| unit.c);
    step.to == step.from + 1 && SOUNDS.of(meant).any(|syllable| SOUNDS.spelling(syllable).chars().next() == letter)
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// How a character is written that is read so.
fn read_as(how: Reading, meant: char) -> Option<View> {
    match how {
        Reading::Said(c, _) if c == meant => Some(View::Plain),
        Reading::Said(_, Some(syllable)) => sounding(syllable, meant, View::Sound),
        Reading::Said(_, None) => None,
        Reading::Spelled(syllable) => sounding(syllable, meant, View::Pinyin),
        Reading::Stands(view, c) if c == meant => Some(view),
        Reading::Stands(View::Symbol, c) => SOUNDS.of(c).find_map(|syllable| sounding(syllable, meant, View::Symbol)),
        Reading::Stands(..) => None,
    }
}

fn moved(how: Reading, meant: Option<char>) -> Option<View> {
    matches!(how, Reading::Said(c, _) if Some(c) == meant).then_some(View::Order)
}

fn same(syllable: Syllable, meant: char) -> bool {
    SOUNDS.of(meant).any(|other| other == syllable)
}

fn sounding(syllable: Syllable, meant: char, view: View) -> Option<View> {
    if same(syllable, meant) {
        return Some(view);
    }
    let near = SOUNDS.of(meant).any(|other| SOUNDS.class(other) == SOUNDS.class(syllable));
    near.then_some(View::Near)
}

/// Whether no Latin word goes on across the ends, and no clause ends inside.
fn whole(path: &[Step], views: &[View], lattice: &Lattice) -> bool {
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
    let units = &lattice.units;
    let latin = |at: usize| units.get(at).is_some_and(|unit| unit.c.is_ascii_alphanumeric());
    let joined =
        |at: usize| at > 0 && latin(at - 1) && latin(at) && units.get(at).is_some_and(|unit| unit.gap.is_none());
    let (start, end) = (first.from as usize, last.to as usize);
    let clause = units.get(start + 1..end).unwrap_or_default().iter().any(|unit| unit.gap == Some(GapKind::Clause));
    let among_initials = || {
        let initials = views.iter().filter(|view| **view == View::Initial).count();
        initials >= FEWEST_AMONG_INITIALS && is_unspeakable(start, lattice)
    };
    let goes_on = |at: usize| joined(at) && !lattice.is_between_syllables(at) && !among_initials();
    !goes_on(start) && !goes_on(end) && !clause && !number(path, lattice)
}

/// Who writes several words by their first letters puts them in a row (hnrtjg: 河南人偷井盖): so many of one word are found there.
const FEWEST_AMONG_INITIALS: usize = 3;
/// No fewer letters in a row are several words' first letters …
const FEWEST_UNSPEAKABLE: usize = 4;
/// … and fewer than one in so many of those are vowels: in what is spoken there are more.
const CONSONANTS_TO_A_VOWEL: usize = 8;

/// Whether the letters in a row around a place are no word that can be spoken.
fn is_unspeakable(at: usize, lattice: &Lattice) -> bool {
    let run = lattice.units.get(lattice.letters_around(at)).unwrap_or_default();
    let vowels = run.iter().filter(|unit| matches!(unit.c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')).count();
    let accents = run.iter().any(|unit| unit.accented); // text in a wrong encoding
    let letters = || run.iter().map(|unit| unit.c).collect::<String>();
    run.len() >= FEWEST_UNSPEAKABLE
        && vowels * CONSONANTS_TO_A_VOWEL < run.len()
        && !accents
        && !is_usual_latin(&letters())
}

/// Whether digits are read as words that are a part of a number.
fn number(path: &[Step], lattice: &Lattice) -> bool {
    let digit = |at: Option<usize>| at.and_then(|at| lattice.units.get(at)).is_some_and(|unit| unit.c.is_ascii_digit());
    let all = path.iter().all(|step| digit(Some(step.from as usize)));
    let read = |step: &&Step| matches!(step.how, Reading::Stands(View::Letter, _));
    let beside = |at: usize| digit(at.checked_sub(1)) || digit(Some(at + 1));
    all || path.iter().filter(read).any(|step| digit(Some(step.from as usize)) && beside(step.from as usize))
}

/// Where a reading stands, and by how much the text is more usual with the word in its place.
pub(super) fn weigh(
    word: &Word,
    path: &[Step],
    lattice: &Lattice,
    costs: &Costs,
    views: &[View],
) -> Option<(Span, i32)> {
    let units = &lattice.units;
    let (start, end) = (path.first()?.from, path.last()?.to);
    let inside = units.get(start as usize + 1..end as usize).unwrap_or_default();
    let span = Span { start: units.get(start as usize)?.at, end: units.get(end.checked_sub(1)? as usize)?.until };
    let gaps = inside.iter().filter(|unit| unit.gap.is_some()).count();
    let broken = if gaps < inside.len() { gaps as i32 * BROKEN } else { 0 };
    let letter = |step: &Step| lattice.units.get(step.from as usize).is_some_and(|unit| is_letter(unit.c));
    let by_letters =
        path.iter().zip(views).all(|(step, view)| matches!(view, View::Initial | View::Letter) || letter(step));
    if views.contains(&View::Initial) && are_letters_alone(path, lattice, by_letters, gaps) {
        return None;
    }
    if repeats_symbols(path, lattice, views) {
        return None;
    }
    let thing = |(step, meant): (&Step, &char)| if is_thing(step, *meant, lattice) { -THING } else { 0 };
    let things: i32 = path.iter().zip(&word.chars).map(thing).sum();
    let doubt = views.iter().map(|view| doubt(*view)).sum::<i32>() + things + beside_plain(views);
    let doubt = doubt.max(-MOST_FAVOUR) + strange(views) + in_passing(path, lattice, views);
    let doubt = doubt + if is_in_name(start, end, lattice, costs, views) { IN_NAME } else { 0 };
    let cost = costs.of(start, end) - repeated(path, lattice, costs, views) - fillers(path, lattice, costs);
    Some((span, cost.min(from_last(path, lattice, costs)) - WORD - broken - doubt))
}

/// What a word costs without the repetitions of its first character: 努努力 is 努力, said with an effort.
fn from_last(path: &[Step], lattice: &Lattice, costs: &Costs) -> i32 {
    match (path, path.last()) {
        ([first, second, ..], Some(last)) if first.to < second.from && lattice.repeats(first.to) => {
            costs.of(second.from - 1, last.to)
        }
        _ => i32::MAX,
    }
}

/// How much a way of writing speaks against a disguise: what happens by chance, or by a slip of the pen.
pub(super) fn doubt(view: View) -> i32 {
    match view {
        View::Near => 18,
        View::Symbol | View::Order => -8,
        _ => 0,
    }
}

/// How much more it speaks for symbols that all else of the word stands as it is: 👨同 can be read.
const BESIDE_PLAIN: i32 = 16;

/// See [`BESIDE_PLAIN`].
fn beside_plain(views: &[View]) -> i32 {
    let others = views.iter().all(|view| matches!(view, View::Plain | View::Symbol));
    if others && views.contains(&View::Plain) && views.contains(&View::Symbol) { -BESIDE_PLAIN } else { 0 }
}

/// How much it speaks against a disguise that a character only sounds, and another only looks, like the word's: hardly anybody
/// could read it. Longer words say more by the characters that are left.
const STRANGE: i32 = 24;

/// See [`STRANGE`].
fn strange(views: &[View]) -> i32 {
    let has = |view| views.contains(&view);
    match (has(View::Shape), has(View::Near), has(View::Sound) && !has(View::Plain)) {
        (true, true, _) => STRANGE,
        (true, false, true) if views.len() > 2 => STRANGE / 2,
        (true, false, true) => STRANGE,
        _ => 0,
    }
}

/// What the characters cost that stand inside only once more, where others are not the word's: 呵呵那 is talk, 微微信 is not; 醒醒
/// is, whatever else of two equal sounds there is.
fn repeated(path: &[Step], lattice: &Lattice, costs: &Costs, views: &[View]) -> i32 {
    if views.iter().all(|view| matches!(view, View::Plain | View::Repeated)) {
        return 0;
    }
    let repeats = path.windows(2).filter_map(|pair| match pair {
        [before, next] if before.to < next.from && lattice.repeats(before.to) => {
            Some(costs.of(before.to, next.from).max(0))
        }
        [before, next] if before.to == next.from && views.len() == 2 && lattice.repeats(next.from) => {
            Some(costs.of(next.from, next.to).max(0))
        }
        _ => None,
    });
    repeats.sum()
}

/// What the fillers cost, which are there with the word as well.
fn fillers(path: &[Step], lattice: &Lattice, costs: &Costs) -> i32 {
    let left_out = path.windows(2).filter_map(|pair| match pair {
        [before, next] if lattice.is_filler(before.to, next.from) => Some(costs.of(before.to, next.from).max(0)),
        _ => None,
    });
    left_out.sum()
}

/// What a sentence may end in, whatever it says.
const PARTICLES: &str = "吗嘛吧呢咯啦呀啊哈噢哦么了的着过呗噻哇";
/// How much it speaks against a word of two characters that one of these is read as its last.
const PARTICLE: i32 = 24;

/// See [`PARTICLE`]: 我养嘛 is talk.
fn in_passing(path: &[Step], lattice: &Lattice, views: &[View]) -> i32 {
    let ([_, last], [_, View::Sound | View::Near]) = (path, views) else { return 0 };
    let unit = |at: u32| lattice.units.get(at as usize);
    let particle = unit(last.from).is_some_and(|unit| PARTICLES.contains(unit.c));
    let ends = unit(last.to).is_none_or(|next| next.gap.is_some() || !is_han(next.c));
    if particle && ends { PARTICLE } else { 0 }
}

/// How much it speaks against a word of two characters by sound that it stands in a name (斯特伍德, 魂断蓝桥), or has a part of
/// a usual word (落聊城).
const IN_NAME: i32 = 28;
/// Beside what costs so much by itself, and is joined to it, it stands in a name.
const ODD_NEIGHBOUR: i32 = 72;
/// A usual word goes on over its end if the text costs so much more without that word.
const CUT: i32 = 16;

/// See [`IN_NAME`].
fn is_in_name(start: u32, end: u32, lattice: &Lattice, costs: &Costs, views: &[View]) -> bool {
    let by_chance = |view: &View| matches!(view, View::Plain | View::Sound | View::Near);
    let unit = |at: u32| lattice.units.get(at as usize);
    let joined = |at: u32| unit(at).is_some_and(|unit| unit.gap.is_none());
    let odd = |at: u32| unit(at).is_some_and(|unit| is_han(unit.c)) && costs.of(at, at + 1) >= ODD_NEIGHBOUR;
    let before = start.checked_sub(1).is_some_and(|before| joined(start) && odd(before));
    let cut = |at: u32| costs.cut(at) > CUT;
    views.len() == 2 && views.iter().all(by_chance) && (before || joined(end) && odd(end) || cut(start) || cut(end))
}

/// Whether one picture stands twice in a row for two characters: 😂😂, 👍👍 are talk.
fn repeats_symbols(path: &[Step], lattice: &Lattice, views: &[View]) -> bool {
    let unit = |step: &Step| lattice.units.get(step.from as usize).map(|unit| unit.c);
    let symbols = path.iter().zip(views).map(|(step, view)| unit(step).filter(|_| *view == View::Symbol));
    let symbols: Vec<Option<char>> = symbols.collect();
    symbols.windows(2).any(|pair| matches!(pair, [Some(one), Some(other)] if one == other))
}

/// Whether a character is written by a picture of what it means that is no face.
fn is_thing(step: &Step, meant: char, lattice: &Lattice) -> bool {
    let face = |c: char| matches!(c, '\u{1F600}'..='\u{1F64F}' | '\u{1F910}'..='\u{1F92F}' | '\u{1F970}'..='\u{1F97A}');
    step.how == Reading::Stands(View::Symbol, meant)
        && lattice.units.get(step.from as usize).is_some_and(|unit| !face(unit.c))
}

/// Whether letters that may be the first ones of a word mean themselves: a short form of everyday use (mb, ssl), letters pulled apart
/// (S.H.E), one letter several times over (XX).
fn are_letters_alone(path: &[Step], lattice: &Lattice, all: bool, gaps: usize) -> bool {
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
    let units = lattice.units.get(first.from as usize..last.to as usize).unwrap_or_default();
    let letters: String = units.iter().map(|unit| unit.c).filter(char::is_ascii_lowercase).collect();
    let mut others = letters.chars().skip(1);
    let same = letters.len() > 1 && others.all(|c| letters.starts_with(c));
    same || all && (gaps > 0 || is_usual_latin(&letters))
}
