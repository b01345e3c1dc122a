//! The documentation of commands is made from the one table of them. `QUNWEI_WRITE_DOCS=1` writes it; without, it is compared.

use std::fmt::Write as _;

use qunwei::adapters::wecom::errcode;
use qunwei::domain::command::{Asked, COMMANDS, CommandInfo, Typed, parse};
use qunwei::domain::event::{Message, Role, Segment};

use crate::support::root;

const ERRCODES: &str =
    "errcodes: made from src/adapters/wecom/errcode.rs by QUNWEI_WRITE_DOCS=1 cargo test --test it docs";

const MARK: &str = "commands: made from src/domain/command/mod.rs by QUNWEI_WRITE_DOCS=1 cargo test --test it docs";

/// What people write, by a command's key. `@小王` is a mention, `@群卫` one of the bot.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("help", &["/帮助", "／帮助 禁言", "@群卫 怎么用"]),
    ("rules", &["/群规", "@群卫 群规"]),
    ("record", &["/我的记录", "@群卫 我的记录"]),
    ("report", &["/举报", "/举报 天天发广告", "@群卫 举报"]),
    ("warn", &["/警告 @小王 刷屏", "/warn @小王 @小李 吵架"]),
    (
        "mute",
        &[
            "/禁言 @小王",
            "/禁言 @小王 半小时 刷屏",
            "／禁言@小王两天",
            "/mute @小王 2h30m",
            "@群卫 禁言 @小王 到明天早上8点",
        ],
    ),
    ("unmute", &["/解禁 @小王"]),
    ("remove", &["/移出 @小王 发广告 确认", "/kick @小王 confirm"]),
    ("case", &["/案件 12", "/案件第十二号"]),
    ("undo", &["/撤销 12", "/撤销 案件十二", "/撤销 改3", "/undo #12"]),
    ("add_word", &["/加词 学区房", "/加词 学区房、内部认购 “低价 代购”"]),
    ("drop_word", &["/删词 兼职刷单"]),
    ("words", &["/词表", "/词表 加微信"]),
    ("try", &["/试 有需要的加V信 abc123"]),
    (
        "remind",
        &[
            "/提醒 明天9点 开会",
            "/提醒 半小时后 关火",
            "/提醒 12月1日下午3点 @小王 交作业",
            "/提醒 每天早上8点 打卡",
            "/提醒 每周一 9:00 例会",
            "/提醒 每月第一个周一 10点 交房租",
            "/提醒 工作日 18:00 下班",
            "/remind tomorrow 9am stand-up",
            "/提醒 列表",
            "/提醒 删除 3",
            "/确认 3",
        ],
    ),
    ("status", &["/状态"]),
    ("stop", &["/停", "@群卫 停"]),
    ("resume", &["/恢复"]),
    ("reload", &["/重载"]),
];

const ROLES: [(Role, &str, &str); 4] = [
    (Role::Owner, "群主", "owner"),
    (Role::Admin, "管理员", "admin"),
    (Role::TrialAdmin, "实习管理员", "trial_admin"),
    (Role::Member, "成员", "member"),
];

fn examples(info: &CommandInfo) -> &'static [&'static str] {
    let found = EXAMPLES.iter().find(|(key, _)| *key == info.key);
    found.unwrap_or_else(|| panic!("give `{}` a row in EXAMPLES", info.key)).1
}

fn who(info: &CommandInfo, english: bool) -> String {
    let may = ROLES.iter().filter(|(role, ..)| info.roles.contains(role));
    may.map(|(_, chinese, name)| if english { *name } else { *chinese }).collect::<Vec<_>>().join(if english {
        ", "
    } else {
        "、"
    })
}

