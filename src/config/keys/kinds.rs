//! What each kind of rule takes besides ([`crate::domain::rules::KINDS`]).

use super::contacts::{CONTACTS, PERSONAL_DATA};
use super::crowd::{CONCERT, HEAT, SIMILAR};
use super::{Key, Number, Table, Takes};

pub(super) const TABLES: &[Table] = &[
    Table::kind("keywords", "词表里的词，不管怎么变着样写。", KEYWORDS),
    Table::kind("combination", "几个词凑在一起才算。这些词和词表里的词一样，不管怎么变着样写。", COMBINATION),
    Table::kind(
        "contacts",
        "联系方式：电话、微信号、QQ 号、网址……中文数字、全角、带圈的、用空格或符号隔开的数字，换了写法的“微信”，都认得出。",
        CONTACTS,
    ),
    Table::kind("personal_data", "个人隐私。案件里只留打了＊的，通知里不写。", PERSONAL_DATA),
    Table::kind("regex", "正则表达式。不熟悉的话请不要改。", REGEX),
    Table::kind("score", "像不像以前的违规消息：由 qunwei train 做出来的模型打分。", SCORE),
    Table::kind("links", "网址和域名。", LINKS),
    Table::kind("flood", "一个人短时间里发太多条。", FLOOD),
    Table::kind("repeat", "反复发同样的话。三种数法至少写一种。", REPEAT),
    Table::kind("similar", "差不多的话反复发。三种数法至少写一种。", SIMILAR),
    Table::kind("pushing", "好几个人发同一个链接。", PUSHING),
    Table::kind("concert", "好几个账号一起推同一样东西：只请管理员看一眼，一件事一次，不罚任何人。", CONCERT),
    Table::kind(
        "heat",
        "吵架、舆情：只请管理员看一眼，一件事一次，不罚任何人。insults、words、lists 至少写一样。",
        HEAT,
    ),
    Table::kind("length", "太长的消息。", LENGTH),
    Table::kind("pictures", "图片太多。pictures 和 windows 至少写一样。", PICTURES),
    Table::kind("mentions", "@所有人，或者 @太多人。至少写一样。", MENTIONS),
    Table::kind("files", "文件。至少写一样。", FILES),
    Table::kind("cards", "卡片、红包。cards、red_packets、other 至少写一样。", CARDS),
    Table::kind(
        "quiet_hours",
        "安静时段里的消息。按本群的时区、消息发出的时间算。only 和 characters 都不写，就什么消息都管。",
        QUIET_HOURS,
    ),
    Table::kind(
        "newcomers",
        "新人刚进群时不能做的事；不知道什么时候进群的人不算新人。forbid 和 windows 至少写一样。",
        NEWCOMERS,
    ),
    Table::kind(
        "names",
        "群昵称。进群、改名、说话的时候看，同一个名字只管一次。lists、words、patterns、must 至少写一样。",
        NAMES,
    ),
];

/// A number of a kind: its range is what the kind's own reader takes, `usual` what it takes without.
pub(super) const fn count(key: &'static str, least: u32, greatest: u32, unit: &'static str, usual: u32) -> Number {
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
    Key::new(
        "disguised",
        Takes::Flag,
        "false",
        "换了写法的词也算：同音字、拼音、首字母、形近字、拆字、表情和符号、颠倒次序，几种混着写也认得出。把握不大的只请管理员看一眼",
    )
    .or("true"),
    Key::new(
        "by_sound",
        Takes::Flag,
        "false",
        "同音字、近音字、首字母、形近字的写法也算。短词容易和平常的话撞上，写 false 就只认拼音、拆字、表情和符号、颠倒次序这些不会碰巧写成的",
    )
    .or("true"),
    Key::new(
        "boundary",
        Takes::Word(&[("any", "在哪里都算"), ("word", "前后要正好是词的边界：“路口交通”里没有“口交”，“大麻烦”里没有“大麻”")]),
        r#""word""#,
        "词在哪里才算。写 word 的，先照常用词把找到的地方前后分成词，词的头尾都落在分界上才算；照原样写的词才看，换了写法的另有掂量",
    )
    .or(r#""any""#),
    PIECES,
];

pub(super) const PIECES: Key = Key::new(
    "pieces",
    Takes::Number(count("pieces", 0, 600, "seconds", 60)),
    "120",
    "同一个人在这么多秒里发的短消息连起来看：“加”“微”“信”分三条发也算。一个词被切开，只看八个字以内的；几个词凑在一起才算的，看十六个字以内的。只分成两条的请管理员看一眼。0 是不连起来看",
)
.or("60");

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
    PIECES,
];

