//! `docs/config.md` is made from the tables of keys, of commands, of notices and of the command line.

use std::collections::BTreeSet;

use qunwei::config::SHIPPED;
use qunwei::config::keys::{Absent, Key, Keys, Table, Takes, all};
use qunwei::domain::command::COMMANDS;
use qunwei::domain::event::Role;
use qunwei::domain::notices::{self, Vars};

use crate::docs::made_anew;
use crate::support::root;

const MARK: &str = "config: made from src/config/keys/ by QUNWEI_WRITE_DOCS=1 cargo test --test it docs";

/// The units of numbers, in Chinese.
const UNITS: &[(&str, &str)] = &[
    ("KiB", "KiB"),
    ("MB", "MB"),
    ("actions", "个"),
    ("alerts", "条"),
    ("backups", "份"),
    ("characters", "字"),
    ("MiB", "MiB"),
    ("days", "天"),
    ("events", "个"),
    ("groups", "个群"),
    ("hours", "小时"),
    ("in 10,000 messages", "条（每一万条）"),
    ("decided cases", "件"),
    ("percent", "%"),
    ("inputs", "条"),
    ("joins", "人"),
    ("members", "人"),
    ("megapixels", "百万像素"),
    ("messages", "条"),
    ("minutes", "分钟"),
    ("mutes", "人"),
    ("names", "个"),
    ("notices", "条"),
    ("percent", "%"),
    ("pictures", "张"),
    ("points", ""),
    ("reminders", "条"),
    ("reports", "条"),
    ("removals", "人"),
    ("requests", "次"),
    ("seconds", "秒"),
    ("times", "次"),
    ("times the usual", "倍"),
    ("(a number of the group's rules)", ""),
];

/// What a notice may name, in Chinese.
const VARIABLES: &[(&str, &str)] = &[
    ("name", "成员的名字；警报里是机器人（桥）的名字"),
    ("rule", "违反了什么（规则的 title）"),
    ("clause", "群规第几条（规则的 clause）；没写就没有"),
    ("case", "案件（或改动）的编号"),
    ("matched", "命中的字，只露第一个字"),
    ("next", "再违规会怎样"),
    ("appeal", "怎么申诉，就是 appeal 那一条"),
    ("until", "到什么时候"),
    ("time", "什么时候"),
    ("days", "一次违规记多少天"),
    ("list", "清单"),
    ("done", "做了什么"),
    ("wanted", "请管理员做什么"),
    ("why", "为什么"),
    ("more", "另有几个"),
    ("count", "一共几个"),
    ("seconds", "多少秒"),
    ("group", "哪个群"),
    ("what", "提示的内容"),
    ("channel", "对从某个渠道来的人另外说的话"),
    ("short_rules", "群规的短文"),
    ("text", "命令或文字；警报里是多久"),
    ("original", "原话，不遮盖；只在单独告诉管理员时用"),
    ("by", "谁做的"),
    ("hits", "看过的消息里有多少条会命中"),
    ("looked", "看了最近多少条消息"),
];

/// Variables of the environment that no option of the command line has.
const VARIABLES_OF_THE_ENVIRONMENT: &[(&str, &str)] = &[
    (
        "QUNWEI_EXAMPLE_SECRET、QUNWEI_EXAMPLE_ACTIONS_URL",
        "出厂的 [bridge.example] 用的密钥和地址；别的桥用什么变量，由它的 secret_env、actions_url_env 说",
    ),
    ("RUST_LOG", "日志写多细，比 -v 更细，例如 qunwei=debug"),
];

fn zh<'t>(table: &[(&str, &'t str)], word: &str, name: &str) -> &'t str {
    let found = table.iter().find(|(english, _)| *english == word);
    found.unwrap_or_else(|| panic!("give `{word}` a row in {name} of tests/it/docs_config.rs")).1
}

fn words(words: &[(&str, &str)]) -> String {
    words.iter().map(|(word, about)| format!("`\"{word}\"` {about}")).collect::<Vec<_>>().join("；")
}

