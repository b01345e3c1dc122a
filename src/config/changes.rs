//! What a new version of the configuration changes, in words: a line for the log and one for the chat.
//!
//! Files are compared as they are written, so that a key which is new to the program is told of too. What is only written
//! otherwise (comments, order, the split into files) is no change. No words of lists, no texts and no addresses of bridges
//! are told, only how many or that they are others.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::bridge::{Actions, Bridge, State};
use super::keys;
use crate::domain::image::Image;
use crate::domain::rules::list_entries;

/// The longest line for the chat, in characters.
const LONGEST_ZH: usize = 400;
/// The longest line for the log, in characters.
const LONGEST: usize = 2000;

/// A configuration as it is written, to be compared.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    /// All files ([`super::Config::files`]).
    pub files: &'a [(String, String)],
    /// Its bridges: what is outside of the files counts too.
    pub bridges: &'a [Bridge],
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    en: String,
    zh: String,
}

impl Summary {
    /// What is different in `new`; both are sound.
    pub fn between(old: Written<'_>, new: Written<'_>) -> Self {
        let mut summary = Self::default();
        let (before, after) = (merged(old.files), merged(new.files));
        summary.named(&listed(&before, "rule"), &listed(&after, "rule"), |name, value| {
            let title = value.get("title").and_then(Value::as_str).unwrap_or(name);
            Thing { en: format!("rule {name}"), zh: format!("规则「{title}」（{name}）"), values: Values::Shown }
        });
        summary.named(&listed(&before, "reminder"), &listed(&after, "reminder"), |name, _| Thing {
            en: format!("reminder {name}"),
            zh: format!("提醒「{name}」"),
            values: Values::Shown,
        });
        summary.lists(&lists(old.files), &lists(new.files));
        summary.images(&images(old.files), &images(new.files));
        let kinds = [("profile", "profile", "档案"), ("group", "group", "群")];
        for (key, en, zh) in kinds {
            summary.named(&section(&before, key), &section(&after, key), |name, _| Thing {
                en: format!("{en} {name}"),
                zh: format!("{zh} {name}"),
                values: Values::Shown,
            });
        }
        summary.whole(&before, &after, "notices", ("notices", "通知的文字"));
        summary.bridges(&section(&before, "bridge"), &section(&after, "bridge"), old.bridges, new.bridges);
        summary.daemon(&section(&before, "daemon"), &section(&after, "daemon"));
        let known = ["rule", "reminder", "profile", "group", "notices", "bridge", "daemon"];
        let others: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in others.into_iter().filter(|name| !known.contains(&name.as_str())) {
            summary.whole(&before, &after, name, (&format!("[{name}]"), &format!("[{name}]")));
        }
        summary
    }

    /// Whether nothing changed but how it is written.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// For the log: English, one line of at most about 2,000 characters.
    pub fn line(&self) -> String {
        let items = self.items.iter().map(|item| item.en.as_str());
        let more = |rest: usize| format!("and {rest} more");
        joined(items, "; ", LONGEST, more).unwrap_or_else(|| "only comments or their order".to_owned())
    }

    /// For the chat: Chinese, one line of at most about 400 characters.
    pub fn summary_zh(&self) -> String {
        let items = self.items.iter().map(|item| item.zh.as_str());
        let more = |rest: usize| format!("另有 {rest} 处");
        joined(items, "；", LONGEST_ZH, more).unwrap_or_else(|| "只改了说明或顺序".to_owned())
    }

    fn push(&mut self, en: String, zh: String) {
        self.items.push(Item { en, zh });
    }

