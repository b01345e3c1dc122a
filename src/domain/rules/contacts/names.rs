//! What announces an account, and what stands around one.

use super::Kind;

/// How sure an announcing word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// A single letter or character: it must be called out by 加 before or a colon behind.
    Short,
    /// It is the name.
    Name,
    /// It is the name as those write it who hide it.
    Hidden,
}

use Strength::{Hidden, Name, Short};

/// What announces an account, as folded.
pub(super) const NAMES: &[(&str, Kind, Strength)] = &[
    ("微信", Kind::Wechat, Name),
    ("薇信", Kind::Wechat, Hidden),
    ("徽信", Kind::Wechat, Hidden),
    ("威信", Kind::Wechat, Hidden),
    ("维信", Kind::Wechat, Hidden),
    ("薇芯", Kind::Wechat, Hidden),
    ("威芯", Kind::Wechat, Hidden),
    ("v信", Kind::Wechat, Name),
    ("v芯", Kind::Wechat, Hidden),
    ("v心", Kind::Wechat, Hidden),
    ("vx", Kind::Wechat, Name),
    ("wx", Kind::Wechat, Name),
    ("weixin", Kind::Wechat, Name),
    ("wechat", Kind::Wechat, Name),
    ("绿泡泡", Kind::Wechat, Hidden),
    ("加微", Kind::Wechat, Name),
    ("加薇", Kind::Wechat, Hidden),
    ("加威", Kind::Wechat, Hidden),
    ("加v", Kind::Wechat, Name),
    ("私v", Kind::Wechat, Name),
    ("微", Kind::Wechat, Short),
    ("薇", Kind::Wechat, Short),
    ("威", Kind::Wechat, Short),
    ("徽", Kind::Wechat, Short),
    ("v", Kind::Wechat, Short),
    ("w", Kind::Wechat, Short),
    ("qq", Kind::Qq, Name),
    ("q群", Kind::Qq, Name),
    ("扣扣", Kind::Qq, Name),
    ("企鹅", Kind::Qq, Hidden),
    ("企鹅群", Kind::Qq, Hidden),
    ("加群", Kind::Qq, Name),
    ("加q", Kind::Qq, Name),
    ("加扣", Kind::Qq, Hidden),
    ("蔻蔻", Kind::Qq, Hidden),
    ("球球", Kind::Qq, Short),
    ("秋秋", Kind::Qq, Short),
    ("求求", Kind::Qq, Short),
    ("君羊", Kind::Qq, Short),
    ("裙", Kind::Qq, Short),
    ("峮", Kind::Qq, Short),
    ("q", Kind::Qq, Short),
    ("扣", Kind::Qq, Short),
    ("飞机", Kind::OtherApp, Short),
    ("纸飞机", Kind::OtherApp, Name),
    ("电报", Kind::OtherApp, Name),
    ("tg", Kind::OtherApp, Name),
    ("telegram", Kind::OtherApp, Name),
    ("whatsapp", Kind::OtherApp, Name),
    ("skype", Kind::OtherApp, Name),
];

/// The same by sound, in syllables without tones.
pub(super) const SOUNDS: &[(&[&str], Kind)] = &[
    (&["wei", "xin"], Kind::Wechat),
    (&["wei", "xing"], Kind::Wechat),
    (&["jia", "wei"], Kind::Wechat),
    (&["kou", "kou"], Kind::Qq),
    (&["qi", "e"], Kind::Qq),
    (&["jia", "kou"], Kind::Qq),
];

/// What may stand between the announcing word and the account.
pub(super) const FILLERS: &[&str] = &[
    "账号", "帐号", "号码", "同号", "同步", "号", "是", "为", "id", "群", "搜", "请加", "加", "我", "的", "联系",
    "咨询",
];

/// Calls to add somebody, before a short announcing word.
pub(super) const CALLS: &[&str] = &["加", "加我", "私", "联系", "咨询", "找我", "扫", "详情", "详聊"];

/// What is counted, behind a number that is none of an account.
pub(super) const UNITS: &str =
    "元块万千百亿人个分票积度条点年月日楼栋室级页岁斤克米公里秒时次件套粉赞w%￥¥天家台部张位名期集章版币";

/// Words of Latin letters that follow 微信 or vx and are no account.
pub(super) const WORDS: &[&str] = &[
    "android",
    "iphone",
    "windows",
    "official",
    "wechat",
    "weixin",
    "version",
    "public",
    "harmony",
    "harmonyos",
    "macos",
    "google",
    "please",
    "thanks",
    "channel",
    "channels",
    "program",
    "payment",
    "service",
    "number",
    "username",
    "hello",
];
