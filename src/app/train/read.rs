//! Labelled messages, read into features. Their texts are not kept.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::app::lines::{Line, Lines};
use crate::domain::ids::hash;
use crate::domain::score::{Features, Likeness, MOST_CATEGORIES, Row, in_pinyin};
use crate::domain::text::Text;

/// A labelled message.
pub struct Example {
    /// Its features and label.
    pub row: Row,
    /// What it is known by.
    pub likeness: Likeness,
    /// Which of [`Examples::sources`] it is from.
    pub source: u16,
}

/// What was read.
#[derive(Default)]
pub struct Examples {
    /// The messages, each fold once, in the order in which they came.
    pub examples: Vec<Example>,
    /// Where they are from, as they say; the file's name where they do not.
    pub sources: Vec<String>,
    /// The categories of the violations, as they say; without a name that of those which do not.
    pub categories: Vec<String>,
    /// How many there were.
    pub counts: Counts,
    /// They are learnt as they would be written in pinyin; those with too little Chinese in them are left out.
    pub pinyin: bool,
    /// For each fold its place in `examples`.
    known: HashMap<u64, usize>,
    features: Features,
}

/// How many lines became what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// The files.
    pub files: Vec<Source>,
    /// Lines that are no labelled messages.
    pub malformed: u64,
    /// Messages that fold to what was there before.
    pub repeated: u64,
    /// Messages that were there under both labels; neither is used.
    pub contradictory: u64,
    /// Messages with too little Chinese in them to be learnt in pinyin.
    #[serde(skip_serializing_if = "is_none")]
    pub too_little_chinese: u64,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its name, without its folder.
    pub file: String,
    /// How many labelled messages were in it.
    pub messages: u64,
    /// SHA-256 of what was read.
    pub sha256: String,
}

#[derive(Deserialize)]
struct Labelled {
    text: String,
    label: Label,
    source: Option<String>,
    category: Option<String>,
}

/// 0 and 1, or false and true.
#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Number(u8),
    Word(bool),
}

impl Examples {
    /// None yet; they will be learnt as they stand, or in pinyin.
    pub fn new(pinyin: bool) -> Self {
        Self { pinyin, ..Self::default() }
    }

    /// Reads a file; what is wrong with a line goes to `errors`.
    ///
    /// # Errors
    /// The input cannot be read, or nothing can be written to `errors`.
    pub fn read(&mut self, name: &str, input: impl BufRead, errors: &mut dyn Write) -> io::Result<()> {
        let mut digest = Sha256::new();
        let mut text = Text::default();
        let mut messages = 0;
        for line in Lines::new(input) {
            let Line { number, text: line } = line?;
            if let Ok(line) = &line {
                digest.update(line.as_bytes());
                digest.update(b"\n");
            }
            match line.and_then(|line| parse(&line)) {
                Ok((labelled, bad)) => {
                    messages += 1;
                    text.set(&labelled.text);
                    let category = bad.then(|| self.category(labelled.category.as_deref().unwrap_or_default()));
                    self.add(&text, category, labelled.source.as_deref().unwrap_or(name));
                }
                Err(what) => {
                    self.counts.malformed += 1;
                    writeln!(errors, "{name}: line {number}: {what}")?;
                }
            }
        }
        let sha256 = data_encoding::HEXLOWER.encode(&digest.finalize());
        self.counts.files.push(Source { file: name.to_owned(), messages, sha256 });
        Ok(())
    }

    fn add(&mut self, text: &Text, category: Option<u8>, source: &str) {
        let fold = if text.folded.text.is_empty() { &text.original } else { &text.folded.text };
        let key = hash(&[fold]) as u64;
        if let Some(at) = self.known.get(&key) {
            self.counts.repeated += 1;
            if let Some(one) = self.examples.get_mut(*at).filter(|one| one.row.category.is_some() != category.is_some())
            {
                one.row.weight = 0.0;
            }
            return;
        }
        let likeness = Likeness::of(&text.original);
        let source = self.source(source);
        let mut written = Text::default();
        let text = match self.pinyin {
            true => {
                let Some(pinyin) = in_pinyin(&text.original, self.examples.len()) else {
                    self.counts.too_little_chinese += 1;
                    return;
                };
                written.set(&pinyin.text);
                &written
            }
            false => text,
        };
        let features = self.features.all(text);
        self.known.insert(key, self.examples.len());
        self.examples.push(Example { row: Row { features, category, weight: 1.0 }, likeness, source });
    }

    /// The number of a source; all beyond what can be told apart are the last.
    fn source(&mut self, name: &str) -> u16 {
        let at = self.sources.iter().position(|one| one == name).unwrap_or_else(|| {
            self.sources.push(name.to_owned());
            self.sources.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// The number of a category; all beyond what can be told apart are the last.
    fn category(&mut self, name: &str) -> u8 {
        let known = self.categories.iter().position(|one| one == name);
        let at = known.unwrap_or_else(|| {
            if self.categories.len() < MOST_CATEGORIES {
                self.categories.push(name.to_owned());
            }
            self.categories.len() - 1
        });
        at as u8
    }

    /// Takes out what was there under both labels.
    pub fn settle(&mut self) {
        let before = self.examples.len();
        self.examples.retain(|one| one.row.weight > 0.0);
        self.counts.contradictory = (before - self.examples.len()) as u64;
        self.known.clear();
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn parse(line: &str) -> Result<(Labelled, bool), String> {
    let labelled: Labelled = serde_json::from_str(line).map_err(|error| format!("is no labelled message: {error}"))?;
    let bad = match labelled.label {
        Label::Word(bad) => bad,
        Label::Number(0) => false,
        Label::Number(1) => true,
        Label::Number(other) => return Err(format!("`label` is 1 for a violation and 0 for others, not {other}")),
    };
    Ok((labelled, bad))
}
