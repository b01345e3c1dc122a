//! Lets a kind of rule read its keys and finds all that is wrong with them.
//!
//! Serde stops at the first mistake of a table. So what it complains of is taken out, as little as possible, and the kind
//! reads again until it is content.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::faults::{Faults, Place};
use super::help;
use super::keys;
use super::rules::common;
use super::section::did_you_mean;
use crate::domain::rules::{Draft, Kind};
use crate::fault::nearest;

/// Reads the keys of a kind. Also says whether the draft holds all keys that are written: building one that does not may
/// still find more that is wrong.
pub(super) fn read(kind: &Kind, at: &Place, mut table: DeTable<'_>, faults: &Faults) -> Option<(Box<dyn Draft>, bool)> {
    let mut taken = Taken { whole: true, names: Vec::new() };
    loop {
        let value = Spanned::new(at.span.clone(), DeValue::Table(table.clone()));
        let error = match (kind.read)(ValueDeserializer::from(value)) {
            Ok(draft) => return Some((draft, taken.whole)),
            Err(error) => error,
        };
        let place = Place { file: at.file, span: error.span().unwrap_or_else(|| at.span.clone()) };
        let complaint = Complaint::of(error.message());
        let path = prune(&mut table, &place.span);
        let Some(key) = path.last() else {
            // it is about the whole rule: a key is missing
            if !taken.has(&complaint) {
                let fault = faults.at(at, format!("a {} rule needs {}", kind.name, complaint.needed()));
                faults.add_missing(fault.help(complaint.example(kind, None)));
            }
            return None;
        };
        if complaint.is_missing() && taken.has(&complaint) {
            continue; // what is missing was there, but wrong
        }
        let outer = path.iter().rev().nth(1);
        let (message, help, meant) = complaint.explain(kind, outer.map(String::as_str), key);
        faults.add(faults.at(&place, message).help(help));
        taken.whole = false;
        taken.names.extend(path);
        taken.names.extend(meant);
    }
}

/// What was taken out so far.
struct Taken {
    /// Nothing.
    whole: bool,
    /// Keys that are gone or that were probably meant.
    names: Vec<String>,
}

impl Taken {
    /// Whether what a complaint misses was taken out before.
    fn has(&self, complaint: &Complaint<'_>) -> bool {
        complaint.name().is_some_and(|name| self.names.iter().any(|taken| taken == name))
    }
}

/// A fault of serde: its words, and the names it quotes.
struct Complaint<'a> {
    message: &'a str,
    names: Vec<&'a str>,
}

impl<'a> Complaint<'a> {
    fn of(message: &'a str) -> Self {
        Self { message, names: message.split('`').skip(1).step_by(2).collect() }
    }

    fn is_missing(&self) -> bool {
        self.message.starts_with("missing field")
    }

    fn name(&self) -> Option<&'a str> {
        self.names.first().copied()
    }

    /// How the key is written that is missing, in the table `outer` or in the rule itself.
    fn example(&self, kind: &Kind, outer: Option<&str>) -> String {
        let line = self.name().filter(|_| self.is_missing()).and_then(|name| {
            let path = outer.map_or_else(|| name.to_owned(), |outer| format!("{outer}.{name}"));
            Some(format!("for example: {name} = {}", keys::example(kind.name, &path)?))
        });
        line.unwrap_or_else(|| about(kind))
    }

    fn needed(&self) -> String {
        match self.name().filter(|_| self.is_missing()) {
            Some(name) => format!("`{name}`"),
            None => format!("other keys: {}", self.message),
        }
    }

    /// The fault in our words, advice, and the key that was probably meant. `key` is what was taken out, `outer` the table
    /// it was in, when that is not the rule's.
    fn explain(&self, kind: &Kind, outer: Option<&str>, key: &str) -> (String, String, Option<String>) {
        let valid = self.names.iter().skip(1).copied();
        match (self.name(), self.message) {
            (Some(name), message) if message.starts_with("unknown field") => {
                let place = outer.map_or_else(|| format!("a {} rule", kind.name), |outer| format!("`{outer}`"));
                let near = nearest(name, valid.clone().chain(common()));
                let near = near.or_else(|| help::translated(name, &valid.clone().chain(common()).collect::<Vec<_>>()));
                let own: Vec<_> = valid.map(|name| format!("`{name}`")).collect();
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if keys::places(name).is_some() => {
                        format!("`{name}` belongs in {}", keys::places(name).unwrap_or_default())
                    }
                    None if own.is_empty() => "it has no keys of its own".to_owned(),
                    None => format!("known here: {}", own.join(", ")),
                };
                (format!("unknown key `{name}` in {place}"), help, near.map(str::to_owned))
            }
            (Some(name), message) if message.starts_with("unknown variant") => {
                let help = did_you_mean(name, valid.collect::<Vec<_>>());
                (format!("`{key}` cannot be `{name}`"), help, None)
            }
            (Some(name), _) if self.is_missing() => {
                (format!("`{key}` needs `{name}`"), self.example(kind, Some(key)), None)
            }
            (_, message) => {
                let path = outer.map_or_else(|| key.to_owned(), |outer| format!("{outer}.{key}"));
                if let Some(number) = keys::number(kind.name, &path).filter(|_| is_out_of_range(message)) {
                    return (number.refusal(message.contains("`-")), format!("{} is usual", number.default), None);
                }
                let example = keys::example(kind.name, &path).map(|example| format!("for example: {key} = {example}"));
                (plain(key, message), example.unwrap_or_else(|| about(kind)), None)
            }
        }
    }
}

