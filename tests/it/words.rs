//! `qunwei words` as a process: a word explained, and other people's lists taken in.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::daemon::{qunwei, stderr};
use crate::support::root;

fn words(args: &[&str]) -> Output {
    qunwei().current_dir(root()).arg("words").args(args).output().unwrap()
}

fn told(output: &Output) -> String {
    assert_eq!((output.status.code(), &*stderr(output)), (Some(0), ""));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A configuration with a list, an exception, words that count only together, and a rule that has no disguises.
fn config() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("lists")).unwrap();
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::write(dir.path().join("lists/ads.txt"), "# 词\n加微信\nvx\n私聊我\n! 参加微信\n").unwrap();
    let rules = "[[rule]]\nname = \"ads.words\"\nkind = \"keywords\"\ntitle = \"广告\"\nlists = [\"../lists/ads.txt\"]\n\
                 [[rule]]\nname = \"ads.both\"\nkind = \"combination\"\ntitle = \"广告\"\nall = [\"加微信\", \"领红包\"]\n\
                 [[rule]]\nname = \"ads.plain\"\nkind = \"keywords\"\ntitle = \"广告\"\nwords = [\"领资料\"]\ndisguised = false\n";
    fs::write(dir.path().join("config/a.toml"), rules).unwrap();
    dir
}

fn explained(word: &str, more: &[&str]) -> String {
    let dir = config();
    let output = qunwei().current_dir(dir.path()).args(["words", "explain", word]).args(more).output().unwrap();
    told(&output)
}

#[test]
fn a_word_is_explained() {
    let text = explained("加微信", &[]);
    for words in [
        "加微信\n  in ads.words (lists/ads.txt:2), also in disguise\n",
        "  in ads.both (config/a.toml:10), no hit by itself, also in disguise\n",
        "  not inside 参加微信 (lists/ads.txt:5)\n",
        "加  sound: jia",
        "symbol: ",
        "split: 力口",
        "jia wei xin (by sound",
        "jwx (first letters",
        "信微加 (from last to first)",
        "微加信 (neighbours changed places)",
        "likeliest ",
        &format!("From {} on (", qunwei::domain::disguise::ENOUGH),
    ] {
        assert!(text.contains(words), "`{words}` in {text}");
    }
    assert_eq!(text.matches("(by sound").count(), 1, "{text}");
    assert!(explained("领资料", &[]).contains("in ads.plain (config/a.toml:15), not in disguise\n"));
    let long = explained("长期招聘兼职打字员日结三百元起", &[]);
    assert!(long.contains("less than 0.01 before, less than 0.01 after it is weighed; likeliest "), "{long}");
    let same = explained("加 微 訊", &[]);
    assert!(same.starts_with("加 微 訊 (folded: 加微讯)\n  in no list"), "{same}");
    assert!(explained("。。", &[]).contains("found nowhere"));
    let latin = explained("VX", &[]);
    assert!(latin.contains("never initials and another order") && !latin.contains("from last to first)"), "{latin}");
    assert!(latin.contains("in ads.words (lists/ads.txt:3)"), "{latin}");
}

#[test]
fn a_text_is_weighed() {
    let rows = [
        (
            "加薇❤领资料",
            &["found: 加薇❤ = 加微信 (sound + symbol), ads.words: ", "(sound + symbol) weighs ", ": taken"][..],
        ),
        ("加微信领资料", &["found: 加微信 = 加微信 (plain), ads.words: violation"]),
        ("请大家参加微信读书", &["spared: 加微信 stands inside the exception 参加微信", "as a word of a list"]),
        (
            "他家卫星电视坏了",
            &["家卫星 = 加微信 (sound + near_sound) weighs ", "not taken: what stands there is usual enough"],
        ),
        ("今天天气不错", &["nothing in it can be read as the word"]),
    ];
    for (text, expected) in rows {
        let told = explained("加微信", &["--text", text]);
        for words in expected {
            assert!(told.contains(words), "`{words}` in {told}");
        }
    }
}

fn import(dir: &Path, files: &[(&str, &[u8])], more: &[&str]) -> Output {
    let mut args = vec!["import".to_owned()];
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        args.push(path.to_str().unwrap().to_owned());
    }
    args.extend(["--to".to_owned(), dir.join("config/imported").to_str().unwrap().to_owned()]);
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    words(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// 加微信 stays in the shipped list: README shows it.
const LIST: &str = "敏感词,类别\n无痛割双眼皮,医美\n手机,医美\n干你,色情\n的,医美\n加微信,广告\n无痛割雙眼皮,医美\n祛痘神膏,医美\nsm,色情\n……,色情\n内部仓位,股票\n跟单老师,股票\n";

#[test]
fn a_list_is_taken_in_and_can_be_used_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let gb: Vec<u8> = [0xCE, 0xDE, 0xCD, 0xB4].into(); // 无痛
    let output = import(
        dir.path(),
        &[
            ("bad words.csv", LIST.as_bytes()),
            ("mods.txt", "内部荐股群={MOD}\n跟单{2}老师\n(乱\n/加[薇威]信/\n大师带飞&群\n".as_bytes()),
            ("gb.txt", &[&gb[..], b"\xB8\xEE\xD1\xDB\xC6\xA4\n"].concat()),
        ],
        &[],
    );
    let text = told(&output);
    for words in [
        "bad_words: UTF-8, columns between `,`: words in column 1, tags in column 2\n  taken: 4 words\n  left out: 7\n",
        "everyday words: 手机 (about ",
        "the same as another one: 无痛割雙眼皮 (as 无痛割双眼皮)",
        "in a shipped list already: 加微信 (in wordlists/ads.txt)",
        "few letters or digits alone: sm",
        "nothing is left of it when it is folded: ……",
        "stands across the border of two words: 干你",
        "mods: UTF-8, one word a line\n  taken: 1 words (1 for review) and 2 patterns\n",
        "several words joined by &",
        "gb: GB18030",
    ] {
        assert!(text.contains(words), "`{words}` in {text}");
    }
    let to = dir.path().join("config/imported");
    let list = fs::read_to_string(to.join("bad_words.txt")).unwrap();
    assert!(list.contains("# ---- 医美 ----\n无痛割双眼皮\n祛痘神膏\n"), "{list}");
    assert!(fs::read_to_string(to.join("bad_words.dropped.tsv")).unwrap().contains("手机\teveryday words\t"));
    // it is a configuration, and it finds
    let check = qunwei().args(["check", "--config"]).arg(&to).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stdout));
    let messages = dir.path().join("messages.txt");
    fs::write(&messages, "专业无痛割双眼皮\n进内部荐股群\n跟单找老师\n加薇信\n明天换手机\n").unwrap();
    let scan = qunwei().args(["scan", "--config"]).arg(&to).arg(&messages).output().unwrap();
    let rules: Vec<String> = String::from_utf8(scan.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["findings"][0]["rule"].to_string())
        .collect();
    let name = |rule: &str| format!("\"imported.{rule}\"");
    let expected =
        [name("bad_words"), name("mods.review"), name("mods.patterns"), name("mods.patterns"), "null".to_owned()];
    assert_eq!(rules, expected);
}

