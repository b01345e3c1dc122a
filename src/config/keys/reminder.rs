//! `[[reminder]]`, and what holds for all reminders of a group.

use super::{Key, Table, Takes};
use crate::config::reminders::{GRACE, LIMIT};

pub(super) const TABLES: &[Table] = &[
    Table::new(
        &["[[reminder]]"],
        "一条提醒：到时间在群里说一句话。每条提醒以 [[reminder]] 开头，可以写很多条；qunwei check 列出每条接下来的五次。",
        REMINDER,
    ),
    Table::new(
        &["[profile.NAME.reminders]", "[group.\"ID\".reminders]"],
        "对一个档案或一个群里的提醒都算数的。",
        EVERY,
    ),
];

const REMINDER: &[Key] = &[
    Key::new("name", Takes::Text("随便写"), r#""晨会""#, "提醒的名字，不能重复"),
    Key::new(
        "text",
        Takes::Text("300 字以内"),
        r#""{{ weekday }}，10 点开晨会。""#,
        "说什么；可以用 {{ date }}、{{ time }}、{{ weekday }}、{{ group }}（群名）",
    )
    .or_else("必须写；写了 image 可以不写，就只发图片"),
    Key::new(
        "image",
        Takes::Text("PNG 或 JPEG 文件的路径，2 MiB 以内"),
        r#""poster.png""#,
        "说完再发一张图片；路径从这个文件所在的文件夹算起。不会发图片的群只说文字",
    )
    .or_else("不发图片"),
    Key::new(
        "cron",
        Takes::Text("五个字段：分 时 日 月 星期；前面可以再加一个“秒”，最后可以再加一个“年”"),
        r#""30 20 * * MON#1""#,
        "一次又一次。MON#1 是第一个星期一，FRI#L 是最后一个星期五，日写 L 是当月最后一天；最多每分钟一次",
    ),
    Key::new(
        "at",
        Takes::Text("年-月-日 时:分"),
        r#""2099-12-01 09:00""#,
        "只说一次，按各群的时区；也可以带上时差（2099-12-01T09:00:00+08:00）",
    )
    .instead_of("cron"),
    Key::new("timezone", Takes::Text("时区的名字"), r#""America/New_York""#, "按哪里的钟").or_else("按各群自己的时区"),
    Key::new("groups", Takes::Ids, r#"["wr1"]"#, "在哪些群说").or_else("所有群；写了 profiles 就只有那些档案的群"),
    Key::new(
        "profiles",
        Takes::Texts("档案的名字"),
        r#"["default"]"#,
        "在用哪些档案的群说；和 groups 一起写，就是两边的群都说",
    )
    .or_else("所有群；写了 groups 就只有那些群"),
    Key::new(
        "in_quiet_hours",
        Takes::Word(&[("defer", "等到安静时间结束再说"), ("skip", "不说"), ("send", "照说")]),
        r#""skip""#,
        "时间落在安静时间里怎么办",
    )
    .or(r#""defer""#),
    Key::number(GRACE, "30", "错过了，最多晚这么久还补说；再晚就不说了"),
    Key::new("announce", Takes::Flag, "true", "发成群公告，平台会的话").or("false"),
    Key::new(
        "mode",
        Takes::Word(&[("on", "说"), ("observe", "只记录"), ("off", "不说")]),
        r#""observe""#,
        "这条提醒用不用",
    )
    .or(r#""on""#),
];

const EVERY: &[Key] = &[
    Key::new("quiet_hours", Takes::Text("从几点到几点，没有写 none"), r#""23:00-07:30""#, "安静时间：这段时间里不打扰")
        .or(r#""22:00-08:00""#),
    Key::number(GRACE, "30", "在群里设的提醒错过了，最多晚这么久还补说"),
    Key::number(LIMIT, "5", "一个群里最多能设几条提醒；写在文件里的不算"),
];