    /// Things that have names: rules, profiles, groups.
    fn named<'v>(
        &mut self,
        old: &BTreeMap<&'v str, &'v Value>,
        new: &BTreeMap<&'v str, &'v Value>,
        thing: impl Fn(&str, &Value) -> Thing,
    ) {
        for name in all(old, new) {
            match (old.get(name), new.get(name)) {
                (Some(before), Some(after)) => {
                    let Thing { en, zh, values } = thing(name, after);
                    let details = details(before, after, values);
                    if !details.is_empty() {
                        self.push(
                            format!("{en} changed ({})", english(&details)),
                            format!("{zh}：{}", chinese(&details)),
                        );
                    }
                }
                (None, Some(value)) => {
                    let Thing { en, zh, .. } = thing(name, value);
                    self.push(format!("{en} added"), format!("新增{zh}"));
                }
                (Some(value), None) => {
                    let Thing { en, zh, .. } = thing(name, value);
                    self.push(format!("{en} removed"), format!("删除{zh}"));
                }
                (None, None) => {}
            }
        }
    }

    fn lists(&mut self, old: &BTreeMap<&str, Entries<'_>>, new: &BTreeMap<&str, Entries<'_>>) {
        for name in all(old, new) {
            let shown = name.trim_start_matches("../");
            match (old.get(name), new.get(name)) {
                (Some(before), Some(after)) if before != after => {
                    let (added, removed) = (after.difference(before).count(), before.difference(after).count());
                    self.push(
                        format!("word list {shown} changed (+{added} −{removed})"),
                        format!("词表 {shown}：+{added} −{removed}"),
                    );
                }
                (None, Some(after)) => self.push(
                    format!("word list {shown} added ({} entries)", after.len()),
                    format!("新增词表 {shown}（{} 条）", after.len()),
                ),
                (Some(before), None) => self.push(
                    format!("word list {shown} removed ({} entries)", before.len()),
                    format!("删除词表 {shown}（{} 条）", before.len()),
                ),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }

    /// Pictures that are others under the same name; that one is named or not is told of its reminder.
    fn images(&mut self, old: &BTreeMap<&str, Image>, new: &BTreeMap<&str, Image>) {
        for (name, after) in new {
            if old.get(name).is_some_and(|before| before.sha256 != after.sha256) {
                let shown = name.trim_start_matches("../");
                self.push(format!("picture {shown} changed"), format!("图片 {shown} 换了"));
            }
        }
    }

    /// A section that is told of as a whole, with the keys that differ.
    fn whole(&mut self, old: &Table, new: &Table, name: &str, (en, zh): (&str, &str)) {
        let empty = Value::Table(Table::new());
        let (before, after) = (old.get(name).unwrap_or(&empty), new.get(name).unwrap_or(&empty));
        let details = details(before, after, Values::Hidden);
        if !details.is_empty() {
            self.push(format!("{en} changed ({})", english(&details)), format!("{zh}：{}", chinese(&details)));
        } else if before != after {
            self.push(format!("{en} changed"), format!("{zh}改了"));
        }
    }

    fn bridges(&mut self, old: &Named<'_>, new: &Named<'_>, before: &[Bridge], after: &[Bridge]) {
        let find = |all: &[Bridge], name: &str| all.iter().find(|bridge| *bridge.name == *name).cloned();
        for name in all(old, new) {
            let (en, zh) = (format!("bridge {name}"), format!("桥 {name}"));
            let (Some(was), Some(is)) = (old.get(name), new.get(name)) else {
                match new.contains_key(name) {
                    true => self.push(format!("{en} added"), format!("新增{zh}")),
                    false => self.push(format!("{en} removed"), format!("删除{zh}")),
                }
                continue;
            };
            let mut details = details(was, is, Values::Hidden);
            if let (Some(was), Some(is)) = (find(before, name), find(after, name)) {
                details.extend(outside(&was, &is));
            }
            if !details.is_empty() {
                self.push(format!("{en} changed ({})", english(&details)), format!("{zh}：{}", chinese(&details)));
            }
        }
    }

    fn daemon(&mut self, old: &Named<'_>, new: &Named<'_>) {
        for key in all(old, new) {
            let (was, is) = (old.get(key).copied(), new.get(key).copied());
            if was == is {
                continue;
            }
            let detail = Detail::new(key, was, is, Values::Shown);
            let (mut en, mut zh) = (detail.english(), detail.chinese());
            if keys::is_at_start("[daemon]", key) || keys::is_all_at_start(&format!("[daemon.{key}]")) {
                en += " (takes effect at the next start)";
                zh += "（重启后才生效）";
            }
            self.push(en, zh);
        }
    }
}

type Named<'v> = BTreeMap<&'v str, &'v Value>;
type Entries<'v> = BTreeSet<(&'v str, bool)>;

struct Thing {
    en: String,
    zh: String,
    values: Values,
}

/// Whether short values are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    Shown,
    Hidden,
}

/// One key that differs.
struct Detail {
    key: String,
    how: How,
}

enum How {
    Other,
    From(String, String),
    Count(usize, usize),
}

