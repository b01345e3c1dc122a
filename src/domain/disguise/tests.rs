//! Words written otherwise and innocent texts; what holds for any text.

use proptest::prelude::*;

use super::tables::TABLES;
use super::*;

fn of(words: &[&str]) -> Disguises {
    let mut builder = DisguisesBuilder::default();
    for word in words {
        builder.add(word);
    }
    builder.build()
}

/// The words found in a text, each with its characters there and how they are written.
fn found(disguises: &Disguises, words: &[&str], text: &str) -> Vec<String> {
    let mut all: Vec<(i32, String)> = Vec::new();
    disguises.find(text, &mut DisguiseScratch::default(), |one| {
        let word = words[one.word as usize];
        let names: Vec<_> = one.disguise.views.names().collect();
        let line = format!("{} = {word} ({})", crate::domain::text::slice(text, one.span), names.join(" + "));
        all.push((one.weight, line));
    });
    all.sort_by_key(|(weight, line)| (-weight, line.len()));
    all.into_iter().map(|(_, line)| line).collect()
}

const WORDS: &[&str] = &["加微信", "刷单兼职", "裸聊", "办证", "傻逼", "代开发票", "赌博网站", "私聊我领取"];

#[test]
fn words_are_found_however_they_are_written() {
    let all = of(WORDS);
    let rows = [
        ("加薇芯领红包", "加薇芯 = 加微信 (sound)"),
        ("想了解的jia wei xin", "jia wei xin = 加微信 (pinyin)"),
        ("力口微亻言", "力口微亻言 = 加微信 (split)"),
        ("カロ微イ言", "カロ微イ言 = 加微信 (split)"),
        ("加v信了解", "加v信 = 加微信 (letter)"),
        ("一起裸l吧", "裸l = 裸聊 (initial)"),
        ("刷单j职日结", "刷单j职 = 刷单兼职 (initial)"),
        ("➕薇❤领资料", "➕薇❤ = 加微信 (sound + symbol)"),
        ("加薇[爱心]领资料", "加薇[爱心] = 加微信 (sound + symbol)"),
        ("刷弹见值", "刷弹见值 = 刷单兼职 (sound)"),
        ("shua单jian职", "shua单jian职 = 刷单兼职 (pinyin)"),
        ("单刷兼职", "单刷兼职 = 刷单兼职 (order)"),
        ("职兼单刷", "职兼单刷 = 刷单兼职 (order)"),
        ("单刷职兼", "单刷职兼 = 刷单兼职 (order)"),
        ("刷刷单兼兼兼职", "刷刷单兼兼兼职 = 刷单兼职 (repeated)"),
        ("➕🔬✉️领资料", "➕🔬✉ = 加微信 (symbol)"),
        ("有人做sdjz吗", "sdjz = 刷单兼职 (letter)"),
        ("骣聊 衤果耳卯", "衤果耳卯 = 裸聊 (split)"),
        ("你就是个傻铋", "傻铋 = 傻逼 (sound)"),
        ("代kai发piao", "代kai发piao = 代开发票 (pinyin)"),
        ("赌🐘网站", ""),
        ("贝者博网站", "贝者博网站 = 赌博网站 (split)"),
        ("嘟博网站", "嘟博网站 = 赌博网站 (sound)"),
        ("私聊我您取", "私聊我您取 = 私聊我领取 (near_sound)"),
    ];
    for (text, expected) in rows {
        let told = found(&all, WORDS, text);
        assert_eq!(told.first().map_or("", String::as_str), expected, "{text}: {told:?}");
    }
}

#[test]
fn one_filler_hides_no_word() {
    let words = ["裸聊", "约炮", "黄片"];
    let all = of(&words);
    for (text, matched) in [
        ("找人裸1聊吗", "裸1聊"),
        ("找人裸½聊吗", "裸½聊"),
        ("找人裸ab聊吗", "裸ab聊"),
        ("找人裸-x-聊吗", "裸-x-聊"),
        ("找人裸（拼音）聊吗", "裸（拼音）聊"),
        ("找人裸(luo3)聊吗", "裸(luo3)聊"),
        ("找人裸の聊吗", "裸の聊"),
        ("找人裸丨聊吗", "裸丨聊"),
        ("找人裸                    1                    聊吗", "裸                    1                    聊"),
        ("约了炮又不来", "约了炮"),
        ("出来约个炮", "约个炮"),
    ] {
        let word = if text.contains('炮') { "约炮" } else { "裸聊" };
        let told = found(&all, &words, text);
        assert_eq!(told.first(), Some(&format!("{matched} = {word} (filler)")), "{text}: {told:?}");
    }
    for text in [
        "胡萝卜切片 黄的片红的片",
        "裸abcd聊",
        "裸12聊",
        "裸（这里一共有十一个字的话）聊",
        "裸，1聊",
        "裸1",
        "别约了\u{FFFC}炮",
        "裸❤\u{FFFC}聊",
        "找人裸1------------------------------聊",
    ] {
        assert_eq!(found(&all, &words, text), [""; 0], "{text}");
    }
}

