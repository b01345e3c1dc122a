//! What people write on the lines of a word list besides the word: a number before it, a level behind it, a pattern in its place.

/// What a line says that it is a pattern with.
const PREFIXES: [&str; 7] = ["正则表达式", "正则", "regexp", "regex", "pattern", "re", "表达式"];

/// A number before a word has no more digits.
const MOST_DIGITS: usize = 4;

/// An entry without the number or sign of a list before it: `1. `, `1、`, `(1)`, `- `.
pub fn without_number(entry: &str) -> &str {
    let bare = numbered(entry).map_or("", str::trim_start);
    if bare.is_empty() { entry } else { bare }
}

/// What stands behind the number of an entry, where it has one.
fn numbered(entry: &str) -> Option<&str> {
    if let Some(rest) = entry.strip_prefix(['-', '*', '•', '·']) {
        return rest.starts_with(char::is_whitespace).then_some(rest);
    }
    let open = entry.strip_prefix(['(', '（']);
    let begin = open.unwrap_or(entry);
    let rest = begin.trim_start_matches(|c: char| c.is_ascii_digit());
    if !(1..=MOST_DIGITS).contains(&(begin.len() - rest.len())) {
        return None;
    }
    match (open, rest.chars().next()?) {
        (_, ')' | '）') | (None, '、' | '．' | '\t') => rest.get(rest.chars().next()?.len_utf8()..),
        // 3.15 and 91.com are words
        (None, '.') => rest.get(1..).filter(|rest| !rest.starts_with(|c: char| c.is_ascii() && !c.is_whitespace())),
        _ => None,
    }
}

/// An entry without the level behind it (`=3`, `|3`, tab 3, ` 3`), and the level; "" where there is none.
pub fn without_level(entry: &str) -> (&str, &str) {
    let level = |word: &str, level: &str| {
        (1..=2).contains(&level.len()) && level.bytes().all(|byte| byte.is_ascii_digit()) && !word.trim().is_empty()
    };
    // what Latin letters call things ends in numbers: Windows 7
    let spaced = |word: &str, level: &str| level.len() == 1 && !word.is_ascii();
    let Some(at) = entry.char_indices().rev().find(|(_, c)| !c.is_ascii_digit()).map(|(at, _)| at) else {
        return (entry, "");
    };
    let (word, rest) = entry.split_at(at);
    let Some(sign) = rest.chars().next() else { return (entry, "") };
    let digits = rest.get(sign.len_utf8()..).unwrap_or_default();
    match sign {
        '=' | '＝' | '|' | '｜' | '\t' if level(word, digits) => (word.trim_end(), digits),
        ' ' | '\u{3000}' if level(word, digits) && spaced(word, digits) => (word.trim_end(), digits),
        _ => (entry, ""),
    }
}

/// What follows where an entry says that a pattern follows: `正则:…`, `regex:…`, `/…/`.
pub fn said_to_be_pattern(entry: &str) -> Option<&str> {
    let behind = |prefix: &&str| {
        let head = entry.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix))?;
        let rest = entry.get(head.len()..)?.trim_start().strip_prefix([':', '：'])?.trim();
        (!rest.is_empty()).then_some(rest)
    };
    match PREFIXES.iter().find_map(behind) {
        Some(pattern) => Some(slashed(pattern).unwrap_or(pattern)),
        None => slashed(entry),
    }
}

fn slashed(entry: &str) -> Option<&str> {
    entry.strip_prefix('/')?.strip_suffix('/').filter(|inner| !inner.is_empty())
}

/// Whether an entry is written like a pattern, whether it says so or not.
pub fn is_pattern(entry: &str) -> bool {
    const SIGNS: [&str; 9] = [".*", ".+", ".?", ".{", "[", "\\d", "\\w", "\\s", "(?"];
    SIGNS.iter().any(|sign| entry.contains(sign))
        || entry.starts_with('^')
        || entry.ends_with('$')
        || said_to_be_pattern(entry).is_some()
}

/// What an entry that can never be found as it stands probably means: what is the matter with it, and what to do.
pub(super) fn never_found(entry: &str) -> Option<(&'static str, String)> {
    let (word, level) = without_level(entry);
    let bare = without_number(entry);
    if let Some((word, _)) = entry.split_once("//").filter(|(word, _)| word.ends_with(char::is_whitespace)) {
        let help = format!("write a comment as `{} # …`", word.trim_end());
        return Some(("is one word with all that follows: `//` begins no comment", help));
    }
    if let Some((word, _)) = entry.split_once(['#', '＃']).filter(|(word, note)| !word.is_ascii() && !note.is_empty())
    {
        let help = format!("write a blank before a comment: `{word} # …`");
        return Some(("is one word: `#` begins a comment only behind a blank", help));
    }
    // of [红包] and ^红包 the word is left when it is folded
    let around = entry.trim_matches(['[', ']', '^', '$']);
    if is_pattern(around) || said_to_be_pattern(entry).is_some() {
        let pattern = said_to_be_pattern(entry).unwrap_or(entry);
        let help = format!("write it in a rule of kind \"regex\": patterns = ['{pattern}']");
        return Some(("is a word as it stands here, and no pattern", help));
    }
    if !level.is_empty() {
        return Some(("is one word, with its number: a list has no levels", format!("write `{word}` alone")));
    }
    if bare.len() < entry.len() {
        return Some((
            "is one word, with what stands before it: a list is not numbered",
            format!("write `{bare}` alone"),
        ));
    }
    if let Some((word, _)) = entry.split_once('\t') {
        return Some((
            "is one word, with what stands behind the tab: a list has no columns",
            format!("write `{word}` alone"),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_levels_are_told_from_words() {
        let numbers = [
            ("1. 楼盘首付", "楼盘首付"),
            ("12、楼盘首付", "楼盘首付"),
            ("(1)楼盘首付", "楼盘首付"),
            ("（1） 楼盘首付", "楼盘首付"),
            ("- 楼盘首付", "楼盘首付"),
            ("3\t楼盘首付", "楼盘首付"),
            ("1.楼盘首付", "楼盘首付"),
            ("3.15晚会", "3.15晚会"),
            ("91.com", "91.com"),
            ("-楼盘", "-楼盘"),
            ("1. ", "1. "),
            ("2楼出售", "2楼出售"),
        ];
        for (entry, expected) in numbers {
            assert_eq!(without_number(entry), expected, "{entry}");
        }
        let levels = [
            ("楼盘首付=3", ("楼盘首付", "3")),
            ("楼盘首付 3", ("楼盘首付", "3")),
            ("楼盘首付\t3", ("楼盘首付", "3")),
            ("兼职刷单|3", ("兼职刷单", "3")),
            ("Windows 7", ("Windows 7", "")),
            ("兼职3", ("兼职3", "")),
            ("=3", ("=3", "")),
            ("8964", ("8964", "")),
            ("兼职=2024", ("兼职=2024", "")),
        ];
        for (entry, expected) in levels {
            assert_eq!(without_level(entry), expected, "{entry}");
        }
    }

    #[test]
    fn patterns_say_so_or_look_so() {
        for entry in ["正则:加.{0,3}信", "正则：/加.{0,3}信/", "Regex: 加.{0,3}信", "/加.{0,3}信/"] {
            assert_eq!(said_to_be_pattern(entry), Some("加.{0,3}信"), "{entry}");
        }
        for entry in ["加微信", "re加:", "regex:", "//", "https://a.com"] {
            assert_eq!(said_to_be_pattern(entry), None, "{entry}");
        }
    }
}