impl Detail {
    fn new(key: &str, was: Option<&Value>, is: Option<&Value>, values: Values) -> Self {
        let texts = |value: Option<&Value>| -> Option<BTreeSet<String>> {
            let items = value.map_or(Some(&[][..]), |value| value.as_array().map(Vec::as_slice))?;
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let last = key.rsplit('.').next().unwrap_or(key);
        let how = match (texts(was), texts(is)) {
            (Some(was), Some(is)) if was != is && last != "ladder" => {
                How::Count(is.difference(&was).count(), was.difference(&is).count())
            }
            _ => match (short(last, was), short(last, is)) {
                (Some(was), Some(is)) if values == Values::Shown => How::From(was, is),
                _ => How::Other,
            },
        };
        Self { key: key.to_owned(), how }
    }

    fn english(&self) -> String {
        let key = &self.key;
        match &self.how {
            How::Other => key.clone(),
            How::From(was, is) => format!("{key} {was} → {is}"),
            How::Count(more, fewer) => format!("{key} +{more} −{fewer}"),
        }
    }

    fn chinese(&self) -> String {
        let key = KEYS.iter().fold(self.key.clone(), |key, (en, zh)| match key.strip_suffix(en) {
            Some("") => (*zh).to_owned(),
            Some(front) if front.ends_with('.') => format!("{front}{zh}"),
            _ => key,
        });
        let word = |value: &str| {
            VALUES.iter().find(|(en, _)| *en == value).map_or_else(|| value.to_owned(), |(_, zh)| (*zh).to_owned())
        };
        match &self.how {
            How::Other => format!("{key}改了"),
            How::From(was, is) => format!("{key} {} → {}", word(was), word(is)),
            How::Count(more, fewer) => format!("{key} +{more} −{fewer}"),
        }
    }
}

/// Words for the keys that admins change most; others are told by their names.
const KEYS: &[(&str, &str)] = &[
    ("mode", "状态"),
    ("severity", "轻重"),
    ("verdict", "判定"),
    ("words", "词"),
    ("exceptions", "例外"),
    ("patterns", "表达式"),
    ("lists", "词表"),
    ("title", "名称"),
    ("clause", "群规条号"),
    ("allow", "放行名单"),
    ("ignore_words", "不算的词"),
    ("block", "拦截名单"),
    ("hit", "应命中的例子"),
    ("miss", "不应命中的例子"),
    ("delete", "撤回消息"),
    ("exempt_roles", "不受限的角色"),
    ("ladder", "处罚阶梯"),
    ("strike_days", "违规保留天数"),
    ("retention", "各种记录保留天数"),
    ("profile", "档案"),
    ("admins", "管理员"),
    ("alerts", "告警送到哪里"),
    ("owner", "群主"),
    ("capabilities", "能力"),
    ("secret", "密钥"),
    ("text", "文字"),
    ("at", "时间"),
    ("cron", "时间"),
    ("timezone", "时区"),
    ("groups", "群"),
    ("profiles", "档案"),
    ("quiet_hours", "安静时间"),
    ("in_quiet_hours", "安静时间里"),
    ("grace_minutes", "最多晚几分钟"),
    ("announce", "群公告"),
    ("limit", "最多几条"),
    ("image", "图片"),
];

const VALUES: &[(&str, &str)] = &[
    ("on", "开启"),
    ("observe", "只观察"),
    ("off", "关闭"),
    ("minor", "轻"),
    ("serious", "重"),
    ("severe", "严重"),
    ("violation", "违规"),
    ("review", "待人看"),
    ("true", "是"),
    ("false", "否"),
    ("(default)", "（默认）"),
];

/// A value that may be told: short, and no text that somebody wrote for others to read.
fn short(key: &str, value: Option<&Value>) -> Option<String> {
    const TEXTS: [&str; 16] = [
        "at",
        "cron",
        "quiet_hours",
        "in_quiet_hours",
        "mode",
        "severity",
        "verdict",
        "profile",
        "timezone",
        "unknown_groups",
        "listen",
        "admin_listen",
        "data",
        "log_format",
        "kind",
        "on",
    ];
    match value {
        None => Some(DEFAULTS.iter().find(|(name, _)| *name == key).map_or("(default)", |(_, value)| value).to_owned()),
        Some(Value::String(text)) => (TEXTS.contains(&key) && text.chars().count() <= 64).then(|| text.clone()),
        Some(Value::Integer(number)) => Some(number.to_string()),
        Some(Value::Float(number)) => Some(number.to_string()),
        Some(Value::Boolean(value)) => Some(value.to_string()),
        Some(Value::Datetime(_) | Value::Array(_) | Value::Table(_)) => None,
    }
}

/// What holds where a key is not written.
const DEFAULTS: [(&str, &str); 4] =
    [("mode", "on"), ("severity", "minor"), ("verdict", "violation"), ("delete", "true")];

/// What is not in the files: secrets that a file holds, and whether the bridge can be used.
fn outside(was: &Bridge, is: &Bridge) -> Vec<Detail> {
    let mut details = Vec::new();
    if was.secrets != is.secrets {
        details.push(Detail { key: "secret".to_owned(), how: How::Other });
    }
    let tokens = |bridge: &Bridge| match &bridge.actions {
        Some(Actions::Fetched(tokens)) => Some(tokens.clone()),
        Some(Actions::Sent(_)) | None => None,
    };
    if let (Some(before), Some(after)) = (tokens(was), tokens(is))
        && before != after
    {
        details.push(Detail { key: "token".to_owned(), how: How::Other });
    }
    let word = |state: &State| if *state == State::On { "on" } else { "off" }.to_owned();
    let (before, after) = (word(&was.state), word(&is.state));
    if before != after {
        details.push(Detail { key: "state".to_owned(), how: How::From(before, after) });
    }
    details
}

/// The keys that differ between two tables, those of tables inside them by their path.
fn details(was: &Value, is: &Value, values: Values) -> Vec<Detail> {
    let mut found = Vec::new();
    collect("", was, is, values, &mut found);
    found
}

fn collect(path: &str, was: &Value, is: &Value, values: Values, found: &mut Vec<Detail>) {
    let none = Table::new();
    let (before, after) = (was.as_table().unwrap_or(&none), is.as_table().unwrap_or(&none));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (was, is) = (before.get(key), after.get(key));
        if was == is {
            continue;
        }
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (was, is) {
            (Some(was @ Value::Table(_)), Some(is @ Value::Table(_))) => collect(&path, was, is, values, found),
            (None, Some(is @ Value::Table(_))) => collect(&path, &Value::Table(Table::new()), is, values, found),
            (Some(was @ Value::Table(_)), None) => collect(&path, was, &Value::Table(Table::new()), values, found),
            _ => found.push(Detail::new(&path, was, is, values)),
        }
    }
}

