//! Texts with something between their characters that says nothing: 加口微口信, 加啊微的信呢, 加a微b信c, jia1wei1xin4.

use std::cmp::Reverse;

use super::Plainer;
use crate::domain::case::Span;
use crate::domain::disguise::View;
use crate::domain::text::{Text, folded_char};

/// So many fillers in a row make one look again …
const FEWEST: usize = 3;
/// … and from so many on nobody writes so for another reason.
const SURELY: usize = 4;
/// So many characters at most stand between one filler and the next …
const APART: usize = 2;
/// … and so many between one letter or digit alone and the next, of which two make one look again.
const MARKS_APART: usize = 8;
const FEWEST_MARKS: usize = 2;
/// So many letters at most stand before the number of a tone.
const SYLLABLE: usize = 6;
/// No more characters are tried as fillers: a text is filled with one or two.
const MOST_SAME: usize = 4;

/// Of so many those are chosen that stand there most.
const MOST_NOTED: usize = 16;

/// What can stand anywhere in a sentence and leaves what it says as it is.
const PARTICLES: [char; 24] = [
    '啊', '吧', '呢', '嘛', '吗', '哦', '噢', '呀', '哈', '啦', '嗯', '呃', '额', '哎', '唉', '诶', '喔', '哇', '咯',
    '呐', '嘞', '的', '了', '么',
];

/// What may be a filler.
#[derive(Clone, Copy, Debug)]
enum Filler {
    /// Always the same character, neither letter nor digit.
    Same(char),
    /// Words that say nothing.
    Particles,
    /// Letters between characters of Han.
    Latin,
    /// Letters and digits that stand alone between characters of Han. They may mean something, as in 张三1李四2 and A方案: only what then
    /// stands as it is counts.
    Marks,
    /// Numbers of tones behind syllables in letters.
    Tones,
}

impl Filler {
    fn is(self, c: char) -> bool {
        match self {
            Self::Same(filler) => c == filler,
            Self::Particles => PARTICLES.contains(&c),
            Self::Latin => c.is_ascii_lowercase(),
            Self::Marks => c.is_ascii_lowercase() || c.is_ascii_digit(),
            Self::Tones => ('1'..='5').contains(&c),
        }
    }

    /// Whether what stands between two of them may stand there.
    fn is_between(self, kept: &[(u32, char)]) -> bool {
        let longest = match self {
            Self::Tones => SYLLABLE,
            Self::Marks => MARKS_APART,
            Self::Same(_) | Self::Particles | Self::Latin => APART,
        };
        let fits = |c: char| match self {
            Self::Tones => c.is_ascii_lowercase(),
            Self::Latin | Self::Marks => !c.is_ascii(),
            Self::Same(_) | Self::Particles => true,
        };
        (1..=longest).contains(&kept.len()) && kept.iter().all(|(_, c)| fits(*c))
    }

    /// Whether so many of them may stand in a row.
    fn may_be(self, run: &[(u32, char)]) -> bool {
        !self.may_mean_something() || run.len() == 1
    }

    fn may_mean_something(self) -> bool {
        matches!(self, Self::Marks)
    }

    /// So many in a row make one look again.
    fn fewest(self) -> usize {
        if self.may_mean_something() { FEWEST_MARKS } else { FEWEST }
    }

    /// Which characters are such fillers that stand one behind the other, and how many there are in the longest row.
    fn row(self, kept: &[(u32, char)]) -> (Vec<bool>, usize) {
        let mut filled = vec![false; kept.len()];
        let mut most = 0;
        let mut row: Vec<std::ops::Range<usize>> = Vec::new();
        let mut at = 0;
        for run in kept.chunk_by(|one, other| self.is(one.1) == self.is(other.1)) {
            let place = at..at + run.len();
            at = place.end;
            let is_filler = run.first().is_some_and(|(_, c)| self.is(*c)) && self.may_be(run);
            if is_filler {
                row.push(place);
            }
            if !is_filler && !self.is_between(run) || at == kept.len() {
                if row.len() >= self.fewest() {
                    most = most.max(row.len());
                    for at in row.iter().cloned().flatten() {
                        filled.get_mut(at).into_iter().for_each(|is| *is = true);
                    }
                }
                row.clear();
            }
        }
        (filled, most)
    }
}

