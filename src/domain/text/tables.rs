//! What each character is folded to: one flat table for the first two planes, built once from Unicode's own data, the
//! traditional→simplified table of `fast2s`, and [`super::lookalikes`].

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::fold::GapKind;
use super::lookalikes;
use crate::domain::event::PLACEHOLDER;

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold<'a> {
    /// It becomes this one character.
    To(char),
    /// It becomes these.
    Many(&'a str),
    /// It is not seen: dropped without a trace.
    Invisible,
    /// It is noise: dropped, leaving a gap.
    Separator,
    /// The same, and it is white space.
    Space,
    /// A full stop of ASCII: noise (`v.x`) unless white space follows (`变. 态`).
    Stop,
    /// It ends a clause.
    Clause,
    /// Something else than text stands here.
    Barrier,
}

/// Codes of the table that are no characters: they lie in the surrogate range.
const INVISIBLE: u16 = 0xD800;
const SEPARATOR: u16 = 0xD801;
const SPACE: u16 = 0xD802;
const STOP: u16 = 0xD803;
const CLAUSE: u16 = 0xD804;
const BARRIER: u16 = 0xD805;
/// The character itself, which does not fit a code.
const SELF: u16 = 0xD806;
/// The first of the codes for an entry of `Tables::many`.
const MANY: u16 = 0xD810;
const END: u16 = 0xE000;

/// How far the flat table goes: planes 0 and 1.
const FLAT: u32 = 0x2_0000;

pub(super) struct Tables {
    flat: Box<[u16]>,
    many: Vec<Box<str>>,
    /// Planes 2 and 3: compatibility ideographs.
    rare: HashMap<char, char>,
}

/// What a character is to a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It becomes this one character.
    Kept(char),
    /// It becomes these.
    Many(&'static str),
    /// It is not seen at all.
    Unseen,
    /// It is dropped and leaves a gap of this kind.
    Dropped(GapKind),
}

/// What a character is to a fold, by itself.
pub fn class_of(c: char) -> Class {
    match TABLES.fold(c) {
        Fold::To(to) => Class::Kept(to),
        Fold::Many(to) => Class::Many(to),
        Fold::Invisible => Class::Unseen,
        Fold::Separator | Fold::Space | Fold::Stop => Class::Dropped(GapKind::Separator),
        Fold::Clause => Class::Dropped(GapKind::Clause),
        Fold::Barrier => Class::Dropped(GapKind::Barrier),
    }
}

/// The tables, built on first use.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::build);

impl Tables {
    /// What becomes of a character.
    #[inline]
    pub(super) fn fold(&self, c: char) -> Fold<'_> {
        let Some(&code) = self.flat.get(c as usize) else { return self.fold_rare(c) };
        match char::from_u32(u32::from(code)) {
            Some(to) => Fold::To(to),
            None => self.fold_code(c, code),
        }
    }

    /// Whether a character of the first plane becomes itself.
    #[inline]
    pub(super) fn keeps(&self, c: char) -> bool {
        self.flat.get(c as usize).is_some_and(|code| u32::from(*code) == u32::from(c))
    }

    fn fold_code(&self, c: char, code: u16) -> Fold<'_> {
        match code {
            INVISIBLE => Fold::Invisible,
            SPACE => Fold::Space,
            STOP => Fold::Stop,
            CLAUSE => Fold::Clause,
            BARRIER => Fold::Barrier,
            SELF => Fold::To(c),
            code => {
                self.many.get(usize::from(code.wrapping_sub(MANY))).map_or(Fold::Separator, |text| Fold::Many(text))
            }
        }
    }

    #[cold]
    fn fold_rare(&self, c: char) -> Fold<'_> {
        match self.rare.get(&c) {
            Some(&to) => Fold::To(to),
            None if is_invisible(c) || is_combining_mark(c) => Fold::Invisible,
            None if c.is_alphanumeric() => Fold::To(c),
            None => Fold::Separator,
        }
    }

    fn build() -> Self {
        let own = own_folds();
        let mut tables =
            Self { flat: vec![SEPARATOR; FLAT as usize].into_boxed_slice(), many: Vec::new(), rare: HashMap::new() };
        let mut known = HashMap::new();
        let mut text = String::new();
        for (at, slot) in (0..FLAT).zip(tables.flat.iter_mut()) {
            let Some(c) = char::from_u32(at) else { continue };
            *slot = match class(c) {
                Some(code) => code,
                None => {
                    fixed_point(c, &own, &mut text);
                    code_of(c, &text, &mut tables.many, &mut known)
                }
            };
        }
        for c in ('\u{2_0000}'..='\u{3_FFFF}').filter(|c| c.is_alphanumeric()) {
            let mut to = c.nfkc();
            if let (Some(to), None) = (to.next(), to.next())
                && to != c
            {
                fixed_point(to, &own, &mut text);
                tables.rare.insert(c, text.chars().next().unwrap_or(to));
            }
        }
        tables
    }
}

