//! Pictures, mentions, files, cards: what is not text.

use super::*;

fn image() -> Segment {
    Segment::Image { url: None }
}

fn mention(user: &str, name: &str) -> Segment {
    Segment::Mention { user: user.into(), name: name.into() }
}

fn file(name: &str) -> Segment {
    Segment::File { name: Some(name.into()), size: None }
}

#[test]
fn too_many_pictures_in_one_message() {
    let rules = rules("[pictures]\npictures = 2");
    let text = || Segment::Text("看图".into());
    let three = vec![text(), image(), text(), image(), Segment::Video { seconds: None }, image(), text()];
    assert_eq!(in_message(&rules, three), super::rows(&[("", "\u{FFFC}看图\u{FFFC}\u{FFFC}\u{FFFC}")]));
    let video = || Segment::Video { seconds: None };
    assert_eq!(in_message(&rules, vec![image(), image(), video()]), []);
    let with_videos = self::rules("[pictures]\npictures = 2\nvideos = true");
    assert_eq!(in_message(&with_videos, vec![image(), image(), video()]).len(), 1);
    let none = self::rules("[pictures]\npictures = 0");
    assert_eq!(in_message(&none, vec![image()]).len(), 1);
    assert_eq!(in_message(&none, vec![text()]), []);
}

/// Plays (member, seconds, pictures, videos) and gives the places of those that were a hit.
fn show(rules: &Ruleset, shown: &[(u64, i64, u8, u8)]) -> Vec<usize> {
    let (mut recent, mut scratch) = (Recent::default(), Scratch::default());
    let hit = |(place, (member, seconds, images, videos)): (usize, &(u64, i64, u8, u8))| {
        rules.find_in_text("\u{FFFC}", &mut scratch);
        let seen = sighting(*member, 1, *seconds, &scratch.text);
        let seen = Sighting { images: *images, videos: *videos, ..seen };
        recent.note(rules.needs(), &seen);
        rules.find_recent(&recent, &seen, &Message::default(), moment(*seconds), &mut scratch);
        (!scratch.hits.is_empty()).then_some(place)
    };
    shown.iter().enumerate().filter_map(hit).collect()
}

#[test]
fn too_many_pictures_in_a_row() {
    let rules = rules("[pictures]\nwindows = [{ pictures = 3, seconds = 10 }]");
    assert_eq!(show(&rules, &[(1, 0, 1, 0), (1, 1, 1, 0), (1, 2, 1, 0), (2, 3, 1, 0), (1, 10, 1, 0)]), [4]);
    assert_eq!(show(&rules, &[(1, 0, 1, 0), (1, 1, 1, 0), (1, 2, 1, 0), (1, 11, 1, 0)]), [0; 0]);
    assert_eq!(show(&rules, &[(1, 0, 4, 0), (1, 1, 0, 0)]), [0]);
    assert_eq!(show(&rules, &[(1, 0, 2, 2), (1, 5, 1, 9)]), [0; 0]);
    assert_eq!(show(&rules, &[(1, 0, 2, 0), (1, 100, 2, 0), (1, 5, 2, 0)]), [2]); // late
    assert_eq!(show(&rules, &[(1, 20, 2, 0), (1, 100, 2, 0), (1, 5, 2, 0)]), [0; 0]);
    let with_videos = self::rules("[pictures]\nvideos = true\nwindows = [{ pictures = 3, seconds = 10 }]");
    assert_eq!(show(&with_videos, &[(1, 0, 2, 0), (1, 5, 0, 2), (1, 6, 0, 0)]), [1]);
}

