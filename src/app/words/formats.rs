//! Other people's word lists, line by line: plain, in columns (tabs, commas, bars), with levels (`word={MOD}`), with
//! patterns (`法{2}轮`, `/…/`).

use std::collections::HashSet;

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

/// The entries of a list, and how its lines are put together.
pub(super) fn read(text: &str) -> (Layout, Vec<Row>) {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line)).collect();
    let layout = layout(lines.get(..SAMPLE.min(lines.len())).unwrap_or_default());
    let skip = usize::from(matches!(layout, Layout::Columns { head: true, .. }));
    let rows = lines.iter().skip(skip).flat_map(|line| rows(line, &layout)).collect();
    (layout, rows)
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', '＃']) || line.starts_with("//")
}

fn rows(line: &str, layout: &Layout) -> Vec<Row> {
    match layout {
        Layout::Plain => vec![row(line, None)],
        Layout::Cells { sign } => {
            cells(line, *sign).iter().filter(|cell| !cell.is_empty()).map(|cell| row(cell, None)).collect()
        }
        Layout::Columns { sign, word, tag, .. } => {
            let cells = cells(line, *sign);
            let tag = tag.and_then(|at| cells.get(at)).filter(|tag| !tag.is_empty()).cloned();
            cells.get(*word).filter(|word| !word.is_empty()).map(|word| row(word, tag)).into_iter().collect()
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
    if let Some(inner) = entry.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|it| !it.is_empty()) {
        return Item::Pattern(inner.to_owned());
    }
    if let Some(pattern) = with_gaps(entry) {
        return Item::Pattern(pattern);
    }
    const SIGNS_OF_PATTERNS: [&str; 10] = [".*", ".+", ".?", ".{", "[", "\\d", "\\w", "\\s", "(?", "|"];
    if SIGNS_OF_PATTERNS.iter().any(|sign| entry.contains(sign)) || entry.starts_with('^') || entry.ends_with('$') {
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
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let wordy = |at: &usize| column(*at).filter(|cell| !cell.is_empty() && !is_number(cell)).count() * 2 > table.len();
    let word = (0..widest).filter(wordy).max_by_key(|at| (different(*at), std::cmp::Reverse(*at))).unwrap_or(0);
    let few = |at: &usize| *at != word && (different(*at) <= MOST_TAGS && different(*at) * 2 <= table.len().max(2));
    let tag = (0..widest).filter(few).max_by_key(|at| (wordy(at), different(*at)));
    if tag.is_none() && widest == 2 && wordy(&(1 - word.min(1))) {
        return Layout::Cells { sign };
    }
    Layout::Columns { sign, word, tag, head: false }
}

/// Whether a line is a pattern, in which signs mean something else.
fn is_pattern(line: &str) -> bool {
    line.starts_with('/') && line.ends_with('/') || [".*", "(?", "[^", "\\d"].iter().any(|sign| line.contains(sign))
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
        read(text).1.iter().map(shown).collect()
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
            ("", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_gap_is_none() {
        for entry in ["{MOD}", "a{x}b", "(ab){2}c", "法{2}"] {
            assert_eq!(with_gaps(entry), None, "{entry}");
        }
    }
}