#[test]
fn a_filler_that_is_a_character_of_the_word_is_a_repetition() {
    let words = ["杀了你全家", "投一万返"];
    let all = of(&words);
    assert_eq!(found(&all, &words, "杀了了你全家").first().unwrap(), "杀了了你全家 = 杀了你全家 (repeated)");
    assert_eq!(found(&all, &words, "投一一万返").first().unwrap(), "投一一万返 = 投一万返 (repeated)");
}

#[test]
fn two_characters_that_nobody_puts_side_by_side_sound_like_a_word() {
    let words = ["网赌", "飞叶", "代考", "洗稿"];
    let all = of(&words);
    for (text, expected) in [
        ("天天网肚的人没救", "网肚 = 网赌 (sound)"),
        ("谁有嘿叶", "嘿叶 = 飞叶 (near_sound)"),
        ("找人贷靠就行", "贷靠 = 代考 (sound)"),
    ] {
        assert!(found(&all, &words, text).contains(&expected.to_owned()), "{text}: {:?}", found(&all, &words, text));
    }
}

#[test]
fn what_stands_side_by_side_in_talk_is_no_word_in_disguise() {
    let words = ["嗨药", "洋马", "奴隶", "猩猩", "赌王", "母的"];
    let all = of(&words);
    for text in ["还要等多久", "我养吗，算了", "那你努努力呗", "快醒醒", "读完再说", "伊斯特伍德演的"]
    {
        assert_eq!(found(&all, &words, text), [""; 0], "{text}");
    }
}

#[test]
fn letters_that_are_a_word_are_so_beside_a_letter_of_another_word() {
    let words = ["p事", "女o"];
    let all = of(&words);
    for text in ["学PS的同学", "No 她没空"] {
        assert_eq!(found(&all, &words, text), [""; 0], "{text}");
    }
}

#[test]
fn letters_that_are_nothing_but_syllables_hold_words() {
    let words = ["下载注册", "体育投注"];
    let all = of(&words);
    let told = |text: &str| found(&all, &words, text);
    assert_eq!(told("woyaoxiazaizhuce"), ["xiazaizhuce = 下载注册 (pinyin)"]);
    assert_eq!(told("tiyutouzhuAPPxiazai"), [""; 0], "app is no syllable");
    assert_eq!(told("xiazaizhuce88"), [""; 0], "an account");
}

#[test]
fn letters_of_everyday_use_are_no_first_letters() {
    let words = ["讨打", "送算力", "骚货哦", "血洗你", "约炮"];
    let all = of(&words);
    for text in ["td", "用SSL连接", "S.H.O 的歌", "XX你明天来"] {
        assert_eq!(found(&all, &words, text), [""; 0], "{text}");
    }
    let words = ["听话水", "你爹死", "骚货", "烂狗", "黄片"];
    let all = of(&words);
    for text in ["six months old", "The shop stands at the corner", "shuo hua", "go lang 学习群", "HP 笔记本"] {
        assert_eq!(found(&all, &words, text), [""; 0], "{text}");
    }
    let (words, texts) = (["赌博群", "彩票带单", "拿十代"], ["dbq我错了", "在线cpdd", "nsdd"]);
    for text in texts {
        assert_eq!(found(&of(&words), &words, text), [""; 0], "{text}");
    }
    let words = ["约炮"];
    let all = of(&words);
    assert!(found(&all, &words, "来yp吗").contains(&"yp = 约炮 (initial)".to_owned()));
}

#[test]
fn several_words_by_their_first_letters_in_a_row_are_found() {
    let words = ["河南人", "偷井盖"];
    let all = of(&words);
    let told = |text: &str| found(&all, &words, text);
    assert!(told("朋友说hnrtjg很正常").contains(&"hnr = 河南人 (initial)".to_owned()));
    assert!(told("朋友说hnrtjg很正常").contains(&"tjg = 偷井盖 (initial)".to_owned()));
    assert_eq!(told("朋友说ahnroutjges很正常"), [""; 0], "it can be spoken");
    assert_eq!(told("ĺťjğhńŕ"), [""; 0], "text in a wrong encoding");
    assert!(told("说htjg的").contains(&"tjg = 偷井盖 (initial)".to_owned()));
    assert_eq!(told("tjge"), [""; 0], "it can be spoken");
}

#[test]
fn short_rows_of_letters_are_syllables_among_others_of_them() {
    let words = ["黑的", "贩子"];
    let all = of(&words);
    assert_eq!(found(&all, &words, "怎么hei deshan dong忘了"), ["hei de = 黑的 (pinyin)"]);
    assert_eq!(found(&all, &words, "the hei deshan"), [""; 0]);
}

