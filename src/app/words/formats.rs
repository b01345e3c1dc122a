//! Other people's word lists, line by line: plain, in columns (tabs, commas, bars), with levels (`word={MOD}`), with
//! patterns (`法{2}轮`, `/…/`).

use std::collections::HashSet;

use crate::domain::rules::{is_pattern, said_to_be_pattern, without_level, without_number};

/// What a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Word(String),
    /// A phrase in which words do not count, of a list in our format.
    Exception(String),
    /// A regular expression.
    Pattern(String),
    /// Several words that are only together a hit.
    Joined(String),
}

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) item: Item,
    /// What it is filed under, if anything.
    pub(super) tag: Option<String>,
    /// A person is to look at it; it is no violation by itself.
    pub(super) review: bool,
}

/// How the lines of a file are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One word a line.
    Plain,
    /// Columns between such signs: where the word is, and where its tag.
    Columns { sign: char, word: usize, tag: Option<usize>, head: bool },
    /// All cells are words.
    Cells { sign: char },
}

/// What a person should know of how lines were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Note {
    /// Several words stood on a line.
    Split,
    /// A number before a word, or a level behind it.
    Cut,
    /// A column, or a part of a line, that is no word.
    Aside,
}

impl Note {
    /// In the words of a report.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Split => "lines of several words, each taken by itself",
            Self::Cut => "numbers and levels taken off words",
            Self::Aside => "columns and parts of lines that were not taken",
        }
    }
}

/// What is in a list.
pub(super) struct Lines {
    pub(super) layout: Layout,
    pub(super) rows: Vec<Row>,
    /// In the order of the file.
    pub(super) notes: Vec<(Note, String)>,
}

/// Signs between columns, the surest first.
const SIGNS: [char; 5] = ['\t', '|', ',', '，', ';'];
/// With more columns than these, all are words.
const MOST_COLUMNS: usize = 6;
/// A column of tags has so few different ones.
const MOST_TAGS: usize = 60;
/// So many lines are looked at to find the layout.
const SAMPLE: usize = 2000;
/// What heads call the column of words, and that of tags.
const WORD_HEADS: [&str; 8] = ["word", "words", "keyword", "text", "词", "词语", "敏感词", "关键词"];
const TAG_HEADS: [&str; 10] = ["tag", "tags", "type", "level", "category", "label", "类别", "分类", "等级", "标签"];

/// Signs between the words of a line; a cell of a column may hold a comma that is meant.
const BETWEEN_WORDS: [char; 3] = ['、', '，', ','];

/// The entries of a list, and how its lines are put together.
pub(super) fn read(text: &str) -> Lines {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line)).collect();
    let sample = lines.get(..SAMPLE.min(lines.len())).unwrap_or_default().iter();
    let layout = layout(&sample.copied().filter(|line| !stands_alone(line)).collect::<Vec<_>>());
    let skip = usize::from(matches!(layout, Layout::Columns { head: true, .. }));
    let mut read = Lines { layout, rows: Vec::new(), notes: Vec::new() };
    lines.iter().skip(skip).for_each(|line| read.line(line));
    read
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', '＃']) || line.starts_with("//") && said_to_be_pattern(line).is_none()
}

/// Whether a line is whole, whatever signs are in it: a pattern that says so, an exception, words in quotes.
fn stands_alone(line: &str) -> bool {
    said_to_be_pattern(line).is_some() || line.starts_with(['!', '！']) || quoted(line).is_some()
}

/// The words of a line as programs write them: `["…", "…"]`.
fn quoted(line: &str) -> Option<Vec<String>> {
    serde_json::from_str(line.trim_end_matches([',', ';'])).ok()
}

