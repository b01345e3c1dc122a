//! Numbers in a text: runs of digits however they are written, and which of them are telephone numbers, bank cards or
//! identity cards. What is none of these (prices, times, dates, orders, versions) has another length, shape or checksum.

use std::sync::LazyLock;

use super::marks::{Break, Mark};
use crate::domain::case::Span;

/// Digits with at most noise between them.
#[derive(Clone, Debug)]
pub(in crate::domain::rules) struct Run {
    digits: Vec<Digit>,
    /// The place of the first mark in the marks it was read from, and one past the last.
    pub(in crate::domain::rules) from: usize,
    pub(in crate::domain::rules) to: usize,
}

#[derive(Clone, Copy, Debug)]
struct Digit {
    /// `0`–`9`, or `x` at the end of an identity card.
    value: u8,
    at: u32,
    /// What separates it from the digit before it.
    gap: Break,
}

/// A number found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain::rules) struct Number {
    /// Where, in code points of the original.
    pub(in crate::domain::rules) span: Span,
    /// Its digits.
    pub(in crate::domain::rules) digits: String,
    /// Which marks it is made of.
    pub(in crate::domain::rules) from: usize,
    pub(in crate::domain::rules) to: usize,
}

/// What is read as a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::rules) enum Reading {
    /// Figures of every style: 1 １ ① ❶ 𝟏.
    Figures,
    /// Also 一 壹 幺, and o, l, i among figures.
    Spoken,
}

/// The widest gap inside a number.
const WIDEST: u32 = 3;

/// How a digit may be said or written in Chinese.
const SPOKEN: &[(&str, u8)] = &[
    ("零〇洞", b'0'),
    ("一壹弌幺", b'1'),
    ("二贰弍", b'2'),
    ("三叁弎", b'3'),
    ("四肆", b'4'),
    ("五伍", b'5'),
    ("六陆", b'6'),
    ("七柒拐", b'7'),
    ("八捌", b'8'),
    ("九玖", b'9'),
];

/// The same by character, from [`FIRST`] on; 0 for what stands for none. Every character of every message is looked up.
static DIGITS: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let mut digits = vec![0; (LAST as usize) - (FIRST as usize) + 1].into_boxed_slice();
    for (c, value) in SPOKEN.iter().flat_map(|(chars, value)| chars.chars().map(move |c| (c, *value))) {
        if let Some(digit) = digits.get_mut((c as usize).wrapping_sub(FIRST as usize)) {
            *digit = value;
        }
    }
    digits
});
const FIRST: char = '\u{3007}';
const LAST: char = '\u{9FFF}';

/// The digit that a Chinese character stands for.
pub(super) fn spoken(c: char) -> Option<u8> {
    DIGITS.get((c as usize).wrapping_sub(FIRST as usize)).copied().filter(|digit| *digit != 0)
}

/// The digit that a letter stands for among figures.
fn letter(c: char) -> Option<u8> {
    match c {
        'o' => Some(b'0'),
        'l' | 'i' => Some(b'1'),
        _ => None,
    }
}

/// For each mark the digit it is read as.
fn values(marks: &[Mark], reading: Reading) -> Vec<Option<u8>> {
    let figure = |mark: &Mark| mark.c.is_ascii_digit().then_some(mark.c as u8);
    let mut values: Vec<Option<u8>> = marks.iter().map(figure).collect();
    if reading == Reading::Figures {
        return values;
    }
    for (value, mark) in values.iter_mut().zip(marks) {
        *value = value.or_else(|| spoken(mark.c));
    }
    // Letters count where a whole word is made of figures and them, mostly figures.
    let mut from = 0;
    for word in marks.chunk_by(|a, b| a.c.is_ascii_alphanumeric() && b.c.is_ascii_alphanumeric() && b.gap.width == 0) {
        let figures = word.iter().filter(|mark| mark.c.is_ascii_digit()).count();
        let others = word.iter().filter(|mark| letter(mark.c).is_some()).count();
        if figures >= 3 && others > 0 && figures >= others && figures + others == word.len() {
            let slots = values.iter_mut().skip(from).zip(word);
            slots.for_each(|(value, mark)| *value = value.or_else(|| letter(mark.c)));
        }
        from += word.len();
    }
    values
}