/// What a text may be filled with, by a look that costs little.
fn candidates(fold: &str) -> Vec<Filler> {
    let mut same: Vec<(char, usize)> = Vec::new();
    let (mut particles, mut borders, mut marks, mut tones) = (0, 0, 0, 0);
    let mut seen = ['\0'; 1 + (FEWEST - 1) * (1 + APART)];
    for c in fold.chars() {
        let before = seen.last().copied().unwrap_or_default();
        seen.rotate_left(1);
        if let Some(last) = seen.last_mut() {
            *last = c;
        }
        let is_row = |distance: usize| (1..FEWEST).all(|back| seen.iter().rev().nth(back * distance) == Some(&c));
        if !c.is_ascii() && before != c && (2..=1 + APART).any(is_row) {
            let room = same.len() < MOST_NOTED;
            match same.iter_mut().find(|(one, _)| *one == c) {
                Some((_, rows)) => *rows += 1,
                None if room => same.push((c, 1)),
                None => {}
            }
        }
        particles += usize::from(Filler::Particles.is(c));
        borders += usize::from(c.is_ascii_lowercase() && before != '\0' && !before.is_ascii());
        marks += usize::from(Filler::Marks.is(c) && before != '\0' && !before.is_ascii());
        tones += usize::from(Filler::Tones.is(c) && before.is_ascii_lowercase());
    }
    same.sort_by_key(|(_, rows)| Reverse(*rows));
    let mut all: Vec<Filler> = same.into_iter().take(MOST_SAME).map(|(c, _)| Filler::Same(c)).collect();
    all.extend((particles >= FEWEST).then_some(Filler::Particles));
    all.extend((borders >= FEWEST).then_some(Filler::Latin));
    all.extend((marks >= FEWEST_MARKS).then_some(Filler::Marks));
    all.extend((tones >= FEWEST).then_some(Filler::Tones));
    all
}

/// A text without its fillers, where it has such.
pub(super) fn without(text: &Text) -> Option<Plainer> {
    let candidates = candidates(&text.folded.text);
    if candidates.is_empty() {
        return None;
    }
    let kept: Vec<(u32, char)> =
        (0..).zip(text.original.chars()).filter_map(|(at, c)| Some((at, folded_char(c)?))).collect();
    let rows = candidates.into_iter().map(|filler| (filler, filler.row(&kept)));
    let rows = rows.filter(|(_, (_, most))| *most > 0);
    let (filler, (filled, most)) = rows.max_by_key(|(filler, (_, most))| (!filler.may_mean_something(), *most))?;
    let plainly = filler.may_mean_something();
    let fillers: Vec<u32> = kept.iter().zip(filled).filter(|(_, filled)| *filled).map(|((at, _), _)| *at).collect();
    let mut left = fillers.iter().peekable();
    let (mut plain, mut places): (String, Vec<Span>) = (String::with_capacity(text.original.len()), Vec::new());
    for (at, c) in (0..).zip(text.original.chars()) {
        if left.next_if(|filler| **filler == at).is_none() {
            plain.push(c);
            places.push(Span { start: at, end: at + 1 });
        }
    }
    Some(Plainer { text: plain, places, surely: most >= SURELY && !plainly, plainly, view: View::Filler })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, bool)> {
        let mut judged = Text::default();
        judged.set(text);
        without(&judged).map(|plainer| (plainer.text, plainer.surely))
    }

    #[test]
    fn what_stands_between_is_left_out() {
        let cases = [
            ("加口微口信口", "加微信"),
            ("加口微口信口领口红包", "加微信领红包"),
            ("加啊微的信呢领了", "加微信领"),
            ("加a微bc信d", "加微信"),
            ("兼1职2日1结2", "兼职日结"),
            ("①兼②职①日②结", "兼职日结"),
            ("学1生妹上1门，包1夜八百", "学生妹上门，包夜八百"),
            ("操a你a妈", "操你妈"),
            ("加1微a信", "加微信"),
            ("jia1wei1xin4", "jiaweixin"),
            ("加 口 微 口 信 口", "加  微  信 "),
        ];
        for (filled, plain) in cases {
            assert_eq!(read(filled).map(|(text, _)| text).as_deref(), Some(plain), "{filled}");
        }
        assert_eq!(read("加口微口信口").map(|(_, surely)| surely), Some(false), "three may be chance");
        assert_eq!(read("加口微口信口领口红包").map(|(_, surely)| surely), Some(true));
    }

    #[test]
    fn a_few_characters_are_tried_however_many_stand_in_rows() {
        let rows: String = (0..6_000).filter_map(|no| char::from_u32(0x4e00 + no)).collect::<Vec<_>>()[..]
            .chunks(3)
            .map(|three| three.iter().collect::<String>().repeat(3))
            .collect();
        assert!(candidates(&rows).len() <= MOST_SAME + 4);
        assert_eq!(
            read(&format!("{}加口微口信口领口红包", rows.chars().take(36).collect::<String>())).map(|(_, sure)| sure),
            Some(true)
        );
    }

    #[test]
    fn what_has_no_fillers_is_left_alone() {
        for text in [
            "",
            "今天天气很好",
            "好的好的",
            "加微信",
            "用A方案",
            "www.bilibili.com",
            "王芳12李强15张敏30",
            "哈哈哈哈哈哈",
            "啊啊啊啊",
            "口口口",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
