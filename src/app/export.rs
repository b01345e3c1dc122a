//! What was changed in the chat as files of a configuration that mean the same: a word list for each group and one TOML file.
//!
//! What should not be a setting (who is stopped) is a comment that says why and what a person can write instead.

mod reminders;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::config;
use crate::domain::chat::{ChatChange, ChatWhat, check_word, fold};
use crate::domain::policy::Settings;
use crate::domain::rules::list_entries;
use crate::domain::text::is_invisible;
use crate::domain::time::Timestamp;
use crate::store::ChatState;

/// The file with the rules.
const TOML: &str = "chat.toml";

/// The file with the reminders.
const REMINDERS: &str = "chat-reminders.toml";

/// How much of a group's id is in the names of its file and its rule.
const LONGEST_SLUG: usize = 32;

/// What an export comes to.
#[derive(Debug, Default)]
pub struct Export {
    /// Files by name, the lists first: whoever watches the folder finds them when it reads the TOML. Empty when nothing that
    /// was changed is in force.
    pub files: Vec<(String, String)>,
    /// What is not written so that it means the same, for an operator.
    pub notes: Vec<String>,
}

/// Writes the changes in force, and who is stopped, as files.
pub fn export(state: &ChatState) -> Export {
    let mut out = Export::default();
    if state.changes.is_empty() && state.pauses.is_empty() && state.reminders.is_empty() {
        return out;
    }
    let kept = state.config.as_ref();
    // Only to say what o'clock it was and which words there still are: a broken one is no obstacle.
    let writer = Writer { settings: kept.and_then(|files| config::settings_from_files(files).ok()) };
    if let Some(toml) = reminders::written(&writer, &state.reminders) {
        out.files.push((REMINDERS.to_owned(), toml));
        out.notes.push(format!("reminders are written switched off in {REMINDERS}: those set in the chat go on"));
    }
    if state.changes.is_empty() && state.pauses.is_empty() {
        return out;
    }
    let mut groups: BTreeMap<(&str, &str), Vec<&ChatChange>> = BTreeMap::new();
    for change in &state.changes {
        groups.entry((&change.platform, &change.group)).or_default().push(change);
    }
    let mut toml = HEAD.to_owned();
    let mut dropped: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    for ((platform, group), changes) in &groups {
        let words = writer.group(platform, group, changes, &mut toml, &mut out);
        dropped.entry(group).or_default().extend(words);
    }
    for (group, words) in dropped.iter().filter(|(_, words)| !words.is_empty()) {
        toml.push_str(&without(group, words));
    }
    tell_shared(groups.keys().copied(), &mut out.notes);
    for pause in &state.pauses {
        let when = writer.date(pause.by.at, &pause.group);
        let by = who(&pause.by.by, &pause.by.name);
        let (where_, table) = match &*pause.group {
            "" => ("全部群".to_owned(), "[daemon]".to_owned()),
            group => (format!("群 {}", one_line(group)), format!("[group.{}]", quoted(group))),
        };
        let _ = write!(
            toml,
            "\n# 停手：{where_}，{by}于 {when} 停的。停手只是一时的事，写成设置以后就不能在群里恢复，所以这里不写。\n\
             # 要一直只看不做，就写：\n# {table}\n# mode = \"observe\"\n"
        );
    }
    if !state.pauses.is_empty() {
        out.notes
            .push(format!("who is stopped is written as comments in {TOML}: a setting could not be lifted by /恢复"));
    }
    out.files.push((TOML.to_owned(), toml));
    out
}

const HEAD: &str = "# 群里加的词、去的词，由 qunwei export 写出。\n\
# 把这个文件夹整个放进 config 目录，qunwei check 没有错就可以用。群里的改动不会因此消失；\n\
# 以后只想由文件来管，就在群里发 /撤销 改N（N 是改动的编号）。\n";

/// The words that do not count in a group.
fn without(group: &str, dropped: &[(String, &str)]) -> String {
    let mut toml = format!("\n# 群 {} 去掉的词\n", one_line(group));
    let mut told: Vec<&str> = dropped.iter().map(|(told, _)| told.as_str()).collect();
    told.dedup();
    for line in told {
        let _ = writeln!(toml, "# {line}");
    }
    let words: BTreeSet<&str> = dropped.iter().map(|(_, word)| *word).collect();
    let words: Vec<&str> = words.into_iter().collect();
    toml + &format!("[group.{}]\nignore_words = {}\n", quoted(group), array(&words))
}

/// Texts as TOML writes a list of them.
fn array(texts: &[&str]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

struct Writer {
    settings: Option<Arc<Settings>>,
}

/// The words of one group.
struct GroupWords<'a> {
    /// The list, with a comment for each change.
    list: String,
    /// Those that no list can write: `!特价`, one with a line's end in it.
    odd: Vec<&'a str>,
    /// The folds of those that were added.
    added: BTreeSet<Box<str>>,
}

