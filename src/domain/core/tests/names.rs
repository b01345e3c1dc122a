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

/// What admins are told alone.
fn told_alone(changes: &[Change], to: &str) -> Vec<String> {
    let alone = |action: &Arc<Action>| match &action.what {
        What::Private { user, text } if **user == *to => Some(text.clone()),
        _ => None,
    };
    acts(changes).iter().filter_map(alone).collect()
}

#[test]
fn who_runs_the_group_reads_alone_whom_and_what_it_is_about_and_where() {
    let mut bed = Bed::without(&[Capability::Task]);
    bed.event(Kind::GroupUpdated { name: Some("一号店".into()), archive: None }, NOW);
    let sender = || Person { id: "9".into(), name: "坏话大王".into(), role: None };
    let changes = bed.say_as(sender(), "怪话");
    let [told] = &told_alone(&changes, "named")[..] else { panic!("{changes:?}") };
    assert!(told.starts_with("【一号店】请看一下 坏＊＊＊ 的") || told.starts_with("【一号店】"), "{told}");
    assert!(told.contains("\n成员：坏话大王\n原话：“怪话”"), "{told}");
    // What the member reads stays masked.
    let changes = bed.say_as(sender(), BAD);
    let warned = told_alone(&changes, "9").concat();
    assert!(warned.contains("坏＊＊＊") && !warned.contains("坏话"), "{warned}");
}

#[test]
fn a_card_carries_what_it_is_about_and_its_text_stays_masked() {
    let mut bed = Bed::without(&[Capability::Mute]);
    bed.event(Kind::GroupUpdated { name: Some("一号店".into()), archive: None }, NOW);
    let sender = Person { id: "9".into(), name: "坏话大王".into(), role: None };
    let changes = bed.say_as(sender, "怪话");
    let card = acts(&changes)[0].clone();
    let What::Task { text, about, .. } = &card.what else { panic!("{changes:?}") };
    assert!(text.contains("坏＊＊＊") && !text.contains("坏话"), "{text}");
    let told = (&*about.group, &*about.name, &*about.user, &*about.text);
    assert_eq!(told, ("一号店", "坏话大王", "9", "怪话"));
    assert!(card.to_json().contains(r#""about":{"group":"一号店","name":"坏话大王","user":"9","text":"怪话"}"#));
}

#[test]
fn what_failed_names_the_member_and_not_an_id() {
    let mut bed = Bed::new();
    let changes = bed.say("9", BAD);
    let notice = acts(&changes).into_iter().find(|action| matches!(action.what, What::Private { .. })).unwrap();
    bed.core.loaded.about = Subject::of("9", "小王", BAD);
    let told = bed.end(&notice, &Outcome::Failed { error: "40003".to_owned() });
    let What::Task { text, about, .. } = &acts(&told)[0].what else { panic!("{told:?}") };
    assert!(text.contains("私信通知 小王"), "{text}");
    assert_eq!((&*about.name, &*about.text), ("小王", BAD));
}
