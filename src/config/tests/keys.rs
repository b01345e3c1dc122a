//! The tables of keys against the readers: each key that is asked for has a row, each row is asked for, and what it says of
//! types, ranges, words and defaults is so.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::Value;
use toml::de::ValueDeserializer;

use super::{no_env, told};
use crate::config::keys::{Absent, Key, Keys, Table, Takes, all};
use crate::config::*;
use crate::domain::command::COMMANDS;
use crate::domain::event::{Message, Person, Segment};
use crate::domain::ids::{GroupKey, MemberKey};
use crate::domain::image::Image;
use crate::domain::notices;
use crate::domain::policy::{Mode, RuleSetting};
use crate::domain::recent::{Recent, Sighting};
use crate::domain::rules::{Learned, Moment, RuleId, Ruleset, Scratch, link_keys, sketch, thing_keys};
use crate::domain::time::Timestamp;

thread_local! {
    /// What readers asked for: heading, key, what it takes.
    static ASKED: RefCell<Option<BTreeMap<(String, String), String>>> = RefCell::default();
}

/// A reader asks for a key; called again for the same key, it says more of what it takes.
pub(in crate::config) fn asked(section: &str, key: &str, what: impl FnOnce() -> String) {
    ASKED.with_borrow_mut(|listening| {
        let Some(all) = listening else { return };
        let (known, what) = (all.entry((written(section), key.to_owned())).or_default(), what());
        if !what.is_empty() {
            *known = what;
        }
    });
}

/// What the examples of `[wecom.NAME]` find in the environment, so that they are seen to be read; bridges find nothing.
fn given(name: &str) -> Option<String> {
    let value = match name {
        "QUNWEI_WECOM_AES_KEY" => "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        "QUNWEI_WECOM_FORWARD_URL" => "http://127.0.0.1:9000/callback",
        _ if name.starts_with("QUNWEI_WECOM_") || name.starts_with("QUNWEI_ROBOT_") => "a-secret-of-wecom",
        _ => return None,
    };
    Some(value.to_owned())
}

/// The names in headings, and those that the documents here have instead.
const NAMES: &[(&str, &str)] = &[
    ("[profile.NAME", "[profile.default"),
    ("[bridge.NAME", "[bridge.example"),
    ("[wecom.NAME", "[wecom.corp"),
    (".app.APP", ".app.guard"),
    (".aibot.BOT", ".aibot.guard"),
    ("\"ID\"", "\"wr1\""),
    ("\"RULE\"", "\"length.long\""),
];

fn concrete(heading: &str) -> String {
    NAMES.iter().fold(heading.to_owned(), |heading, (name, real)| heading.replace(name, real))
}

/// A heading as the tables have it, from what a section calls itself: also `the rule X` and `this [[rule]]`.
fn written(section: &str) -> String {
    if let Some(heading) = section.strip_prefix("this ") {
        return heading.to_owned();
    }
    if let Some((what, _)) = section.strip_prefix("the ").and_then(|rest| rest.split_once(" `")) {
        return format!("[[{what}]]");
    }
    NAMES.iter().fold(section.to_owned(), |heading, (name, real)| heading.replace(real, name))
}

/// A configuration as (heading, kind of rule, keys).
#[derive(Clone)]
struct Document(Vec<(&'static str, Option<&'static str>, Written)>);

/// Keys and what is written behind them.
type Written = Vec<(String, String)>;

impl Document {
    /// One with every table, and the keys that `takes` says, at their examples.
    fn of(takes: impl Fn(&Table, &Key) -> bool) -> Self {
        let mut document = Self(Vec::new());
        let kinds: Vec<_> = all().filter_map(|table| table.kind).collect();
        for table in all() {
            for heading in table.headings {
                let every =
                    if *heading == "[[rule]]" { kinds.iter().map(|kind| Some(*kind)).collect() } else { vec![None] };
                for kind in every.into_iter().filter(|kind| table.kind.is_none() || table.kind == *kind) {
                    let keys = document.keys(heading, kind);
                    let rows = table.rows().iter().filter(|key| !key.name.contains('.') && key.instead_of.is_none());
                    for key in rows.filter(|key| takes(table, key)) {
                        keys.push((key.name.to_owned(), key.example.to_owned()));
                    }
                }
            }
        }
        for (_, kind, keys) in &mut document.0 {
            let Some(kind) = kind.filter(|kind| *kind != "length") else { continue };
            for (key, value) in keys.iter_mut().filter(|(key, _)| key == "name" || key == "kind") {
                *value = format!("{:?}", if key == "name" { format!("example.{kind}") } else { kind.to_owned() });
            }
        }
        document
    }

