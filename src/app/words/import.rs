//! Other people's word lists as files of ours, with a report of what was left out and why. Makes texts; writes nothing.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::decode::decode;
use super::formats::{Item, Layout, Lines, Note, read};
use super::lint::{Linter, Why};

/// What comes of one file.
pub struct Imported {
    /// The name of its list, and of the rule for it.
    pub name: String,
    /// The encoding it is in.
    pub encoding: &'static str,
    /// How its lines are put together, in words.
    pub layout: String,
    /// Words taken, those for review among them.
    pub words: usize,
    /// Of them those that a person is to look at.
    pub for_review: usize,
    /// Patterns taken.
    pub patterns: Vec<String>,
    /// What became of lines that hold more than a word: what, and the lines.
    pub notes: Vec<(&'static str, Vec<String>)>,
    /// What was left out, in the order of the file.
    pub dropped: Vec<(String, Why)>,
    /// What to write: names and texts.
    pub files: Vec<(String, String)>,
}

/// Takes files in, one by one: a word that one has already is left out of the next.
#[derive(Default)]
pub struct Importer {
    linter: Linter,
}

/// How large a compiled pattern may be: as for a `regex` rule.
const LARGEST: usize = 1 << 20;

#[derive(Default)]
struct Taken {
    /// Words by tag, in the order of the file.
    words: BTreeMap<String, Vec<String>>,
    review: BTreeMap<String, Vec<String>>,
    exceptions: Vec<String>,
    patterns: Vec<String>,
    dropped: Vec<(String, Why)>,
    notes: BTreeMap<Note, Vec<String>>,
}

impl Importer {
    /// Takes a file in. `stem` is its name without the ending.
    ///
    /// # Errors
    /// It is no text.
    pub fn import(&mut self, stem: &str, bytes: &[u8]) -> Result<Imported, String> {
        let (text, encoding) = decode(bytes)?;
        let Lines { layout, rows, notes } = read(&text);
        let mut taken = Taken::default();
        for (note, line) in notes {
            taken.notes.entry(note).or_default().push(line);
        }
        for row in rows {
            let tag = row.tag.unwrap_or_default();
            match row.item {
                Item::Word(word) => match self.linter.check(&word) {
                    Ok(()) if row.review => taken.review.entry(tag).or_default().push(word),
                    Ok(()) => taken.words.entry(tag).or_default().push(word),
                    Err(why) => taken.dropped.push((word, why)),
                },
                Item::Exception(phrase) => taken.exceptions.push(phrase),
                Item::Joined(words) => taken.dropped.push((words, Why::Joined)),
                Item::Pattern(pattern) => match usable(&pattern) {
                    Ok(()) => taken.patterns.push(pattern),
                    Err(why) => taken.dropped.push((pattern, Why::Pattern(why))),
                },
            }
        }
        Ok(taken.written(rule_name(stem), encoding, &layout))
    }
}

fn usable(pattern: &str) -> Result<(), String> {
    let compiled = regex::RegexBuilder::new(pattern).case_insensitive(true).size_limit(LARGEST).build();
    match compiled {
        Ok(regex) if regex.is_match("") => Err("it matches the empty text, and so everything".to_owned()),
        Ok(regex) => match enough_for(&regex) {
            Some(c) => Err(format!("`{c}` alone is enough for it, and so nearly every message")),
            None => Ok(()),
        },
        Err(error) => {
            // the last line says what, those before draw where
            let text = error.to_string();
            Err(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
        }
    }
}

/// A character that a pattern matches by itself: one of its alternatives is no longer, or a class.
fn enough_for(regex: &regex::Regex) -> Option<char> {
    let usual = ('0'..='9').chain('a'..='z').chain("的一是不了 ，。！-_".chars());
    let own = regex.as_str().chars();
    own.chain(usual).find(|c| regex.is_match(c.encode_utf8(&mut [0; 4])))
}

/// What a rule may be called: letters, digits, `.`, `_`, `-`.
fn rule_name(stem: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = stem.chars().map(plain).take(48).collect();
    if name.is_empty() { "words".to_owned() } else { name }
}

impl Taken {
    fn written(self, name: String, encoding: &'static str, layout: &Layout) -> Imported {
        let count = |words: &BTreeMap<String, Vec<String>>| words.values().map(Vec::len).sum::<usize>();
        let (words, for_review) = (count(&self.words), count(&self.review));
        let mut files = Vec::new();
        let mut rules = String::new();
        if words > 0 {
            let list = format!("{name}.txt");
            files.push((list.clone(), self.list(&name, &self.words)));
            rules += &rule(&format!("imported.{name}"), &name, &format!("{WORDS}lists = [{list:?}]\n"));
        }
        if for_review > 0 {
            let list = format!("{name}.review.txt");
            files.push((list.clone(), self.list(&name, &self.review)));
            let keys = format!("{WORDS}verdict = \"review\"\ndelete = false\nlists = [{list:?}]\n");
            rules += &rule(&format!("imported.{name}.review"), &name, &keys);
        }
        if !self.patterns.is_empty() {
            let quoted: String =
                self.patterns.iter().map(|it| format!("    {},\n", toml::Value::String(it.clone()))).collect();
            let keys = format!("kind = \"regex\"\npatterns = [\n{quoted}]\n");
            rules += &rule(&format!("imported.{name}.patterns"), &name, &keys);
        }
        if !rules.is_empty() {
            files.push((format!("{name}.toml"), format!("{HEAD}{rules}")));
        }
        if !self.dropped.is_empty() {
            files.push((format!("{name}.dropped.tsv"), self.left_out()));
        }
        let layout = told(layout);
        let Self { patterns, dropped, notes, .. } = self;
        Imported {
            name,
            encoding,
            layout,
            words: words + for_review,
            for_review,
            patterns,
            notes: notes.into_iter().map(|(note, lines)| (note.told(), lines)).collect(),
            dropped,
            files,
        }
    }

    fn list(&self, name: &str, words: &BTreeMap<String, Vec<String>>) -> String {
        let mut text = format!("# 由 qunwei words import 从“{name}”导入。一行一个词；# 后面是说明；! 开头的是例外。\n");
        if !self.dropped.is_empty() {
            let _ = writeln!(text, "# 没有收进来的词和原因在 {name}.dropped.tsv 里；确实要的，抄到这里来就行。");
        }
        for (tag, words) in words {
            if !tag.is_empty() {
                let _ = write!(text, "\n# ---- {} ----\n", tag.replace(['\n', '\r'], " "));
            }
            for word in words {
                let _ = writeln!(text, "{word}");
            }
        }
        for phrase in &self.exceptions {
            let _ = writeln!(text, "! {phrase}");
        }
        text
    }

    fn left_out(&self) -> String {
        let mut text = String::new();
        for (word, why) in &self.dropped {
            let _ = writeln!(text, "{word}\t{}\t{}", why.kind(), why.detail());
        }
        text
    }
}

const HEAD: &str = "# 导入的词表，先只观察：看几天 observe 的结果，没有误伤再把 mode 改成 \"on\"。\n";

/// Whoever made the list did not think of disguises: a word that is harmless as it stands may sound like an everyday one.
const WORDS: &str = "kind = \"keywords\"\ndisguised = false # 没有误伤后可以删掉这一行，换了字的写法就也会认\n";

fn rule(rule: &str, name: &str, keys: &str) -> String {
    format!("\n[[rule]]\nname = \"{rule}\"\ntitle = \"导入的词表 {name}\"\nmode = \"observe\"\n{keys}")
}

fn told(layout: &Layout) -> String {
    let between = |sign: &char| match sign {
        '\t' => "tabs".to_owned(),
        sign => format!("`{sign}`"),
    };
    match layout {
        Layout::Plain => "one word a line".to_owned(),
        Layout::Cells { sign } => format!("words between {}", between(sign)),
        Layout::Columns { sign, word, tag, .. } => {
            let tag = tag.map(|tag| format!(", tags in column {}", tag + 1)).unwrap_or_default();
            format!("columns between {}: words in column {}{tag}", between(sign), word + 1)
        }
    }
}

impl Imported {
    /// What was taken and what was left out, with examples, for people.
    pub fn told(&self) -> String {
        let review = if self.for_review > 0 { format!(" ({} for review)", self.for_review) } else { String::new() };
        let count = self.patterns.len();
        let patterns = if count > 0 { format!(" and {count} patterns") } else { String::new() };
        let mut text = format!("{}: {}, {}\n", self.name, self.encoding, self.layout);
        let _ = writeln!(text, "  taken: {} words{review}{patterns}", self.words);
        if count > 0 {
            text += &with_examples("patterns", &self.patterns);
        }
        for (what, lines) in &self.notes {
            text += &with_examples(what, lines);
        }
        let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (word, why) in &self.dropped {
            let shown = by_kind.entry(why.kind()).or_default();
            let detail = why.detail();
            shown.push(if detail.is_empty() { word.clone() } else { format!("{word} ({detail})") });
        }
        let mut kinds: Vec<_> = by_kind.into_iter().collect();
        kinds.sort_by_key(|(_, words)| std::cmp::Reverse(words.len()));
        if !kinds.is_empty() {
            let _ = writeln!(text, "  left out: {}", self.dropped.len());
        }
        for (kind, words) in kinds {
            text += &with_examples(kind, &words);
        }
        text
    }
}

/// How many there are of a kind, and the first of them.
fn with_examples(kind: &str, all: &[String]) -> String {
    const EXAMPLES: usize = 5;
    let examples = all.iter().take(EXAMPLES).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = if all.len() > EXAMPLES { "; …" } else { "" };
    format!("    {:>6}  {kind}: {examples}{more}\n", all.len())
}
