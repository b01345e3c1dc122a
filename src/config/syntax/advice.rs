//! What to do about a line that is no TOML.

use std::sync::LazyLock;

use regex::Regex;

use super::{KEY, pattern};
use crate::config::help;
use crate::fault::Fault;

/// Numbers as they are written in words.
const NUMERALS: &str = "零〇一二两三四五六七八九十百千万";

/// What a line may be, where nothing better can be said.
const LINES: &str = "a line is `key = value`, a [heading], or begins with # and is a comment";

/// What to do about a sign behind a value.
const AT_END: &str = "take this sign away: a line ends behind its value";

/// Signs that an input method makes of those of TOML.
const SIGNS: &str = "“”‘’＂＇＝，、。；：［］【】｛｝＃";

/// A key with a colon behind it.
static COLON: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*([\w.-]+)\s*[:：]"#));

/// Advice about the fault `error` of a statement.
pub(super) fn advice(fault: &Fault, statement: &str, error: &str) -> String {
    let line = fault.excerpt.trim();
    let strange = strange_line(line).or_else(|| strange_sign(fault, statement, error));
    let comma = || missing_comma(fault, error);
    let help = strange.or_else(comma).or_else(|| heading(line).map(|heading| format!("write {heading}")));
    help.or_else(|| of_error(fault, line, error)).unwrap_or_else(|| LINES.to_owned())
}

/// The line above a fault that says the same before its `=`, from 1: where a key or heading stands first.
pub(in crate::config) fn first_of(text: &str, fault: &Fault) -> Option<usize> {
    let begins = |line: &str| -> String {
        let begin = line.split(['=', '#']).next().unwrap_or_default();
        begin.chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect()
    };
    let lines: Vec<String> = text.lines().take(fault.line as usize).map(begins).collect();
    let (this, above) = lines.split_last()?;
    above.iter().rposition(|line| line == this).map(|at| at + 1)
}

/// Lines of other languages.
fn strange_line(line: &str) -> Option<String> {
    let begins = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    if begins(&["//", ";", "<!--", "--"]) {
        return Some("a comment begins with #".to_owned());
    }
    if begins(&["<<<<<<<", "=======", ">>>>>>>", "|||||||"]) {
        return Some(
            "two versions of the file were put together here: keep one of them, and take this line out".to_owned(),
        );
    }
    if begins(&["```"]) {
        return Some("take this line out".to_owned());
    }
    if begins(&["{"]) {
        return Some("begin with a heading such as [profile.default], and write `key = value` below it".to_owned());
    }
    let key = COLON.captures(line)?.get(1)?.as_str();
    Some(format!("between a key and its value stands `=`: {key} = …"))
}

/// Signs that look like those of TOML, or like nothing.
fn strange_sign(fault: &Fault, statement: &str, error: &str) -> Option<String> {
    if error.contains("escape") || error.starts_with("invalid multi-line") {
        return None; // it is about what stands in a text
    }
    let last = fault.excerpt.trim().chars().next_back().filter(|c| is_unclosed(error) && "“”‘’＂＇".contains(*c));
    for sign in outside_texts(statement).chain(last) {
        return Some(match sign {
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' => {
                "there is a character here that cannot be seen: type the line anew".to_owned()
            }
            '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
                format!("outside texts, type numbers and letters in half width instead of {sign}")
            }
            _ if SIGNS.contains(sign) => {
                format!("outside texts, type the signs of TOML in half width: = , . [ ] \" # instead of {sign}")
            }
            _ if sign.is_whitespace() && !sign.is_ascii() => {
                "there is a full-width space outside a text: type it in half width".to_owned()
            }
            _ => continue,
        });
    }
    None
}

/// Two texts of a list beside each other.
fn missing_comma(fault: &Fault, error: &str) -> Option<String> {
    let next = from_column(fault)?.trim_start();
    let is_text = next.starts_with(['"', '\'']);
    (error.contains("missing comma") && is_text).then(|| "a comma is missing before this: [\"…\", \"…\"]".to_owned())
}