    /// Without the tables of other headings, which need not be read each time.
    fn only(mut self, these: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(heading, ..)| these(heading));
        self
    }

    fn keys(&mut self, heading: &'static str, kind: Option<&'static str>) -> &mut Written {
        let at = self.0.iter().position(|one| (one.0, one.1) == (heading, kind)).unwrap_or_else(|| {
            self.0.push((heading, kind, Vec::new()));
            self.0.len() - 1
        });
        &mut self.0[at].2
    }

    /// The same with another value of a key, or without it. What it stands instead of goes.
    fn with(&self, table: &Table, key: &Key, value: Option<&str>) -> Self {
        let mut document = self.clone();
        let keys =
            document.keys(table.headings[0], table.kind.or(Some("length").filter(|_| table.headings[0] == "[[rule]]")));
        let (outer, inner) = key.name.split_once('.').unwrap_or((key.name, ""));
        if !inner.is_empty() {
            let (_, all) =
                keys.iter_mut().find(|(name, _)| name == outer).unwrap_or_else(|| panic!("{outer} has no row"));
            *all = edited(all, inner, value);
            return document;
        }
        keys.retain(|(name, _)| name != outer && Some(name.as_str()) != key.instead_of);
        keys.extend(value.map(|value| (outer.to_owned(), value.to_owned())));
        document
    }

    fn text(&self) -> String {
        let one = |(heading, _, keys): &(&str, _, Written)| {
            let lines: Vec<_> = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            format!("{}\n{}", concrete(heading), lines.concat())
        };
        self.0.iter().map(one).collect()
    }

    fn read(&self) -> Result<Config, Vec<Fault>> {
        let text = self.text();
        let shipped = |path| SHIPPED.iter().find(|(name, _)| *name == path).map_or("", |(_, text)| *text);
        let poster = Image::new("poster.png", b"\x89PNG\r\n\x1a\n".to_vec()).unwrap().to_note();
        let files = [
            ("a.toml", text.as_str()),
            ("../../wordlists/ads.txt", "低价代购\n"),
            ("../models/start.model", shipped("config/models/start.model")),
            ("../models/pinyin.model", shipped("config/models/pinyin.model")),
            ("poster.png", &poster),
        ];
        from_files(Path::new("."), &super::files(&files), &given)
    }

    fn sound(&self, why: &str) -> Config {
        self.read().unwrap_or_else(|faults| panic!("{why}: {:#?}\n{}", told(&faults), self.text()))
    }
}

/// A table of TOML, or a list of them, with another value of a key in it, or without.
fn edited(text: &str, key: &str, value: Option<&str>) -> String {
    let Value::Table(mut all) = parsed(text) else { panic!("{text}") };
    let table = match all.get_mut("x").unwrap() {
        Value::Table(table) => table,
        Value::Array(list) => list[0].as_table_mut().unwrap(),
        other => panic!("{other} holds no `{key}`"),
    };
    match value {
        Some(value) => drop(table.insert(key.to_owned(), parsed(value)["x"].clone())),
        None => drop(table.remove(key)),
    }
    all["x"].to_string()
}