#[test]
fn everybody_is_mentioned_really_or_in_writing() {
    let rules = rules("[mentions]\neverybody = true");
    let typed = [
        ("@所有人 快来", vec!["@所有人"]),
        ("大家好＠ 全體成員看", vec!["＠ 全體成員"]),
        ("@ALL 请看", vec!["@ALL"]),
        ("@all大家，@Everyone", vec!["@all", "@Everyone"]),
        ("@\u{200B}所有人", vec!["@\u{200B}所有人"]),
        ("@allen 在吗", vec![]),
        ("发到 wang@all.com", vec![]),
        ("所有人都到齐了", vec![]),
        ("@小王 所有人到齐了", vec![]),
        ("@", vec![]),
    ];
    for (text, expected) in typed {
        assert_eq!(found(&rules, text), expected, "{text}");
    }
    for (user, name, hit) in
        [("all", "", true), ("@ALL", "", true), ("", "@所有人", true), ("u7", "所有人", false), ("u7", "小七", false)]
    {
        assert_eq!(!in_message(&rules, vec![mention(user, name)]).is_empty(), hit, "{user} {name}");
    }
}

#[test]
fn too_many_members_are_mentioned() {
    let rules = rules("[mentions]\nmembers = 2");
    let text = || Segment::Text("和".into());
    let three = vec![mention("a", ""), text(), mention("b", ""), mention("c", "")];
    assert_eq!(in_message(&rules, three), super::rows(&[("", "\u{FFFC}和\u{FFFC}\u{FFFC}")]));
    let twice = vec![mention("a", ""), mention("a", ""), mention("b", ""), mention("all", "")];
    assert_eq!(in_message(&rules, twice), []);
    assert_eq!(in_message(&rules, vec![mention("", "甲"), mention("", "乙"), mention("", "丙")]).len(), 1);
}

#[test]
fn files_by_type() {
    let rules = rules("[files]\nblock = [\"apk\", \".EXE\"]\ndisguised = true");
    let rows = [
        ("助手.apk", "apk"),
        ("助手.APK.1", "APK"),
        ("助手.apk.txt", "apk"),
        ("照片.jpg.exe", "exe"),
        ("工资表．ｅｘｅ", "ｅｘｅ"),
        ("工资表。exe", "exe"),
        ("工资表.exe . .", "exe"),
        ("工资表.e x\u{200B}e", "e x\u{200B}e"),
        (".apk", "apk"),
        ("照片\u{202E}gpj.exe", "exe"),
        ("合同\u{202E}fdp.doc", "\u{202E}"),
    ];
    for (name, matched) in rows {
        assert_eq!(in_message(&rules, vec![file(name)]), super::rows(&[("content[0].name", matched)]), "{name}");
    }
    for name in ["apk", "exe说明.pdf", "我的apk介绍.docx", "a.apkx", "", "...", "1.2.3"] {
        assert_eq!(in_message(&rules, vec![file(name)]), [], "{name}");
    }
}

#[test]
fn files_that_are_not_allowed_or_too_large() {
    let rules = rules("[files]\nallow = [\"pdf\"]\nmegabytes = 2");
    for (name, expected) in [("a.pdf", vec![]), ("a.PDF", vec![]), ("a.zip", vec!["zip"]), ("无", vec!["无"])] {
        let matched: Vec<_> = in_message(&rules, vec![file(name)]).into_iter().map(|(_, matched)| matched).collect();
        assert_eq!(matched, expected, "{name}");
    }
    let sized = |size| vec![Segment::File { name: None, size: Some(size) }];
    assert_eq!(in_message(&rules, sized(2 << 20)), []); // what has no name is not known to be of a wrong type
    assert_eq!(in_message(&rules, sized((2 << 20) + 1)), super::rows(&[("content[0].size", "2097153")]));
}

#[test]
fn cards_and_red_packets() {
    let rules = rules("[cards]\ncards = true\nallow = [\"三号店\"]\nred_packets = true\nother = [\"mini_program\"]");
    let card = |title: &str| Segment::Card { title: Some(title.into()) };
    let content = vec![
        Segment::Text("看".into()),
        card("领券"),
        card("三 號店·今日特价"),
        Segment::Card { title: None },
        Segment::RedPacket,
        Segment::Other("mini_program".into()),
        Segment::Other("sticker".into()),
    ];
    let expected = [("content[1].title", "领券"), ("", "\u{FFFC}"), ("", "\u{FFFC}"), ("", "\u{FFFC}")];
    assert_eq!(in_message(&rules, content), super::rows(&expected));
}
