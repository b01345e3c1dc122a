//! `[profile.NAME]` and `[group."ID"]` with what is below them, and `[notices]`.

use super::{Key, Keys, Number, Table, Takes};
use crate::config::policy::{BURST, MUTES, NOTICES_A_MINUTE, REMOVALS, REPORTS, STRIKE_DAYS};
use crate::config::tasks::{CHASE, CHASES, ESCALATE, LATER};
use crate::config::welcome::{NAMES, RAID, WINDOW};

pub(super) const TABLES: &[Table] = &[
    Table::new(
        &["[profile.NAME]", "[group.\"ID\"]"],
        "“档案”是一套管法。所有群默认用 default 档案；别的档案只写和 default 不同的地方；单个群里再写的，又盖过它的档案。",
        SHARED,
    ),
    Table::new(&["[group.\"ID\"]"], "群里另外还可以写。ID 是群的编号。", GROUP),
    Table::new(
        &["[group.\"ID\".trial_admins]"],
        "实习管理员：到写的那一天为止，能用一部分管理员的命令；自己违规照样处理。",
        TRIAL,
    ),
    Table::new(&["[profile.NAME.welcome]", "[group.\"ID\".welcome]"], "欢迎新人。", WELCOME),
    Table::new(
        &["[profile.NAME.welcome.channels]", "[group.\"ID\".welcome.channels]"],
        "从某个渠道（入群码）进来的人，另外说一句。",
        CHANNELS,
    ),
    Table::new(
        &["[profile.NAME.tasks]", "[group.\"ID\".tasks]"],
        "请管理员做的事（任务卡片）没有人理时怎么办。安静时间（reminders 的 quiet_hours）里不催，除非是严重的违规或有人的隐私正在外泄；只看不做时也不催。",
        TASKS,
    ),
    Table::new(
        &["[profile.NAME.tasks.chase_after]", "[group.\"ID\".tasks.chase_after]"],
        "过多少分钟没有人理，就再发一次给原来的人，按事情的种类。",
        CHASE_AFTER,
    ),
    Table::new(
        &["[profile.NAME.tasks.escalate_after]", "[group.\"ID\".tasks.escalate_after]"],
        "过多少分钟没有人理，就告诉公司那个群（daemon.alerts）；没有写公司那个群，就找群主。",
        ESCALATE_AFTER,
    ),
    Table::new(&["[profile.NAME.rules_text]", "[group.\"ID\".rules_text]"], "群规，给人看的。", RULES_TEXT),
    Table {
        headings: &["[profile.NAME.commands]", "[group.\"ID\".commands]"],
        kind: None,
        about: "谁能在群里用哪些命令：写角色的名字，[] 是谁也不能用。",
        keys: Keys::Commands,
    },
    Table {
        headings: &["[notices]", "[profile.NAME.notices]", "[group.\"ID\".notices]"],
        kind: None,
        about: "群卫说的话。[notices] 对所有群算数，写在档案或群里的又盖过它。",
        keys: Keys::Notices,
    },
];

/// The modes of a rule, a profile or a group.
pub(super) const MODE: &[(&str, &str)] =
    &[("on", "照规则处理"), ("observe", "只判断、只记录，不处理"), ("off", "不判断")];

