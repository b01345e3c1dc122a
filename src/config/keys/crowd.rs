//! What the kinds of rules about what is reworded and what many do together take.

use super::kinds::count;
use super::{Key, Takes};

pub(super) const SIMILAR: &[Key] = &[
    Key::number(
        count("likeness", 30, 100, "percent", 45),
        "80",
        "两段话有百分之多少一样，就算差不多（按相邻的两个字比，估计得出，差十来个点）",
    ),
    Key::number(
        count("min_characters", 8, 10_000, "characters", 16),
        "12",
        "短于这么多字的不管；连在一起的数字、字母合起来算一个字",
    ),
    Key::new("none", Takes::Texts("词"), r#"["接龙", "打卡"]"#, "有其中一个词的不管：大家本来就会照着写的").or("[]"),
    Key::new("by_member", Takes::Inline, "{ times = 3, seconds = 600 }", "同一个人在同一个群里反复发")
        .or_else("不这样数"),
    Key::new("by_member.times", Takes::Number(count("times", 2, 100, "times", 3)), "3", "到第几次算"),
    Key::new("by_member.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 600)), "600", "在多长时间里"),
    Key::new("by_members", Takes::Inline, "{ members = 4, seconds = 600 }", "同一个群里好几个人发差不多的")
        .or_else("不这样数"),
    Key::new("by_members.members", Takes::Number(count("members", 2, 100, "members", 4)), "4", "到几个人算"),
    Key::new("by_members.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 600)), "600", "在多长时间里"),
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

pub(super) const CONCERT: &[Key] = &[
    Key::new("members", Takes::Number(count("members", 2, 50, "members", 3)), "3", "到几个人算"),
    Key::new("seconds", Takes::Number(count("seconds", 1, 43_200, "seconds", 600)), "600", "在多长时间里"),
    Key::number(
        count("quiet_members", 0, 50, "members", 0),
        "2",
        "其中至少这么多个人，之前一天里几乎没说过话（最多两句）",
    ),
    Key::new("across_groups", Takes::Flag, "true", "各个群的人加在一起数").or("false"),
    Key::new(
        "what",
        Takes::Words(&[("text", "差不多的话"), ("contact", "电话、微信号、QQ 号、卡号"), ("link", "网址")]),
        r#"["contact", "link"]"#,
        "推的是什么",
    )
    .or_else("都算"),
    Key::number(
        count("likeness", 30, 100, "percent", 45),
        "80",
        "两段话有百分之多少一样，就算差不多（按相邻的两个字比，估计得出，差十来个点）",
    ),
    Key::number(
        count("min_characters", 8, 10_000, "characters", 16),
        "12",
        "短于这么多字的话不比较；连在一起的数字、字母合起来算一个字",
    ),
    Key::new("none", Takes::Texts("词"), r#"["接龙", "打卡"]"#, "有其中一个词的话不比较").or("[]"),
    Key::new("allow", Takes::Texts("域名"), r#"["docs.qq.com"]"#, "放心的网站，子域名也算").or("[]"),
];

pub(super) const HEAT: &[Key] = &[
    Key::new(
        "heat",
        Takes::Number(count("heat", 2, 500, "points", 10)),
        "10",
        "堆到多少算。骂人的一条算 2，有 words 里的词的一条算 1；回复别人、@别人再加 1，但加的不超过前面的",
    ),
    Key::new("seconds", Takes::Number(count("seconds", 1, 43_200, "seconds", 300)), "300", "在多长时间里"),
    Key::new("members", Takes::Number(count("members", 2, 50, "members", 3)), "3", "至少有几个人"),
    Key::new("insults", Takes::Texts("类别"), r#"["abuse"]"#, "哪些类别的规则抓到的算骂人").or_else("没有"),
    Key::new("words", Takes::Texts("词"), r#"["退款", "投诉"]"#, "难听的词").or("[]"),
    Key::new(
        "lists",
        Takes::Texts("词表文件"),
        r#"["../../wordlists/ads.txt"]"#,
        "写着这些词的词表文件；路径从写它的文件所在的文件夹算起",
    )
    .or("[]"),
];
