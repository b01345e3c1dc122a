//! What is wrong with something a person wrote in a file, and where.
//!
//! A [`Fault`] points at a file, line and column and says what was found, what was expected and what to do. `check`, the
//! log and the chat all show the same faults; how they are drawn is not decided here.

use std::ops::Range;
use std::sync::Arc;

/// How bad a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The configuration cannot be used.
    Error,
    /// The configuration can be used, but probably does not do what its author wants.
    Warning,
}

impl Level {
    /// `error` or `warning`, as in the JSON of `qunwei check`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// One mistake in one place of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub level: Level,
    /// The file, as a path the reader can open.
    pub file: Arc<str>,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in code points.
    pub column: u32,
    /// How many code points are meant, at least 1.
    pub width: u32,
    /// The offending line of the file, without its line end.
    pub excerpt: String,
    /// What was found, and what was expected.
    pub message: String,
    /// What to do, often the nearest valid name.
    pub help: Option<String>,
}

impl Fault {
    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Makes it a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.level = Level::Warning;
        self
    }
}

/// A text file and the name under which faults in it are shown.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, as a path the reader can open.
    pub file: Arc<str>,
    /// Its content.
    pub text: Arc<str>,
}

impl Source {
    /// A fault (an error, without help) at a byte range of the file. A range outside the text points at its end.
    pub fn fault(&self, at: Range<usize>, message: impl Into<String>) -> Fault {
        let text = &*self.text;
        let start = floor_boundary(text, at.start);
        let end = floor_boundary(text, at.end.max(start));
        let (before, after) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = after.find('\n').map_or(text.len(), |at| start + at);
        let excerpt = text.get(line_start..line_end).unwrap_or_default();
        let in_line = text.get(line_start..start).unwrap_or_default();
        let meant = text.get(start..end.min(line_end)).unwrap_or_default();
        Fault {
            level: Level::Error,
            file: self.file.clone(),
            line: count(before.matches('\n').count()) + 1,
            column: count(in_line.chars().count()) + 1,
            width: count(meant.chars().count()).max(1),
            excerpt: excerpt.trim_end_matches('\r').to_owned(),
            message: message.into(),
            help: None,
        }
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// How many characters two words begin with in common.
fn common_start(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// The nearest of `valid` to a misspelt `word`, when it is near enough to be meant. Of equally near ones the one that begins
/// most alike.
pub fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    valid
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= name.chars().count().max(3) / 3)
        .min_by_key(|(distance, name)| (*distance, std::cmp::Reverse(common_start(word, name))))
        .map(|(_, name)| name)
}
