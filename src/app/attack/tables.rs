//! What an attacker writes for what: hand-written tables of `data/`, and homophones from the crate `pinyin`.
//!
//! None of the tables is one of the matcher's (`domain/disguise/data`, `domain/text`), so that a figure does not measure a
//! table against itself. Shared is only the crate `pinyin` (which syllables a character has): there is no second one.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::ToPinyin;

/// How many of the most usual characters of one sound people choose from.
const CHOICE: usize = 12;

pub(super) struct Tables {
    pub(super) traditional: HashMap<char, Vec<String>>,
    pub(super) splits: HashMap<char, Vec<String>>,
    pub(super) shapes: HashMap<char, Vec<String>>,
    emoji: HashMap<char, Vec<String>>,
    /// Pictures of anything that sounds so.
    emoji_by_sound: HashMap<&'static str, Vec<String>>,
    /// Usual characters by their sound, the most usual first.
    usual: HashMap<&'static str, Vec<char>>,
}

/// The tables, read on first use.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

impl Tables {
    fn read() -> Self {
        let one = |rest: &str| vec![rest.to_owned()];
        let each = |rest: &str| rest.chars().map(String::from).collect();
        let emoji = rows(include_str!("data/emoji.txt"), pictures);
        let mut emoji_by_sound: HashMap<&'static str, Vec<String>> = HashMap::new();
        let mut shown: Vec<_> = emoji.iter().collect();
        shown.sort_unstable();
        for (c, pictures) in shown {
            emoji_by_sound.entry(sound(*c).unwrap_or_default()).or_default().extend(pictures.iter().cloned());
        }
        let mut usual: HashMap<&'static str, Vec<char>> = HashMap::new();
        let lines = include_str!("data/usual.txt").lines().filter(|line| !line.starts_with('#'));
        for c in lines.flat_map(str::chars) {
            let alike = usual.entry(sound(c).unwrap_or_default()).or_default();
            if alike.len() <= CHOICE {
                alike.push(c);
            }
        }
        Self {
            traditional: rows(include_str!("data/traditional.txt"), one),
            splits: rows(include_str!("data/splits.txt"), one),
            shapes: rows(include_str!("data/shapes.txt"), each),
            emoji,
            emoji_by_sound,
            usual,
        }
    }

    /// Other usual characters that sound the same but for the tone.
    pub(super) fn homophones(&self, c: char) -> Vec<String> {
        let alike = sound(c).and_then(|sound| self.usual.get(sound)).map_or(&[][..], Vec::as_slice);
        alike.iter().filter(|other| **other != c).take(CHOICE).map(char::to_string).collect()
    }

    /// Pictures of a character; where there is none, of what sounds like it.
    pub(super) fn pictures(&self, c: char) -> &[String] {
        let heard = || self.emoji_by_sound.get(sound(c)?);
        self.emoji.get(&c).or_else(heard).map_or(&[], Vec::as_slice)
    }
}

/// The usual sound of a Han character, without its tone, in letters that a keyboard has.
pub(super) fn sound(c: char) -> Option<&'static str> {
    c.to_pinyin().map(|pinyin| pinyin.plain())
}

/// The rows of a table: a character, and right behind it what is written for it; between rows white space.
fn rows(text: &'static str, read: impl Fn(&str) -> Vec<String>) -> HashMap<char, Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let row = |row: &str| {
        let mut chars = row.chars();
        Some((chars.next()?, read(chars.as_str())))
    };
    lines.flat_map(str::split_whitespace).filter_map(row).collect()
}

/// Pictures side by side, some of several code points.
fn pictures(text: &str) -> Vec<String> {
    let mut pictures: Vec<String> = Vec::new();
    for c in text.chars() {
        match pictures.last_mut() {
            Some(last) if matches!(c, '\u{FE0F}' | '\u{20E3}') => last.push(c),
            _ => pictures.push(c.into()),
        }
    }
    pictures
}