const SCORE: &[Key] = &[
    Key::new(
        "model",
        Takes::Text("模型文件"),
        r#""../models/start.model""#,
        "模型文件；路径从写它的文件所在的文件夹算起。想用自己群里的消息做一个，见 qunwei train --help",
    ),
    Key::new(
        "pinyin",
        Takes::Text("模型文件"),
        r#""../models/pinyin.model""#,
        "另一个模型，看整句用拼音写的和整句换成谐音字的；拼音里碰巧对上的词，也要它觉得可疑才算。想自己做，用 qunwei train --pinyin",
    )
    .or_else("不看"),
    Key::number(
        count("false_alarms", 1, 200, "in 10,000 messages", 10),
        "20",
        "一万条正常消息里最多允许误报几条（按做模型时留出来的消息量的）；越小越谨慎，漏得也越多",
    ),
    Key::number(count("min_characters", 1, 1000, "characters", 6), "10", "短于这么多字的不看"),
    Key::new(
        "doubts",
        Takes::Number(count("doubts", 1, 50, "percent", 15)),
        "15",
        "写了 doubtful = true 的规则找到的东西，前后文是违规的可能不到百分之这么多，就不算",
    )
    .or_else("不管别的规则"),
    Key::new("learn", Takes::Flag, "false", "管理员撤销、维持、手工处罚过的案件会不会教它").or("true"),
    Key::new(
        "strict",
        Takes::Inline,
        "{ precision = 95, decisions = 30 }",
        "在某个群里说得够准，就从“请管理员看”变成按违规处理；后来不准了，又变回去",
    )
    .or_else("永远只请管理员看"),
    Key::new(
        "strict.precision",
        Takes::Number(count("precision", 50, 99, "percent", 95)),
        "95",
        "在这个群里至少百分之多少是对的（按 95% 的把握往低里算）",
    ),
    Key::new(
        "strict.decisions",
        Takes::Number(count("decisions", 5, 1000, "decided cases", 30)),
        "30",
        "至少有多少件是管理员定过的",
    ),
    PIECES,
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

const COMBINATION: &[Key] = &[
    Key::new(
        "all",
        Takes::Other("列表：每一项是一个词，或者用方括号括起来的几个词"),
        r#"["兼职", ["日结", "高薪"]]"#,
        "都要有；方括号里的几个词有一个就行。以 .txt 结尾的是词表文件，里面的词都算写在这里；写在两个 / 中间的是正则表达式，在去掉空格、符号以后的文字里找",
    )
    .or("[]"),
    Key::new(
        "any",
        Takes::Texts("词"),
        r#"["私聊", "联系我"]"#,
        "其中有一个就行，等于给 all 再加一组；all 和 any 至少写一样",
    )
    .or_else("不加这一组"),
    Key::new("none", Takes::Texts("词"), r#"["骗子"]"#, "有其中一个，就不算").or("[]"),
    Key::new(
        "least",
        Takes::Number(count("least", 2, 20, "groups", 3)),
        "2",
        "all 里的几组，有这么多组就算，不必都有；比组数还多就是都要有",
    )
    .or_else("都要有"),
    Key::new(
        "within",
        Takes::Number(count("within", 2, 100_000, "characters", 40)),
        "40",
        "从第一个词的第一个字到最后一个词的最后一个字，不超过这么多个字才算；空格、符号不计，换了写法的放宽到四倍",
    )
    .or_else("看整条消息"),
    Key::new(
        "disguised",
        Takes::Flag,
        "false",
        "换了写法的词也算，和 keywords 的一样；只有一个词换了写法、又短、把握又不大，就不算。none 里的词不这样认",
    )
    .or("true"),
    PIECES,
];

const PUSHING: &[Key] = &[
    Key::new("members", Takes::Number(count("members", 2, 100, "members", 5)), "5", "到几个不同的人算"),
    Key::new("seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 600)), "600", "在多长时间里"),
    Key::new("across_groups", Takes::Flag, "true", "各个群的人加在一起数，不只数一个群里的").or("false"),
    Key::new(
        "same",
        Takes::Word(&[("page", "同一个页面，问号后面的不管"), ("site", "同一个网站")]),
        r#""site""#,
        "怎样算同一个链接",
    )
    .or(r#""page""#),
    Key::new("allow", Takes::Texts("域名"), r#"["docs.qq.com"]"#, "放心的网站，子域名也算").or("[]"),
];

const PICTURES: &[Key] = &[
    Key::new(
        "pictures",
        Takes::Number(count("pictures", 0, 200, "pictures", 3)),
        "3",
        "一条消息里多少张以内没事，超过才算",
    )
    .or_else("不数一条里的"),
    Key::new("windows", Takes::Inline, "[{ pictures = 9, seconds = 60 }]", "一个人在一段时间里，任何一格超了都算")
        .or("[]"),
    Key::new(
        "windows.pictures",
        Takes::Number(count("pictures", 0, 200, "pictures", 9)),
        "9",
        "多少张以内没事，超过才算",
    ),
    Key::new("windows.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 60)), "60", "在多长时间里"),
    Key::new("videos", Takes::Flag, "true", "视频也算一张").or("false"),
];

const MENTIONS: &[Key] = &[
    Key::new("everybody", Takes::Flag, "true", "@所有人；只是打了“@所有人”几个字的也算").or("false"),
    Key::new(
        "members",
        Takes::Number(count("members", 1, 10_000, "members", 10)),
        "10",
        "一条消息里最多 @ 几个不同的人，超过才算",
    )
    .or_else("不数"),
];

const FILES: &[Key] = &[
    Key::new(
        "block",
        Takes::Texts("文件的后缀"),
        r#"["apk", "exe"]"#,
        "不许发的类型；x.apk.1、x.apk.txt 和用全角、空格掩饰的也认得出",
    )
    .or("[]"),
    Key::new("allow", Takes::Texts("文件的后缀"), r#"["pdf", "docx"]"#, "只许发这些类型").or_else("什么类型都许发"),
    Key::new("megabytes", Takes::Number(count("megabytes", 1, 1_000_000, "MB", 200)), "200", "最大多少 MB，超过才算")
        .or_else("不管大小"),
    Key::new("disguised", Takes::Flag, "true", "文件名里藏了改变文字方向的符号也算").or("false"),
];

const CARDS: &[Key] = &[
    Key::new("cards", Takes::Flag, "true", "卡片（名片、小程序、视频号……）").or("false"),
    Key::new("red_packets", Takes::Flag, "true", "红包").or("false"),
    Key::new("other", Takes::Texts("种类的名字"), r#"["mini_program"]"#, "平台送来的别的种类").or("[]"),
    Key::new("allow", Takes::Texts("标题里的字"), r#"["三号店"]"#, "标题里有这些字的卡片不算").or("[]"),
];

/// What a message may hold.
const CONTENTS: &[(&str, &str)] = &[
    ("image", "图片"),
    ("video", "视频"),
    ("voice", "语音"),
    ("link", "链接"),
    ("file", "文件"),
    ("card", "卡片"),
    ("red_packet", "红包"),
    ("qr_code", "图片里的二维码（写了 [daemon.pictures] 才看得到）"),
    ("mention", "@人"),
    ("contact", "电话、微信号、QQ 号"),
];

const QUIET_HOURS: &[Key] = &[
    Key::new("from", Takes::Text("几点几分"), r#""22:00""#, "从几点开始"),
    Key::new("to", Takes::Text("几点几分"), r#""08:00""#, "到几点为止；比 from 早就是第二天早上"),
    Key::new(
        "days",
        Takes::Words(&[
            ("mon", "周一"),
            ("tue", "周二"),
            ("wed", "周三"),
            ("thu", "周四"),
            ("fri", "周五"),
            ("sat", "周六"),
            ("sun", "周日"),
        ]),
        r#"["fri", "sat"]"#,
        "只在这几天晚上（从这天晚上到第二天早上）；空着就是每天",
    )
    .or("[]"),
    Key::new("only", Takes::Words(CONTENTS), r#"["image", "link"]"#, "只管有这些东西的消息").or("[]"),
    Key::new(
        "characters",
        Takes::Number(count("characters", 1, 1_000_000, "characters", 100)),
        "100",
        "文字超过这么多个字的消息也管",
    )
    .or_else("不管长短"),
];

const NEWCOMERS: &[Key] = &[
    Key::new("hours", Takes::Number(count("hours", 1, 720, "hours", 24)), "24", "进群多少小时以内算新人"),
    Key::new(
        "messages",
        Takes::Number(count("messages", 1, 200, "messages", 5)),
        "5",
        "一天里说过这么多条话以后就不算新人了",
    )
    .or_else("只看小时"),
    Key::new("forbid", Takes::Words(CONTENTS), r#"["link", "contact"]"#, "新人不能发的").or("[]"),
    Key::new("windows", Takes::Inline, "[{ messages = 3, seconds = 60 }]", "新人最多发多少条，任何一格超了都算")
        .or("[]"),
    Key::new(
        "windows.messages",
        Takes::Number(count("messages", 1, 200, "messages", 3)),
        "3",
        "多少条以内没事，超过才算",
    ),
    Key::new("windows.seconds", Takes::Number(count("seconds", 1, 86_400, "seconds", 60)), "60", "在多长时间里"),
];

const NAMES: &[Key] = &[
    Key::new(
        "lists",
        Takes::Texts("词表文件"),
        r#"["../../wordlists/ads.txt"]"#,
        "名字里不能有这些词表里的词；路径从写它的文件所在的文件夹算起",
    )
    .or("[]"),
    Key::new("words", Takes::Texts("词"), r#"["加微信", "办证"]"#, "名字里不能有的词").or("[]"),
    Key::new("exceptions", Takes::Texts("说法"), r#"["加微信支付"]"#, "例外：在这些说法里面，词不算").or("[]"),
    Key::new("patterns", Takes::Texts("正则表达式"), "['1[3-9][0-9]{9}']", "名字里不能有的样子").or("[]"),
    Key::new(
        "on",
        Takes::Word(&[
            ("original", "看原文"),
            ("folded", "先去掉空格、符号、表情，全角变半角、大写变小写、繁体变简体以后再看"),
        ]),
        r#""folded""#,
        "拿什么去对 patterns",
    )
    .or(r#""original""#),
    Key::new(
        "must",
        Takes::Texts("正则表达式"),
        r"['^\p{Han}{2,4}-.+$']",
        "名字必须是这些样子中的一种；刚进群的人不查，等他改名或者说话再查",
    )
    .or("[]"),
];