fn parsed(value: &str) -> Value {
    toml::from_str(&format!("x = {value}")).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// The same, of the tables that have to do with this one.
fn around(table: &Table) -> Document {
    everything().only(|heading| is_wecom(heading) == is_wecom(table.headings[0]))
}

fn is_wecom(heading: &str) -> bool {
    heading.starts_with("[wecom.")
}

/// Every key but the examples of rules, which are tried and so depend on the others.
fn everything() -> Document {
    Document::of(|_, key| !matches!(key.name, "hit" | "miss"))
}

/// Every row, with the table it is in and how it is told of.
fn rows() -> impl Iterator<Item = (&'static Table, &'static Key, String)> {
    let place = |table: &Table| table.kind.map_or(table.headings[0].to_owned(), |kind| format!("a {kind} rule"));
    all().flat_map(move |table| {
        table.rows().iter().map(move |key| (table, key, format!("`{}` of {}", key.name, place(table))))
    })
}

fn what(takes: &Takes) -> String {
    match takes {
        Takes::Text(_) => "a text".to_owned(),
        Takes::Word(words) => words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("|"),
        Takes::Flag => "true or false".to_owned(),
        Takes::Number(number) => format!("{number:?}"),
        Takes::Rate(rate) => format!("{rate:?}"),
        Takes::Id => "an id".to_owned(),
        Takes::Ids => "a list of ids".to_owned(),
        Takes::Texts(_) | Takes::Words(_) => "a list of texts".to_owned(),
        Takes::Inline | Takes::Other(_) => String::new(),
    }
}

/// The table that a heading is in, and its key there: `[profile.NAME.welcome]` is `welcome` of `[profile.NAME]`.
fn parent(heading: &str) -> (String, String) {
    let path = heading.trim_matches(['[', ']']);
    let mut parts: Vec<&str> = path.split('.').collect();
    if parts.last().is_some_and(|last| last.chars().all(|c| c.is_uppercase() || c == '"')) {
        parts.pop();
    }
    let key = parts.pop().unwrap_or_default().to_owned();
    (if parts.is_empty() { help::TOP.to_owned() } else { format!("[{}]", parts.join(".")) }, key)
}

#[test]
fn each_key_that_is_asked_for_has_a_row_and_each_row_is_asked_for() {
    ASKED.set(Some(BTreeMap::new()));
    everything().sound("every key at its example");
    let asked = ASKED.take().unwrap();
    let mut expected = BTreeMap::new();
    let mut tables = BTreeSet::new();
    for table in all().filter(|table| table.kind.is_none()) {
        for heading in table.headings {
            tables.insert(parent(heading));
            let rows: Vec<_> = match &table.keys {
                Keys::Are(keys) => keys.iter().map(|key| (key.name, what(&key.takes))).collect(),
                Keys::Commands => COMMANDS.iter().map(|info| (info.key, "a list of texts".to_owned())).collect(),
                Keys::Notices => notices::all().map(|kind| (kind.name, "a text".to_owned())).collect(),
            };
            expected.extend(rows.into_iter().map(|(key, what)| (((*heading).to_owned(), key.to_owned()), what)));
        }
    }
    let mut wrong = Vec::new();
    for (at, what) in asked.iter().filter(|(at, _)| !tables.contains(*at)) {
        let (heading, key) = at;
        match expected.get(at) {
            Some(row) if row == what => {}
            Some(row) => wrong.push(format!("`{key}` of {heading}: its row says {row}, its reader takes {what}")),
            None => wrong.push(format!("add a row for `{key}` of {heading} ({what}) in src/config/keys/")),
        }
    }
    for (heading, key) in expected.keys().chain(&tables).filter(|at| !asked.contains_key(*at)) {
        wrong.push(format!("take out the row of `{key}` of {heading} in src/config/keys/, or read it"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The names that a fault of serde or of ours lists.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_kind_of_rule_has_the_rows_of_its_fields() {
    let fields_of = |kind: &Kind, text: &str| -> BTreeSet<String> {
        let error = ValueDeserializer::parse(text).and_then(|keys| (kind.read)(keys)).err();
        let error = error.unwrap_or_else(|| panic!("{} takes any key: deny_unknown_fields", kind.name));
        quoted(error.message()).into_iter().filter(|name| *name != "no_such_key").map(str::to_owned).collect()
    };
    for kind in KINDS {
        let table = all().find(|table| table.kind == Some(kind.name));
        let table = table.unwrap_or_else(|| panic!("add Table::kind({:?}, …) to src/config/keys/kinds.rs", kind.name));
        let named = |outer: &str| -> BTreeSet<String> {
            let inner = |key: &Key| match key.name.rsplit_once('.') {
                Some((of, name)) => (of == outer).then(|| name.to_owned()),
                None => outer.is_empty().then(|| key.name.to_owned()),
            };
            table.rows().iter().filter_map(inner).collect()
        };
        let same = |outer: &str, fields: BTreeSet<String>| {
            assert_eq!(
                named(outer),
                fields,
                "rows in src/config/keys/kinds.rs, and fields of a {} rule {outer}",
                kind.name
            );
        };
        same("", fields_of(kind, "{ no_such_key = 1 }"));
        for key in table.rows().iter().filter(|key| matches!(key.takes, Takes::Inline)) {
            let inside = edited(key.example, "no_such_key", Some("1"));
            same(key.name, fields_of(kind, &format!("{{ {} = {inside} }}", key.name)));
        }
    }
    for kind in all().filter_map(|table| table.kind) {
        assert!(KINDS.iter().any(|one| one.name == kind), "there is no kind {kind} any more");
    }
}

#[test]
fn the_ranges_are_those_that_hold() {
    for (table, key, place) in rows() {
        let (inside, outside, range) = match &key.takes {
            Takes::Number(number) => {
                let (least, greatest) = (i64::from(*number.range.start()), i64::from(*number.range.end()));
                let usual = i64::from(number.default);
                (
                    [least, usual, greatest].map(|n| n.to_string()),
                    [least - 1, greatest + 1].map(|n| n.to_string()),
                    format!("from {least} to {greatest}"),
                )
            }
            Takes::Rate(rate) => {
                let (least, greatest) = (rate.range.start(), rate.range.end());
                (
                    [*least, rate.default, *greatest].map(|n| n.to_string()),
                    [least / 2.0, greatest * 1.1].map(|n| n.to_string()),
                    format!("from {least} to {greatest}"),
                )
            }
            _ => continue,
        };
        for value in inside {
            around(table).with(table, key, Some(&value)).sound(&format!("{place} can be {value}"));
        }
        for value in outside {
            let faults = around(table).with(table, key, Some(&value)).read().err();
            let faults = faults.unwrap_or_else(|| panic!("{place} can be {value}, out of its row's range"));
            let said = |fault: &Fault| {
                fault.message.contains(&range) || fault.help.as_deref().is_some_and(|help| help.contains(&range))
            };
            assert!(faults.iter().any(said), "{place} = {value} is not refused as `{range}`: {faults:#?}");
        }
    }
}

#[test]
fn the_words_are_those_that_are_taken() {
    for (table, key, place) in rows() {
        let (words, list) = match key.takes {
            Takes::Word(words) => (words, false),
            Takes::Words(words) => (words, true),
            _ => continue,
        };
        let value = |word: &str| if list { format!("[{word:?}]") } else { format!("{word:?}") };
        for (word, _) in words {
            around(table).with(table, key, Some(&value(word))).sound(&format!("{place} can be {word}"));
        }
        let faults = around(table).with(table, key, Some(&value("没有这个词"))).read().expect_err(&place);
        let words: BTreeSet<&str> = words.iter().map(|(word, _)| *word).collect();
        let offers: Vec<_> = faults.iter().filter_map(|fault| fault.help.as_deref()).map(quoted).collect();
        assert!(offers.contains(&words), "words of {place}: {words:?}; what is offered instead of another: {offers:?}");
    }
}

/// Texts in which the rules at their examples find something, or not.
const PROBES: &[&str] = &[
    "加微信",
    "加薇芯",
    "低价代购",
    "参加微信读书",
    "加 Ｖ 12345678",
    "加v12345",
    "看 docs.qq.com/x",
    "看 t.cn/x",
    "看 s.example.cn/x，加我",
    "微信 our_service，代开发票",
    "13812345678",
    "电话 400-800-1234，加我",
    "电话 13812345678，加我",
    "电话 13812345678，低价代购",
    "电话 13812345678，都是骗子，加我",
    "电话 一三八一二三四五六七八，都是骗子，加我",
    "加我，以后有事打这个电话，不管白天晚上都可以打，打不通就过一会儿再打，一定会接的，不急的话也可以发短信，13812345678",
    "看 example.com",
    "兼职日结，私聊",
    "兼职日结",
    "兼职日结，私聊，都是骗子",
    "日结，私聊",
    "兼职日结，联xi我",
    "兼职，联xi我",
    "谨防字数超过了十五个字的一条很长很长的消息",
    "谨防字数超过了十五个字的一条很长的消息，私聊我",
    "@所有人",
];

/// Messages of which they find something, by whom.
fn probes() -> Vec<Message> {
    let said = |name: &str, content| Message {
        sender: Person { name: name.into(), ..Person::default() },
        content,
        ..Message::default()
    };
    let text = |text: &str| Segment::Text(text.into());
    let image = || Segment::Image { url: None };
    let file = |name: &str| Segment::File { name: Some(name.into()), size: Some(300 << 20) };
    let card = |title: &str| Segment::Card { title: Some(title.into()) };
    let video = || Segment::Video { seconds: None };
    let content = vec![
        vec![image(), image(), image(), video()],
        vec![file("a.apk"), file("a.zip"), file("a\u{202E}.pdf")],
        vec![card("三号店"), card("领券"), Segment::RedPacket, Segment::Other("mini_program".into())],
        vec![text("看 example.com")],
    ];
    let names = ["加微信", "低价代购", "加微信支付", "小王138 1234 5678", "小王13812345678", "张三-前台"];
    let all = content.into_iter().map(|content| said("", content));
    all.chain(names.map(|name| said(name, vec![text("好")]))).collect()
}

/// What ten members of two groups get for posting the same four times at night, just after they came.
fn posted(rules: &Ruleset, settings: &[RuleSetting], text: &str) -> Vec<String> {
    let (mut recent, mut scratch, mut found) = (Recent::default(), Scratch::default(), Vec::new());
    for no in 0..40_u64 {
        let user = no % 10;
        let who = ["东边", "南面", "西头", "北角", "楼上", "楼下", "门口", "车库", "花园", "天台"];
        let text = text.replace("{user}", &user.to_string()).replace("{who}", who[user as usize]);
        let message = Message { content: vec![Segment::Text(text.into())], ..Message::default() };
        rules.find(&message, &mut scratch);
        let (group, member) = (u128::from(user % 2), MemberKey(u128::from(user)));
        let time = Timestamp(23 * 3_600_000 + no as i64);
        let sighting = Sighting {
            group: GroupKey(group),
            member,
            user,
            time,
            piece: None,
            text: None,
            images: 0,
            videos: 0,
            links: link_keys(&message, &scratch.text),
            sketch: sketch(&scratch.text, 8),
            things: thing_keys(&message, &scratch.text),
            heats: scratch.heats,
        };
        recent.note(rules.needs(), &sighting);
        let moment =
            Moment { time, zone: &jiff::tz::TimeZone::UTC, joined: Some(Timestamp(time.0 - 1)), edited: false };
        rules.find_at(&message, moment, Some((&recent, member)), settings, &mut scratch);
        rules.find_recent(&recent, &sighting, &message, moment, &mut scratch);
        found.push(format!("{no}: {:?}", scratch.hits));
    }
    found
}

/// Everything that a configuration comes to, to be compared.
fn comes_to(config: &Config) -> impl PartialEq + use<> {
    let settings = &config.settings;
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    for text in PROBES {
        settings.rules.find_in_text(text, &mut scratch);
        found.extend(scratch.hits.iter().map(|hit| format!("{text}: {hit:?}")));
    }
    let settings_of: Vec<RuleSetting> =
        settings.rules.infos().iter().map(|info| RuleSetting { mode: Mode::On, ..info.setting }).collect();
    for message in probes() {
        settings.rules.find(&message, &mut scratch);
        let time = Timestamp(23 * 3_600_000);
        let moment =
            Moment { time, zone: &jiff::tz::TimeZone::UTC, joined: Some(Timestamp(time.0 - 1)), edited: false };
        settings.rules.find_at(&message, moment, None, &settings_of, &mut scratch);
        settings.rules.add_name(&message.sender.name, &mut scratch);
        found.push(format!("{message:?}: {:?}", scratch.hits));
    }
    let ad = Segment::Text("招聘线上兼职，一天三百，日结，感兴趣的私聊我".into());
    let ad = Message { content: vec![ad], ..Message::default() };
    settings.rules.find(&ad, &mut scratch);
    settings.rules.find_learned(&ad, Learned::default(), &mut scratch);
    let explained = scratch.hits.iter().map(|hit| settings.rules.explain(hit, &scratch.text.original));
    found.extend(explained.map(|how| format!("{how:?}")));
    let same = "这一段话大家说得都差不多，只有这里不一样";
    let pushed = [
        "docs.qq.com/page",
        "a{user}.example.com/page",
        &format!("{same}{{user}}"),
        &format!("接龙，{same}{{user}}"),
        &format!("{{who}}的人，{same}，{{who}}的"),
        "退款",
        "低价代购",
        "加微信",
    ];
    found
        .extend((0..).zip(settings.rules.infos()).map(|(id, _)| format!("{:?}", settings.rules.pieces_of(RuleId(id)))));
    for text in pushed {
        found.extend(posted(&settings.rules, &settings_of, text));
    }
    found.extend(config.warnings.iter().map(|fault| fault.message.clone())); // of rules without examples
    let daemon = format!("{:?}", Daemon { bridges: Vec::new(), ..config.daemon.clone() });
    let rules = format!("{:?} {:?} {found:?}", settings.rules.infos(), settings.rules.needs());
    let platforms = format!("{:?}", settings.platforms.iter().collect::<BTreeMap<_, _>>());
    let everywhere =
        format!("{:?} {:?} {:?} {:?}", settings.unknown_groups, settings.dedupe, settings.company, settings.retention);
    let everywhere = format!("{everywhere} {:?}", settings.reminders);
    let alarms = (settings.silence, settings.disk, format!("{:?} {:?}", settings.backup, settings.pictures));
    let policies = (settings.default_policy.clone(), settings.groups.clone());
    (daemon, config.daemon.bridges.clone(), rules, platforms, everywhere, alarms, policies)
}

/// In two halves, which run beside each other: it takes longer than all other tests of its kind.
#[test]
fn what_holds_without_a_key_is_what_its_row_says() {
    what_holds_without(|row| row % 2 == 0);
}

#[test]
fn what_holds_without_each_other_key_is_what_its_row_says() {
    what_holds_without(|row| row % 2 == 1);
}

fn what_holds_without(wanted: impl Fn(usize) -> bool) {
    let needed = |key: &Key| matches!(key.absent, Absent::Required);
    // a reminder says something, or shows a picture
    let is_said = |key: &Key| key.name == "text";
    // what a kind takes besides may hide what a key of it does, or be needed: both are tried
    let of_rules = [
        Document::of(|table, key| needed(key) || is_said(key) || table.kind.is_some()),
        Document::of(|table, key| {
            let one_of = ["combination", "pictures", "mentions", "files", "cards", "newcomers"];
            let some = table.kind.is_some_and(|kind| one_of.contains(&kind));
            needed(key) || is_said(key) || some || matches!(key.name, "words" | "by_member" | "text_command")
        }),
    ]
    .map(|document| document.only(|heading| !is_wecom(heading)));
    // a 智能机器人 that has a connection takes no callbacks
    let of_wecom = [
        Document::of(|_, key| needed(key)),
        Document::of(|_, _| true),
        Document::of(|table, key| {
            let called = table.headings[0].contains(".aibot.") && !matches!(key.name, "listen" | "secret_env");
            needed(key) || called
        }),
    ]
    .map(|document| document.only(is_wecom));
    for (_, (table, key, place)) in rows().enumerate().filter(|(row, _)| wanted(*row)) {
        let bases = if is_wecom(table.headings[0]) { &of_wecom[..] } else { &of_rules[..] };
        let usual = match &key.takes {
            Takes::Number(number) => number.default.to_string(),
            Takes::Rate(rate) => rate.default.to_string(),
            _ => String::new(),
        };
        let default = match key.absent {
            Absent::Required => {
                let faults = around(table).with(table, key, None).read().err();
                assert!(faults.is_some(), "{place} may be left out: its row needs .or(\"…\") or .or_else(\"…\")");
                continue;
            }
            Absent::Means(_) if key.instead_of.is_some() => continue,
            Absent::Means(_) if is_said(key) => {
                around(table).with(table, key, None).sound(&format!("{place} may be left out"));
                continue;
            }
            Absent::Means(_) => {
                bases[0].with(table, key, None).sound(&format!("{place} may be left out"));
                continue;
            }
            Absent::Usual => usual.as_str(),
            Absent::Value(value) => value,
        };
        let mut seen = parsed(default) == parsed(key.example);
        let left_out = |base: &&Document| base.with(table, key, None).read().is_ok();
        assert!(bases.iter().any(|base| left_out(&base)), "{place} may not be left out");
        for base in bases.iter().filter(left_out) {
            let with = |value| base.with(table, key, value).sound(&format!("{place} = {value:?}"));
            let (without, with_default) = (comes_to(&with(None)), comes_to(&with(Some(default))));
            assert!(without == with_default, "{place} is not {default} where it is not written");
            seen |= with_default != comes_to(&with(Some(key.example)));
        }
        assert!(
            seen,
            "{place} = {} is as {default}: give another example, or let `comes_to` look at more",
            key.example
        );
    }
}

#[test]
fn what_is_written_instead_can_be() {
    for (table, key, place) in rows().filter(|(_, key, _)| key.instead_of.is_some()) {
        let document = around(table).with(table, key, Some(key.example));
        let faults = document.read().err().unwrap_or_default();
        let unreadable = |fault: &&Fault| fault.message.contains("the file cannot be read");
        let other: Vec<_> = faults.iter().filter(|fault| fault.level == Level::Error && !unreadable(fault)).collect();
        assert!(other.is_empty(), "{place}: {other:#?}");
    }
}

#[test]
fn what_a_kind_of_rule_lacks_or_cannot_hold_is_told_by_its_row() {
    let rows = [
        ("quiet_hours", "to = \"06:00\"", "a quiet_hours rule needs `from`", "for example: from = \"22:00\""),
        (
            "keywords",
            "words = [\"加微信\"]\npieces = 99999999999999999999",
            "`pieces` must be from 0 to 600 seconds: this one is too large",
            "60 is usual",
        ),
    ];
    for (kind, keys, message, help) in rows {
        let text = format!("[[rule]]\nname = \"a\"\nkind = \"{kind}\"\ntitle = \"t\"\nmode = \"off\"\n{keys}\n");
        let faults = from_files(Path::new("."), &super::files(&[("a.toml", &text)]), &no_env).unwrap_err();
        let [fault] = &faults[..] else { panic!("{faults:#?}") };
        assert!(fault.message.contains(message), "{fault:#?}");
        assert!(fault.help.as_deref().is_some_and(|given| given.contains(help)), "{fault:#?}");
    }
}

#[test]
fn a_mistake_in_a_rule_is_told_with_an_example_of_its_row() {
    let rows = [
        ("lists = \"x.txt\"", "for example: lists = [\"../../wordlists/ads.txt\"]"),
        ("words = \"加微信\"", "for example: words = [\"加微信\", \"代开发票\"]"),
        ("words = [\"加微信\"]\nwindows = []", "`windows` belongs in a flood rule"),
        ("words = [\"加微信\"]\n\"例外\" = [\"a\"]", "did you mean `exceptions`?"),
        ("words = [\"加微信\"]\npieces = 99999999999999999999", "60 is usual"),
        ("lists = ['..\\a.txt']", "write / instead of \\"),
        ("lists = [\"~/a.txt\"]", "~ is not known"),
        ("lists = [\"no.txt\"]", "begins in the folder"),
    ];
    for (keys, help) in rows {
        let text = format!("[[rule]]\nname = \"a\"\nkind = \"keywords\"\ntitle = \"t\"\nmode = \"off\"\n{keys}\n");
        let faults = from_files(Path::new("."), &super::files(&[("a.toml", &text)]), &no_env).unwrap_err();
        assert!(
            faults.len() == 1 && faults[0].help.as_deref().is_some_and(|given| given.contains(help)),
            "{faults:#?}"
        );
    }
}
