//! `keywords`: words from lists and from TOML. All keyword rules share one automaton ([`crate::domain::lexicon`]); this
//! file reads the lists and says what is wrong with them.
//!
//! A list is plain text: one entry a line, `#` begins a comment (at the start of a line or after white space), `! phrase` is
//! an exception: words of the list do not count inside it. Both signs may be of full width.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::lines::never_found;
use super::pieces::read_together;
use super::{Build, Draft, Look, Rule, RuleId};
use crate::domain::disguise;
use crate::domain::lexicon::Refused;
use crate::domain::text::Text;
use crate::fault::{Fault, Source};

/// The keys of a `keywords` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keywords {
    /// Word lists, as paths relative to the file.
    #[serde(default)]
    lists: Vec<Spanned<String>>,
    /// Further words.
    #[serde(default)]
    words: Vec<Spanned<String>>,
    /// Phrases in which the words do not count.
    #[serde(default)]
    exceptions: Vec<Spanned<String>>,
    /// Whether words count that are written otherwise: by sound, look-alikes, parts, symbols, initials, in another order.
    #[serde(default = "yes")]
    disguised: bool,
    /// Whether they also count where only sounds or shapes differ, as happens by chance.
    #[serde(default = "yes")]
    by_sound: bool,
    /// Where the words count.
    #[serde(default)]
    boundary: Boundary,
    /// For how many seconds short messages of one member are read together.
    pieces: Option<Spanned<i64>>,
}

/// The kind's name.
pub(super) const NAME: &str = "keywords";

/// Where a word of a list counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Boundary {
    /// Wherever it stands.
    #[default]
    Any,
    /// Where it begins and ends where words do.
    Word,
}

pub(super) fn yes() -> bool {
    true
}

/// A keyword rule finds nothing itself: its words are in the lexicon.
struct InLexicon {
    pieces: Duration,
}

impl Rule for InLexicon {
    fn looks(&self) -> &'static [Look] {
        &[]
    }

    fn pieces(&self) -> Duration {
        self.pieces
    }
}

impl Draft for Keywords {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        if self.lists.is_empty() && self.words.is_empty() {
            let fault = build.source.fault(build.span.clone(), "a `keywords` rule without words finds nothing");
            build.faults.push(fault.help("name a list: `lists = [\"words.txt\"]`, or write `words = [\"…\"]`"));
        }
        let list = build.id;
        if self.boundary == Boundary::Word {
            build.lexicon.bound(list);
        }
        take_lists(build, list, &self.lists);
        match (self.disguised, self.by_sound) {
            (true, true) => build.lexicon.disguise(list),
            (true, false) => build.lexicon.disguise_as_chosen(list),
            (false, _) => {}
        }
        take_words(build, list, &self.words, &self.exceptions);
        let pieces = read_together(self.pieces.as_ref(), build)?;
        (build.errors() == before).then(|| Box::new(InLexicon { pieces }) as Box<dyn Rule>)
    }
}

/// Puts the entries of list files into a list of the lexicon.
pub(super) fn take_lists(build: &mut Build<'_>, list: RuleId, files: &[Spanned<String>]) {
    for file in files {
        match (build.read)(file.get_ref()) {
            Ok(source) => {
                if list == build.id && entries(&source.text).all(|entry| entry.exception) {
                    let message = format!("the list `{}` has no words: the rule finds nothing by it", file.get_ref());
                    let fault = build.source.fault(file.span(), message).warning();
                    build.where_on.push(fault.help("write a word a line, or take it out of `lists`"));
                }
                read_list(build, list, &source);
            }
            Err(why) => {
                let message = format!("the list `{}` cannot be read: {why}", file.get_ref());
                build.faults.push(build.source.fault(file.span(), message).help(about_path(file.get_ref())));
            }
        }
    }
}

/// Puts words and exceptions of the rule's own file into a list of the lexicon.
pub(super) fn take_words(
    build: &mut Build<'_>,
    list: RuleId,
    words: &[Spanned<String>],
    exceptions: &[Spanned<String>],
) {
    let own = build.source;
    let mut seen = HashSet::new();
    for (entries, exception) in [(words, false), (exceptions, true)] {
        for entry in entries {
            let line = own.fault(entry.span(), "").line;
            add(build, list, own, &mut seen, Entry { text: entry.get_ref(), at: entry.span(), line, exception });
        }
    }
    if list == build.id {
        warn_of_everyday(build, own, words.iter().map(|word| (word.get_ref().as_str(), word.span())));
    }
}

/// Puts entries into a list of the lexicon of which those that end in `.txt` name files.
pub(super) fn take_entries(build: &mut Build<'_>, list: RuleId, entries: &[Spanned<String>]) {
    let (files, words): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|entry| entry.get_ref().ends_with(".txt"));
    take_lists(build, list, &files);
    take_words(build, list, &words, &[]);
}

/// What to look at when there is no list at a path.
fn about_path(path: &str) -> &'static str {
    match path {
        _ if path.contains('\\') => "write / instead of \\ in a path",
        _ if path.starts_with('~') => "write the whole path: ~ is not known here",
        _ if [".xlsx", ".xls", ".docx", ".doc"].iter().any(|end| path.to_lowercase().ends_with(end)) => {
            "save it as CSV or plain text; `qunwei words import` makes a list of that"
        }
        _ => {
            "a path begins in the folder of the file that names it; a list is a plain text file in UTF-8: `qunwei words import` makes one of others"
        }
    }
}

/// One entry of a list, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry<'a> {
    text: &'a str,
    at: Range<usize>,
    /// From 1.
    line: u32,
    exception: bool,
}

