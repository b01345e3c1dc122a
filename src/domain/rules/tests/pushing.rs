//! Many members pushing the same link.

use super::*;

/// Plays (member, group, seconds, text) and gives for each the links that were a hit.
fn push(rules: &Ruleset, said: &[(u64, u128, i64, &str)]) -> Vec<Vec<String>> {
    let (mut recent, mut scratch) = (Recent::default(), Scratch::default());
    let one = |(member, group, seconds, text): &(u64, u128, i64, &str)| {
        let message = match text.strip_prefix("card ") {
            Some(url) => message(vec![Segment::Link { url: url.into(), title: None }]),
            None => message(vec![Segment::Text((*text).into())]),
        };
        rules.find(&message, &mut scratch);
        let links = link_keys(&message, &scratch.text);
        let seen = Sighting { links, ..sighting(*member, *group, *seconds, &scratch.text) };
        recent.note(rules.needs(), &seen);
        rules.find_recent(&recent, &seen, &message, moment(*seconds), &mut scratch);
        shown(rules, &scratch).into_iter().map(|(_, matched)| matched).collect()
    };
    said.iter().map(one).collect()
}

fn places(rules: &Ruleset, said: &[(u64, u128, i64, &str)]) -> Vec<usize> {
    push(rules, said).iter().enumerate().filter(|(_, hits)| !hits.is_empty()).map(|(place, _)| place).collect()
}

#[test]
fn the_same_page_by_several_members() {
    let rules = rules("[pushing]\nmembers = 3\nseconds = 60\nallow = [\"qq.com\"]");
    assert_eq!((rules.needs().links, rules.needs().texts), (true, Duration::from_secs(60)));
    let said = [
        (1, 1, 0, "快看 https://www.Shop.cn/a/b?from=1#x"),
        (2, 1, 1, "好东西shop.cn/a/b/?from=2，快来"),
        (2, 1, 2, "shop.cn/a/b"),
        (4, 2, 3, "shop.cn/a/b"),
        (3, 1, 4, "card http://shop.cn/A/B"),
        (5, 1, 5, "shop.cn/a/c"),
        (5, 1, 65, "shop.cn/a/b"),
    ];
    let hits = push(&rules, &said);
    assert_eq!(hits[4], ["http://shop.cn/A/B"]);
    assert_eq!(places(&rules, &said), [4]);
    let allowed = [(1, 1, 0, "docs.qq.com/x/y"), (2, 1, 1, "docs.qq.com/x/y"), (3, 1, 2, "docs.qq.com/x/y")];
    assert_eq!(places(&rules, &allowed), [0; 0]);
    let late = [(1, 1, 0, "a.cn/xyz1"), (2, 1, 500, "a.cn/xyz1"), (3, 1, 530, "a.cn/xyz1"), (4, 1, 30, "a.cn/xyz1")];
    assert_eq!(places(&rules, &late), [0; 0]);
}

#[test]
fn a_short_path_says_nothing_without_its_query() {
    let rules = rules("[pushing]\nmembers = 2\nseconds = 60");
    assert_eq!(places(&rules, &[(1, 1, 0, "mp.a.com/s?id=1"), (2, 1, 1, "mp.a.com/s?id=2")]), [0; 0]);
    assert_eq!(places(&rules, &[(1, 1, 0, "mp.a.com/s?id=1"), (2, 1, 1, "mp.a.com/s?id=1#b")]), [1]);
    assert_eq!(places(&rules, &[(1, 1, 0, "a.com"), (2, 1, 1, "http://www.a.com/")]), [1]);
}

#[test]
fn the_same_site_and_across_groups() {
    let rules = rules("[pushing]\nmembers = 3\nseconds = 60\nsame = \"site\"\nacross_groups = true");
    let said = [(1, 1, 0, "x1.shop.com.cn/a"), (2, 2, 1, "x2.shop.com.cn/b"), (3, 3, 2, "shop.com.cn")];
    assert_eq!(places(&rules, &said), [2]);
    let others = [(1, 1, 0, "a.com.cn/a"), (2, 2, 1, "b.com.cn/b"), (3, 3, 2, "c.com.cn")];
    assert_eq!(places(&rules, &others), [0; 0]);
    let numbers = [(1, 1, 0, "http://1.2.3.4/a"), (2, 2, 1, "http://9.9.3.4/b"), (3, 3, 2, "http://1.1.3.4")];
    assert_eq!(places(&rules, &numbers), [0; 0]);
}

#[test]
fn of_one_message_only_so_many_links_are_remembered() {
    let rules = rules("[pushing]\nmembers = 2\nseconds = 60");
    let many: String = (0..50).map(|n| format!("a{n}.com/long{n} ")).collect();
    let hits = push(&rules, &[(1, 1, 0, &many), (2, 1, 1, &many)]);
    assert_eq!(hits[1].len(), 4);
}