impl Lines {
    fn line(&mut self, line: &str) {
        if let Some(words) = quoted(line) {
            return words.iter().for_each(|word| self.entry(word.trim(), None));
        }
        let (sign, word_at, tag_at) = match self.layout {
            _ if stands_alone(line) => return self.entry(line, None),
            Layout::Columns { sign, word, tag, .. } => (sign, word, tag),
            Layout::Cells { .. } if is_pattern(line) => return self.entry(line, None),
            Layout::Cells { sign } => {
                let cells: Vec<String> = cells(line, sign).into_iter().filter(|cell| !cell.is_empty()).collect();
                return cells.iter().for_each(|cell| self.words(cell, &BETWEEN_WORDS));
            }
            Layout::Plain => return self.words(line, &BETWEEN_WORDS),
        };
        let cells = cells(line, sign);
        let tag = tag_at.and_then(|at| cells.get(at)).filter(|tag| !tag.is_empty()).cloned();
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            match at {
                at if at == word_at => self.entry(cell, tag.clone()),
                at if Some(at) == tag_at => {}
                at => self.notes.push((Note::Aside, format!("{cell} (column {})", at + 1))),
            }
        }
    }

    /// A line or cell that may hold several words.
    fn words(&mut self, text: &str, between: &[char]) {
        let bare = self.bare(text);
        // a comma among brackets is mostly of a pattern
        let whole = is_pattern(bare) || bare.contains(['{', '(', '\\']);
        let parts = bare.split(between).map(str::trim).filter(|part| !part.is_empty());
        let parts: Vec<&str> = if whole { vec![bare] } else { parts.collect() };
        let (numbers, words): (Vec<&str>, Vec<&str>) = parts.into_iter().partition(|part| is_number(part));
        if words.len() > 1 {
            self.notes.push((Note::Split, text.to_owned()));
        }
        if words.is_empty() {
            return self.entry(bare, None);
        }
        self.notes.extend(numbers.iter().map(|number| (Note::Aside, format!("{number} (of {text})"))));
        words.iter().for_each(|word| self.entry(word, None));
    }

    fn bare<'t>(&mut self, text: &'t str) -> &'t str {
        let bare = without_number(text);
        if bare.len() < text.len() {
            self.notes.push((Note::Cut, text.to_owned()));
        }
        bare
    }

    /// One entry, which may have a number before it and a level behind it.
    fn entry(&mut self, text: &str, tag: Option<String>) {
        let (entry, level) =
            if said_to_be_pattern(text).is_some() { (text, "") } else { without_level(self.bare(text)) };
        if !level.is_empty() {
            self.notes.push((Note::Cut, text.to_owned()));
        }
        let tag = tag.or_else(|| (!level.is_empty()).then(|| level.to_owned()));
        match entry.split_once('\t') {
            Some((word, more)) if tag.is_none() => self.rows.push(row(word.trim(), Some(more.trim().to_owned()))),
            _ => self.rows.push(row(entry, tag)),
        }
    }
}

/// One entry without its tag.
fn row(entry: &str, tag: Option<String>) -> Row {
    let (entry, level) = match entry.rsplit_once('=') {
        Some((word, level)) if !word.is_empty() && is_level(level) => (word.trim(), level),
        _ => (entry, ""),
    };
    let told = tag.as_deref().unwrap_or_default().to_ascii_lowercase();
    let review = level.eq_ignore_ascii_case("{mod}") || matches!(told.as_str(), "mod" | "{mod}" | "review" | "审核");
    Row { item: item(entry), tag, review }
}

/// `{MOD}`, `{BANNED}`, stars: what is done with a word in the style of forums.
fn is_level(text: &str) -> bool {
    !text.is_empty() && (text.starts_with('{') && text.ends_with('}') || text.chars().all(|c| c == '*'))
}

fn item(entry: &str) -> Item {
    if let Some(phrase) = entry.strip_prefix(['!', '！']).map(str::trim).filter(|phrase| !phrase.is_empty()) {
        return Item::Exception(phrase.to_owned());
    }
    if let Some(pattern) = said_to_be_pattern(entry) {
        return Item::Pattern(pattern.to_owned());
    }
    if let Some(pattern) = with_gaps(entry) {
        return Item::Pattern(pattern);
    }
    if is_pattern(entry) || entry.contains('|') {
        return Item::Pattern(entry.to_owned());
    }
    if entry.trim_matches('&').contains('&') {
        return Item::Joined(entry.to_owned());
    }
    Item::Word(entry.to_owned())
}