/// All runs of digits in marks without signs.
pub(in crate::domain::rules) fn runs(marks: &[Mark], reading: Reading) -> Vec<Run> {
    let values = values(marks, reading);
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for (place, (mark, value)) in marks.iter().zip(&values).enumerate() {
        let goes_on = open && mark.gap.kind < Break::Barrier && mark.gap.width <= WIDEST;
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) if goes_on => {
                run.digits.push(Digit { value: *value, at: mark.at, gap: mark.gap.kind });
                run.to = place + 1;
            }
            (Some(value), _) => {
                let first = Digit { value: *value, at: mark.at, gap: Break::None };
                runs.push(Run { digits: vec![first], from: place, to: place + 1 });
            }
            // The last character of some identity cards; whatever follows, it ends the number.
            (None, Some(run)) if goes_on && mark.c == 'x' && run.digits.len() >= 17 => {
                run.digits.push(Digit { value: b'x', at: mark.at, gap: mark.gap.kind });
                run.to = place + 1;
            }
            (None, _) => {}
        }
        open = value.is_some();
    }
    runs
}

impl Run {
    /// The number that groups of digits are, when they are together.
    fn number(&self, from: usize, to: usize) -> Option<Number> {
        let digits = self.digits.get(from..to)?;
        let (first, last) = (digits.first()?, digits.last()?);
        let text = digits.iter().map(|digit| char::from(digit.value)).collect();
        let span = Span { start: first.at, end: last.at + 1 };
        Some(Number { span, digits: text, from: self.from + from, to: self.from + to })
    }

    /// All of it as one number.
    pub(in crate::domain::rules) fn whole(&self) -> Option<Number> {
        self.number(0, self.digits.len())
    }

    /// Where its groups begin, and its end.
    fn borders(&self) -> Vec<usize> {
        let begins = self.digits.iter().enumerate().filter(|(at, digit)| *at == 0 || digit.gap > Break::None);
        begins.map(|(at, _)| at).chain([self.digits.len()]).collect()
    }

    /// The sizes of its groups.
    pub(super) fn groups(&self) -> Vec<usize> {
        self.borders().windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect()
    }

    /// The numbers in it that are made of whole groups and are what `is` says, none inside another.
    fn find(&self, longest: usize, is: impl Fn(&[u8], &[usize]) -> bool, found: &mut Vec<Number>) {
        let (borders, values) = (self.borders(), self.digits.iter().map(|digit| digit.value).collect::<Vec<u8>>());
        let mut after = 0;
        for (at, from) in borders.iter().copied().enumerate() {
            if from < after {
                continue;
            }
            let mut sizes = Vec::new();
            let ends = borders.iter().copied().skip(at + 1).take_while(|to| to - from <= longest);
            let mut last = from;
            for to in ends {
                sizes.push(to - last);
                last = to;
                if values.get(from..to).is_some_and(|digits| is(digits, &sizes)) {
                    found.extend(self.number(from, to));
                    after = to;
                    break;
                }
            }
        }
    }
}

/// Numbers of one sort in all runs, whichever way digits are read.
fn find_all(marks: &[Mark], longest: usize, is: impl Fn(&[u8], &[usize]) -> bool) -> Vec<Number> {
    let mut found = Vec::new();
    for reading in [Reading::Figures, Reading::Spoken] {
        for run in runs(marks, reading) {
            let mut more = Vec::new();
            run.find(longest, &is, &mut more);
            more.retain(|one: &Number| found.iter().all(|other: &Number| !overlap(one.span, other.span)));
            found.extend(more);
        }
    }
    found.sort_by_key(|number| number.span.start);
    found
}