impl<'a> GroupWords<'a> {
    fn add(&mut self, told: &str, words: &'a [String]) {
        let _ = write!(self.list, "\n# {told}\n");
        for word in words {
            // One that an older program took and this one does not is not in force either.
            if check_word(word).is_err() || !self.added.insert(fold(word)) {
                continue;
            }
            if word.chars().all(is_harmless) && list_entries(word).eq([(word.as_str(), false)]) {
                let _ = writeln!(self.list, "{word}");
            } else {
                self.odd.push(word);
            }
        }
    }

    /// The rule that holds in this group alone, or nothing.
    fn rule(&self, name: &str, group: &str) -> String {
        let (rule, key) = (quoted(&rule_of(name)), quoted(group));
        let mut toml = format!(
            "[[rule]]\nname = {rule}\nkind = \"keywords\"\ntitle = \"本群的违规词\"\ncategory = \"custom\"\nlists = [{}]\n",
            quoted(&format!("{name}.txt"))
        );
        if !self.odd.is_empty() {
            let _ = writeln!(toml, "words = {}", array(&self.odd));
        }
        toml + &format!("mode = \"off\" # 别的群不算\n\n[group.{key}.rule.{rule}]\nmode = \"on\"\n")
    }
}

impl Writer {
    /// Writes what was added in a group; gives what was taken out, each with the change it is from.
    fn group<'a>(
        &self,
        platform: &str,
        group: &str,
        changes: &[&'a ChatChange],
        toml: &mut String,
        out: &mut Export,
    ) -> Vec<(String, &'a str)> {
        let place = format!("群 {}（平台 {}）", one_line(group), one_line(platform));
        let mut words = GroupWords {
            list: format!("# {place}在群里加的词，由 qunwei export 写出。\n"),
            odd: Vec::new(),
            added: BTreeSet::new(),
        };
        let told = |change: &ChatChange| {
            format!("改{}：{}，{}", change.no, self.date(change.at, group), who(&change.by, &change.by_name))
        };
        let mut dropped = Vec::new();
        for change in changes {
            match &change.what {
                ChatWhat::Add(added) => words.add(&told(change), added),
                ChatWhat::Drop(out) => dropped.extend(out.iter().map(|word| (told(change), word.as_str()))),
            }
        }
        dropped.retain(|(_, word)| words.added.contains(&fold(word)) || self.is_somewhere(word));
        if !words.added.is_empty() {
            let name = name_of(platform, group);
            let _ = write!(toml, "\n# {place}\n{}", words.rule(&name, group));
            out.files.push((format!("{name}.txt"), words.list));
        }
        dropped
    }

    /// Whether a file has a word, as far as is known: what none has any more need not be taken out.
    fn is_somewhere(&self, word: &str) -> bool {
        self.settings.as_ref().is_none_or(|settings| settings.rules.uses_of(word).iter().any(|one| !one.exception))
    }

    /// With the offset of the group's time zone.
    fn date(&self, at: Timestamp, group: &str) -> String {
        let zone = self.settings.as_ref().map_or(TimeZone::UTC, |settings| settings.policy(group).timezone.clone());
        at.rfc3339(&zone)
    }
}

/// TOML names a group by its id alone.
fn tell_shared<'a>(groups: impl Iterator<Item = (&'a str, &'a str)>, notes: &mut Vec<String>) {
    let mut platforms: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, group) in groups {
        *platforms.entry(group).or_default() += 1;
    }
    for (group, _) in platforms.into_iter().filter(|(_, platforms)| *platforms > 1) {
        let group = one_line(group);
        notes.push(format!("several platforms have a group `{group}`: in TOML the words of each hold in all of them"));
    }
}

/// A safe name that no other group has: what is harmless of the id, for people, and a hash, whatever the id is.
fn name_of(platform: &str, group: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = group.chars().take(LONGEST_SLUG).map(plain).collect();
    let mut hasher = Sha256::new();
    for part in [platform, group] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let hash = HEXLOWER.encode(&hasher.finalize()[..]);
    let slug = slug.trim_matches('-');
    let between = if slug.is_empty() { "" } else { "-" };
    format!("chat-{slug}{between}{}", hash.get(..12).unwrap_or_default())
}

/// The rule of a file of that name.
fn rule_of(name: &str) -> String {
    name.replacen("chat-", "chat.", 1)
}

/// 小王（u1）
fn who(by: &str, name: &str) -> String {
    if name == by || name.is_empty() { one_line(by) } else { format!("{}（{}）", one_line(name), one_line(by)) }
}

/// For a comment: whatever could end the line or turn it round is written out.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if is_harmless(c) { line.push(c) } else { line.extend(c.escape_unicode()) }
    }
    line
}

/// A text as TOML writes it, also as a key.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_harmless(c) => quoted.push(c),
            c => drop(write!(quoted, "\\U{:08X}", u32::from(c))),
        }
    }
    quoted + "\""
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !is_invisible(c) && !matches!(c, '\u{2028}' | '\u{2029}')
}