/// What the parser's words mean mostly.
fn of_error(fault: &Fault, line: &str, error: &str) -> Option<String> {
    let help = match error {
        _ if from_column(fault).is_some_and(|rest| rest.starts_with('=')) => "one key stands on a line, with one `=`",
        _ if error.contains("string values must be quoted") => return Some(of_bare_value(fault, line).to_owned()),
        _ if error.contains("duplicate key") => "keep one of them",
        _ if error.contains("invalid boolean") => "write true or false, in small letters",
        _ if error.contains("escape") || error.contains("unicode value") => {
            "in \"…\" a backslash means something; write the text in single quotes: '…'"
        }
        _ if is_unclosed(error) && is_odd(line) => {
            "a text is not closed: end it with the quote that it began with (one of several lines: with three on each side)"
        }
        _ if error.contains("unclosed array") => "a list is not closed: end it with ]",
        _ if error.contains("invalid unquoted key") => return quoted(fault),
        _ if error.contains("leading zero") => "write the number without 0 before it",
        _ if error.contains("mantissa") => "write a digit before the dot: 0.5",
        _ if error.contains("visible characters") => {
            "there is a character here that cannot be seen: type the line anew"
        }
        _ if error.contains("carriage return") => "save the file with the line ends of Windows or Linux",
        _ if error.contains("expected newline") => return Some(of_rest(fault).to_owned()),
        _ if error.contains("key with no value") && line.contains(['"', '\'']) => {
            "between a key and its value stands `=`"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

/// About a value that stands without quotes.
fn of_bare_value(fault: &Fault, line: &str) -> &'static str {
    let bare = from_column(fault).unwrap_or_default().trim_start();
    match bare.split(|c: char| c.is_whitespace() || "#,]".contains(c)).next().unwrap_or_default() {
        "" if line.ends_with('=') => "write a value behind the `=`",
        "yes" | "no" | "Yes" | "No" | "是" | "否" | "开" | "关" | "对" => {
            "write true or false; if it is a text, put it in quotes: \"…\""
        }
        bare if bare.ends_with(';') => AT_END,
        bare if !bare.is_empty() && bare.chars().all(|c| NUMERALS.contains(c)) => "write the number in digits: 3",
        bare if bare.starts_with(|c: char| c.is_ascii_digit()) => {
            "write a number alone, without a unit; if it is a text, put it in quotes: \"…\""
        }
        _ => "put the value in quotes: \"…\"",
    }
}

/// About what stands behind a value.
fn of_rest(fault: &Fault) -> &'static str {
    let rest = from_column(fault).unwrap_or_default().trim_start();
    match rest.chars().next() {
        Some(',') if rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => "write a number without commas: 3000",
        Some(',' | ';') => AT_END,
        _ if KEY.is_match(rest) => "begin a new line here: one key stands on a line",
        _ if rest.contains('"') => {
            "a text ends at its quote; for quotes inside it, write it in single quotes: '…\"…\"…'"
        }
        _ => LINES,
    }
}

/// The line, from where the fault is.
fn from_column(fault: &Fault) -> Option<&str> {
    let at = fault.excerpt.char_indices().nth((fault.column as usize).checked_sub(1)?)?.0;
    fault.excerpt.get(at..)
}

fn is_unclosed(error: &str) -> bool {
    let starts = ["invalid basic string", "invalid literal string", "unclosed", "invalid multi-line"];
    starts.iter().any(|start| error.starts_with(start))
}

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
    let bracket = |c: char| "[]".contains(c) || c.is_whitespace();
    let name = line.trim_matches(bracket);
    let (open, close) = (line.find(name)?, line.len() - line.find(name)? - name.len());
    let sound = open == close && !line.contains(char::is_whitespace);
    if open + close == 0 || sound || name.is_empty() || name.contains(['[', ']', '=', ',']) {
        return None;
    }
    Some(if matches!(name, "rule" | "reminder") { format!("[[{name}]]") } else { format!("[{name}]") })
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
    match (whole.trim().starts_with('['), help::in_english(name), help::heading_in_english(name)) {
        (false, Some(key), _) => return Some(format!("keys have English names: did you mean `{key}`?")),
        (true, _, Some(heading)) => return Some(format!("headings have English names: did you mean {heading}?")),
        _ => {}
    }
    Some(match whole.trim() {
        heading if heading.starts_with('[') => format!("put the name in quotes: {heading}"),
        _ => format!("put the name in quotes: \"{name}\""),
    })
}