fn takes(takes: &Takes) -> String {
    match takes {
        Takes::Text(what) => format!("文字：{what}"),
        Takes::Word(of) => words(of),
        Takes::Flag => "`true` 或 `false`".to_owned(),
        Takes::Number(number) => {
            let unit = zh(UNITS, number.unit, "UNITS");
            format!("整数 {}–{} {unit}", number.range.start(), number.range.end()).trim().to_owned()
        }
        Takes::Rate(rate) => {
            let unit = zh(UNITS, rate.unit, "UNITS");
            format!("数 {}–{} {unit}（可以有小数）", rate.range.start(), rate.range.end())
        }
        Takes::Id => "编号（文字或整数）".to_owned(),
        Takes::Ids => "编号的列表".to_owned(),
        Takes::Texts(what) => format!("列表：{what}"),
        Takes::Words(of) => format!("列表，可以写：{}", words(of)),
        Takes::Inline => "大括号里另写".to_owned(),
        Takes::Other(what) => (*what).to_owned(),
    }
}

fn absent(key: &Key) -> String {
    match (&key.absent, &key.takes, key.instead_of) {
        (_, _, Some(other)) => format!("代替 `{other}`"),
        (Absent::Usual, Takes::Number(number), _) => format!("`{}`", number.default),
        (Absent::Usual, Takes::Rate(rate), _) => format!("`{}`", rate.default),
        (Absent::Usual, ..) => panic!("`{}` has no usual number", key.name),
        (Absent::Value(value), ..) => format!("`{value}`"),
        (Absent::Means(what), ..) => (*what).to_owned(),
        (Absent::Required, ..) => "**必须写**".to_owned(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "\\n")
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "))
}

fn head(cells: &[&str]) -> String {
    format!("{}{}|\n", row(cells), "|---".repeat(cells.len()))
}

fn keys(rows: &[Key]) -> String {
    let mut text = head(&["键", "写什么", "不写时", "说明", "例", "生效"]);
    for key in rows {
        let when = if key.at_start { "重启后" } else { "保存后" };
        let example = format!("`{}`", key.example);
        text += &row(&[&format!("`{}`", key.name), &takes(&key.takes), &absent(key), key.about, &example, when]);
    }
    text
}

fn commands() -> String {
    const ROLES: [(Role, &str); 5] = [
        (Role::Owner, "owner"),
        (Role::Admin, "admin"),
        (Role::TrialAdmin, "trial_admin"),
        (Role::Member, "member"),
        (Role::Bot, "bot"),
    ];
    let mut text = head(&["键", "命令", "不写时", "生效"]);
    for info in COMMANDS {
        let may: Vec<_> = ROLES.iter().filter(|(role, _)| info.roles.contains(role)).map(|(_, name)| *name).collect();
        text += &row(&[&format!("`{}`", info.key), info.usage, &format!("`{may:?}`"), "保存后"]);
    }
    text
}

/// When a notice is said: the comment above it in the shipped file.
fn said_when(name: &str) -> &'static str {
    let (_, shipped) = SHIPPED.iter().find(|(path, _)| *path == "config/notices.toml").expect("it is shipped");
    let start = format!("# {name} = ");
    let lines: Vec<&str> = shipped.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(&start));
    let above = at.and_then(|at| lines.get(at.checked_sub(1)?)?.strip_prefix("# "));
    above.unwrap_or_else(|| panic!("say above `{start}` in config/notices.toml when it is said"))
}

fn notices() -> String {
    let mut text = head(&["键", "什么时候说", "不写时", "生效"]);
    for kind in notices::all() {
        text += &row(&[&format!("`{}`", kind.name), said_when(kind.name), &format!("`{}`", kind.default), "保存后"]);
    }
    let real = serde_json::to_value(Vars::default()).unwrap();
    let real: BTreeSet<&str> = real.as_object().unwrap().keys().map(String::as_str).collect();
    let told: BTreeSet<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(told, real, "VARIABLES of tests/it/docs_config.rs, and the fields of `Vars`");
    text += "\n`{{ … }}` 会换成具体的内容，`{% if … %}…{% endif %}` 是“有才写”。出厂的说法里用到的，那一条里就有内容；别的可能是空的。写错的变量检查时会说。\n\n";
    text += &head(&["变量", "是什么"]);
    for (name, about) in VARIABLES {
        text += &row(&[&format!("`{name}`"), about]);
    }
    text
}

