//! Faces and signs that WeChat and WeCom hand on as a name in brackets: `[微笑]` is one picture to who reads it.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A name in brackets that is shown as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcode {
    /// The character that shows most nearly the same.
    pub sign: char,
    /// How many code points it is written with, brackets included.
    pub chars: u32,
    /// How many bytes.
    pub bytes: usize,
}

/// The names of the pictures that WeChat's keyboard has, and what each shows. Left out are those whose name is what others look for in
/// a text (红包, 福, 加油, 666, OK): they are read as they are written.
const NAMES: &[(&str, char)] = &[
    ("微笑", '🙂'),
    ("撇嘴", '😦'),
    ("色", '😍'),
    ("发呆", '😳'),
    ("得意", '😎'),
    ("流泪", '😭'),
    ("害羞", '😊'),
    ("闭嘴", '🤐'),
    ("睡", '😴'),
    ("大哭", '😭'),
    ("尴尬", '😅'),
    ("发怒", '😡'),
    ("调皮", '😜'),
    ("呲牙", '😁'),
    ("惊讶", '😮'),
    ("难过", '🙁'),
    ("囧", '😳'),
    ("抓狂", '😫'),
    ("吐", '🤮'),
    ("偷笑", '🤭'),
    ("愉快", '😊'),
    ("白眼", '🙄'),
    ("傲慢", '😏'),
    ("困", '😪'),
    ("惊恐", '😨'),
    ("流汗", '😓'),
    ("憨笑", '😄'),
    ("悠闲", '😌'),
    ("奋斗", '💪'),
    ("咒骂", '🤬'),
    ("疑问", '❓'),
    ("嘘", '🤫'),
    ("晕", '😵'),
    ("衰", '😩'),
    ("骷髅", '💀'),
    ("敲打", '🔨'),
    ("再见", '👋'),
    ("擦汗", '😓'),
    ("抠鼻", '🤏'),
    ("鼓掌", '👏'),
    ("坏笑", '😏'),
    ("左哼哼", '😤'),
    ("右哼哼", '😤'),
    ("哈欠", '🥱'),
    ("鄙视", '👎'),
    ("委屈", '🥺'),
    ("快哭了", '🥹'),
    ("阴险", '😈'),
    ("亲亲", '😘'),
    ("可怜", '🥺'),
    ("笑脸", '😃'),
    ("生病", '😷'),
    ("脸红", '😳'),
    ("破涕为笑", '😂'),
    ("恐惧", '😱'),
    ("失望", '😞'),
    ("无语", '😒'),
    ("嘿哈", '😆'),
    ("捂脸", '🤦'),
    ("奸笑", '😏'),
    ("机智", '🤓'),
    ("皱眉", '🤨'),
    ("耶", '✌'),
    ("吃瓜", '🍉'),
    ("汗", '😓'),
    ("天啊", '😱'),
    ("社会社会", '🙏'),
    ("旺柴", '🐶'),
    ("打脸", '👋'),
    ("哇", '🤩'),
    ("翻白眼", '🙄'),
    ("让我看看", '👀'),
    ("叹气", '😮'),
    ("苦涩", '😢'),
    ("裂开", '💔'),
    ("嘴唇", '👄'),
    ("爱心", '❤'),
    ("心碎", '💔'),
    ("拥抱", '🫂'),
    ("强", '👍'),
    ("弱", '👎'),
    ("握手", '🤝'),
    ("胜利", '✌'),
    ("抱拳", '🙏'),
    ("勾引", '👈'),
    ("拳头", '👊'),
    ("合十", '🙏'),
    ("玫瑰", '🌹'),
    ("凋谢", '🥀'),
    ("便便", '💩'),
    ("月亮", '🌙'),
    ("太阳", '🌞'),
    ("庆祝", '🎉'),
    ("烟花", '🎆'),
    ("爆竹", '🧨'),
    ("猪头", '🐷'),
    ("跳跳", '💃'),
    ("发抖", '🥶'),
    ("转圈", '💫'),
    ("啤酒", '🍺'),
    ("咖啡", '☕'),
    ("蛋糕", '🎂'),
    ("菜刀", '🔪'),
    ("炸弹", '💣'),
    ("礼物", '🎁'),
];

/// No name has more bytes.
const LONGEST: usize = 12;

static SHORTCODES: LazyLock<HashMap<&str, char>> = LazyLock::new(|| NAMES.iter().copied().collect());

/// The shortcode that a text begins with.
#[inline]
pub fn shortcode(text: &str) -> Option<Shortcode> {
    if !text.starts_with('[') {
        return None;
    }
    let inside = text.get(1..)?;
    let end = inside.bytes().take(LONGEST + 1).position(|byte| byte == b']')?;
    let name = inside.get(..end)?;
    let sign = *SHORTCODES.get(name)?;
    Some(Shortcode { sign, chars: name.chars().count() as u32 + 2, bytes: end + 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_brackets_is_one_picture() {
        assert_eq!(shortcode("[爱心]你"), Some(Shortcode { sign: '❤', chars: 4, bytes: 8 }));
        for text in
            ["", "[", "[]", "[爱心", "爱心]", "[红包]", "[加微信]", "［爱心］", "[[爱心]", "[一二三四五六七八九十]"]
        {
            assert_eq!(shortcode(text), None, "{text}");
        }
        assert!(NAMES.iter().all(|(name, _)| name.len() <= LONGEST));
        assert_eq!(SHORTCODES.len(), NAMES.len(), "no name twice");
    }
}
