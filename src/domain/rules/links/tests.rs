//! Rows of texts and the addresses in them.

use super::scan::{Scan, may_have_address};
use super::*;
use crate::domain::text::slice;

/// `address → host` of each address in a text.
fn addresses(text: &str) -> Vec<String> {
    let scan = Scan::new(text);
    let found: Vec<_> = scan.addresses().map(|a| format!("{} → {}", slice(text, a.span), a.host)).collect();
    assert!(found.is_empty() || may_have_address(text), "{text}");
    found
}

#[test]
fn addresses_are_found_whole() {
    let rows = [
        ("看https://example.com/a?b=1#c吧", "https://example.com/a?b=1#c → example.com"),
        ("看HTTP://EXAMPLE.COM:8080/A。", "HTTP://EXAMPLE.COM:8080/A → example.com"),
        ("http://good.com@evil.com/x", "http://good.com@evil.com/x → evil.com"),
        ("http://good.com:80@evil.com:81", "http://good.com:80@evil.com:81 → evil.com"),
        ("http://good.com@ x", "http://good.com → good.com"),
        ("加我abc.com看看", "abc.com → abc.com"),
        ("加我ａｂｃ．ｃｏｍ看看", "ａｂｃ．ｃｏｍ → abc.com"),
        ("加我abc。com看看", "abc。com → abc.com"),
        ("加我ABC.Com，快", "ABC.Com → abc.com"),
        ("网址：a-b.c1.vip:88/x_y", "a-b.c1.vip:88/x_y → a-b.c1.vip"),
        ("(see www.example.museum).", "www.example.museum → www.example.museum"),
        ("(see http://example.com/a).", "http://example.com/a → example.com"),
        ("(see http://example.com)，", "http://example.com → example.com"),
        ("http://example.com/a_(b)", "http://example.com/a_(b) → example.com"),
        ("abc.com.", "abc.com → abc.com"),
        ("..abc.com..def", "abc.com → abc.com"),
        ("xn--fiq228c.com", "xn--fiq228c.com → xn--fiq228c.com"),
        ("abc.xn--fiqs8s", "abc.xn--fiqs8s → abc.xn--fiqs8s"),
        ("http://中文.com/a", "http://中文.com/a → 中文.com"),
        ("http://localhost:3000/x", "http://localhost:3000/x → localhost"),
        ("http://1.2.3.4/x", "http://1.2.3.4/x → 1.2.3.4"),
        ("进去看103.25.61.7:8080吧", "103.25.61.7:8080 → 103.25.61.7"),
        ("103.25.61.7/abc", "103.25.61.7/abc → 103.25.61.7"),
        ("http://3232235777/", "http://3232235777/ → 3232235777"),
        ("ⓐⓑⓒ.com", "ⓐⓑⓒ.com → abc.com"),
        ("t.me/abc", "t.me/abc → t.me"),
        ("weixin://abc.com/x", "abc.com/x → abc.com"),
    ];
    for (text, expected) in rows {
        assert_eq!(addresses(text), [expected], "{text}");
    }
    assert_eq!(addresses("a.com，b.cn").len(), 2);
}

#[test]
fn what_is_no_address_is_left_alone() {
    for text in [
        "",
        "你好。我",
        "v1.2.3",
        "1.5元",
        "a.apk",
        "readme.md",
        "me@abc.com",
        "等等...",
        ".com",
        "3。5",
        "http://",
        "//",
        "e.g. so",
        "12:30",
        "升级到 1.2.3.4",
        "路由器是 192.168.1.1:8080",
        "127.0.0.1:3000/x",
        "8.8.8.0/24",
        "2026.11.28.9:30",
    ] {
        assert_eq!(addresses(text), [""; 0], "{text}");
    }
}

#[test]
fn long_texts_are_searched_in_one_pass() {
    for unit in ["a.", "http://", "a.com ", "@", "..", "http://a@", "。a", "中."] {
        let scan = Scan::new(&unit.repeat(20_000)).addresses().count();
        assert!(scan <= 20_000);
    }
}

fn is_hit(allow: &[&str], block: Option<&[&str]>, url: &str) -> bool {
    let owned = |list: &[&str]| list.iter().map(|domain| (*domain).to_owned()).collect();
    let rule = Domains { allow: owned(allow), block: block.map(owned) };
    let mut text = Text::default();
    text.set(url);
    let mut hits = Vec::new();
    rule.in_text(&text, &mut Found { rule: crate::domain::rules::RuleId(0), hits: &mut hits });
    let in_text = !hits.is_empty();
    hits.clear();
    let content = vec![Segment::Link { url: url.into(), title: None }];
    let message = Message { content, ..Message::default() };
    rule.in_message(&message, &mut Found { rule: crate::domain::rules::RuleId(0), hits: &mut hits });
    assert_eq!(in_text, !hits.is_empty(), "{url}");
    in_text
}

#[test]
fn allowed_and_blocked_domains() {
    let allow: &[&str] = &["example.com", "qq.com"];
    let rows = [
        ("http://example.com/x", false),
        ("http://a.b.example.com", false),
        ("http://EXAMPLE.com.", false),
        ("http://notexample.com", true),
        ("http://example.com.evil.cn", true),
        ("http://example.com@evil.cn", true),
        ("http://evil.cn/example.com", true),
        ("http://еxample.com", true), // Cyrillic е
        ("http://ｅｘａｍｐｌｅ.com", false),
        // What an allowed address leads on to.
        ("http://example.com/jump?to=http://evil.cn", true),
        ("http://example.com/jump?to=https%3A%2F%2Fevil.cn%2Fa&b=1", true),
        ("http://example.com/jump?to=https%253A%252F%252Fevil.cn", true),
        ("http://example.com/jump?to=https%3A//qq.com@evil.cn:81/", true),
        ("http://example.com/jump?to=https%3A%2F%2Fa.qq.com%2Fx", false),
        ("http://example.com/a%20b?c=1:2//3", false),
    ];
    for (url, expected) in rows {
        assert_eq!(is_hit(allow, None, url), expected, "{url}");
    }
    assert!(is_hit(&[], Some(&["evil.cn"]), "https://www.evil.cn"));
    assert!(!is_hit(&[], Some(&["evil.cn"]), "https://good.cn"));
    assert!(!is_hit(&["ok.evil.cn"], Some(&["evil.cn"]), "https://ok.evil.cn"));
}