fn table(table: &Table) -> String {
    let headings: Vec<_> = table.headings.iter().map(|heading| format!("`{heading}`")).collect();
    let title = match table.kind {
        Some(kind) => format!("`[[rule]]`，`kind = \"{kind}\"`"),
        None => headings.join("、"),
    };
    let keys = match &table.keys {
        Keys::Are(rows) => keys(rows),
        Keys::Commands => commands(),
        Keys::Notices => notices(),
    };
    format!("### {title}\n\n{}\n\n{keys}\n", table.about)
}

/// The options of a command: how written, their variable, their default, what they do.
fn options(command: &clap::Command) -> String {
    let mut text = String::new();
    for option in command.get_arguments().filter(|option| option.get_id() != "help" && option.get_id() != "version") {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        let value =
            option.get_value_names().filter(|_| option.get_action().takes_values()).map(|names| names[0].as_str());
        let written = [short, long].into_iter().flatten().collect::<Vec<_>>().join("、");
        let written = [Some(written.as_str()).filter(|name| !name.is_empty()), value]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let variable = option.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
        let default: Vec<_> =
            option.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
        let default = if option.get_action().takes_values() { default.concat() } else { String::new() };
        let about = option.get_help().map(ToString::to_string).unwrap_or_default();
        text += &row(&[&format!("`{written}`"), &variable, &default, &about]);
    }
    text
}

fn one_command(command: &clap::Command, header: &str, name: &str) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let own = options(command);
    let own = if own.is_empty() { "没有别的选项。\n".to_owned() } else { format!("{header}{own}") };
    format!("### `{name}`\n\n{about}\n\n{own}\n")
}

fn command_line() -> String {
    let command = qunwei::cli::command();
    let global = options(&command);
    let header = head(&["选项", "环境变量", "不写时", "作用"]);
    let mut text = format!(
        "## 命令行\n\n选项写在环境变量前面算数；`--help` 里每个命令都有例子。所有命令都有：\n\n{header}{global}\n"
    );
    for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
        text += &one_command(one, &header, &format!("qunwei {}", one.get_name()));
        let name = one.get_name().to_owned();
        for below in one.get_subcommands().filter(|below| below.get_name() != "help") {
            text += &one_command(below, &header, &format!("qunwei {name} {}", below.get_name()));
        }
    }
    text += "## 没有对应选项的环境变量\n\n";
    text += &head(&["变量", "作用"]);
    for (name, about) in VARIABLES_OF_THE_ENVIRONMENT {
        text += &row(&[&format!("`{name}`"), about]);
    }
    text
}

#[test]
fn the_reference_of_the_configuration_is_that_of_the_tables() {
    let tables: String = all().map(table).collect();
    let made = format!("## 各节各键\n\n{tables}{}", command_line());
    made_anew("docs/config.md", MARK, &made);
}

#[test]
fn the_examples_in_the_reference_are_sound() {
    let text = std::fs::read_to_string(root().join("docs/config.md")).unwrap();
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    let of = |language: &str| blocks.iter().filter_map(|block| block.strip_prefix(language)).collect::<Vec<_>>();
    let (tomls, lists) = (of("toml\n"), of("text\n"));
    assert!(!tomls.is_empty() && lists.len() == 1, "{blocks:?}");
    for toml in tomls {
        let files = [("a.toml".to_owned(), toml.to_owned()), ("我的词.txt".to_owned(), lists[0].to_owned())];
        let config = qunwei::config::from_files(root(), &files, &|_| None)
            .unwrap_or_else(|faults| panic!("{toml}: {faults:#?}"));
        assert!(config.warnings.is_empty(), "{toml}: {:#?}", config.warnings);
    }
}
