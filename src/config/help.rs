//! Advice for keys that stand where they do not belong.

use super::keys;
use super::tree::Value;
use crate::fault::nearest;

/// What the section is called that holds all others.
pub(super) const TOP: &str = "the top of a file";

/// More known keys than these are not told.
const MOST_KNOWN: usize = 14;

/// Headings that people write for others.
const HEADINGS: &[(&str, &str)] = &[
    ("rules", "[[rule]]"),
    ("reminders", "[[reminder]]"),
    ("bridges", "[bridge.NAME]"),
    ("profiles", "[profile.NAME]"),
    ("groups", "[group.\"ID\"]"),
    ("notice", "[notices]"),
    ("default", "[profile.default]"),
];

/// Keys by what they are called in Chinese.
const CHINESE: &[(&str, &str)] = &[
    ("标题", "title"),
    ("名字", "name"),
    ("名称", "name"),
    ("群名", "name"),
    ("种类", "kind"),
    ("类型", "kind"),
    ("类别", "category"),
    ("词", "words"),
    ("词语", "words"),
    ("关键词", "words"),
    ("关键字", "words"),
    ("词表", "lists"),
    ("例外", "exceptions"),
    ("正则", "patterns"),
    ("模式", "mode"),
    ("群主", "owner"),
    ("管理员", "admins"),
    ("档案", "profile"),
    ("白名单", "allow"),
    ("处罚", "ladder"),
    ("时区", "timezone"),
    ("严重", "severity"),
    ("严重程度", "severity"),
    ("第几条", "clause"),
    ("撤回", "delete"),
    ("删除", "delete"),
    ("级别", "severity"),
    ("等级", "severity"),
    ("内容", "text"),
    ("文字", "text"),
    ("时间", "at"),
    ("判定", "verdict"),
    ("例子", "hit"),
    ("阶梯", "ladder"),
    ("能力", "capabilities"),
];

/// Headings by what they are called in Chinese.
const CHINESE_HEADINGS: &[(&str, &str)] = &[
    ("群", "[group.\"ID\"]"),
    ("规则", "[[rule]]"),
    ("提醒", "[[reminder]]"),
    ("通知", "[notices]"),
    ("档案", "[profile.NAME]"),
    ("机器人", "[bridge.NAME]"),
    ("桥", "[bridge.NAME]"),
    ("命令", "[profile.default.commands]"),
];

/// Values by what they are called in Chinese.
const CHINESE_VALUES: &[(&str, &str)] = &[
    ("开", "on"),
    ("打开", "on"),
    ("开启", "on"),
    ("启用", "on"),
    ("关", "off"),
    ("关闭", "off"),
    ("停用", "off"),
    ("观察", "observe"),
    ("只观察", "observe"),
    ("试运行", "observe"),
    ("轻", "minor"),
    ("轻微", "minor"),
    ("一般", "minor"),
    ("严重", "serious"),
    ("较重", "serious"),
    ("特别严重", "severe"),
    ("非常严重", "severe"),
    ("极其严重", "severe"),
    ("违规", "violation"),
    ("处罚", "violation"),
    ("审核", "review"),
    ("复核", "review"),
    ("人工", "review"),
    ("私下提醒", "warn_private"),
    ("私聊提醒", "warn_private"),
    ("点名提醒", "warn_public"),
    ("公开警告", "warn_public"),
    ("禁言", "mute"),
    ("移出", "remove"),
    ("踢出", "remove"),
    ("关键词", "keywords"),
    ("关键字", "keywords"),
    ("敏感词", "keywords"),
    ("词", "keywords"),
    ("正则", "regex"),
    ("组合", "combination"),
    ("联系方式", "contacts"),
    ("个人信息", "personal_data"),
    ("隐私", "personal_data"),
    ("打分", "score"),
    ("链接", "links"),
    ("网址", "links"),
    ("刷屏", "flood"),
    ("重复", "repeat"),
    ("相似", "similar"),
    ("长度", "length"),
    ("图片", "pictures"),
    ("文件", "files"),
    ("名片", "cards"),
    ("新人", "newcomers"),
    ("名字", "names"),
    ("昵称", "names"),
    ("安静时间", "quiet_hours"),
    ("争吵", "heat"),
];

/// The value that somebody called by a Chinese name, where it is among these.
pub(super) fn value_in_english<'n>(word: &str, mut known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let (_, value) = CHINESE_VALUES.iter().find(|(chinese, _)| *chinese == word)?;
    known.find(|known| known == value)
}

/// The heading that somebody called by a Chinese name.
pub(super) fn heading_in_english(name: &str) -> Option<&'static str> {
    CHINESE_HEADINGS.iter().find(|(chinese, _)| *chinese == name).map(|(_, heading)| *heading)
}

/// The key that somebody called by a Chinese name.
pub(super) fn in_english(name: &str) -> Option<&'static str> {
    CHINESE.iter().find(|(chinese, _)| *chinese == name).map(|(_, key)| *key)
}

/// The same, where it is among these.
pub(super) fn translated<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let key = in_english(name)?;
    known.iter().find(|known| **known == key).copied()
}

/// What to do about an unknown key of a section that knows the keys `known`.
pub(super) fn unknown_key(key: &str, value: &Value, section: &str, known: &[&str]) -> String {
    let headings = if section == TOP { HEADINGS } else { &[] };
    let heading = headings.iter().find(|(name, _)| *name == key);
    if let (Some((_, heading)), Value::Table(_) | Value::Array(_)) = (heading, value) {
        return format!("write {heading}");
    }
    if let Some(near) = nearest(key, known.iter().copied()).or_else(|| translated(key, known)) {
        return format!("did you mean `{near}`?");
    }
    let table = matches!(value, Value::Table(_));
    if table && section.contains(".rule.") {
        return "a rule's name needs quotes: [profile.NAME.rule.\"ads.contact\"]".to_owned();
    }
    if table && section.starts_with("[group.") {
        return format!("an id with a dot needs quotes: [group.\"….{key}\"]");
    }
    if let Some(places) = keys::places(key) {
        return format!("`{key}` belongs in {places}");
    }
    let shown: Vec<_> = known.iter().take(MOST_KNOWN).map(|key| format!("`{key}`")).collect();
    let rest = if known.len() > MOST_KNOWN { ", …" } else { "" };
    let newer = concat!("a key of a newer Qunwei needs that version: this is Qunwei ", env!("CARGO_PKG_VERSION"));
    format!("known here: {}{rest}; {newer}", shown.join(", "))
}