fn read_list(build: &mut Build<'_>, list: RuleId, source: &Source) {
    let mut seen = HashSet::new();
    for entry in entries(&source.text) {
        if !entry.exception && entry.text.contains(['、', '，', ',']) {
            let message = format!("`{}` is one word: only a message that says all of it is found", entry.text);
            build.faults.push(source.fault(entry.at.clone(), message).help("write one word a line").warning());
        } else if let Some((what, help)) = never_found(entry.text).filter(|_| !entry.exception) {
            let message = format!("`{}` {what}", entry.text);
            build.faults.push(source.fault(entry.at.clone(), message).help(help).warning());
        }
        add(build, list, source, &mut seen, entry);
    }
    if list == build.id {
        let words = entries(&source.text).filter(|entry| !entry.exception);
        warn_of_everyday(build, source, words.map(|entry| (entry.text, entry.at)));
    }
}

/// Of everyday words that are hits by themselves so many are named.
const MOST_NAMED: usize = 5;

/// What people say all day is no sign of anything. One warning a list.
fn warn_of_everyday<'w>(build: &mut Build<'_>, source: &Source, words: impl Iterator<Item = (&'w str, Range<usize>)>) {
    let mut text = Text::default();
    let mut often = |word: &str| {
        text.set(word);
        disguise::everyday(&text.folded.text)
    };
    let mut usual: Vec<_> = words.filter_map(|(word, at)| Some((often(word)?, word, at))).collect();
    let Some(first) = usual.first().map(|(.., at)| at.clone()) else { return };
    usual.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let named = usual.iter().take(MOST_NAMED).map(|(often, word, _)| format!("`{word}` (about {often:.0})"));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = usual.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!("{named}{more}: said so often in a million words; many harmless messages will be found");
    let help = "take them out, or write more of the phrase that is meant";
    build.where_on.push(source.fault(first, message).help(help).warning());
}

/// The entries of a list, each with whether it is an exception.
pub fn list_entries(text: &str) -> impl Iterator<Item = (&str, bool)> {
    entries(text).map(|entry| (entry.text, entry.exception))
}

/// The entries of a list.
fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut start = 0;
    (1..).zip(text.split_inclusive('\n')).filter_map(move |(number, line)| {
        let at = start;
        start += line.len();
        Some(Entry { line: number, ..entry(line, at)? })
    })
}

fn entry(line: &str, at: usize) -> Option<Entry<'_>> {
    let trimmed_start = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let start = at + (line.len() - trimmed_start.len());
    let mut after_space = true;
    let comment = trimmed_start.char_indices().find(|(_, c)| {
        let begins = after_space && matches!(c, '#' | '＃');
        after_space = c.is_whitespace();
        begins
    });
    let end = comment.map_or(trimmed_start.len(), |(at, _)| at);
    let text = trimmed_start.get(..end).unwrap_or_default().trim_end();
    if text.is_empty() {
        return None;
    }
    let exception = text.strip_prefix(['!', '！']);
    let phrase = exception.unwrap_or(text).trim_start();
    let from = start + (text.len() - phrase.len());
    Some(Entry { text: phrase, at: from..from + phrase.len(), line: 0, exception: exception.is_some() })
}

fn add(build: &mut Build<'_>, list: RuleId, source: &Source, seen: &mut HashSet<(Arc<str>, bool)>, entry: Entry<'_>) {
    let Entry { text, at, line, exception } = entry;
    build.lexicon.at(&source.file, line);
    let taken = if exception { build.lexicon.except(list, text) } else { build.lexicon.add(list, text) };
    let Err(refused) = taken else {
        if list == build.id && seen.contains(&(text.into(), !exception)) {
            let message = format!("the exception `! {text}` switches the word `{text}` of this list off");
            let help = "take one of the two out: an exception is a longer text in which the word does not count";
            build.faults.push(source.fault(at, message).help(help).warning());
        }
        seen.insert((text.into(), exception));
        return;
    };
    build.faults.extend(fault(source, at, text, refused, |first| seen.contains(&(first.clone(), exception))));
}

/// What is wrong with an entry that was refused; `None` when nothing is, because another list of the rule has it.
fn fault(
    source: &Source,
    at: Range<usize>,
    text: &str,
    refused: Refused,
    in_this_list: impl Fn(&Arc<str>) -> bool,
) -> Option<Fault> {
    let found = |message: String| source.fault(at.clone(), message);
    Some(match refused {
        Refused::Empty => found(format!("nothing is left of `{text}`: it has no letter and no digit"))
            .help("remove it, or write a comment as `# …`"),
        Refused::OneCharacter => {
            found(format!("`{text}` is a single character and would be found everywhere")).help("write a longer word")
        }
        Refused::Duplicate(first) if !in_this_list(&first) => return None,
        Refused::Duplicate(first) if *first == *text => found(format!("`{text}` is in this list already")).warning(),
        Refused::Duplicate(first) => found(format!("`{text}` is the same as `{first}`, which is in this list already"))
            .help("width, case, traditional characters and signs make no difference")
            .warning(),
        Refused::Full => found("all lists together are too large".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_line_by_line() {
        let text = "\u{FEFF}# 广告\r\n加微信\r\n\n  威信 # 常见\n! 微信支付\nC#\n#话题\n a # b # c\n\
                    ！ 参加微信\n＃ 说明\n加好友\t# 备注\n加群　＃备注\n代办 #备注\n尾";
        let read: Vec<_> = entries(text).map(|e| (e.text, e.exception)).collect();
        let expected = [
            ("加微信", false),
            ("威信", false),
            ("微信支付", true),
            ("C#", false),
            ("a", false),
            ("参加微信", true),
            ("加好友", false),
            ("加群", false),
            ("代办", false),
            ("尾", false),
        ];
        assert_eq!(read, expected);
        for entry in entries(text) {
            assert_eq!(text.get(entry.at), Some(entry.text));
        }
    }
}
