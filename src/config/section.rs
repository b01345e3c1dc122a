//! Reads the keys of one table, each once, and says of every key that nobody asked for that it is unknown.

use super::faults::{Faults, Place};
use super::help;
use super::ids;
pub(super) use super::keys::{Number, Rate};
use super::tree::{Entries, Entry, Value};
use crate::fault::{Fault, nearest};

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) at: Place,
}

/// A table that is being read.
pub(super) struct Section<'a> {
    /// As it is written: `[profile.default]`.
    pub(super) name: String,
    /// Its heading, or where it is first named.
    pub(super) at: Place,
    faults: &'a Faults,
    entries: Entries,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(name: impl Into<String>, at: Place, entries: Entries, faults: &'a Faults) -> Self {
        Self { name: name.into(), at, faults, entries, known: Vec::new() }
    }

    /// Whether no key is left.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a key is there, not yet taken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether a key that was not yet taken is a list without items.
    pub(super) fn has_empty_list(&self, key: &str) -> bool {
        matches!(self.entries.get(key), Some(Entry { value: Value::Array(items), .. }) if items.is_empty())
    }

    /// Where the value of a key is that was not yet taken, if it is this text.
    pub(super) fn place_of_text(&self, key: &str, text: &str) -> Option<Place> {
        let entry = self.entries.get(key)?;
        matches!(&entry.value, Value::Text(written) if written == text).then(|| entry.at.clone())
    }

    /// Where the value of a key is that was not yet taken.
    pub(super) fn value_place(&self, key: &str) -> Option<Place> {
        self.entries.get(key).map(|entry| entry.at.clone())
    }

    /// Takes a key as it is.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Entry> {
        self.note(key, String::new);
        self.known.push(key);
        self.entries.remove(key)
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Placed<String>> {
        let entry = self.take_as(key, || "a text".to_owned())?;
        self.text_of(key, entry)
    }

    fn take_as(&mut self, key: &'static str, what: impl FnOnce() -> String) -> Option<Entry> {
        let entry = self.take(key);
        self.note(key, what);
        entry
    }

    /// Tells the test that compares readers with the tables of keys what is asked for.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "only the test listens"))]
    fn note(&self, key: &str, what: impl FnOnce() -> String) {
        #[cfg(test)]
        super::tests::asked(&self.name, key, what);
        #[cfg(not(test))]
        drop((key, what));
    }

    fn text_of(&self, key: &str, entry: Entry) -> Option<Placed<String>> {
        let at = entry.at.clone();
        match entry.value {
            Value::Text(text) if text.trim().is_empty() => {
                let fault = self.faults.at(&at, format!("`{key}` is empty"));
                self.faults.add(fault.help("write something, or take the line out"));
                None
            }
            Value::Text(value) => Some(Placed { value, at }),
            _ => self.wrong_type(key, &entry, "a text in quotes", &format!("write {key} = \"…\"")),
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key);
        self.note(key, || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("|"));
        let text = text?;
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
        if found.is_none() {
            let message = format!("`{key}` cannot be `{}`", text.value);
            let fault = self.faults.at(&text.at, message);
            self.faults.add(fault.help(did_you_mean(&text.value, words.iter().map(|(word, _)| *word))));
        }
        found
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let entry = self.take_as(key, || "true or false".to_owned())?;
        match entry.value {
            Value::Boolean(value) => Some(value),
            _ => {
                let help = format!("write {key} = true or {key} = false (without quotes)");
                self.wrong_type(key, &entry, "true or false", &help)
            }
        }
    }

    /// A whole number within its range.
    pub(super) fn number(&mut self, number: &Number) -> Option<u32> {
        let entry = self.take_as(number.key, || format!("{number:?}"))?;
        let Value::Integer(value) = entry.value else {
            let example = format!("write {} = {}", number.key, number.default);
            return self.wrong_type(number.key, &entry, "a whole number", &example);
        };
        let value = value.and_then(|value| u32::try_from(value).ok()).filter(|value| number.range.contains(value));
        if value.is_none() {
            let (from, to) = (number.range.start(), number.range.end());
            let message = format!("`{}` must be from {from} to {to} {}", number.key, number.unit);
            self.faults.add(self.faults.at(&entry.at, message).help(format!("{} is usual", number.default)));
        }
        value
    }

    /// A number, with or without a fraction, within a range.
    pub(super) fn rate(&mut self, rate: &Rate) -> Option<f64> {
        let Rate { key, range, unit, default: usual } = rate;
        let entry = self.take_as(key, || format!("{rate:?}"))?;
        let value = match entry.value {
            Value::Integer(Some(value)) => i32::try_from(value).map_or(f64::INFINITY, f64::from),
            Value::Integer(None) => f64::INFINITY,
            Value::Float(value) => value,
            _ => return self.wrong_type(key, &entry, "a number", &format!("write {key} = {usual}")),
        };
        if range.contains(&value) {
            return Some(value);
        }
        let message = format!("`{key}` must be from {} to {} {unit}", range.start(), range.end());
        self.faults.add(self.faults.at(&entry.at, message).help(format!("{usual} is usual")));
        None
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<Placed<String>>> {
        let text = |value| if let Value::Text(text) = value { Some(text) } else { None };
        self.list(key, "a list of texts", text)
    }

    /// A list of ids: texts, or whole numbers that are read as texts.
    pub(super) fn ids(&mut self, key: &'static str) -> Option<Vec<Placed<String>>> {
        let ids = self.unchecked_ids(key)?;
        ids.iter().for_each(|id| ids::check(id, self.faults));
        Some(ids)
    }

    /// The same, where the reader says itself what no id can be.
    pub(super) fn unchecked_ids(&mut self, key: &'static str) -> Option<Vec<Placed<String>>> {
        self.list(key, "a list of ids", id)
    }

    /// One id.
    pub(super) fn id(&mut self, key: &'static str) -> Option<Placed<String>> {
        let entry = self.take_as(key, || "an id".to_owned())?;
        let at = entry.at.clone();
        match id(entry.value.clone()) {
            Some(value) => {
                let id = Placed { value, at };
                ids::check(&id, self.faults);
                Some(id)
            }
            None if matches!(entry.value, Value::Text(_)) => {
                let fault = self.faults.at(&at, format!("the id of `{key}` is empty"));
                self.faults.add(fault.help("write the id, or take the line out"));
                None
            }
            None => self.wrong_type(key, &entry, "an id in quotes", &format!("write {key} = \"…\"")),
        }
    }

    fn list(
        &mut self,
        key: &'static str,
        what: &str,
        read: fn(Value) -> Option<String>,
    ) -> Option<Vec<Placed<String>>> {
        let entry = self.take_as(key, || what.to_owned())?;
        let help = format!("write {key} = [\"…\", \"…\"]");
        let Value::Array(items) = entry.value else {
            return self.wrong_type(key, &entry, "a list of texts", &help);
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            let (at, kind) = (item.at, item.value.kind());
            let text = matches!(item.value, Value::Text(_));
            match read(item.value) {
                Some(value) => texts.push(Placed { value, at }),
                None if text => {
                    let fault = self.faults.at(&at, format!("an id in `{key}` is empty"));
                    self.faults.add(fault.help("write the id, or take it out of the list"));
                }
                None => {
                    let fault = self.faults.at(&at, format!("`{key}` is a list of texts, but this is {kind}"));
                    self.faults.add(fault.help(help.clone()));
                }
            }
        }
        Some(texts)
    }

    /// A table inside this one.
    pub(super) fn section(&mut self, key: &'static str, name: impl Into<String>) -> Option<Section<'a>> {
        let entry = self.take_as(key, || "a table".to_owned())?;
        let name = name.into();
        match entry.value {
            Value::Table(entries) => Some(Section::new(name, entry.key, entries, self.faults)),
            _ => self.wrong_type(key, &entry, "a table", &format!("begin it with a line {name}")),
        }
    }

    /// Tables by name: `[profile.NAME]`. `named` makes the heading of one.
    pub(super) fn sections(
        &mut self,
        key: &'static str,
        named: impl Fn(&str) -> String,
    ) -> Vec<(Placed<String>, Section<'a>)> {
        let Some(entry) = self.take_as(key, || "tables by name".to_owned()) else { return Vec::new() };
        let heading = named("NAME");
        let Value::Table(entries) = entry.value else {
            self.wrong_type::<()>(key, &entry, "a table with a name", &format!("begin it with a line {heading}"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, entry) in entries {
            let Value::Table(entries) = entry.value else {
                let message = format!("`{name}` stands in [{key}], where only tables with a name belong");
                let fault = self.faults.at(&entry.key, message);
                self.faults.add(fault.help(format!("begin with a line {heading}, and write `{name}` below it")));
                continue;
            };
            let section = Section::new(named(&name), entry.key.clone(), entries, self.faults);
            sections.push((Placed { value: name, at: entry.key }, section));
        }
        sections
    }

    /// Takes the tables among the keys that are left, whatever they are called.
    pub(super) fn tables(&mut self, named: impl Fn(&str) -> String) -> Vec<(String, Section<'a>)> {
        let is_table = |entry: &Entry| matches!(entry.value, Value::Table(_));
        let (tables, entries) = std::mem::take(&mut self.entries).into_iter().partition(|(_, entry)| is_table(entry));
        self.entries = entries;
        let section = |(key, entry): (String, Entry)| match entry.value {
            Value::Table(entries) => Some((key.clone(), Section::new(named(&key), entry.key, entries, self.faults))),
            _ => None,
        };
        Entries::into_iter(tables).filter_map(section).collect()
    }

    /// Every key that is left, where it stands.
    pub(super) fn names(&self) -> impl Iterator<Item = Placed<String>> {
        self.entries.iter().map(|(name, entry)| Placed { value: name.clone(), at: entry.key.clone() })
    }

    /// Every key that is left, whatever it is called, as a text.
    pub(super) fn into_texts(mut self) -> Vec<(String, Placed<String>)> {
        let entries = std::mem::take(&mut self.entries);
        entries.keys().for_each(|key| self.note(key, || "a text".to_owned()));
        entries.into_iter().filter_map(|(name, entry)| Some((name.clone(), self.text_of(&name, entry)?))).collect()
    }

    /// A fault at the heading that says a key must be there.
    pub(super) fn missing(&self, key: &str, help: impl Into<String>) {
        self.faults.add_missing(self.faults.at(&self.at, format!("{} needs `{key}`", self.name)).help(help));
    }

    /// Says of each key that nobody asked for that it is unknown.
    pub(super) fn finish(self) {
        for (key, entry) in &self.entries {
            self.faults.add(self.unknown(key, entry));
        }
    }

    fn unknown(&self, key: &str, entry: &Entry) -> Fault {
        let fault = self.faults.at(&entry.key, format!("unknown key `{key}` in {}", self.name));
        fault.help(help::unknown_key(key, &entry.value, &self.name, &self.known))
    }

    fn wrong_type<T>(&self, key: &str, entry: &Entry, expected: &str, help: &str) -> Option<T> {
        let message = format!("`{key}` takes {expected}, but this is {}", entry.value.kind());
        let at = if matches!(entry.value, Value::Table(_)) { &entry.key } else { &entry.at };
        self.faults.add(self.faults.at(at, message).help(help));
        None
    }
}

fn id(value: Value) -> Option<String> {
    match value {
        Value::Text(text) if !text.trim().is_empty() => Some(text),
        Value::Integer(Some(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// Advice for a misspelt name: the nearest, else all.
pub(super) fn did_you_mean<'n>(word: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> String {
    let same = || names.clone().into_iter().find(|name| name.eq_ignore_ascii_case(word));
    match same()
        .or_else(|| nearest(word, names.clone()))
        .or_else(|| help::value_in_english(word, names.clone().into_iter()))
    {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let all: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
            format!("use one of {}", all.join(", "))
        }
    }
}
