//! Rows of what is no TOML: where it is told, and with what advice.

use super::*;

#[test]
fn what_is_no_toml_is_told_with_advice() {
    // what is written, part of the help
    let rows = [
        ("[group.阳光花园]\nmode = \"on\"", "put the name in quotes: [group.\"阳光花园\"]"),
        ("[group.a1阳光.notices] # 群", "put the name in quotes: [group.\"a1阳光\".notices]"),
        ("名字 = 1", "did you mean `name`?"),
        ("[[rule]]\n标题 = \"广告\"", "did you mean `title`?"),
        ("[group.g]\n小王 = 1", "put the name in quotes: \"小王\""),
        ("[group.g]\nadmins = [\"a\" \"b\"]", "a comma is missing before this"),
        ("[group.g]\nadmins = [\n  \"a\"\n  \"b\"]", "a comma is missing before this"),
        ("[group.g]\nadmins = [\"a\"、\"b\"]", "instead of 、"),
        ("[[rule]]\nclause = 三", "write the number in digits: 3"),
        ("[notices]\nmute = \"\"\"您好，\n再见\\d，\n\"\"\"", "single quotes"),
        ("[rule]]\nname = \"a\"", "write [[rule]]"),
        ("[[群]]\nname = \"a\"", "did you mean [group.\"ID\"]?"),
        ("[群.\"g1\"]\nname = \"a\"", "did you mean [group.\"ID\"]?"),
        ("[[提醒]]\ntext = \"a\"", "did you mean [[reminder]]?"),
        ("[[rule]]\n级别 = \"serious\"", "did you mean `severity`?"),
        ("[[reminder]\ntext = \"a\"", "write [[reminder]]"),
        ("[[rule] # 广告\nname = \"a\"", "write [[rule]]"),
        ("[daemon\nqueue = 100", "write [daemon]"),
        ("[group.g]\nrule.\"ads.x\" = { delete = False }", "write true or false, in small letters"),
        ("[daemon]\nmode = True", "write true or false, in small letters"),
        ("[daemon]\nmode = \"on\nqueue = 100", "end it with the quote"),
        ("[daemon]\nmode = 'on", "end it with the quote"),
        ("[notices]\nmute = \"您好，", "end it with the quote"),
        ("[group.g]\nallow = [\"a\", \"b]\nowner = \"c\"", "end it with the quote"),
        ("[daemon]\nmode = \"on”", "half width: = , . [ ] \" # instead of ”"),
        ("[daemon]\n　mode = \"on\"", "full-width space"),
        ("[daemon]\nmode　= \"on\"", "full-width space"),
        ("　[daemon]\nmode = \"on\"", "full-width space"),
        ("[daemon]\nmode = on # 开，关", "put the value in quotes"),
        ("[daemon]\nmode = \"on\" ＃ 说明", "instead of ＃"),
        ("＃ 说明\n[daemon]", "instead of ＃"),
        ("【daemon】\nqueue = 100", "instead of 【"),
        ("daemon]\nqueue = 100", "write [daemon]"),
        ("[ [rule] ]\nname = \"a\"", "write [[rule]]"),
        ("[profile。default]", "instead of 。"),
        ("[profile.default]\nstrike_days = ３０", "half width instead of ３"),
        ("[daemon]\nmode: \"on\"", "stands `=`: mode = "),
        ("[daemon]\nmode：\"on\"", "stands `=`: mode = "),
        ("[daemon]\nmode \"on\"", "stands `=`"),
        ("// x\n[daemon]", "a comment begins with #"),
        ("{\"a\": 1}", "begin with a heading"),
        ("<<<<<<< HEAD\n[daemon]", "two versions"),
        ("```toml\n[daemon]", "take this line out"),
        ("[daemon]\nqueue = 16,384", "without commas"),
        ("[daemon]\nqueue = 100;", "take this sign away"),
        ("[daemon]\nqueue = 0100", "without 0"),
        ("[daemon]\nqueue = 100条", "without a unit"),
        ("[daemon]\nwatch = 是", "write true or false"),
        ("[daemon]\nwatch =", "behind the `=`"),
        ("[daemon]\nwatch = true mode = \"on\"", "one key stands on a line"),
        ("[group.g]\nname = \"三\"号\"店\"", "single quotes"),
        ("[group.g]\nladder = [\"remove\"\n", "end it with ]"),
        ("[daemon]\ndata = \"C:\\Users\\x\"", "single quotes"),
        ("[daemon]\nmode\u{200B} = \"on\"", "cannot be seen"),
        ("[daemon]\nqueue = 100\n[daemon] # again\nwatch = true", "already on line 1"),
        (
            "[group.g]\nname = \"a\"\n[group.\"g\"]\nowner = \"u\"",
            "already on line 1: move the lines below this one there",
        ),
        ("[daemon]\nqueue = 100\nqueue = 200", "already on line 2: keep one"),
        ("[daemon]\rqueue = 100", "line ends"),
        ("[daemon] 😀", "a line is `key = value`"),
        ("[profile.default]\nladder = [\"remove\"]\nx = \"加\\d微\"", "single quotes"),
    ];
    for (text, help) in rows {
        let faults = faults_of(text);
        assert_eq!(faults.len(), 1, "{text}\n{faults:#?}");
        let fault = &faults[0];
        assert!(fault.message.contains("not TOML"), "{text}\n{fault:#?}");
        assert!(fault.help.as_ref().is_some_and(|given| given.contains(help)), "{text}\n{fault:#?}");
    }
}

