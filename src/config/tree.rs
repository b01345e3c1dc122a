//! All TOML files as one tree in which each value knows where it is written. Nothing is interpreted here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::faults::{Faults, Place};
use super::syntax;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its key; for an item of an array the item itself.
    pub(super) key: Place,
    /// The value.
    pub(super) at: Place,
    pub(super) value: Value,
}

/// A value of TOML.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// `None` when it is too large for anything.
    Integer(Option<i64>),
    Float(f64),
    Boolean(bool),
    Date,
    Array(Vec<Entry>),
    Table(Entries),
}

/// A table: its values by key.
pub(super) type Entries = BTreeMap<String, Entry>;

impl Value {
    /// What it is, for a fault.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number with a fraction",
            Value::Boolean(_) => "true or false",
            Value::Date => "a date or time",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// A `[[rule]]` as written: its kind reads most of it.
pub(super) struct RuleTable<'i> {
    /// Its heading.
    pub(super) at: Place,
    pub(super) table: DeTable<'i>,
}

/// All files.
#[derive(Default)]
pub(super) struct Tree<'i> {
    /// The tables of all files, merged.
    pub(super) top: Entries,
    /// The rules, in order of files and lines.
    pub(super) rules: Vec<RuleTable<'i>>,
    /// The reminders, in order of files and lines.
    pub(super) reminders: Vec<Entry>,
}

impl<'i> Tree<'i> {
    /// Parses and merges the texts of all files (see [`syntax::mend`]). A value that two files set is a fault.
    pub(super) fn parse(texts: &'i [Cow<'i, str>], faults: &Faults) -> Self {
        let mut tree = Self::default();
        for (file, (source, text)) in faults.sources().iter().zip(texts).enumerate() {
            let (table, errors) = DeTable::parse_recoverable(text);
            for error in errors {
                let at = error.span().unwrap_or_default();
                let fault = syntax::explain(source.fault(at, ""), "", error.message());
                faults.add_syntax(match syntax::first_of(&source.text, &fault) {
                    Some(line) if fault.excerpt.trim_start().starts_with('[') => fault.help(format!(
                        "it is already on line {line}: move the lines below this one there, and take this one out"
                    )),
                    Some(line) => fault.help(format!("it is already on line {line}: keep one of them")),
                    None => fault,
                });
            }
            let mut table = table.into_inner();
            if let Some((key, rules)) = table.remove_entry("rule") {
                tree.take_rules(file, &key.span(), rules, faults);
            }
            if let Some((key, reminders)) = table.remove_entry("reminder") {
                tree.take_reminders(entry(file, key.span(), reminders), faults);
            }
            merge(&mut tree.top, entries(file, table), faults);
        }
        tree
    }

    fn take_reminders(&mut self, list: Entry, faults: &Faults) {
        let wrong = |at: &Place| {
            let fault = faults.at(at, "a reminder begins with `[[reminder]]`");
            faults.add(fault.help("write two brackets on each side: [[reminder]], with `name = \"…\"` below"));
        };
        let Value::Array(items) = list.value else { return wrong(&list.key) };
        for item in items {
            if matches!(item.value, Value::Table(_)) {
                self.reminders.push(item);
            } else {
                wrong(&item.at);
            }
        }
    }

    fn take_rules(&mut self, file: usize, key: &std::ops::Range<usize>, rules: Spanned<DeValue<'i>>, faults: &Faults) {
        let wrong = |span| {
            let fault = faults.at(&Place { file, span }, "a rule begins with `[[rule]]`");
            faults.add(fault.help("write two brackets on each side: [[rule]], with `name = \"…\"` below"));
        };
        let DeValue::Array(rules) = rules.into_inner() else { return wrong(key.clone()) };
        for rule in rules {
            let span = rule.span();
            match rule.into_inner() {
                DeValue::Table(table) => self.rules.push(RuleTable { at: Place { file, span }, table }),
                _ => wrong(span),
            }
        }
    }
}

/// A spanned table of one file as entries.
pub(super) fn entries(file: usize, table: DeTable<'_>) -> Entries {
    table.into_iter().map(|(key, value)| (key.get_ref().to_string(), entry(file, key.span(), value))).collect()
}

/// A spanned value of one file as an entry.
pub(super) fn entry(file: usize, key: std::ops::Range<usize>, value: Spanned<DeValue<'_>>) -> Entry {
    let at = Place { file, span: value.span() };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Integer(integer(&number)),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| entry(file, item.span(), item)).collect()),
        DeValue::Table(table) => Value::Table(entries(file, table)),
    };
    Entry { key: Place { file, span: key }, at, value }
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn merge(into: &mut Entries, from: Entries, faults: &Faults) {
    for (key, entry) in from {
        match into.entry(key) {
            Slot::Vacant(slot) => {
                slot.insert(entry);
            }
            Slot::Occupied(mut slot) => match (&mut slot.get_mut().value, entry.value) {
                (Value::Table(into), Value::Table(from)) => merge(into, from, faults),
                _ => {
                    let other = faults.whereabouts(&slot.get().key);
                    let fault = faults.at(&entry.key, format!("`{}` is already set at {other}", slot.key()));
                    faults.add(fault.help("keep it in one place"));
                }
            },
        }
    }
}
