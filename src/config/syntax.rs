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
use crate::fault::{Fault, Source};

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
            let fault = source.fault(start + at.start..start + at.end, "");
            faults.add_syntax(explain(fault, text, error.message()));
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

/// A fault of the TOML itself in words.
pub(super) fn explain(mut fault: Fault, statement: &str, error: &str) -> Fault {
    fault.message = format!("this is not TOML: {error}");
    fault.help = advice(&fault, statement, error);
    fault
}

fn advice(fault: &Fault, statement: &str, error: &str) -> Option<String> {
    let line = fault.excerpt.trim();
    let unclosed = ["invalid basic string", "invalid literal string", "unclosed", "invalid multi-line"];
    let unclosed = unclosed.iter().any(|start| error.starts_with(start));
    let last = line.chars().next_back().filter(|c| unclosed && "“”‘’＂＇".contains(*c));
    if let Some(sign) = outside_texts(statement).chain(last).find(|c| SIGNS.contains(*c)) {
        return Some(format!("outside texts, type the signs of TOML in half width: = , [ ] \" instead of {sign}"));
    }
    if outside_texts(statement).any(|c| c.is_whitespace() && !c.is_ascii()) {
        return Some("there is a full-width space outside a text: type it in half width".to_owned());
    }
    if let Some(heading) = heading(line) {
        return Some(format!("write {heading}"));
    }
    let help = match error {
        _ if error.contains("string values must be quoted") => "put the value in quotes: \"…\"",
        _ if error.contains("duplicate key") => "keep one of them",
        _ if error.contains("invalid boolean") => "write true or false, in small letters",
        _ if error.contains("escape") => "in \"…\" a backslash means something; write the text in single quotes: '…'",
        _ if unclosed && is_odd(line) => "a text is not closed: end it with the quote that it began with",
        _ if error.contains("invalid unquoted key") => return quoted(fault),
        _ => return None,
    };
    Some(help.to_owned())
}

/// Signs that an input method makes of those of TOML.
const SIGNS: &str = "“”‘’＂＇＝，、；：［］【】｛｝";

/// The characters of a statement that stand in no text and no comment.
fn outside_texts(statement: &str) -> impl Iterator<Item = char> {
    let (mut quote, mut comment) = (None, false);
    statement.chars().filter(move |c| {
        match c {
            '\n' => (quote, comment) = (None, false),
            '#' if quote.is_none() => comment = true,
            '"' | '\'' if !comment && quote.is_none() => quote = Some(*c),
            c if quote == Some(*c) => quote = None,
            _ => return quote.is_none() && !comment,
        }
        false
    })
}

/// Whether a quote of a line is left without its partner.
fn is_odd(line: &str) -> bool {
    line.matches('"').count() % 2 == 1 || line.matches('\'').count() % 2 == 1
}

/// A heading with as many brackets at its end as at its beginning, when that is what is wrong with it.
fn heading(line: &str) -> Option<String> {
    let line = line.split('#').next().unwrap_or_default().trim_end();
    let name = line.trim_start_matches('[').trim_end_matches(']');
    let (open, close) =
        (line.len() - line.trim_start_matches('[').len(), line.len() - line.trim_end_matches(']').len());
    if open == 0 || open == close || name.is_empty() || name.contains(['[', ']', '=', ',']) {
        return None;
    }
    Some(if name == "rule" { "[[rule]]".to_owned() } else { format!("[{name}]") })
}

/// The line with its bare name in quotes.
fn quoted(fault: &Fault) -> Option<String> {
    let at = fault.excerpt.char_indices().nth((fault.column as usize).checked_sub(1)?)?.0;
    let (before, after) = fault.excerpt.split_at_checked(at)?;
    let ends = |c: char| c.is_whitespace() || ".[]=\"'".contains(c);
    let start = at - before.rsplit(ends).next().unwrap_or_default().len();
    let end = at + after.find(ends).unwrap_or(after.len());
    let name = fault.excerpt.get(start..end).filter(|name| !name.is_empty())?;
    let whole = format!("{}\"{name}\"{}", fault.excerpt.get(..start)?, fault.excerpt.get(end..)?);
    Some(match whole.trim() {
        heading if heading.starts_with('[') => format!("put the name in quotes: {heading}"),
        _ => format!("put the name in quotes: \"{name}\""),
    })
}

/// A line that begins a table.
static HEADING: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*\[{1,2}\s*[\w"'][^,]*$"#));

/// A line that begins with a key.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*\s*[=＝]"#));

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
        for quotes in ["\"\"\"", "'''"] {
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
