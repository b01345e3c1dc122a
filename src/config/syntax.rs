//! Finds all mistakes of a file that is no TOML, not only the first and its consequences.
//!
//! A bracket or quote that is not closed swallows the rest of a file. So a file that does not parse is taken apart into
//! statements (a heading, or a key with its value), each is parsed by itself, and those that are broken are blanked out. What
//! is left is read as if they were not there, at its own lines and columns.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use toml::de::DeTable;

use super::faults::Faults;
use super::keys;
use crate::fault::{Fault, Source};

mod advice;

use self::advice::advice;
pub(super) use self::advice::first_of;

/// The quotes of a text of several lines.
const LONG: [&str; 2] = ["\"\"\"", "'''"];

/// The texts of all files, without what is no TOML.
pub(super) fn mend(faults: &Faults) -> Vec<Cow<'_, str>> {
    let mut texts = Vec::new();
    for source in faults.sources() {
        texts.push(match DeTable::parse(&source.text) {
            Ok(_) => Cow::Borrowed(&*source.text),
            Err(_) => Cow::Owned(without_broken(source, faults)),
        });
    }
    texts
}

fn without_broken(source: &Source, faults: &Faults) -> String {
    let mut mended = String::with_capacity(source.text.len());
    let mut lost = false; // below a broken heading nobody knows where keys belong
    for (start, text) in statements(&source.text).into_iter().flat_map(|part| pieces(&source.text, part)) {
        let error = DeTable::parse(text).err();
        if HEADING.is_match(text) {
            lost = error.is_some();
        }
        if let Some(error) = &error {
            let at = error.span().unwrap_or(0..0);
            let fault = |at: Range<usize>| source.fault(start + at.start..start + at.end, "");
            faults.add_syntax(match unclosed(text) {
                Some(open) => not_closed(fault(open..open + 3)),
                None => explain(fault(at), text, error.message()),
            });
        }
        if error.is_some() || lost {
            mended.extend(text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            mended.push_str(text);
        }
    }
    mended
}

/// A statement, or when it is broken its lines as far as they can stand alone; each with its first byte.
fn pieces(text: &str, statement: Range<usize>) -> Vec<(usize, &str)> {
    let (mut start, mut rest) = (statement.start, text.get(statement).unwrap_or_default());
    let mut pieces = Vec::new();
    while DeTable::parse(rest).is_err() {
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let goes_on = ["[", "{", "\"\"\"", "'''"].iter().any(|open| line.contains(open));
        if goes_on && DeTable::parse(line).is_err() {
            break;
        }
        pieces.push((start, line));
        (start, rest) = (start + end, after);
    }
    pieces.push((start, rest));
    pieces
}

/// A fault of the TOML itself in words. `statement` is what stands there, as far as it belongs together.
pub(super) fn explain(mut fault: Fault, statement: &str, error: &str) -> Fault {
    fault.message = format!("this is not TOML: {error}");
    fault.help = Some(advice(&fault, statement, error));
    fault
}

/// A fault at the signs that begin a long text which has no end.
fn not_closed(mut fault: Fault) -> Fault {
    fault.message = "this is not TOML: this text is not closed".to_owned();
    let quotes: String = fault.excerpt.chars().skip(fault.column as usize - 1).take(3).collect();
    fault.help(format!("write {quotes} where it ends; until then, everything below it belongs to it"))
}

/// Where a long text (`"""`) begins that has no end.
fn unclosed(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        at += rest.find(['"', '\'', '#'])?;
        let rest = text.get(at..)?;
        let long = LONG.iter().find(|quotes| rest.starts_with(**quotes));
        at += match long {
            Some(quotes) => match end_of(rest.get(3..)?, quotes) {
                Some(end) => 3 + end,
                None => return Some(at),
            },
            None if rest.starts_with('#') => rest.find('\n')?,
            // one that its line does not close is another mistake
            None => 1 + end_of(rest.get(1..)?.lines().next()?, rest.get(..1)?)?,
        };
    }
}

/// Behind the quotes that end a text.
fn end_of(text: &str, quotes: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quotes) {
            return Some(at + quotes.len());
        }
        let mut chars = rest.chars();
        at += chars.next().map_or(0, char::len_utf8);
        if rest.starts_with('\\') && quotes.starts_with('"') {
            at += chars.next().map_or(0, char::len_utf8);
        }
    }
    None
}

/// A line that begins a table, or was meant to.
static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    let mut names: Vec<&str> =
        keys::all().flat_map(|table| table.headings).map(|heading| keys::first(heading)).collect();
    names.dedup();
    pattern(&format!(
        r#"^\s*(?:[\[［【]\s*[\[［【]?\s*[\w"'][^,，]*|(?:{})(?:\.[^\s\]]*)?\]{{1,2}}\s*(?:#.*)?)$"#,
        names.join("|")
    ))
});

/// A line that begins with a key.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*\s*[=＝:：]"#));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("the pattern is a constant: {error}"))
}

/// Takes a text apart at the lines that look like the beginning of a statement and stand in no long text (`"""`).
fn statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut open: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let begins = open.is_none() && (HEADING.is_match(line.trim_end()) || KEY.is_match(line));
        if begins && at > start {
            found.push(start..at);
            start = at;
        }
        for quotes in LONG {
            if open.is_none_or(|open| open == quotes) && line.matches(quotes).count() % 2 == 1 {
                open = if open.is_none() { Some(quotes) } else { None };
            }
        }
        at += line.len();
    }
    found.push(start..at);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_into_statements() {
        let text = "# hello\n[a]\nb = 1\n\"c d\" = [\n  \"x = 1\",\n]\ne.'f' = \"\"\"\ng = 1\n\"\"\"\n[[h]]\n";
        let parts: Vec<_> = statements(text).into_iter().filter_map(|range| text.get(range)).collect();
        let expected = [
            "# hello\n",
            "[a]\n",
            "b = 1\n",
            "\"c d\" = [\n  \"x = 1\",\n]\n",
            "e.'f' = \"\"\"\ng = 1\n\"\"\"\n",
            "[[h]]\n",
        ];
        assert_eq!(parts, expected);
    }
}