#[test]
fn lines_that_hold_more_than_a_word_are_read_as_they_are_meant() {
    let dir = tempfile::tempdir().unwrap();
    let mixed = "新盘开售\n内部认购\n今天\n你好\n加微信\na\n兼职刷三单|3\n正则:加.{0,3}信\n/新盘.*售/\n学区|房\n[开盘]\n\\d|优惠\n\
                 [\"楼盘首付特价\"]\n1. 精装小户型\n认筹优惠价=3\n";
    let one = "楼盘首付款,学区特价房,内部认购券,精装大户型";
    let columns = "3,特价洋房盘,楼市\n4,急售学区宅,楼市\n";
    let output = import(
        dir.path(),
        &[("mixed.txt", mixed.as_bytes()), ("one.txt", one.as_bytes()), ("columns.csv", columns.as_bytes())],
        &[],
    );
    let text = told(&output);
    for words in [
        "mixed: UTF-8, one word a line\n",
        "         2  patterns: 加.{0,3}信; 新盘.*售\n",
        "         3  numbers and levels taken off words: 兼职刷三单|3; 1. 精装小户型; 认筹优惠价=3\n",
        "学区|房 (`房` alone is enough for it",
        "[开盘] (`开` alone",
        "\\d|优惠 (`0` alone",
        "one: UTF-8, words between `,`\n  taken: 4 words\n",
        "         2  columns and parts of lines that were not taken: 3 (column 1); 4 (column 1)\n",
    ] {
        assert!(text.contains(words), "`{words}` in {text}");
    }
    let list = |name: &str| fs::read_to_string(dir.path().join("config/imported").join(name)).unwrap();
    for word in ["新盘开售", "楼盘首付特价", "精装小户型", "# ---- 3 ----\n兼职刷三单\n认筹优惠价"]
    {
        assert!(list("mixed.txt").contains(&format!("{word}\n")), "{word} in {}", list("mixed.txt"));
    }
    assert!(list("mixed.txt").contains("mixed.dropped.tsv"), "{}", list("mixed.txt"));
    assert!(!list("one.txt").contains("dropped"), "no such file is written: {}", list("one.txt"));
    assert!(list("one.txt").ends_with("楼盘首付款\n学区特价房\n内部认购券\n精装大户型\n"), "{}", list("one.txt"));
}

#[test]
fn nothing_is_written_over_and_nothing_half() {
    let dir = tempfile::tempdir().unwrap();
    let list: (&str, &[u8]) = ("list.txt", "无痛割双眼皮\n".as_bytes());
    assert_eq!(import(dir.path(), &[list], &["--dry-run"]).status.code(), Some(0));
    assert!(!dir.path().join("config").exists());
    assert_eq!(import(dir.path(), &[list], &[]).status.code(), Some(0));
    let written = dir.path().join("config/imported/list.txt");
    fs::write(&written, "mine\n").unwrap();
    let again = import(dir.path(), &[("other.txt", "祛痘神膏\n".as_bytes()), list], &[]);
    assert!(
        again.status.code() == Some(1) && stderr(&again).contains("list.txt is there already"),
        "{}",
        stderr(&again)
    );
    assert_eq!(fs::read_to_string(&written).unwrap(), "mine\n");
    assert!(!dir.path().join("config/imported/other.txt").exists());
    assert_eq!(import(dir.path(), &[list], &["--force"]).status.code(), Some(0));
    assert!(fs::read_to_string(&written).unwrap().ends_with("无痛割双眼皮\n"));
    let picture = import(dir.path(), &[("a.png", b"\x89PNG\r\n\x1a\n\0\0\xff")], &["--force"]);
    assert!(
        picture.status.code() == Some(1) && stderr(&picture).contains("no text in UTF-8, GB18030"),
        "{}",
        stderr(&picture)
    );
    let none = import(dir.path(), &[("empty.txt", "的\n手机\n".as_bytes())], &[]);
    assert!(none.status.code() == Some(0) && stderr(&none).contains("nothing of"), "{}", stderr(&none));
}