/// `法{2}轮`: at most so many characters may stand between.
fn with_gaps(entry: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut rest = entry;
    while let Some((before, after)) = rest.split_once('{') {
        let (count, behind) = after.split_once('}')?;
        let count: u8 = count.parse().ok()?;
        if before.is_empty() && pattern.is_empty() || before.ends_with(['.', ')', ']', '\\']) {
            return None;
        }
        pattern.push_str(&regex::escape(before));
        pattern.push_str(&format!(".{{0,{count}}}"));
        rest = behind;
    }
    (!pattern.is_empty() && !rest.is_empty()).then(|| pattern + &regex::escape(rest))
}

/// The cells of a line, without the quotes around them.
fn cells(line: &str, sign: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let empty = cells.last().is_none_or(String::is_empty);
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                if let Some(cell) = cells.last_mut() {
                    cell.push('"');
                }
            }
            '"' if quoted || empty => quoted = !quoted,
            c if c == sign && !quoted => cells.push(String::new()),
            c => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(c);
                }
            }
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// How these lines are put together: the first sign that stands in most of them.
fn layout(lines: &[&str]) -> Layout {
    let most = |sign: &char| {
        let with = lines.iter().filter(|line| !is_pattern(line) && line.contains(*sign)).count();
        with > 0 && with * 2 >= lines.len()
    };
    let Some(sign) = SIGNS.into_iter().find(most) else { return Layout::Plain };
    let table: Vec<Vec<String>> = lines.iter().map(|line| cells(line, sign)).collect();
    let widest = table.iter().map(Vec::len).max().unwrap_or(0);
    if widest > MOST_COLUMNS {
        return Layout::Cells { sign };
    }
    let named = |names: &[&str]| table.first()?.iter().position(|cell| names.contains(&cell.to_lowercase().as_str()));
    if let Some(word) = named(&WORD_HEADS) {
        return Layout::Columns { sign, word, tag: named(&TAG_HEADS).filter(|tag| *tag != word), head: true };
    }
    let column = |at: usize| table.iter().filter_map(move |row| row.get(at)).map(String::as_str);
    let different = |at: usize| column(at).collect::<HashSet<_>>().len();
    let filled = |at: usize| column(at).filter(|cell| !cell.is_empty());
    let wordy = |at: &usize| filled(*at).filter(|cell| !is_number(cell)).count() * 2 > table.len();
    let numbers = |at: &usize| filled(*at).count() > 0 && filled(*at).all(is_number);
    let word = (0..widest).filter(wordy).max_by_key(|at| (different(*at), std::cmp::Reverse(*at))).unwrap_or(0);
    // one line alone does not show that a word in it is a tag
    let fewest = |at: &usize| filled(*at).count().max(if numbers(at) { 2 } else { 0 });
    let few = |at: &usize| different(*at) <= MOST_TAGS && different(*at) * 2 <= fewest(at);
    let is_tag = |at: &usize| *at != word && filled(*at).count() > 0 && few(at);
    let tag = (0..widest).filter(is_tag).max_by_key(|at| (wordy(at), different(*at)));
    if tag.is_none() && !(0..widest).any(|at| numbers(&at)) {
        return Layout::Cells { sign };
    }
    Layout::Columns { sign, word, tag, head: false }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let shown = |row: &Row| {
            let (mark, word) = match &row.item {
                Item::Word(word) => ("", word),
                Item::Exception(phrase) => ("!", phrase),
                Item::Pattern(pattern) => ("~", pattern),
                Item::Joined(words) => ("&", words),
            };
            let tag = row.tag.as_deref().map(|tag| format!("@{tag}")).unwrap_or_default();
            format!("{mark}{word}{tag}{}", if row.review { "?" } else { "" })
        };
        read(text).rows.iter().map(shown).collect()
    }

    #[test]
    fn lists_of_several_kinds() {
        let rows: &[(&str, &[&str])] = &[
            ("加微信\r\n\n# 说明\n// 说明\n  代开发票 \n! 参加微信\n", &["加微信", "代开发票", "!参加微信"]),
            ("赌博\t博彩\n下注\t博彩\n裸聊\t色情\n约炮\t色情\n", &["赌博@博彩", "下注@博彩", "裸聊@色情", "约炮@色情"]),
            ("赌博|1\n下注|1\n裸聊|2\n约炮|2", &["赌博@1", "下注@1", "裸聊@2", "约炮@2"]),
            ("id,敏感词,类别\n1,\"赌,博\",博彩\n2,\"裸\"\"聊\",色情", &["赌,博@博彩", "裸\"聊@色情"]),
            (
                "1,赌博,博彩\n2,下注,博彩\n3,裸聊,色情\n4,约炮,色情",
                &["赌博@博彩", "下注@博彩", "裸聊@色情", "约炮@色情"],
            ),
            (
                "赌博,下注,裸聊,约炮,迷药,枪支,冰毒,代孕",
                &["赌博", "下注", "裸聊", "约炮", "迷药", "枪支", "冰毒", "代孕"],
            ),
            ("赌博={MOD}\n裸聊={BANNED}\n约炮=**\nC=D", &["赌博?", "裸聊", "约炮", "C=D"]),
            ("法{2}轮\n/加[微薇]信/\n刷.*单\n台&独", &["~法.{0,2}轮", "~加[微薇]信", "~刷.*单", "&台&独"]),
            (
                "新盘开售\n内部认购\n兼职刷单|3\n正则:加.{0,3}信\n/新盘.*售/\n[\"楼盘首付特价\", \"学区,房\"]",
                &["新盘开售", "内部认购", "兼职刷单@3", "~加.{0,3}信", "~新盘.*售", "楼盘首付特价", "学区,房"],
            ),
            ("楼盘首付,学区特价房,内部认购券,精装小户型", &["楼盘首付", "学区特价房", "内部认购券", "精装小户型"]),
            ("楼盘首付，学区特价房\n内部认购券", &["楼盘首付", "学区特价房", "内部认购券"]),
            (
                "单独的词\n另一个词\n1、楼盘首付、学区房\n学区,3\n",
                &["单独的词", "另一个词", "楼盘首付", "学区房", "学区"],
            ),
            (
                "1. 楼盘首付\n- 学区房\n认购券=3\n小户型 2\n大户型\t1\n精装房\t广告\n刷.{2,3}单",
                &["楼盘首付", "学区房", "认购券@3", "小户型@2", "大户型@1", "精装房@广告", "~刷.{2,3}单"],
            ),
            ("! 参加微信，支付\n加微信", &["!参加微信，支付", "加微信"]),
            ("", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_was_done_to_lines_is_noted() {
        let rows: [(&str, &[(Note, &str)]); 4] = [
            ("单独的词\n另一个词\n楼盘首付，学区房", &[(Note::Split, "楼盘首付，学区房")]),
            ("1. 楼盘首付=3", &[(Note::Cut, "1. 楼盘首付=3"), (Note::Cut, "楼盘首付=3")]),
            ("单独的词\n另一个词\n学区,3", &[(Note::Aside, "3 (of 学区,3)")]),
            ("7,赌博,博彩\n8,下注,博彩", &[(Note::Aside, "7 (column 1)"), (Note::Aside, "8 (column 1)")]),
        ];
        for (text, expected) in rows {
            let notes = read(text).notes;
            let notes: Vec<(Note, &str)> = notes.iter().map(|(note, what)| (*note, &**what)).collect();
            assert_eq!(notes, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_gap_is_none() {
        for entry in ["{MOD}", "a{x}b", "(ab){2}c", "法{2}"] {
            assert_eq!(with_gaps(entry), None, "{entry}");
        }
    }
}
