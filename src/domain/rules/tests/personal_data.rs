//! Numbers and addresses that are nobody else's business.

use super::*;

#[test]
fn cards_are_found_in_every_disguise_and_only_when_they_are_sound() {
    let rules = rules("[personal_data]\nkinds = [\"id_card\", \"bank_card\"]");
    for text in [
        "110101199003077512",
        "１１０１０１１９９００３０７７５１２",
        "110101 19900307 7512",
        "1101 0119 9003 0775 12",
        "壹壹零壹零壹壹玖玖零零叁零柒柒伍壹贰",
        "一一〇一〇一一九九〇〇三〇七七五一二",
        "44030820000229123①",
        "6222021234567890128",
        "6222 0212 3456 7890 128",
        "六二二二零二一二三四五六七八九零一二八",
    ] {
        assert_eq!(found(&rules, &format!("号码是{text}，谢谢")), [text], "{text}");
    }
    for text in [
        "110101199003077513",  // its check character
        "000101199003077512",  // no province
        "110101199013077512",  // no month
        "6222021234567890127", // its check digit
        "订单 20261122001234567890",
        "13812345678",
        "0000000000000000000",
    ] {
        assert_eq!(found(&rules, text), [""; 0], "{text}");
    }
}

#[test]
fn the_last_character_may_be_a_letter() {
    let rules = rules("[personal_data]\nkinds = [\"id_card\"]");
    let text = "11010119900307109X";
    let sound: Vec<String> = (0..100)
        .map(|no| format!("110101199003071{no:02}X"))
        .filter(|text| found(&rules, text) == [text.clone()])
        .collect();
    assert!((5..=15).contains(&sound.len()), "{text}: one in eleven is sound: {sound:?}");
    for text in &sound {
        assert_eq!(found(&rules, &text.replace('X', "ｘ")).len(), 1);
    }
}

#[test]
fn telephones_and_homes() {
    let rules = rules("[personal_data]\nkinds = [\"phone\", \"address\"]\nallow = [\"400-800-1234\"]");
    let rows = [
        ("他手机 138-1234-5678", "138-1234-5678"),
        ("送到北京市朝阳区建国路12号3号楼501室", "送到北京市朝阳区建国路12号3号楼501室"),
        ("阳光花园小区 3 栋 2 单元 501 室", "阳光花园小区 3 栋 2 单元 501 室"),
    ];
    for (text, expected) in rows {
        assert_eq!(found(&rules, text), [expected], "{text}");
    }
    for text in
        ["客服 400-800-1234", "在人民路那家店门口见", "3 栋停水了", "地铁 2 号线 5 号口", "朝阳区下雨了，3 号楼没停电"]
    {
        assert_eq!(found(&rules, text), [""; 0], "{text}");
    }
}

#[test]
fn what_is_kept_shows_only_the_first_character() {
    use crate::domain::conceal::conceal;
    let rules = rules(
        "[contacts]\nkinds = [\"bank_card\"]\n[personal_data]\nkinds = [\"id_card\", \"bank_card\"]\n[repeat]\nby_member = { times = 2, seconds = 9 }",
    );
    let text = "卡 6222 0212 3456 7890 128，证 110101199003077512！";
    let mut scratch = Scratch::default();
    rules.find_in_text(text, &mut scratch);
    scratch.hits.push(Hit {
        rule: RuleId(2),
        span: scratch.text.whole(),
        word: None,
        part: None,
        matched: None,
        disguise: None,
        scored: None,
    });
    let findings: Vec<_> = scratch.hits.iter().map(|hit| rules.finding(hit, text, &setting()).unwrap()).collect();
    assert_eq!(findings.len(), 4);
    let kept = conceal(&rules, text, &findings);
    assert_eq!(kept.text, "卡 6＊＊＊ ＊＊＊＊ ＊＊＊＊ ＊＊＊＊ ＊＊＊，证 1＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊＊！");
    let all = format!("{kept:?}");
    assert!(!all.contains("6222") && !all.contains("11010"), "{all}");
    let shown: Vec<_> = kept.findings.iter().map(|finding| (finding.start, finding.end)).collect();
    assert_eq!(shown, findings.iter().map(|finding| (finding.start, finding.end)).collect::<Vec<_>>());
    // Without personal data all stays as it is.
    let others: Vec<_> = findings.into_iter().filter(|finding| !rules.conceals(&finding.rule)).collect();
    assert_eq!(conceal(&rules, text, &others).text, text);
}