#[test]
fn a_long_text_that_is_not_closed_is_told_where_it_begins() {
    let rows = [
        (
            "[group.g]\nmode = \"on\"\nrules_text.full = \"\"\"\n一、不发广告，不骂人。\n[daemon]\nqueue = 100\n",
            (3, 19),
        ),
        ("[group.g]\nrules_text.full = '''\n一、不发广告，不骂人。\n\"\"\"", (2, 19)),
        ("[notices]\nmute = \"\"\"a \\\"\"\" b，\n", (2, 8)),
        ("[notices] # \"\"\"\nmute = \"\"\"a\"\"\"\nremove = \"\"\"b，\"\"\n", (3, 10)),
        ("[notices]\nmute = \"\"\"您好，", (2, 8)),
    ];
    for (text, at) in rows {
        let faults = faults_of(text);
        let [fault] = &faults[..] else { panic!("{text}\n{faults:#?}") };
        assert_eq!(((fault.line, fault.column), fault.width), (at, 3), "{text}\n{fault:#?}");
        assert_eq!(fault.message, "this is not TOML: this text is not closed");
        let quotes = if text.contains("'''") { "'''" } else { "\"\"\"" };
        let expected = format!("write {quotes} where it ends; until then, everything below it belongs to it");
        assert_eq!(fault.help.as_deref(), Some(&*expected), "{text}");
    }
}

#[test]
fn what_is_no_toml_is_told_statement_by_statement() {
    let text = "[daemon]\nlisten = “127.0.0.1:8080”\nqueue ＝ 100\ndata = \"./data\nmode = \"observ\"\n\
                timezone = Asia/Shanghai\ndedupe_hours = 24，\nlog_format \"json\"\n\
                [profile.default]\nladder = [\"warn_private\", \"mute 24h\"\nstrike_days = 0\n\
                [profile.vip]\nladder = [\"warn_private\" \"remove\"]\nmode = ture\n\
                [group.\"x\"]\nprofile = \"vip\"\nprofile = \"vip\"\nmode = 1\n\
                [[rule]\nname = \"b\"\nkind = \"no\"\n\
                [[rule]]\nname = \"a\"\nkind = \"plain\"\ntitle = \"t\"\nwords = [\"加\\d微\"]\n\
                [daemon]\nqueue = 5\n";
    let places: Vec<_> = faults_of(text).iter().map(|fault| (fault.line, fault.message.contains("not TOML"))).collect();
    let expected = [
        (2, true),
        (3, true),
        (4, true),
        (5, false),
        (6, true),
        (7, true),
        (8, true),
        (10, true),
        (11, false),
        (13, true),
        (14, true),
        (17, true),
        (18, false),
        (19, true),
        (26, true),
        (27, true),
        (28, false),
    ];
    assert_eq!(places, expected, "{:#?}", told(&faults_of(text)));
}