pub(super) fn overlap(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// Telephone numbers: mobile ones, with or without 86 before them; with an area code; 400 and 800.
pub(in crate::domain::rules) fn phones(marks: &[Mark]) -> Vec<Number> {
    find_all(marks, 13, |digits, groups| is_mobile(digits, groups) || is_landline(digits, groups))
}

/// Numbers of bank cards.
pub(in crate::domain::rules) fn bank_cards(marks: &[Mark]) -> Vec<Number> {
    find_all(marks, 19, is_bank_card)
}

/// Numbers of identity cards.
pub(in crate::domain::rules) fn identity_cards(marks: &[Mark]) -> Vec<Number> {
    find_all(marks, 18, |digits, _| is_identity_card(digits))
}

/// A mobile number of the mainland, in one piece or in the pieces that people write it in.
fn is_mobile(digits: &[u8], groups: &[usize]) -> bool {
    let (digits, groups) = match (digits, groups) {
        ([b'8', b'6', rest @ ..], [2, others @ ..]) if rest.len() == 11 => (rest, others),
        ([b'8', b'6', rest @ ..], [13]) => (rest, &[11][..]),
        _ => (digits, groups),
    };
    let [b'1', b'3'..=b'9', ..] = digits else { return false };
    let usual = match groups {
        [11] | [3, 4, 4] | [3, 8] | [7, 4] | [4, 3, 4] | [3, 3, 5] | [5, 6] | [6, 5] => true,
        // 1998 0101 123 begins with a year.
        [4, 4, 3] => !digits.starts_with(b"19"),
        [3, rest @ ..] => rest.iter().all(|size| *size == 2),
        // Digit by digit; 1 3 5 7 9 11 13 15 is a list.
        _ => groups.len() >= 10,
    };
    digits.len() == 11 && usual
}

/// A number with an area code, or one that begins with 400 or 800.
fn is_landline(digits: &[u8], groups: &[usize]) -> bool {
    matches!(
        (digits, groups),
        ([b'0', b'1'..=b'9', ..], [3 | 4, 7 | 8] | [3 | 4, 4, 4] | [3 | 4, 3, 4] | [11 | 12])
            | ([b'4' | b'8', b'0', b'0', ..], [10] | [3, 7] | [3, 3, 4] | [3, 4, 3])
    )
}

/// The number of a card: UnionPay (62), Visa (4) or Mastercard (51–55), with a sound check digit (Luhn).
pub(in crate::domain::rules) fn is_bank_card(digits: &[u8], groups: &[usize]) -> bool {
    let length = digits.len();
    let issued = match digits {
        [b'6', b'2', ..] => (16..=19).contains(&length),
        [b'4', ..] | [b'5', b'1'..=b'5', ..] => length == 16,
        _ => false,
    };
    let in_fours = groups.split_last().is_some_and(|(last, fours)| *last <= 4 && fours.iter().all(|size| *size == 4));
    let usual = matches!(groups, [_] | [6, _]) || in_fours || groups.len() >= 12;
    let varied = digits.iter().any(|digit| Some(digit) != digits.get(3));
    issued && usual && varied && luhn(digits) && !is_identity_card(digits)
}

/// Whether the check digit is right (Luhn, ISO/IEC 7812-1).
fn luhn(digits: &[u8]) -> bool {
    let one = |(place, digit): (usize, &u8)| {
        let value = u32::from(digit.saturating_sub(b'0'));
        if place % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 }
    };
    digits.iter().rev().enumerate().map(one).sum::<u32>() % 10 == 0
}

/// The first two digits of identity cards: provinces (GB/T 2260), Hong Kong, Macao and Taiwan.
const PROVINCES: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83,
];

/// What each digit of an identity card weighs (GB 11643).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check character, by the remainder of the sum.
const CHECKS: &[u8; 11] = b"10x98765432";

/// The number of an identity card: province, date of birth and check character are sound (GB 11643).
fn is_identity_card(digits: &[u8]) -> bool {
    let number = |from: usize, to: usize| {
        let part = digits.get(from..to)?;
        part.iter().try_fold(0_u32, |number, digit| Some(number * 10 + char::from(*digit).to_digit(10)?))
    };
    let (Some(province), Some(year), Some(month), Some(day)) =
        (number(0, 2), number(6, 10), number(10, 12), number(12, 14))
    else {
        return false;
    };
    let last_day = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let born = (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=last_day).contains(&day);
    if digits.len() != 18 || !PROVINCES.contains(&(province as u8)) || !born {
        return false;
    }
    let sum: u32 =
        digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit.saturating_sub(b'0')) * weight).sum();
    digits.last() == CHECKS.get((sum % 11) as usize)
}