fn names(info: &CommandInfo) -> String {
    info.names.iter().skip(1).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

fn table(english: bool) -> String {
    let head = if english {
        "| command | also | who may | does |"
    } else {
        "| 命令 | 也可以写 | 谁能用 | 做什么 |"
    };
    let mut table = format!("{head}\n|---|---|---|---|\n");
    for info in COMMANDS {
        let about = if english { info.about_en } else { info.about };
        let usage = info.usage.replace('|', "\\|");
        let _ = writeln!(table, "| {usage} | {} | {} | {about} |", names(info), who(info, english));
    }
    table
}

fn pages() -> String {
    let mut text = String::new();
    for info in COMMANDS {
        let roles: Vec<String> = who(info, true).split(", ").map(|role| format!("\"{role}\"")).collect();
        let shown: Vec<String> = examples(info).iter().map(|example| format!("- `{example}`")).collect();
        let _ = write!(
            text,
            "### {}\n\n{}。\n*{}.*\n\n也可以写 (also): {}。谁能用 (who may): {}，`{} = [{}]`。\n\n{}\n\n",
            info.usage,
            info.about,
            capital(info.about_en),
            names(info),
            who(info, false),
            info.key,
            roles.join(", "),
            shown.join("\n")
        );
    }
    text.trim_end().to_owned() + "\n"
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What a file has between its marks is what was `made`; with `QUNWEI_WRITE_DOCS=1` it is written there.
pub(super) fn made_anew(file: &str, mark: &str, made: &str) {
    let path = root().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- {mark} -->");
    let end = format!("<!-- end of {} -->", mark.split(':').next().unwrap());
    let (head, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{file} has no mark {begin}"));
    let (_, tail) = rest.split_once(&end).unwrap_or_else(|| panic!("{file} has no mark {end}"));
    let new = format!("{head}{begin}\n\n{made}\n{end}{tail}");
    if std::env::var_os("QUNWEI_WRITE_DOCS").is_some() {
        std::fs::write(&path, new).unwrap();
    } else {
        assert!(text == new, "{file} is not what the tables say: run QUNWEI_WRITE_DOCS=1 cargo test --test it docs");
    }
}

#[test]
fn the_documentation_of_commands_is_that_of_the_table() {
    for (file, made) in [("README.md", table(true)), ("README.zh-CN.md", table(false)), ("docs/commands.md", pages())] {
        made_anew(file, MARK, &made);
    }
}

/// WeCom's error codes, a row each, in both languages.
fn errcodes() -> String {
    let mut table =
        "| errcode | 意思 · meaning | 群卫怎么办 · Qunwei | 您怎么办 · you | 文档 |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in errcode::table() {
        let both = |[english, chinese]: [&str; 2]| format!("{chinese}<br>*{english}*");
        let (meaning, class, advice) = (both(row.meaning), both(row.class.words()), both(row.advice));
        let _ = writeln!(table, "| {} | {meaning} | {class} | {advice} | {} |", row.code, row.source);
    }
    table
}

#[test]
fn the_documentation_of_error_codes_is_that_of_the_table() {
    made_anew("docs/wecom.md", ERRCODES, &errcodes());
}

/// As a platform would send it.
fn message(text: &str) -> Message {
    let mut content = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at);
        let name = ["@群卫", "@小王", "@小李"].into_iter().find(|name| after.starts_with(name)).expect("a known name");
        if !before.is_empty() {
            content.push(Segment::Text(before.into()));
        }
        content.push(Segment::Mention { user: name[1..].into(), name: name[1..].into() });
        rest = &after[name.len()..];
    }
    if !rest.is_empty() {
        content.push(Segment::Text(rest.into()));
    }
    Message { content, ..Message::default() }
}

#[test]
fn every_example_is_the_command_it_is_an_example_of() {
    let now = "2026-11-25T10:00:00+08:00[Asia/Shanghai]".parse().unwrap();
    let asked = Asked { bot: Some("群卫"), quoted: None, unmet: None, now };
    for info in COMMANDS {
        assert!(!examples(info).is_empty());
        for example in examples(info) {
            match parse(&message(example), &asked) {
                Some(Typed::Command(command)) => assert_eq!(command.name(), info.name, "{example}"),
                other => panic!("{example} was read as {other:?}"),
            }
        }
    }
    for (key, _) in EXAMPLES {
        assert!(COMMANDS.iter().any(|info| info.key == *key), "there is no command `{key}` any more");
    }
}