/// A wrong type in the words of the other sections; what else serde says as it says it.
fn plain(key: &str, message: &str) -> String {
    if is_out_of_range(message) {
        let what = if message.contains("`-") { "below zero" } else { "too large" };
        return format!("`{key}` takes a whole number, but this one is {what}");
    }
    let types = message.strip_prefix("invalid type: ").and_then(|types| types.rsplit_once(", expected "));
    let Some((found, expected)) = types else { return format!("`{key}`: {message}") };
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "string" => "a text",
        "integer" => "a whole number",
        "floating" => "a number with a fraction",
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "a table",
        _ => "something else",
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a string" => "a text in quotes",
        "a boolean" => "true or false",
        "i64" | "u64" | "i32" | "u32" | "usize" | "u16" | "u8" => "a whole number",
        "f64" | "f32" => "a number",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    format!("`{key}` takes {expected}, but this is {found}")
}

/// Whether a whole number is one that its type cannot hold.
fn is_out_of_range(message: &str) -> bool {
    let large = ["as i128", "as u128"].iter().any(|words| message.contains(words));
    message.starts_with("invalid value: integer") || large
}

fn about(kind: &Kind) -> String {
    format!("{}: {}", kind.name, kind.about)
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Takes the innermost value at a place out of a table; the keys that lead to it, none when the place is not in the table.
fn prune(table: &mut DeTable<'_>, span: &Range<usize>) -> Vec<String> {
    let keys: Vec<_> = table.keys().cloned().collect();
    for key in keys {
        let name: &str = key.get_ref();
        let Some(value) = table.get_mut(name) else { continue };
        let here = holds(&key.span(), span) || holds(&value.span(), span);
        let inside = prune_value(value.get_mut(), span);
        if let Some((_, emptied)) = &inside {
            if *emptied {
                table.remove(name);
            }
        } else if here {
            table.remove(name);
        } else {
            continue;
        }
        let inside = inside.map(|(path, _)| path).unwrap_or_default();
        return [name.to_owned()].into_iter().chain(inside).collect();
    }
    Vec::new()
}

/// The same for a value: the keys inside it that lead to the place, and whether it is a list that is empty now.
fn prune_value(value: &mut DeValue<'_>, span: &Range<usize>) -> Option<(Vec<String>, bool)> {
    match value {
        DeValue::Table(table) => Some((prune(table, span), false)).filter(|(path, _)| !path.is_empty()),
        DeValue::Array(items) => prune_items(items, span),
        _ => None,
    }
}

fn prune_items(items: &mut DeArray<'_>, span: &Range<usize>) -> Option<(Vec<String>, bool)> {
    let (at, inside) = items.iter_mut().enumerate().find_map(|(at, item)| {
        let here = holds(&item.span(), span);
        let inside = prune_value(item.get_mut(), span);
        (here || inside.is_some()).then_some((at, inside))
    })?;
    let (path, gone) = inside.unwrap_or((Vec::new(), true));
    if gone {
        let all = std::mem::replace(items, DeArray::new());
        *items = all.into_iter().enumerate().filter(|(no, _)| *no != at).map(|(_, item)| item).collect();
    }
    Some((path, items.is_empty()))
}