fn english(details: &[Detail]) -> String {
    details.iter().map(Detail::english).collect::<Vec<_>>().join(", ")
}

fn chinese(details: &[Detail]) -> String {
    details.iter().map(Detail::chinese).collect::<Vec<_>>().join("，")
}

/// As many items as fit, and how many more there are. `None` without any.
fn joined<'i>(
    items: impl ExactSizeIterator<Item = &'i str>,
    between: &str,
    longest: usize,
    more: impl Fn(usize) -> String,
) -> Option<String> {
    let all = items.len();
    let mut line = String::new();
    for (at, item) in items.enumerate() {
        let room = longest.saturating_sub(line.chars().count());
        if at > 0 && item.chars().count() > room {
            return Some(line + between + &more(all - at));
        }
        if at > 0 {
            line += between;
        }
        match item.char_indices().nth(room) {
            Some((cut, _)) => line.extend([item.get(..cut).unwrap_or_default(), "…"]),
            None => line += item,
        }
    }
    (all > 0).then_some(line)
}

/// All TOML files as one table; `rule` and `reminder` hold those of all files.
fn merged(files: &[(String, String)]) -> Table {
    let mut all = Table::new();
    for (_, text) in files.iter().filter(|(name, _)| name.ends_with(".toml")) {
        if let Ok(table) = text.parse::<Table>() {
            merge(&mut all, table);
        }
    }
    all
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (Some(Value::Array(into)), Value::Array(from)) => into.extend(from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Rules or reminders, by their names.
fn listed<'v>(all: &'v Table, key: &str) -> Named<'v> {
    let rules = all.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    rules.iter().filter_map(|rule| Some((rule.get("name")?.as_str()?, rule))).collect()
}

fn section<'v>(all: &'v Table, name: &str) -> Named<'v> {
    let table = all.get(name).and_then(Value::as_table);
    table.into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect()
}

fn lists(files: &[(String, String)]) -> BTreeMap<&str, Entries<'_>> {
    let lists = files.iter().filter(|(name, text)| !name.ends_with(".toml") && Image::from_note(name, text).is_none());
    lists.map(|(name, text)| (name.as_str(), list_entries(text).collect())).collect()
}

fn images(files: &[(String, String)]) -> BTreeMap<&str, Image> {
    files.iter().filter_map(|(name, text)| Some((name.as_str(), Image::from_note(name, text)?))).collect()
}

/// The names of both, each once, in order.
fn all<'v, T>(old: &BTreeMap<&'v str, T>, new: &BTreeMap<&'v str, T>) -> Vec<&'v str> {
    old.keys().chain(new.keys()).copied().collect::<BTreeSet<_>>().into_iter().collect()
}
