//! Every key that may be written in TOML: what it takes, what holds without it, what it means. From these tables come the
//! advice for a key that stands in the wrong place and `docs/config.md`. `config/tests/keys.rs` proves that they say what the
//! readers do: a reader that asks for a key without a row fails there, and so does a row that nobody asks for.

use std::ops::RangeInclusive;

mod bridge;
mod contacts;
mod crowd;
mod daemon;
mod group;
mod kinds;
mod reminder;
mod rule;
mod wecom;

/// A table of TOML: the headings it is written under, and keys it takes. A heading may have several.
#[derive(Debug)]
pub struct Table {
    /// As they are written: `[daemon]`, `[profile.NAME]`. Names that people choose are in capitals.
    pub headings: &'static [&'static str],
    /// Of a `[[rule]]`: the kind that has these keys.
    pub kind: Option<&'static str>,
    /// What it is for, in Chinese.
    pub about: &'static str,
    /// Its keys.
    pub keys: Keys,
}

/// The keys of a table.
#[derive(Debug)]
pub enum Keys {
    /// These.
    Are(&'static [Key]),
    /// One for each row of [`crate::domain::command::COMMANDS`].
    Commands,
    /// One for each text of [`crate::domain::notices::all`].
    Notices,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written; of a table inside the rule `outer.inner`. In capitals it stands for any name.
    pub name: &'static str,
    /// What is written behind it.
    pub takes: Takes,
    /// What holds where it is not written.
    pub absent: Absent,
    /// What it means, in Chinese.
    pub about: &'static str,
    /// A value as it is written in TOML.
    pub example: &'static str,
    /// The key that it is written instead of: both together are a fault.
    pub instead_of: Option<&'static str>,
    /// Whether it is only looked at when the daemon starts; all others take effect at the next reload.
    pub at_start: bool,
}

/// What is written behind a key.
#[derive(Debug)]
pub enum Takes {
    /// A text in quotes: what it must be, in Chinese.
    Text(&'static str),
    /// One of these words, each with what it means in Chinese.
    Word(&'static [(&'static str, &'static str)]),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number(Number),
    /// A number with or without a fraction.
    Rate(Rate),
    /// An id: a text or a whole number.
    Id,
    /// A list of ids.
    Ids,
    /// A list of texts: what they must be, in Chinese.
    Texts(&'static str),
    /// A list of these words.
    Words(&'static [(&'static str, &'static str)]),
    /// A table, or a list of them: what is in it are rows of their own.
    Inline,
    /// Something that its reader looks at as it is: what, in Chinese.
    Other(&'static str),
}

/// What holds where a key is not written.
#[derive(Debug)]
pub enum Absent {
    /// The default of its number.
    Usual,
    /// This value, as it is written in TOML.
    Value(&'static str),
    /// What no value says, in Chinese.
    Means(&'static str),
    /// It must be written.
    Required,
}

/// Whole numbers that a key takes.
#[derive(Clone, Debug)]
pub struct Number {
    /// The key.
    pub key: &'static str,
    /// From the least to the greatest.
    pub range: RangeInclusive<u32>,
    /// What is counted, in English.
    pub unit: &'static str,
    /// What holds without the key, or what is usual where nothing does.
    pub default: u32,
}

/// Numbers, with or without a fraction, that a key takes.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The key.
    pub key: &'static str,
    /// From the least to the greatest.
    pub range: RangeInclusive<f64>,
    /// What is counted, in English.
    pub unit: &'static str,
    /// What holds without the key.
    pub default: f64,
}

/// All of them, in the order of the documentation.
pub fn all() -> impl Iterator<Item = &'static Table> {
    let tables =
        [daemon::TABLES, bridge::TABLES, wecom::TABLES, group::TABLES, reminder::TABLES, rule::TABLES, kinds::TABLES];
    tables.into_iter().flatten()
}

/// The names of a slice of rows, for readers that must know them beforehand.
pub(super) fn names<'n>(keys: &'static [Key]) -> impl Iterator<Item = &'n str> + Clone {
    keys.iter().map(|key| key.name)
}

pub(super) use rule::{EVERY as EVERY_RULE, SETTING};

/// Where keys of this name belong, in words; `None` when nothing takes one.
pub(super) fn places(name: &str) -> Option<String> {
    let mut places: Vec<String> = Vec::new();
    for table in all().filter(|table| table.rows().iter().any(|key| key.name == name)) {
        let of_kind = table.kind.map(|kind| vec![format!("a {kind} rule")]);
        let headings = || table.headings.iter().map(|heading| (*heading).to_owned()).collect();
        for place in of_kind.unwrap_or_else(headings) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    let (last, others) = places.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
}

/// What may be written behind a key of a kind of rule.
pub(super) fn example(kind: &str, name: &str) -> Option<&'static str> {
    let rows = all().find(|table| table.kind == Some(kind))?.rows();
    rows.iter().find(|key| key.name == name).map(|key| key.example)
}

/// The whole numbers that a key of a kind of rule takes.
pub(super) fn number(kind: &str, name: &str) -> Option<&'static Number> {
    let rows = all().find(|table| table.kind == Some(kind))?.rows();
    rows.iter().find(|key| key.name == name).and_then(|key| match &key.takes {
        Takes::Number(number) => Some(number),
        _ => None,
    })
}

/// The first name of a heading: `profile` of `[profile.NAME.welcome]`.
pub(super) fn first(heading: &str) -> &str {
    heading.trim_matches(['[', ']']).split('.').next().unwrap_or_default()
}

/// Whether all keys below this heading are only looked at when the daemon starts.
pub(super) fn is_all_at_start(heading: &str) -> bool {
    let mut keys = all().filter(|table| table.headings.contains(&heading)).flat_map(Table::rows).peekable();
    keys.peek().is_some() && keys.all(|key| key.at_start)
}

/// Whether a key below this heading is only looked at when the daemon starts.
pub(super) fn is_at_start(heading: &str, name: &str) -> bool {
    let tables = all().filter(|table| table.headings.contains(&heading));
    tables.flat_map(Table::rows).any(|key| key.name == name && key.at_start)
}

impl Number {
    /// What is said of a number that is not among them, and is negative or too large for anything.
    pub(super) fn refusal(&self, negative: bool) -> String {
        let (from, to) = (self.range.start(), self.range.end());
        let why = if negative { "" } else { ": this one is too large" };
        format!("`{}` must be from {from} to {to} {}{why}", self.key, self.unit)
    }
}

impl Table {
    const fn new(headings: &'static [&'static str], about: &'static str, keys: &'static [Key]) -> Self {
        Self { headings, kind: None, about, keys: Keys::Are(keys) }
    }

    /// The keys of a kind of rule.
    const fn kind(kind: &'static str, about: &'static str, keys: &'static [Key]) -> Self {
        Self { headings: &["[[rule]]"], kind: Some(kind), about, keys: Keys::Are(keys) }
    }

    /// The keys that are rows here.
    pub fn rows(&self) -> &'static [Key] {
        match self.keys {
            Keys::Are(keys) => keys,
            Keys::Commands | Keys::Notices => &[],
        }
    }
}

/// Rows are written with these; what is not said is `Absent::Required` and no more.
impl Key {
    const fn new(name: &'static str, takes: Takes, example: &'static str, about: &'static str) -> Self {
        Self { name, takes, absent: Absent::Required, about, example, instead_of: None, at_start: false }
    }

    /// A whole number; its default holds without it.
    const fn number(number: Number, example: &'static str, about: &'static str) -> Self {
        Self { absent: Absent::Usual, ..Self::new(number.key, Takes::Number(number), example, about) }
    }

    /// A number with or without a fraction; its default holds without it.
    const fn rate(rate: Rate, example: &'static str, about: &'static str) -> Self {
        Self { absent: Absent::Usual, ..Self::new(rate.key, Takes::Rate(rate), example, about) }
    }

    /// Without it this value holds.
    const fn or(self, value: &'static str) -> Self {
        Self { absent: Absent::Value(value), ..self }
    }

    /// What holds without it, in Chinese.
    const fn or_else(self, means: &'static str) -> Self {
        Self { absent: Absent::Means(means), ..self }
    }

    /// It is written instead of another key.
    const fn instead_of(self, key: &'static str) -> Self {
        Self { instead_of: Some(key), absent: Absent::Means("–"), ..self }
    }

    /// It is only looked at when the daemon starts.
    const fn at_start(self) -> Self {
        Self { at_start: true, ..self }
    }
}