const SHARED: &[Key] = &[
    Key::new("mode", Takes::Word(MODE), r#""observe""#, "管不管这些群。[daemon] 写了 observe 时，这里写 on 也只观察")
        .or(r#""on""#),
    Key::new("timezone", Takes::Text("时区的名字"), r#""Asia/Urumqi""#, "这些群的时区").or_else("照 [daemon] 的 timezone"),
    Key::new(
        "ladder",
        Takes::Texts("从轻到重的一步一步：warn_private 私下提醒，warn_public 在群里点名，mute 24h 禁言（30m 分钟、24h 小时、7d 天），remove 移出群"),
        r#"["warn_private", "warn_private", "warn_public", "mute 30m"]"#,
        "违规几次怎么罚；超过最后一步就一直用最后一步",
    )
    .or(r#"["warn_private", "warn_public", "mute 24h", "remove"]"#),
    Key::number(STRIKE_DAYS, "90", "一次违规记多久；过了就不再算次数"),
    Key::number(BURST, "120", "收到提醒之后这么久以内的违规，算在同一次里"),
    Key::number(REMOVALS, "0", "每个群每小时最多由机器移出多少人；超过的请管理员决定"),
    Key::number(MUTES, "5", "每个群每小时最多由机器禁言多少人；超过的请管理员决定"),
    Key::number(NOTICES_A_MINUTE, "3", "每个群每分钟最多发几条通知；再多就合并成一条"),
    Key::number(REPORTS, "3", "一个成员每小时最多举报几条消息；0 是不开举报"),
    Key::new("allow", Takes::Ids, r#"["zhangsan"]"#, "永远不罚的人。各档案和各群写的会加在一起").or("[]"),
    Key::new("ignore_words", Takes::Texts("词"), r#"["代购"]"#, "不管在哪个词表里，这里都不算违规的词。各档案和各群写的会加在一起").or("[]"),
];

const GROUP: &[Key] = &[
    Key::new("profile", Takes::Text("档案的名字"), r#""default""#, "用哪个档案").or(r#""default""#),
    Key::new("name", Takes::Text("随便写"), r#""三号店顾客群""#, "送到公司那个群的提示里这样叫它")
        .or_else("用群的编号"),
    Key::new("owner", Takes::Id, r#""zhangsan""#, "群主的账号；平台不告诉我们谁是群主时才需要写").or_else("照平台说的"),
    Key::new("admins", Takes::Ids, r#"["lisi", "wangwu"]"#, "管理员的账号；平台不告诉我们时才需要写").or("[]"),
];

const TRIAL: &[Key] =
    &[Key::new("USER", Takes::Text("最后一天"), r#""2026-12-31""#, "左边写账号，右边写最后一天（含当天）")
        .or_else("没有")];

const WELCOME: &[Key] = &[
    Key::new("on", Takes::Flag, "false", "要不要欢迎").or("true"),
    Key::number(WINDOW, "120", "从第一个人进群算起，这么久以内进来的人合成一条欢迎"),
    Key::number(RAID, "50", "window_seconds 以内进来的人超过这个数，就当作有人批量拉人：一个也不欢迎，只提醒管理员"),
    Key::number(NAMES, "5", "一条欢迎里最多列几个名字；再多写“等几位”"),
];

const TASKS: &[Key] = &[
    Key::number(CHASES, "1", "最多再发几次；0 是不催"),
    Key::new("escalate", Takes::Flag, "false", "过了 escalate_after 还没有人理，要不要告诉别人").or("true"),
    Key::number(LATER, "60", "有人按了“稍后”，过多久再提醒；一件事最多推后 3 次"),
];

const fn row(number: &Number, example: &'static str, about: &'static str) -> Key {
    let Number { key, unit, default, .. } = *number;
    Key::number(Number { key, range: *number.range.start()..=*number.range.end(), unit, default }, example, about)
}

const CHASE_AFTER: &[Key] = &[
    row(&CHASE[0], "3", "隐私外泄"),
    row(&CHASE[1], "10", "广告"),
    row(&CHASE[2], "20", "全群的事：有人批量拉人、吵架、机器人出错"),
    row(&CHASE[3], "30", "舆情：很多人在抱怨（规则的 category 是 opinion）"),
    row(&CHASE[4], "30", "别的：要人看一眼的消息、申诉、举报、入群申请"),
];

const ESCALATE_AFTER: &[Key] = &[
    row(&ESCALATE[0], "5", "隐私外泄"),
    row(&ESCALATE[1], "30", "广告"),
    row(&ESCALATE[2], "60", "全群的事"),
    row(&ESCALATE[3], "60", "舆情"),
    row(&ESCALATE[4], "60", "别的"),
];

const CHANNELS: &[Key] = &[Key::new(
    "CHANNEL",
    Takes::Text("随便写"),
    r#""凭小票找店员领一份见面礼。""#,
    "左边写机器人送来的 channel，右边写另外说的话",
)
.or_else("不另外说")];

const RULES_TEXT: &[Key] = &[
    Key::new("short", Takes::Text("100 字以内"), r#""1 不发广告；2 不骂人。""#, "放在欢迎语里的短文")
        .or_else("出厂的短文，见 groups.toml"),
    Key::new(
        "full",
        Takes::Text("500 字以内"),
        r#""1. 不发广告和不明链接。2. 有话好好说，不骂人。""#,
        "有人说“群规”时给的全文",
    )
    .or_else("出厂的全文，见 groups.toml"),
];