/// The code of a character that folds to `text`.
fn code_of(c: char, text: &str, many: &mut Vec<Box<str>>, known: &mut HashMap<Box<str>, u16>) -> u16 {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => SEPARATOR,
        (Some(one), None) if one == c && u32::from(c) > 0xFFFF => SELF,
        (Some(one), None) if u32::from(one) <= 0xFFFF => one as u32 as u16,
        _ => {
            if let Some(&code) = known.get(text) {
                return code;
            }
            let code = MANY + many.len() as u16;
            if code >= END {
                return SEPARATOR;
            }
            many.push(text.into());
            known.insert(text.into(), code);
            code
        }
    }
}

/// The class of a character that is dropped whatever it decomposes to.
fn class(c: char) -> Option<u16> {
    Some(match c {
        PLACEHOLDER => BARRIER,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => CLAUSE,
        '，' | '。' | '！' | '？' | '；' | '：' | '、' | ',' | '!' | '?' | ';' | ':' | '…' | '‥' | '⋯' => {
            CLAUSE
        }
        '｡' | '､' | '،' | '؛' | '؟' | '۔' | '।' | '॥' | '‼' | '⁇' | '⁈' | '⁉' | '﹐' | '﹑' | '﹒' | '﹔' | '﹕'
        | '﹖' | '﹗' => CLAUSE,
        '.' | '．' | '․' => STOP,
        c if is_invisible(c) || is_combining_mark(c) => INVISIBLE,
        c if c.is_whitespace() => SPACE,
        c if is_mark_of_a_letter(c) => SEPARATOR,
        _ => return None,
    })
}

/// Letters by Unicode's word that say nothing by themselves: accents that stand alone, signs that lengthen, double or repeat what is
/// before them. Between the characters of a word they are what a dot is there.
pub(super) fn is_mark_of_a_letter(c: char) -> bool {
    matches!(c,
        '\u{2B9}'..='\u{2DF}' | '\u{2E5}'..='\u{2FF}' | '\u{A700}'..='\u{A721}' | '\u{A788}' | '\u{A789}' | '\u{A78A}'
        | '\u{640}' | '々' | '〻' | 'ゝ' | 'ゞ' | 'ヽ' | 'ヾ' | 'ー' | 'ｰ' | 'っ' | 'ッ' | 'ｯ')
}

/// Folds a character again and again until nothing changes, so that folding a fold changes nothing.
fn fixed_point(c: char, own: &HashMap<char, &'static str>, text: &mut String) {
    text.clear();
    text.push(c);
    // A chain is short (𝐕→V→v, ⅸ→ix); a traditional character that is its own simplification's ends it.
    for _ in 0..6 {
        let mut next = String::with_capacity(text.len());
        for c in text.chars() {
            once(c, own, &mut next);
        }
        if next == *text {
            return;
        }
        *text = next;
    }
}

/// One turn of [`fixed_point`]: our own table, decomposition without marks, lower case, simplification.
fn once(c: char, own: &HashMap<char, &'static str>, to: &mut String) {
    if let Some(text) = own.get(&c) {
        to.push_str(text);
        return;
    }
    if matches!(c, '\u{3400}'..='\u{9FFF}') {
        to.push(simplified(c));
        return;
    }
    if matches!(c, 'a'..='z' | '0'..='9' | '\u{AC00}'..='\u{D7A3}') {
        to.push(c);
        return;
    }
    let bare: String = std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let lower = bare.nfc().flat_map(char::to_lowercase);
    let before = to.len();
    let says_something =
        |c: &char| c.is_alphanumeric() && !is_combining_mark(*c) && !is_invisible(*c) && !is_mark_of_a_letter(*c);
    to.extend(lower.filter(says_something).map(simplified));
    if to.len() == before && c.is_alphanumeric() {
        // A letter that decomposes to a space and a mark stays what it is.
        to.push(c);
    }
}

/// The simplified form of a traditional character, by itself.
fn simplified(c: char) -> char {
    if !matches!(c, '\u{2E80}'..='\u{9FFF}') {
        return c;
    }
    let mut buffer = [0; 4];
    let simple = fast2s::convert(c.encode_utf8(&mut buffer));
    simple.chars().next().unwrap_or(c)
}

/// Our own table, ready for look-up.
fn own_folds() -> HashMap<char, &'static str> {
    let mut own = HashMap::new();
    for (from, to) in lookalikes::PAIRS {
        own.extend(from.chars().zip(pieces(to)));
    }
    for (first, length) in lookalikes::RUNS {
        own.extend((u32::from(*first)..).filter_map(char::from_u32).take(*length as usize).zip(pieces(LETTERS)));
    }
    for zero in lookalikes::ZEROS {
        own.extend((*zero..).zip(pieces(DIGITS)));
    }
    own.extend(lookalikes::NUMBERS.iter().chain(lookalikes::LIGATURES).copied());
    own
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";

fn pieces(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.char_indices().filter_map(move |(at, c)| text.get(at..at + c.len_utf8()))
}

/// A sign, letter or digit of full width as that of ASCII; any other character as it is (Unicode, Halfwidth and Fullwidth Forms).
pub fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Whether a character is not seen at all: zero-width, joiners, variation selectors, bidirectional controls, fillers,
/// tags, control codes. Combining marks are seen and are not among them.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}'
        | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
