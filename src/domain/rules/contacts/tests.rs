//! Rows of texts and the contacts in them; what is none.

use super::*;
use crate::domain::text::slice;

const ALL: &[Kind] = &[
    Kind::Phone,
    Kind::Wechat,
    Kind::Qq,
    Kind::OtherApp,
    Kind::Email,
    Kind::Link,
    Kind::ShortLink,
    Kind::HiddenLink,
    Kind::Invite,
    Kind::BankCard,
];

/// `kind text` of each contact, without those that only look like an account.
fn found(text: &str) -> Vec<String> {
    let mut folded = Text::default();
    folded.set(text);
    let all = find(&folded, &ALL.iter().copied().collect(), &[]);
    for contact in &all {
        assert!(!slice(text, contact.span).is_empty(), "{text}: {contact:?}");
    }
    all.into_iter().map(|contact| format!("{:?} {}", contact.kind, contact.text)).collect()
}

fn check(rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        let expected: Vec<&str> = if expected.is_empty() { Vec::new() } else { vec![*expected] };
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn telephone_numbers_in_every_disguise() {
    for text in [
        "我电话13812345678",
        "１３８１２３４５６７８",
        "①③⑧①②③④⑤⑥⑦⑧",
        "1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
        "一三八一二三四五六七八",
        "壹叁捌壹贰叁肆伍陆柒捌",
        "幺三八幺二三四五六七八",
        "1三8一2叁4伍6柒8",
        "138 1234 5678",
        "138-1234-5678",
        "138.1234.5678",
        "138，1234，5678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "1-3-8-1-2-3-4-5-6-7-8",
        "1❤3❤8❤1❤2❤3❤4❤5❤6❤7❤8",
        "١٣٨١٢٣٤٥٦٧٨",
        "๑๓๘ ๑๒๓๔ ๕๖๗๘",
        "1381234 5678",
        "+86 13812345678",
        "8613812345678",
        "138 12 34 56 78",
        "l38l2345678",
        "3栋 13812345678 老王",
        "统一13812345678",
    ] {
        let numbers: Vec<_> = found(text).iter().map(|one| one.replace("Phone 86", "Phone ")).collect();
        assert_eq!(numbers, ["Phone 13812345678"], "{text}");
    }
    check(&[
        ("138OOl3OO13", "Phone 13800130013"),
        ("总机 010-62345678", "Phone 01062345678"),
        ("（0571）87654321", "Phone 057187654321"),
        ("客服 400-800-1234", "Phone 4008001234"),
    ]);
}

#[test]
fn accounts_are_announced_in_every_disguise() {
    for announced in [
        "微信",
        "微信号",
        "加微信",
        "加 微 信",
        "微信：",
        "薇信",
        "薇❤",
        "微❤",
        "威芯",
        "薇芯:",
        "V信",
        "ＶＸ",
        "v.x:",
        "𝓿𝔁 ",
        "wx：",
        "微信号是",
        "卫星",
        "維信",
        "weixin",
        "➕𝐕 ",
        "加薇：",
        "加v",
    ] {
        assert_eq!(found(&format!("{announced}abc12345")), ["Wechat abc12345"], "{announced}");
    }
    check(&[
        ("微信号 lily_2020", "Wechat lily_2020"),
        ("微信同号 lily-2020", "Wechat lily_2020"),
        ("我的 id 是 wxid_a1b2c3d4e5", "Wechat wxid_a1b2c3d4e5"),
        ("微信号：lilywang", "Wechat lilywang"),
        ("微信 13812345678", "Wechat 13812345678"),
        ("扣扣 1234567", "Qq 1234567"),
        ("QQ:1234567", "Qq 1234567"),
        ("qq1234567", "Qq 1234567"),
        ("企鹅 ①②③④⑤⑥⑦", "Qq 1234567"),
        ("球球：2233445566", "Qq 2233445566"),
        ("进裙：123456789", "Qq 123456789"),
        ("蔻蔻 2233445566", "Qq 2233445566"),
        ("求求你们 2233445566", ""),
        ("球球今天 1234567 步", ""),
        ("裙子 123456789", ""),
        ("🐧 1234567", "Qq 1234567"),
        ("Q群：123 456 789", "Qq 123456789"),
        ("加群 一二三四五六七八九", "Qq 123456789"),
        ("加口：1234567", "Qq 1234567"),
        ("电报：lily_8866", "OtherApp lily_8866"),
        ("✈️：lily_8866", "OtherApp lily_8866"),
    ]);
}

#[test]
fn places_to_go() {
    check(&[
        ("发到 wang.li@example.com 吧", "Email wang.li@example.com"),
        ("看 www.example.com/a", "Link www.example.com"),
        ("https://t.cn/A6abc", "ShortLink t.cn"),
        ("u.jd.com/abc", "ShortLink u.jd.com"),
        ("https://work.weixin.qq.com/gm/abcdef", "Invite work.weixin.qq.com"),
        ("weixin://dl/chat?abc", "Invite weixin://dl/chat?abc"),
        ("t.me/lily", "Invite t.me"),
        ("https://apps.apple.com/cn/app/id1", "Invite apps.apple.com"),
        ("abc88点com", "HiddenLink abc88.com"),
        ("abc88 點 com", "HiddenLink abc88.com"),
        ("搜 lingjiang(dot)top", "HiddenLink lingjiang.top"),
        ("lingjiang[.]top/abc", "HiddenLink lingjiang.top"),
        ("lingjiang（点）vip", "HiddenLink lingjiang.vip"),
        ("lingjiang dot com", "HiddenLink lingjiang.com"),
        ("ab88·com", "HiddenLink ab88.com"),
        ("www . lingjiang . top", "HiddenLink lingjiang.top"),
        ("www，lingjiang，com", "HiddenLink lingjiang.com"),
        ("ab88 . vip", "HiddenLink ab88.vip"),
    ]);
}

#[test]
fn cards_have_a_check_digit() {
    check(&[
        ("6222021234567890128", "BankCard 6222021234567890128"),
        ("6222 0212 3456 7890 128", "BankCard 6222021234567890128"),
        ("６２２２０２１２３４５６７８９０１２８", "BankCard 6222021234567890128"),
        ("4111 1111 1111 1111", "BankCard 4111111111111111"),
        ("6222021234567890127", ""),
        ("订单 7222021234567890128", ""),
    ]);
}

#[test]
fn ordinary_numbers_are_no_contacts() {
    for text in [
        "一共 12345678901 元",
        "2026-11-22 10:30-11:30",
        "2026年11月22日",
        "订单号 202611220012345678",
        "快递 SF1234567890123",
        "快递 75123456789012",
        "会议号 123 456 789",
        "会议号：987-654-321",
        "3 栋 2 单元 1502",
        "V2.10.4",
        "比分 3:2",
        "13 14 15 16 17 18",
        "1998-05-12 123",
        "1999-2000 赛季 123",
        "验证码 123456",
        "取件码 12-3-4567",
        "iPhone 15 加 Vision Pro 2024 版",
        "单价 15800 元，总价 138 1234 元",
        "房号 1 3 8 和 1 2 3",
        "微信 2023 版怎么升级",
        "微信支付 100 元",
        "在微信里说了 3 次",
        "他没什么威信",
        "QQ 音乐会员怎么退",
        "周末加 q 币 100 个",
        "加 1000000 元",
        "加v 100000 粉丝了",
        "微信读书 android 版",
        "ISBN 9787111128069",
        "一二三四五，上山打老虎",
        "二零二六年十一月二十二日",
        "早上 9 点 top 榜更新",
        "早上 9 点康姆来电",
        "我在 10 点 com 口等",
        "a.b.c 三个选项",
        "ok,me too",
        "第 1 3 5 7 9 排",
        "身高 178 体重 65 年龄 28",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn what_is_hidden_is_told_from_what_is_written_as_usual() {
    let disguised = |text: &str| {
        let mut folded = Text::default();
        folded.set(text);
        let all = find(&folded, &ALL.iter().copied().collect(), &[]);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        all[0].is_disguised(&folded)
    };
    for text in [
        "薇❤ abc12345",
        "威芯：abc12345",
        "𝓿𝔁：abc12345",
        "卫星：abc12345",
        "微信 ⓐⓑⓒ12345",
        "一三八一二三四五六七八",
        "①③⑧①②③④⑤⑥⑦⑧",
        "l38l2345678",
        "1-3-8-1-2-3-4-5-6-7-8",
        "🐧1234567",
        "加口 1234567",
        "abc88点com",
        "abc88点康姆",
        "abc88ꓸcom",
        "abc88丶com",
    ] {
        assert!(disguised(text), "{text}");
    }
    for text in [
        "微信号 lily_2020",
        "微信：13812345678",
        "加微信abc12345",
        "ＶＸ：ａｂｃ１２３４５",
        "vx abc12345",
        "+v：abc12345",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "QQ群 123 456 789",
        "扣扣 1234567",
        "t.cn/A6x",
        "wang@example.com",
    ] {
        assert!(!disguised(text), "{text}");
    }
}

#[test]
fn odd_texts_are_read_quickly_and_within_their_bounds() {
    for unit in [
        "1",
        "1 ",
        "一",
        "微信",
        "微信a1",
        "a点com",
        "138，",
        "@",
        "a@b.",
        "://",
        "vx:",
        "加1234567",
        "\u{FFFC}1",
        "l0",
    ] {
        found(&unit.repeat(20_000 / unit.chars().count()));
    }
}

use proptest::prelude::*;

proptest! {
    #[test]
    fn every_span_lies_in_the_text(text in "[微信薇❤加vx0-9a-c一二三. :点@com（）-]{0,60}") {
        let mut folded = Text::default();
        folded.set(&text);
        let kinds = ALL.iter().copied().chain([Kind::Account]).collect();
        let length = text.chars().count() as u32;
        for contact in find(&folded, &kinds, &[]) {
            prop_assert!(contact.span.start < contact.span.end && contact.span.end <= length);
        }
    }
}