#[test]
fn a_symbol_beside_what_stands_as_it_is_can_be_read() {
    let words = ["男同", "反同"];
    let all = of(&words);
    assert_eq!(found(&all, &words, "抵制👨同这个群体"), ["👨同 = 男同 (symbol)"]);
    assert_eq!(found(&all, &words, "吧里这几个🍚同根本没什么能力"), ["🍚同 = 反同 (symbol)"]);
    let words = ["贱女"];
    let all = of(&words);
    assert!(found(&all, &words, "💇♀滚").contains(&"💇♀ = 贱女 (symbol)".to_owned()));
    assert_eq!(found(&all, &words, "💇\u{200D}♀️剪头发去哪家好"), [""; 0], "one picture");
}

#[test]
fn a_repeated_character_is_no_sign_of_another_word() {
    let words = ["口嗨"];
    let all = of(&words);
    for text in ["呵呵还好玩", "天天呵呵还敢顶嘴"] {
        assert_eq!(found(&all, &words, text), [""; 0], "{text}");
    }
}

#[test]
fn characters_that_share_a_part_look_alike() {
    for (written, meant) in [('沾', '站'), ('溅', '贱'), ('末', '未')] {
        assert!(TABLES.of(written).unwrap().shapes.contains(&meant), "{written} for {meant}");
    }
}

#[test]
fn innocent_texts_are_left_alone() {
    let all = of(WORDS);
    let texts = [
        "加为好友了吗，新来的",
        "他家卫星电视坏了",
        "耍单杠，兼职的话再说",
        "落聊城站下车",
        "班长整理一下",
        "半正式的活动",
        "网站打不开了",
        "这个博主的网站不错",
        "我领取了快递，私下聊",
        "我在上海读博，往站台走",
        "OK，woman，he说",
        "这里有0.2小时 - 0.3小时",
        "第 748 条",
        "",
    ];
    for text in texts {
        let told = found(&all, WORDS, text);
        assert_eq!(told, [""; 0], "{text}");
    }
}

#[test]
fn a_word_as_it_is_is_not_told() {
    let all = of(WORDS);
    for text in ["加微信", "加 微*信", "刷单兼职日结"] {
        assert_eq!(found(&all, WORDS, text), [""; 0], "{text}");
    }
}

#[test]
fn what_stands_for_several_characters_does_not_go_on_from_the_end_of_the_text() {
    let all = weighed("傻逼", "你个煞笔 sb 逼傻");
    assert!(all.iter().any(|one| one.weight >= ENOUGH) && all.iter().any(|one| one.weight < ENOUGH), "{all:?}");
    assert!(all.iter().all(|one| one.span.start < one.span.end), "{all:?}");
}

#[test]
fn a_clause_ends_a_word_and_so_does_something_else_in_between() {
    let all = of(WORDS);
    for text in ["参加。薇芯", "加薇\u{FFFC}芯", "刷弹，见值"] {
        assert_eq!(found(&all, WORDS, text), [""; 0], "{text}");
    }
}

#[test]
fn without_words_nothing_is_found() {
    assert!(Disguises::default().is_empty());
    assert_eq!(found(&Disguises::default(), &[], "加薇芯"), [""; 0]);
    let odd = of(&["", "单", "ぱちんこ", "一二三四五六七八九十一二三四五六七八九十"]);
    assert_eq!(found(&odd, &["", "单", "ぱちんこ", ""], "单ぱち んこ"), [""; 0]);
}

#[test]
fn long_texts_and_repetitions_are_no_trouble() {
    let all = of(&["哈哈哈哈", "加加加加加加加加", "加微信", "aaaa"]);
    for text in
        ["哈".repeat(20_000), "加家佳".repeat(10_000), "\u{301}".repeat(50_000), "❤".repeat(20_000), "a".repeat(20_000)]
    {
        all.find(&text, &mut DisguiseScratch::default(), |_| {});
    }
}

#[test]
fn a_word_begins_with_the_first_of_repeated_characters() {
    // once, however many there are: from each of them it would be looked at as a whole again
    let text = format!("{}薇芯领红包", "加".repeat(50_000));
    let mut spans = Vec::new();
    of(&["加微信"]).find(&text, &mut DisguiseScratch::default(), |one| spans.push(one.span));
    spans.dedup();
    assert_eq!(spans, [Span { start: 0, end: 50_002 }]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))] // each compiles words of its own
    #[test]
    fn every_span_lies_in_the_text(
        text in "([加佳家微薇徽信芯心刷唰单弹力口亻言a-zA-Z0-9 ，。❤➕🐎\u{200B}\u{FFFC}]|\\PC){0,40}",
        words in prop::collection::vec("[加微信刷单兼职vq力口]{1,6}", 1..6),
    ) {
        let folded: Vec<&str> = words.iter().map(String::as_str).collect();
        let length = text.chars().count() as u32;
        of(&folded).find(&text, &mut DisguiseScratch::default(), |one| {
            assert!(one.span.start < one.span.end && one.span.end <= length, "{one:?}");
            assert!(!one.disguise.views.is_empty(), "{one:?}");
        });
    }
}
