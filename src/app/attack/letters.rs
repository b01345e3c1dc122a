//! Letters and digits that are written in another style, or with letters of other scripts that look like them.

use super::random::Random;

/// Alphabets of mathematics: where the capitals begin, and where the small letters do.
const ALPHABETS: [(u32, u32); 7] = [
    (0x1D400, 0x1D41A), // bold
    (0x1D468, 0x1D482), // bold italic
    (0x1D4D0, 0x1D4EA), // bold script
    (0x1D56C, 0x1D586), // bold fraktur
    (0x1D5A0, 0x1D5BA), // sans-serif
    (0x1D670, 0x1D68A), // monospace
    (0x24B6, 0x24D0),   // circled
];
/// Digits of the same kind: where 0 is.
const DIGITS: [u32; 4] = [0x1D7CE, 0x1D7E2, 0x1D7EC, 0x1D7F6];
/// Where ① is.
const CIRCLED_ONE: u32 = 0x2460;

/// Small letters, and letters of other scripts that a reader takes for them.
const ALIKE: &[(char, &str)] = &[
    ('a', "аɑα"),
    ('b', "Ьƅ"),
    ('c', "сϲ"),
    ('d', "ԁ"),
    ('e', "еҽ"),
    ('g', "ɡ"),
    ('h', "һ"),
    ('i', "іı"),
    ('j', "јϳ"),
    ('k', "κк"),
    ('l', "ӏ"),
    ('m', "м"),
    ('n', "ո"),
    ('o', "оο"),
    ('p', "рρ"),
    ('q', "ԛ"),
    ('r', "г"),
    ('s', "ѕ"),
    ('t', "тτ"),
    ('u', "υս"),
    ('v', "νѵ"),
    ('w', "ԝω"),
    ('x', "хχ"),
    ('y', "уγ"),
];

/// The character of full width.
pub(super) fn wide(c: char) -> Option<String> {
    let wide = matches!(c, '!'..='~').then(|| char::from_u32(u32::from(c) + 0xFEE0)).flatten();
    wide.map(String::from)
}

/// The other case.
pub(super) fn other_case(c: char) -> Option<String> {
    let other = if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    (other != c).then(|| other.into())
}

/// The letter or digit in another style.
pub(super) fn styled(c: char, random: &mut Random) -> Option<String> {
    let code = match c {
        'A'..='Z' => random.one(&ALPHABETS)?.0 + (u32::from(c) - u32::from('A')),
        'a'..='z' => random.one(&ALPHABETS)?.1 + (u32::from(c) - u32::from('a')),
        '1'..='9' if random.below(2) == 0 => CIRCLED_ONE + (u32::from(c) - u32::from('1')),
        '0'..='9' => random.one(&DIGITS)? + (u32::from(c) - u32::from('0')),
        _ => return None,
    };
    char::from_u32(code).map(String::from)
}

/// A letter of another script that looks like it.
pub(super) fn alike(c: char, random: &mut Random) -> Option<String> {
    let (_, others) = ALIKE.iter().find(|(letter, _)| *letter == c.to_ascii_lowercase())?;
    let others: Vec<char> = others.chars().collect();
    random.one(&others).map(char::to_string)
}
