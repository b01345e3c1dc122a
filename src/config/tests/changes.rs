//! What a new version changes, in words.

use super::{files, no_env};
use crate::config::*;

const OLD: &str = r#"
[daemon]
listen = "127.0.0.1:8080"
mode = "observe"
[[rule]]
name = "ads.a"
title = "广告"
kind = "keywords"
lists = ["a.txt"]
words = ["新盘开售", "内部认购"]
[[rule]]
name = "ads.b"
title = "楼盘"
kind = "keywords"
words = ["新盘开售"]
[profile.strict]
ladder = ["remove"]
strike_days = 30
[profile.strict.rule."ads.b"]
mode = "off"
[group.g1]
profile = "strict"
allow = ["u1", "u2"]
[notices]
appeal = "请联系群主"
[bridge.one]
secret_env = "UNSET"
actions_url = "https://a.example.com/?key=geheim"
capabilities = ["send"]
"#;

fn summary(old: &str, new: &str) -> Summary {
    lists(&[("a.toml", old), ("a.txt", "学区房\n! 学区房政策")], &[("a.toml", new), ("a.txt", "学区房\n! 学区房政策")])
}

fn lists(old: &[(&str, &str)], new: &[(&str, &str)]) -> Summary {
    let dir = std::path::Path::new(".");
    let read = |list| from_files(dir, &files(list), &no_env).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let (old, new) = (read(old), read(new));
    Summary::between(
        Written { files: &old.files, bridges: &old.daemon.bridges },
        Written { files: &new.files, bridges: &new.daemon.bridges },
    )
}

#[test]
fn each_change_is_told_in_both_languages() {
    let rows = [
        (
            "words = [\"新盘开售\", \"内部认购\"]",
            "words = [\"新盘开售\", \"学位房\", \"学位\"]",
            "rule ads.a changed (words +2 −1)",
            "规则「广告」（ads.a）：词 +2 −1",
        ),
        (
            "title = \"广告\"",
            "title = \"广告\"\nmode = \"observe\"\nseverity = \"severe\"",
            "rule ads.a changed (mode on → observe, severity minor → severe)",
            "规则「广告」（ads.a）：状态 开启 → 只观察，轻重 轻 → 严重",
        ),
        (
            "strike_days = 30",
            "strike_days = 7",
            "profile strict changed (strike_days 30 → 7)",
            "档案 strict：违规保留天数 30 → 7",
        ),
        (
            "ladder = [\"remove\"]",
            "ladder = [\"mute 1h\", \"remove\"]",
            "profile strict changed (ladder)",
            "档案 strict：处罚阶梯改了",
        ),
        (
            "mode = \"off\"",
            "mode = \"observe\"",
            "profile strict changed (rule.ads.b.mode off → observe)",
            "档案 strict：rule.ads.b.状态 关闭 → 只观察",
        ),
        (
            "allow = [\"u1\", \"u2\"]",
            "allow = [\"u2\", \"u3\", \"u4\"]",
            "group g1 changed (allow +2 −1)",
            "群 g1：放行名单 +2 −1",
        ),
        ("请联系群主", "请联系管理员", "notices changed (appeal)", "通知的文字：appeal改了"),
        ("key=geheim", "key=anders", "bridge one changed (actions_url)", "桥 one：actions_url改了"),
        ("[bridge.one]", "[bridge.two]", "bridge one removed; bridge two added", "删除桥 one；新增桥 two"),
        (
            "8080",
            "8090",
            "listen 127.0.0.1:8080 → 127.0.0.1:8090 (takes effect at the next start)",
            "listen 127.0.0.1:8080 → 127.0.0.1:8090（重启后才生效）",
        ),
        ("mode = \"observe\"\n[[rule]]", "[[rule]]", "mode observe → on", "状态 只观察 → 开启"),
        ("[group.g1]", "# 说明\n[group.g1]", "only comments or their order", "只改了说明或顺序"),
    ];
    for (from, to, en, zh) in rows {
        assert!(OLD.contains(from), "{from}");
        let summary = summary(OLD, &OLD.replacen(from, to, 1));
        assert_eq!((summary.line().as_str(), summary.summary_zh().as_str()), (en, zh));
        assert_eq!(summary.is_empty(), en.starts_with("only"));
    }
    let renamed = summary(OLD, &OLD.replace("ads.b", "ads.c"));
    let en = "rule ads.b removed; rule ads.c added; profile strict changed (rule.ads.b.mode off → on, rule.ads.c.mode on → off)";
    assert_eq!(renamed.line(), en);
}

#[test]
fn lists_are_counted_and_never_quoted() {
    let list =
        |text: &str| lists(&[("a.toml", OLD), ("a.txt", "学区房\n! 学区房政策")], &[("a.toml", OLD), ("a.txt", text)]);
    let changed = list("# 新\n学区房\n学位房 # 常见\n学区房政策");
    assert_eq!(changed.line(), "word list a.txt changed (+2 −1)");
    assert_eq!(list("! 学区房政策\n学区房\n").line(), "only comments or their order");
    let other = OLD.replace("a.txt", "b.txt");
    let moved = lists(&[("a.toml", OLD), ("a.txt", "学区房")], &[("a.toml", &other), ("b.txt", "学区房\n学位房")]);
    let en = "rule ads.a changed (lists +1 −1); word list a.txt removed (1 entries); word list b.txt added (2 entries)";
    assert_eq!(moved.line(), en);
}

#[test]
fn the_split_into_files_is_no_change() {
    let (front, back) = OLD.split_at(OLD.find("[profile.strict]").unwrap());
    let split =
        lists(&[("a.toml", OLD), ("a.txt", "学区房")], &[("b.toml", back), ("c.toml", front), ("a.txt", "学区房")]);
    assert!(split.is_empty(), "{}", split.line());
}

#[test]
fn the_chat_is_told_no_more_than_it_can_hold() {
    let many: String = (0..60).map(|no| format!("[group.g-{no}]\nstrike_days = 5\n")).collect();
    let zh = summary(OLD, &format!("{OLD}{many}")).summary_zh();
    let told = zh.matches("新增群").count();
    assert!(zh.chars().count() <= 420 && zh.ends_with(&format!("；另有 {} 处", 60 - told)), "{zh}");
    let en = summary(&format!("{OLD}{}", many.replace("= 5", "= 6")), OLD).line();
    assert!(en.chars().count() <= 2020 && !en.is_empty(), "{en}");
    let long = "很".repeat(500);
    let zh =
        summary(OLD, &OLD.replace("title = \"广告\"", &format!("title = \"{long}\"\nmode = \"observe\""))).summary_zh();
    assert!(zh.chars().count() <= 402, "{zh}");
}
