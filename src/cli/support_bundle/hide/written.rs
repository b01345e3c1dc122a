//! What must not leave of what stands in a file of a configuration: secrets that were written where only their names belong, and of
//! addresses all but whom they lead to.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use toml::de::{DeTable, DeValue};

use super::{HIDDEN, pattern};

/// Keys that a secret is sometimes written at, `previous_` or not.
const SECRETS: [&str; 6] = ["secret", "token", "password", "aes_key", "robot", "key"];

/// Shorter steps of a path are words, and would be found everywhere.
const SHORTEST_STEP: usize = 12;

/// In comments, and where a file is no TOML: a key, and its value as far as it goes, closed or not.
static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)(?m: ^ | [\s{,.\#]) ["']? ((?:previous_)?(?:secret|token|password|aes_key|robot|key) | [a-z_]*(?:url|_env)) ["']? [\ \t]*=[\ \t]*
        ( """(?s:.*?)(?:"""|\z) | '''(?s:.*?)(?:'''|\z) | "[^"\n]*"? | '[^'\n]*'? | \[[^\]]*\]? | [^\s"'\[][^\n]* )"#,
    )
});

/// A value that must not leave.
pub(super) struct Written {
    /// Where it stands, in bytes.
    pub(super) at: Range<usize>,
    /// What is shown in its place, as TOML.
    pub(super) shown: String,
    /// What is secret about it, wherever it is repeated.
    pub(super) secrets: Vec<String>,
}

/// All of them, in order.
pub(super) fn written(text: &str) -> Vec<Written> {
    let mut found: Vec<Written> = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        in_table(table.get_ref(), &mut found);
    }
    for groups in ASSIGNED.captures_iter(text) {
        let (Some(key), Some(value)) = (groups.get(1), groups.get(2)) else { continue };
        let known = |one: &Written| one.at.start < value.end() && value.start() < one.at.end;
        if !found.iter().any(known) {
            found.extend(judged(key.as_str(), bare(value.as_str()), value.range()));
        }
    }
    found.sort_by_key(|one| one.at.start);
    found
}

/// What is secret in an address: who asks, the steps of a path that are no words, the values of its query.
pub(super) fn secrets_of_address(address: &str) -> Vec<String> {
    let Some((_, authority, tail)) = parts(address) else { return Vec::new() };
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let steps = path.split(['/', '#']).filter(|step| step.len() >= SHORTEST_STEP);
    let values = query.split(['&', '#']).map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    user.split(':').chain(steps).chain(values).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn in_table(table: &DeTable<'_>, found: &mut Vec<Written>) {
    for (key, value) in table {
        in_value(key.get_ref(), value.get_ref(), value.span(), found);
    }
}

fn in_value(key: &str, value: &DeValue<'_>, at: Range<usize>, found: &mut Vec<Written>) {
    match value {
        DeValue::String(text) => found.extend(judged(key, text, at)),
        DeValue::Array(items) => items.iter().for_each(|item| in_value(key, item.get_ref(), item.span(), found)),
        DeValue::Table(table) => in_table(table, found),
        _ => {}
    }
}

/// What to do about the value of a key.
fn judged(key: &str, value: &str, at: Range<usize>) -> Option<Written> {
    let is_secret = SECRETS.contains(&key.strip_prefix("previous_").unwrap_or(key));
    if is_secret || (key.ends_with("_env") && !is_name(value)) {
        let secrets = [vec![value.to_owned()], secrets_of_address(value)].concat();
        return Some(Written { at, shown: format!("\"{HIDDEN}\""), secrets });
    }
    let shown = Some(value).filter(|_| key.ends_with("url")).and_then(host_alone)?;
    Some(Written { at, shown: format!("\"{shown}\""), secrets: secrets_of_address(value) })
}

/// Whether it can be the name of a variable, and no secret that was put in its place.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The scheme of an address, who is asked there, and all that stands behind.
fn parts(address: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    Some((scheme, authority, tail))
}

/// An address without what may be secret in it; `None` where nothing is.
fn host_alone(address: &str) -> Option<String> {
    let Some((scheme, authority, tail)) = parts(address) else { return Some(HIDDEN.to_owned()) };
    if tail.contains('@') {
        return Some(format!("{scheme}://{HIDDEN}")); // a password with a slash in it, perhaps
    }
    match authority.rsplit_once('@') {
        None if matches!(tail, "" | "/") => None,
        None => Some(format!("{scheme}://{authority}/{HIDDEN}")),
        Some((_, host)) => Some(format!("{scheme}://{host}/{HIDDEN}")),
    }
}

/// A value without its quotes, and where it has none, without what stands behind it.
fn bare(value: &str) -> &str {
    for quote in ["\"\"\"", "'''", "\"", "'"] {
        if let Some(inside) = value.strip_prefix(quote) {
            return inside.strip_suffix(quote).unwrap_or(inside).trim();
        }
    }
    value.split_whitespace().next().unwrap_or_default()
}
