//! What each kind of rule takes besides ([`crate::domain::rules::KINDS`]).

use super::{Key, Number, Table, Takes};

pub(super) const TABLES: &[Table] = &[
    Table::kind("keywords", "词表里的词，不管怎么变着样写。", KEYWORDS),
    Table::kind("regex", "正则表达式。不熟悉的话请不要改。", REGEX),
    Table::kind("links", "网址和域名。", LINKS),
    Table::kind("flood", "一个人短时间里发太多条。", FLOOD),
    Table::kind("repeat", "反复发同样的话。三种数法至少写一种。", REPEAT),
    Table::kind("length", "太长的消息。", LENGTH),
];

/// A number of a kind: its range is what the kind's own reader takes, `usual` what it takes without.
const fn count(key: &'static str, least: u32, greatest: u32, unit: &'static str, usual: u32) -> Number {
    Number { key, range: least..=greatest, unit, default: usual }
}

const KEYWORDS: &[Key] = &[
    Key::new(
        "lists",
        Takes::Texts("词表文件"),
        r#"["../../wordlists/ads.txt"]"#,
        "词表文件；路径从写它的文件所在的文件夹算起。写法见“词表文件”一节",
    )
    .or("[]"),
    Key::new("words", Takes::Texts("词"), r#"["加微信", "代开发票"]"#, "直接写在这里的词；lists 和 words 至少写一样")
        .or("[]"),
    Key::new("exceptions", Takes::Texts("说法"), r#"["参加微信读书"]"#, "例外：在这些说法里面，词不算").or("[]"),
];

const REGEX: &[Key] = &[
    Key::new(
        "patterns",
        Takes::Texts("正则表达式"),
        "['加[vq][1-9][0-9]{4,10}']",
        "有一个对上就算。不分大小写；用单引号，反斜杠就不用写两遍",
    ),
    Key::new(
        "on",
        Takes::Word(&[
            ("original", "看原文"),
            ("folded", "先去掉空格、符号、表情，全角变半角、大写变小写、繁体变简体以后再看"),
        ]),
        r#""folded""#,
        "拿什么去对",
    )
    .or(r#""original""#),
];

const LINKS: &[Key] = &[
    Key::new("allow", Takes::Texts("域名"), r#"["qq.com", "gov.cn"]"#, "放心的网站，子域名也算").or("[]"),
    Key::new("block", Takes::Texts("域名"), r#"["t.cn", "dwz.cn"]"#, "只抓这些网站，子域名也算")
        .or_else("除了 allow 里的都抓"),
];

const FLOOD: &[Key] = &[
    Key::new(
        "windows",
        Takes::Inline,
        "[{ messages = 8, seconds = 10 }, { messages = 30, seconds = 60 }]",
        "一格一种限度，任何一格超了都算",
    ),
    Key::new(
        "windows.messages",
        Takes::Number(count("messages", 1, 200, "messages", 8)),
        "8",
        "多少条以内没事，超过才算",
    ),
    Key::new("windows.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 10)), "10", "在多长时间里"),
];

const REPEAT: &[Key] = &[
    Key::number(count("min_characters", 1, 10_000, "characters", 8), "12", "短于这么多字的不管（好的、收到……）"),
    Key::new("by_member", Takes::Inline, "{ times = 3, seconds = 600 }", "同一个人在同一个群里反复发")
        .or_else("不这样数"),
    Key::new("by_member.times", Takes::Number(count("times", 2, 100, "times", 3)), "3", "到第几次算"),
    Key::new("by_member.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 600)), "600", "在多长时间里"),
    Key::new("by_members", Takes::Inline, "{ members = 5, seconds = 300 }", "同一个群里好几个人发一样的")
        .or_else("不这样数"),
    Key::new("by_members.members", Takes::Number(count("members", 2, 100, "members", 5)), "5", "到几个人算"),
    Key::new("by_members.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 300)), "300", "在多长时间里"),
    Key::new("across_groups", Takes::Inline, "{ groups = 3, seconds = 3600 }", "同一个人发到好几个群")
        .or_else("不这样数"),
    Key::new("across_groups.groups", Takes::Number(count("groups", 2, 100, "groups", 3)), "3", "到几个群算"),
    Key::new(
        "across_groups.seconds",
        Takes::Number(count("seconds", 1, 86_400, "seconds", 3600)),
        "3600",
        "在多长时间里",
    ),
];

const LENGTH: &[Key] = &[Key::new(
    "characters",
    Takes::Number(count("characters", 1, 1_000_000, "characters", 300)),
    "15",
    "多少字以内没事，超过才算",
)];
