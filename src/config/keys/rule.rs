//! `[[rule]]`: the keys that every rule has.

use super::group::MODE;
use super::{Key, Table, Takes};
use crate::config::rules::CLAUSE;

pub(super) const TABLES: &[Table] = &[
    Table::new(&["[[rule]]"], "一条规则：找什么。每条规则以 [[rule]] 开头，可以写很多条。", EVERY),
    Table::new(
        &["[[rule]]", "[profile.NAME.rule.\"RULE\"]", "[group.\"ID\".rule.\"RULE\"]"],
        "一条规则怎么管。写在 [[rule]] 里对所有群算数；写在档案或群里（RULE 是规则的名字，要加引号）只管那里，没写的照规则自己的。",
        SETTING,
    ),
];

pub(in crate::config) const EVERY: &[Key] = &[
    Key::new(
        "name",
        Takes::Text("字母、数字、汉字、. _ -，64 个以内"),
        r#""length.long""#,
        "规则的名字，不能重复；点前面的部分是类别",
    ),
    Key::new("kind", Takes::Text("规则的种类，见下面各节"), r#""length""#, "找的是什么样的东西；每种规则另有自己的键"),
    Key::new("title", Takes::Text("随便写"), r#""消息太长""#, "用大白话说是什么问题，通知里会写给群友看"),
    Key::new("category", Takes::Text("随便写"), r#""flood""#, "类别，统计用；没有人理的任务多久催，ads 和 opinion 另有时限（见 tasks）").or_else("名字里点前面的部分"),
    Key::number(CLAUSE, "2", "是你们群规的第几条").or_else("通知里不说第几条"),
    Key::new(
        "hit",
        Takes::Other("列表：每一项是一条消息的文字，或者一个表，见下面"),
        r#"["字数超过了十五个字的一条很长很长的消息"]"#,
        "应当抓到的例子；检查时会真的试一遍，不对就报错。要看好几条消息的规则（flood、repeat……）不写。不是文字的东西写成表：{ images = 4 }、{ videos = 1 }、{ file = \"a.apk\", megabytes = 20 }、{ link = \"https://…\" }、{ card = \"标题\" }、{ voice = \"…\" }、{ mention = \"all\" }、{ mentions = 12 }、{ red_packet = true }、{ other = \"mini_program\" }、{ name = \"昵称\" }；可以再写 text 文字、at = \"23:30\" 几点发的、joined_hours = 2 进群几小时了",
    )
    .or("[]"),
    Key::new(
        "unless",
        Takes::Texts("词；以 .txt 结尾的是词表文件"),
        r#"["是骗子", "谨防"]"#,
        "旁边（隔着不到 40 个字）有这些词就不算：提醒别人、转述、举报、打听的话",
    )
    .or("[]"),
    Key::new(
        "despite",
        Takes::Texts("词；以 .txt 结尾的是词表文件"),
        r#"["私聊我", "加我"]"#,
        "消息里有这些词，或者留了电话、微信号、QQ 号，unless 就不管用：招呼人来的话，免得拿提醒当挡箭牌",
    )
    .or("[]"),
    Key::new(
        "doubtful",
        Takes::Flag,
        "true",
        "找的是好人也常说的话：没有伪装过的，还要种类 score 的规则（写了 doubts 的）看上下文也觉得可疑，才算",
    )
    .or("false"),
    Key::new("miss", Takes::Other("同上"), r#"["早上好"]"#, "看着像、但不该抓的例子；同样会试一遍").or("[]"),
];

pub(in crate::config) const SETTING: &[Key] = &[
    Key::new("mode", Takes::Word(MODE), r#""observe""#, "这条规则用不用").or(r#""on""#),
    Key::new(
        "severity",
        Takes::Word(&[("minor", "一般"), ("serious", "重：多跳一步"), ("severe", "严重：多跳两步")]),
        r#""serious""#,
        "违反它有多严重",
    )
    .or(r#""minor""#),
    Key::new(
        "verdict",
        Takes::Word(&[("violation", "违规"), ("review", "不罚，只请管理员看一眼")]),
        r#""review""#,
        "抓到了算什么",
    )
    .or(r#""violation""#),
    Key::new("exempt_roles", Takes::Words(ROLES), r#"["owner", "admin"]"#, "不管哪些人")
        .or(r#"["owner", "admin", "bot"]"#),
    Key::new("delete", Takes::Flag, "false", "要不要撤回那条消息").or("true"),
];

/// Who somebody may be.
pub(in crate::config) const ROLES: &[(&str, &str)] =
    &[("owner", "群主"), ("admin", "管理员"), ("trial_admin", "实习管理员"), ("member", "成员"), ("bot", "机器人")];
