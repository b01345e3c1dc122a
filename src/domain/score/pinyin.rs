//! Whole messages in pinyin: a model that learned texts of Han takes any letters for something odd, and so has to learn them as such.

use pinyin::ToPinyin;

use super::spell::SPELL;
use crate::domain::case::Span;
use crate::domain::ids::hash;
use crate::domain::text::half_width;

/// Fewer different syllables in letters may be a name, or laughter …
const FEWEST: usize = 4;
/// … and so may those that are no more than one in so many of all syllables.
const SHARE: usize = 3;
/// Of so many letters of pinyin at least all but one are part of syllables: other languages have more that are not.
const SYLLABLES: usize = 5;

/// Whether a text, of which this is the fold, is written in pinyin, at least in part.
pub fn is_pinyin(folded: &str) -> bool {
    let letters = folded.bytes().filter(u8::is_ascii_lowercase).count();
    if letters < 2 * FEWEST {
        return false;
    }
    let (mut spelled, mut syllables, mut han) = (0, 0, 0);
    let mut different = [0; FEWEST];
    let mut known = 0;
    let mut rest = folded.chars();
    loop {
        let here = rest.clone();
        let Some(c) = rest.next() else { break };
        if c.is_ascii_lowercase()
            && let Some((code, length)) = SPELL.longest(here.map(u32::from))
        {
            syllables += 1;
            if !different.contains(&code)
                && let Some(slot) = different.get_mut(known)
            {
                *slot = code;
                known += 1;
            }
            spelled += length;
            rest.by_ref().take(length - 1).for_each(drop);
        }
        han += usize::from(c >= '\u{3400}');
    }
    known == FEWEST && syllables * SHARE >= syllables + han && (letters - spelled) * SYLLABLES <= letters
}

/// A text that was written otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The text.
    pub text: String,
    /// For each of its characters the code point of the original that it comes from.
    from: Vec<u32>,
}

impl Rewritten {
    /// Where a span of it is in the original.
    pub fn in_original(&self, span: Span) -> Span {
        let at = |place: u32| self.from.get(place as usize).copied();
        let ends = at(span.start).zip(span.end.checked_sub(1).and_then(at));
        ends.map_or(span, |(first, last)| Span { start: first, end: last + 1 })
    }

    fn add(&mut self, written: &str, at: u32) {
        self.text.push_str(written);
        self.from.extend(written.chars().map(|_| at));
    }
}

/// A text without its letters; `None` where it has fewer characters of Han than so many.
pub fn in_han(text: &str, fewest: usize) -> Option<Rewritten> {
    text.chars().filter(|c| c.to_pinyin().is_some()).nth(fewest.checked_sub(1)?)?;
    let mut written = Rewritten { text: String::with_capacity(text.len()), from: Vec::new() };
    for (at, c) in (0..).zip(text.chars()) {
        if !half_width(c).is_ascii_alphabetic() && !matches!(c, '\u{C0}'..='\u{24F}') {
            written.add(c.encode_utf8(&mut [0; 4]), at);
        }
    }
    Some(written)
}

/// A text of Han as people write it in pinyin: each syllable apart, all in a row, two by two, or one character of two; which of
/// these depends on the `turn`. `None` where it has too few characters of Han.
pub fn in_pinyin(text: &str, turn: usize) -> Option<Rewritten> {
    let spelled = |c: char| c.to_pinyin().map(|pinyin| pinyin.plain().replace('ü', "v"));
    text.chars().filter(|c| spelled(*c).is_some()).nth(FEWEST - 1)?;
    let dice = hash(&[text]) as u64;
    let mut written = Rewritten { text: String::with_capacity(text.len() * 2), from: Vec::with_capacity(text.len()) };
    let mut row = 0_u32;
    for (at, c) in (0..).zip(text.chars()) {
        let left = turn % 4 == 3 && dice >> (at % 64) & 1 == 0;
        let Some(syllable) = spelled(c).filter(|_| !left) else {
            written.add(c.encode_utf8(&mut [0; 4]), at);
            row = 0;
            continue;
        };
        let apart = match turn % 4 {
            0 => true,
            2 => row.is_multiple_of(2),
            _ => false,
        };
        if apart && written.text.ends_with(char::is_alphanumeric) {
            written.add(" ", at);
        }
        written.add(&syllable, at);
        row += 1;
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_in_four_ways() {
        let ways: Vec<_> = (0..4).filter_map(|turn| Some(in_pinyin("招兼职，一天300绿", turn)?.text)).collect();
        let [apart, row, pairs, part] = &ways[..] else { panic!("{ways:?}") };
        assert_eq!(apart, "zhao jian zhi，yi tian300 lv");
        assert_eq!(row, "zhaojianzhi，yitian300lv");
        assert_eq!(pairs, "zhaojian zhi，yitian300 lv");
        assert!(part.contains(char::is_alphabetic) && part.chars().any(|c| c >= '\u{4E00}'), "{part}");
        assert_eq!(in_pinyin("兼职abc", 0), None);
        let written = in_pinyin("招兼职，一天300绿", 0).unwrap();
        assert_eq!(written.in_original(Span { start: 5, end: 13 }), Span { start: 1, end: 3 }, "jian zhi");
    }

    #[test]
    fn pinyin_is_told_from_other_letters() {
        let yes = [
            "zhaojianzhiyitian300",
            "招jian职yi天jieqian",
            "jintianwanshangchishenmebeiwodexinxi",
            "nihaomaxiong今天好吗你",
        ];
        let no = [
            "",
            "兼职日结加我jiawo",
            "hellocanyouhelpmewiththis",
            "今天几点开会大家都来群里说吧zhangsanlisi",
            "thequickbrownfoxjumpsoverthelazydog",
            "bilibilivideo",
            "裸聊看头像hahahahahaha",
            "这赛季不玩了wuwuwuwuwu",
        ];
        yes.iter().for_each(|text| assert!(is_pinyin(text), "{text}"));
        no.iter().for_each(|text| assert!(!is_pinyin(text), "{text}"));
    }
}
