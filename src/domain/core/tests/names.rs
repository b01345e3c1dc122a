//! Names in notices do no harm, and nothing that matched is repeated.

use super::*;

#[test]
fn names_are_harmless_and_what_matched_is_masked() {
    for (name, shown, hidden) in [
        ("小王", "小王", "——"),
        ("@所有人", "所＊＊", "@所有人"),
        ("＠All hands", "A＊＊＊", "@All"),
        ("所有人都好", "所＊＊＊＊", "所有人"),
        ("所 有\u{301} 人", "所＊＊＊＊＊", "\u{301}"),
        ("全体成员", "全＊＊＊", "全体"),
        ("ａｌｌ", "ａ＊＊", "ｌ"),
        ("all-in", "a＊＊＊＊＊", "all"),
        ("Allen", "Allen", "——"),
        ("a\u{202E}b\u{2066}c", "abc", "\u{202E}"),
        ("零\u{200B}宽", "零宽", "\u{200B}"),
        ("一\n二\r三\t四", "一二三四", "\n"),
        ("{{ 7*7 }}{% if x %}", "{{ 7*7 }}{% if x %}", "49"),
        ("我爱坏话", "我＊＊＊", "坏话"),
        ("", "9", "——"),
        ("@", "9", "——"),
        (&"长".repeat(200), &format!("{}…", "长".repeat(31)), &"长".repeat(32)),
    ] {
        let mut bed = Bed::new();
        let mut all = Vec::new();
        for _ in 0..4 {
            let sender = Person { id: "9".into(), name: name.into(), role: None };
            let changes = bed.say_as(sender, "这里有一句坏话呢");
            bed.deliver(&changes);
            bed.pass(2 * MINUTE);
            all.extend(texts(&changes));
        }
        assert_eq!(all.len(), 5, "{all:?}");
        for text in all {
            assert!(text.contains(shown) && !text.contains(hidden), "{name:?} in {text}");
            assert!(!text.contains("坏话"), "{text}");
        }
    }
}

#[test]
fn a_merged_notice_holds_to_the_same() {
    let mut bed = Bed::with(|policy| policy.ladder = [Step::WarnPublic].into());
    for user in 0..8 {
        let sender = Person { id: user.to_string().into(), name: "@坏话大王".into(), role: None };
        bed.say_as(sender, BAD);
    }
    bed.pass(MINUTE);
    let text = texts(&bed.tick()).concat();
    assert!(text.contains("坏＊＊＊") && !text.contains("坏话"), "{text}");
}
