//! Rules from TOML to hits, each kind; what is wrong with a rule and where.

use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, ValueDeserializer};

use super::*;
use crate::domain::event::Segment;
use crate::domain::ids::{GroupKey, MemberKey};
use crate::domain::policy::{Mode, Roles, Severity, Verdict};
use crate::domain::text::LONGEST_READ;
use crate::domain::time::Timestamp;

mod boundary;
mod combination;
mod crowd;
mod disguised;
mod excuse;
mod media;
mod moment;
mod names;
mod pieces;
mod personal_data;
mod pushing;
mod score;

const LIST: &str = "# 名单\n加微信 # 常见\n! 加微信支付\n\n❤\n加*微*信\n";

/// Builds the rules of a file: each table is a rule of the kind that it is named for.
fn build(toml: &str) -> (Ruleset, Vec<Fault>) {
    let source = Source { file: "rules.toml".into(), text: toml.into() };
    let mut lexicon = LexiconBuilder::default();
    let mut faults = Vec::new();
    let mut where_on = Vec::new();
    let mut rules = Vec::new();
    for (name, table) in DeTable::parse(toml).unwrap().into_inner() {
        let kind = KINDS.iter().find(|kind| name.get_ref().starts_with(kind.name)).unwrap();
        let span = table.span();
        let draft = (kind.read)(ValueDeserializer::from(table)).unwrap();
        let mut read = |path: &str| match path {
            "list.txt" => Ok(Source { file: "list.txt".into(), text: LIST.into() }),
            "signs.txt" => Ok(Source { file: "signs.txt".into(), text: "加微信\n! 加微信支付\n".into() }),
            "line.txt" => Ok(Source {
                file: "line.txt".into(), text: "加微信、代开发票\n! 加微信，千万别\n".into()
            }),
            "none of it.txt" => Ok(Source { file: path.into(), text: "# 还没有写\n! 加微信支付\n".into() }),
            "doubtful.txt" => Ok(Source { file: path.into(), text: DOUBTFUL.into() }),
            "everyday.txt" => Ok(Source {
                file: path.into(),
                text: "新盘开售\n今天\n你好\n我们\n没有\n知道\n什么\n".into(),
            }),
            _ => Err("no such file".to_owned()),
        };
        let id = RuleId(rules.len() as u16);
        let build = &mut Build {
            id,
            source: &source,
            span,
            read: &mut read,
            lexicon: &mut lexicon,
            faults: &mut faults,
            where_on: &mut where_on,
        };
        if let Some(rule) = draft.build(build) {
            rules.push((info(name.get_ref(), kind.name), rule));
        }
    }
    faults.append(&mut where_on);
    (Ruleset::new(rules, lexicon), faults)
}

fn setting() -> RuleSetting {
    let exempt = Roles::default();
    RuleSetting { mode: Mode::Observe, severity: Severity::Serious, verdict: Verdict::Review, exempt, delete: true }
}

fn info(name: &str, kind: &'static str) -> RuleInfo {
    let [name, category, title] = [name, "test", "测试"].map(Arc::from);
    RuleInfo { name, kind, category, title, clause: None, doubtful: false, setting: setting() }
}

fn rules(toml: &str) -> Ruleset {
    let (rules, faults) = build(toml);
    let errors: Vec<_> = faults.iter().filter(|fault| fault.level == Level::Error).collect();
    assert!(errors.is_empty(), "{errors:?}"); // a test may have words that an admin is warned of
    rules
}

/// Each fault as `file:line:column level message`, with its help.
fn faults(toml: &str) -> Vec<String> {
    let show = |f: &Fault| {
        let (level, help) = (f.level.as_str(), f.help.as_deref().unwrap_or("-"));
        format!("{}:{}:{} {level}: {} ({help})", f.file, f.line, f.column, f.message)
    };
    build(toml).1.iter().map(show).collect()
}

fn found(rules: &Ruleset, text: &str) -> Vec<String> {
    let mut scratch = Scratch::default();
    rules.find_in_text(text, &mut scratch);
    scratch.hits.iter().map(|hit| scratch.text.slice(hit.span).to_owned()).collect()
}

#[test]
fn keywords_come_from_lists_and_toml() {
    let (rules, faults) =
        build("[keywords]\nlists = [\"list.txt\"]\nwords = [\"威信\", \"加微信\"]\nexceptions = [\"威信扫地\"]");
    assert_eq!(faults.len(), 2, "{faults:?}"); // ❤ and the duplicate; with an error there is no rule
    assert!(rules.infos().is_empty());
    let rules = self::rules("[keywords]\nwords = [\"威信\", \"加微信\"]\nexceptions = [\"威信扫地\"]");
    assert_eq!(found(&rules, "加 微 信，威信扫地，威❤信"), ["加 微 信", "威❤信"]);
}

#[test]
fn faults_of_lists_point_into_the_list() {
    assert_eq!(
        faults("[keywords]\nlists = [\"list.txt\", \"none.txt\"]\nwords = [\"微\"]"),
        [
            "list.txt:5:1 error: nothing is left of `❤`: it has no letter and no digit (remove it, or write a comment as `# …`)",
            "list.txt:6:1 warning: `加*微*信` is the same as `加微信`, which is in this list already (width, case, traditional characters and signs make no difference)",
            "rules.toml:2:22 error: the list `none.txt` cannot be read: no such file (a path begins in the folder of the file that names it; a list is a plain text file in UTF-8: `qunwei words import` makes one of others)",
            "rules.toml:3:10 error: `微` is a single character and would be found everywhere (write a longer word)",
        ]
    );
}

#[test]
fn several_words_on_a_line_are_warned_of() {
    let faults = faults("[keywords]\nlists = [\"line.txt\"]");
    let message = "line.txt:1:1 warning: `加微信、代开发票` is one word: only a message that says all of it is found";
    assert_eq!(faults, [format!("{message} (write one word a line)")], "an exception may be a sentence");
}

/// Lines that can never be found as they stand, and some that can.
const DOUBTFUL: &str = "新盘开售\t3\n1. 楼盘首付\n内部认购=3\n急售.*学区\n精装户型#重点\n特价房源 // 重点\nC#语言\nWindows 7\n[红包]\n\
                        加微信\n! 加微信\n! 参加微信\n";

#[test]
fn lines_that_are_never_found_are_warned_of() {
    let of = |line: u32, what: &str, help: &str| format!("doubtful.txt:{line} warning: {what} ({help})");
    let told: Vec<String> =
        faults("[keywords]\nlists = [\"doubtful.txt\"]").iter().map(|told| told.replacen(":1 ", " ", 1)).collect();
    let expected = [
        of(1, "`新盘开售\t3` is one word, with its number: a list has no levels", "write `新盘开售` alone"),
        of(
            2,
            "`1. 楼盘首付` is one word, with what stands before it: a list is not numbered",
            "write `楼盘首付` alone",
        ),
        of(3, "`内部认购=3` is one word, with its number: a list has no levels", "write `内部认购` alone"),
        of(
            4,
            "`急售.*学区` is a word as it stands here, and no pattern",
            "write it in a rule of kind \"regex\": patterns = ['急售.*学区']",
        ),
        of(
            5,
            "`精装户型#重点` is one word: `#` begins a comment only behind a blank",
            "write a blank before a comment: `精装户型 # …`",
        ),
        of(
            6,
            "`特价房源 // 重点` is one word with all that follows: `//` begins no comment",
            "write a comment as `特价房源 # …`",
        ),
        of(
            11,
            "the exception `! 加微信` switches the word `加微信` of this list off",
            "take one of the two out: an exception is a longer text in which the word does not count",
        )
        .replacen("11 ", "11:3 ", 1),
    ];
    assert_eq!(told, expected);
    let own = "[keywords]\nlists = [\"signs.txt\"]\nexceptions = [\"加微信\"]";
    assert_eq!(faults(own), [""; 0], "a word of a list of others may be switched off");
}

#[test]
fn lists_without_words_and_everyday_words_are_warned_of() {
    let none = "rules.toml:2:10 warning: the list `none of it.txt` has no words: the rule finds nothing by it (write a word a line, or take it out of `lists`)";
    assert_eq!(faults("[keywords]\nlists = [\"none of it.txt\"]"), [none]);
    let [told] = &faults("[keywords]\nlists = [\"everyday.txt\"]")[..] else { panic!("one warning a list") };
    assert!(told.starts_with("everyday.txt:2:1 warning: `知道` (about "), "{told}");
    assert!(told.contains("`什么`") && !told.contains("`你好` (about") && !told.contains("新盘"), "{told}");
    let own = faults("[keywords]\nwords = [\"新盘开售\", \"今天\"]\nexceptions = [\"你好\"]");
    assert!(own.len() == 1 && own[0].starts_with("rules.toml:2:18 warning: `今天` (about "), "{own:?}");
}

#[test]
fn faults_of_rules_point_at_the_value() {
    let rows = [
        ("[keywords]\nexceptions = [\"a\"]", "1:1 error: a `keywords` rule without words finds nothing"),
        ("[regex]\npatterns = []", "2:12 error: a `regex` rule needs at least one pattern"),
        ("[regex]\npatterns = [\"a\", \"(\"]", "2:18 error: this is no regular expression"),
        ("[regex]\npatterns = [\"a*\"]", "2:13 error: this pattern matches the empty text"),
        (
            "[regex]\npatterns = ['加微信|']",
            "2:13 error: this pattern matches the empty text, so it would match every message (a `|` with nothing before",
        ),
        (
            "[regex]\npatterns = ['(a\\||b?)']",
            "2:13 error: this pattern matches the empty text, so it would match every message (write `+`",
        ),
        ("[regex]\npatterns = ['\\w{1000}{1000}']", "2:13 error: this is no regular expression"),
        ("[links]\nallow = [\"http://a.com/\"]", "2:10 error: `http://a.com/` is no domain"),
        ("[links]\nblock = []", "2:9 error: an empty `block` finds nothing"),
        ("[flood]\nwindows = []", "2:11 error: a `flood` rule needs at least one window"),
        ("[flood]\nwindows = [{ messages = 0, seconds = 10 }]", "2:25 error: `messages` cannot be 0"),
        ("[flood]\nwindows = [{ messages = 5, seconds = 9999999 }]", "2:38 error: `seconds` cannot be 9999999"),
        ("[repeat]\nmin_characters = 8", "1:1 error: a `repeat` rule without a limit finds nothing"),
        ("[repeat]\nby_member = { times = 1, seconds = -1 }", "2:23 error: `times` cannot be 1"),
        ("[combination]\nany = [\"a1\"]", "1:1 error: one group of words alone is no combination"),
        ("[combination]\nnone = [\"a1\"]", "1:1 error: a `combination` rule without words finds nothing"),
        ("[combination]\nall = [\"ab\", []]", "2:14 error: a group without words is never there"),
        ("[combination]\nall = [\"ab\", \"微\"]", "2:14 error: `微` is a single character"),
        ("[combination]\nall = [\"ab\", [\"cd\", \"❤\"]]", "2:21 error: nothing is left of `❤`"),
        ("[combination]\nall = [\"ab\", \"cd\"]\nwithin = 1", "3:10 error: `within` cannot be 1"),
        ("[pictures]\nvideos = true", "1:1 error: a `pictures` rule without a limit finds nothing"),
        ("[pictures]\npictures = 201", "2:12 error: `pictures` cannot be 201"),
        ("[pictures]\nwindows = [{ pictures = 3, seconds = 0 }]", "2:38 error: `seconds` cannot be 0"),
        ("[mentions]\neverybody = false", "1:1 error: a `mentions` rule without a limit finds nothing"),
        ("[mentions]\nmembers = 0", "2:11 error: `members` cannot be 0"),
        ("[files]\ndisguised = false", "1:1 error: this `files` rule finds nothing"),
        ("[files]\nblock = [\"apk\", \"*.*\"]", "2:17 error: `*.*` is no type of a file"),
        ("[files]\nallow = []", "2:9 error: an empty `allow` would allow no file at all"),
        ("[files]\nmegabytes = 0", "2:13 error: `megabytes` cannot be 0"),
        ("[cards]\nallow = [\"a\"]", "1:1 error: this `cards` rule finds nothing"),
        ("[cards]\nother = [\"image\"]", "2:10 error: `image` is no other type"),
        ("[cards]\ncards = true\nallow = [\"！\"]", "3:10 error: nothing is left of `！`"),
        ("[quiet_hours]\nfrom = \"25:00\"\nto = \"08:00\"", "2:8 error: `25:00` is no time of the day"),
        ("[quiet_hours]\nfrom = \"8:00\"\nto = \"08:00\"", "3:6 error: the quiet hours end when they begin"),
        ("[newcomers]\nhours = 24", "1:1 error: this `newcomers` rule forbids nothing"),
        ("[newcomers]\nhours = 0\nforbid = [\"link\"]", "2:9 error: `hours` cannot be 0"),
        (
            "[newcomers]\nhours = 25\nmessages = 3\nforbid = [\"link\"]",
            "2:9 warning: messages are remembered for a day: who said enough before that is new again",
        ),
        ("[names]\non = \"folded\"", "1:1 error: this `names` rule asks nothing of a name"),
        ("[names]\nmust = [\"(\"]", "2:9 error: this is no regular expression"),
        ("[names]\nwords = [\"微\"]", "2:10 error: `微` is a single character"),
        ("[pushing]\nmembers = 1\nseconds = 60", "2:11 error: `members` cannot be 1"),
        ("[pushing]\nmembers = 3\nseconds = 60\nallow = [\"http://a.cn/\"]", "4:10 error: `http://a.cn/` is no domain"),
        ("[length]\ncharacters = 0", "2:14 error: `characters` cannot be 0"),
    ];
    for (toml, expected) in rows {
        let faults = faults(toml);
        assert!(faults[0].starts_with(&format!("rules.toml:{expected}")), "{faults:?}");
    }
    assert_eq!(faults("[repeat]\nby_member = { times = 1, seconds = -1 }").len(), 2);
}

#[test]
fn unknown_keys_are_placed() {
    let toml = "[flood]\nwindows = [{ messages = 5, second = 10 }]";
    let (_, table) = DeTable::parse(toml).unwrap().into_inner().into_iter().next().unwrap();
    let error =
        (KINDS.iter().find(|kind| kind.name == "flood").unwrap().read)(ValueDeserializer::from(table)).err().unwrap();
    let at = error.span().unwrap();
    assert_eq!(toml.get(at), Some("second"));
}

#[test]
fn regular_expressions_on_original_and_fold() {
    let original = rules("[regex]\npatterns = ['加v\\d+', '\\d{3}-\\d{4}']");
    assert_eq!(found(&original, "啊加V12，555-1234，加v 3，加v45"), ["加V12", "555-1234", "加v45"]);
    let folded = rules("[regex]\npatterns = ['加v\\d+']\non = \"folded\"");
    assert_eq!(found(&folded, "啊加Ⓥ-１ 2，加v\u{FFFC}3"), ["加Ⓥ-１ 2"]);
}

#[test]
fn what_several_patterns_of_a_rule_find_is_told_once() {
    for on in ["original", "folded"] {
        let rules =
            rules(&format!("[regex]\npatterns = ['vx\\d+', '加vx\\d+', 'x1', '加vx', '\\d微信']\non = \"{on}\""));
        assert_eq!(found(&rules, "加vx12 vx3 加vx4微信"), ["加vx12", "vx3", "加vx4", "4微信"], "{on}");
        assert_eq!(found(&rules, &"加vx1 ".repeat(150)).len(), MOST_HITS, "{on}");
    }
    // each rule tells its own
    let two = rules("[regex-a]\npatterns = ['ab']\n[regex-b]\npatterns = ['b']");
    assert_eq!(found(&two, "ab"), ["ab", "b"]);
}

#[test]
fn links_and_length() {
    let rules = rules("[links]\nallow = [\"qq.com\"]\n[length]\ncharacters = 12");
    assert_eq!(found(&rules, "abc.com qq.c"), ["abc.com"]);
    assert_eq!(found(&rules, "im.qq.com"), [""; 0]);
    assert_eq!(found(&rules, "一二三四五六七八九十一二三"), ["一二三四五六七八九十一二三"]);
}

#[test]
fn a_message_is_read_in_part_and_a_name_is_not_that_message() {
    let rules = rules("[length]\ncharacters = 30000");
    let mut scratch = Scratch::default();
    let mut find = |content: Vec<Segment>| {
        rules.find(&Message { content, ..Message::default() }, &mut scratch);
        (scratch.read_in_part, scratch.hits.len())
    };
    let text = |length: usize| vec![Segment::Text("长".repeat(length).into())];
    let cards = |length: usize| (0..2).map(|_| Segment::Card { title: Some("长".repeat(length).into()) }).collect();
    assert_eq!([find(text(LONGEST_READ)), find(text(LONGEST_READ + 1))], [(false, 0), (true, 0)]);
    assert_eq!([find(text(30_000)), find(text(30_001))], [(true, 0), (true, 1)], "`length` counts what is not read");
    assert_eq!([find(cards(LONGEST_READ / 2)), find(cards(LONGEST_READ / 2 + 1))], [(false, 0), (true, 0)]);
    let kept = scratch.keep();
    rules.find_in_name("小王", &mut scratch);
    assert!(!scratch.read_in_part);
    scratch.restore(&kept);
    assert!(scratch.read_in_part);
    rules.find_in_text("早", &mut scratch);
    assert!(!scratch.read_in_part);
}

#[test]
fn every_readable_part_is_judged() {
    let rules = rules("[keywords]\nwords = [\"加微信\"]\n[links]\nallow = [\"qq.com\"]");
    let content = vec![
        Segment::Text("快加微".into()),
        Segment::Image { url: None },
        Segment::Text("信，加 微信".into()),
        Segment::Link { url: "https://evil.cn/x".into(), title: Some("来 加微信".into()) },
        Segment::Link { url: "https://qq.com".into(), title: None },
        Segment::File { name: Some("加微信.apk".into()), size: None },
        Segment::Card { title: Some("加微信 a.com".into()) },
        Segment::Voice { text: Some("请加微信".into()) },
        Segment::Other("x".into()),
    ];
    let message = Message { content, ..Message::default() };
    let mut scratch = Scratch::default();
    rules.find(&message, &mut scratch);
    assert_eq!(scratch.text.original, message.original());
    let findings = scratch.hits.iter().map(|hit| rules.finding(hit, &scratch.text.original, &setting()).unwrap());
    let shown: Vec<_> = findings.map(|f| (f.part.unwrap_or_default(), f.matched, f.start, f.end)).collect();
    let row = |part: &str, matched: &str, start, end| (part.to_owned(), matched.to_owned(), start, end);
    assert_eq!(
        shown,
        [
            row("", "加 微信", 6, 10),
            row("content[3].title", "加微信", 2, 5),
            row("content[5].name", "加微信", 0, 3),
            row("content[6].title", "加微信", 0, 3),
            row("content[6].title", "a.com", 4, 9),
            row("content[7].text", "加微信", 1, 4),
            row("content[3].url", "https://evil.cn/x", 0, 17),
        ]
    );
}

#[test]
fn a_hit_is_explained() {
    let rules = rules("[keywords]\nwords = [\"加微信\"]");
    let mut scratch = Scratch::default();
    rules.find_in_text("请加*薇❤，加\u{200B}微*訊，加*微\u{200B}信", &mut scratch);
    let [disguised, plain] = &scratch.hits[..] else { panic!("{:?}", scratch.hits) };
    let views: Vec<_> = disguised.disguise.iter().flat_map(|one| one.views.names()).collect();
    assert_eq!((disguised.span, &views[..]), (Span { start: 1, end: 5 }, &["sound", "symbol"][..]));
    let how = rules.explain(plain, &scratch.text.original).unwrap();
    assert_eq!(how, Explanation { kind: "keywords", folded: "加微信".into(), dropped: 2, limit: None });
}

fn sighting(member: u64, group: u128, seconds: i64, text: &Text) -> Sighting {
    Sighting {
        group: GroupKey(group),
        member: MemberKey(u128::from(member) << 8 | group),
        user: member,
        time: Timestamp(seconds * 1000),
        piece: None,
        text: text.folded.fingerprint(8),
        images: 0,
        videos: 0,
        links: link_keys(&Message::default(), text),
        sketch: sketch(text, 8),
        things: thing_keys(&Message::default(), text),
        heats: Default::default(),
    }
}

static UTC: TimeZone = TimeZone::UTC;

/// When nothing else is known.
fn moment(seconds: i64) -> Moment<'static> {
    Moment { time: Timestamp(seconds * 1000), zone: &UTC, joined: None, edited: false }
}

/// A message of these parts.
fn message(content: Vec<Segment>) -> Message {
    Message { content, ..Message::default() }
}

/// What is found in a message: where, and the matched characters.
fn in_message(rules: &Ruleset, content: Vec<Segment>) -> Vec<(String, String)> {
    let mut scratch = Scratch::default();
    let message = message(content);
    rules.find(&message, &mut scratch);
    rules.find_learned(&message, Learned::default(), &mut scratch);
    shown(rules, &scratch)
}

fn shown(rules: &Ruleset, scratch: &Scratch) -> Vec<(String, String)> {
    let finding = |hit| rules.finding(hit, &scratch.text.original, &setting()).unwrap();
    scratch.hits.iter().map(finding).map(|f| (f.part.unwrap_or_default(), f.matched)).collect()
}

fn rows(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(part, matched)| ((*part).to_owned(), (*matched).to_owned())).collect()
}

/// Plays (member, group, seconds, text) and gives the places of those that were a hit.
fn play(rules: &Ruleset, said: &[(u64, u128, i64, &str)]) -> Vec<usize> {
    let mut recent = Recent::default();
    let mut scratch = Scratch::default();
    let mut hits = Vec::new();
    for (place, (member, group, seconds, text)) in said.iter().enumerate() {
        rules.find_in_text(text, &mut scratch);
        let sighting = sighting(*member, *group, *seconds, &scratch.text);
        recent.note(rules.needs(), &sighting);
        rules.find_recent(&recent, &sighting, &Message::default(), moment(*seconds), &mut scratch);
        if let Some(hit) = scratch.hits.first() {
            assert_eq!(hit.span, scratch.text.whole());
            hits.push(place);
        }
    }
    hits
}

#[test]
fn floods() {
    let rules = rules("[flood]\nwindows = [{ messages = 3, seconds = 10 }, { messages = 5, seconds = 60 }]");
    let needs = rules.needs();
    assert_eq!((needs.times, needs.texts), (Duration::from_secs(60), Duration::ZERO));
    let said = |times: &[i64]| times.iter().map(|at| (1, 1, *at, "哈")).collect::<Vec<_>>();
    let rows: &[(&[i64], &[usize])] = &[
        (&[0, 1, 2], &[]),
        (&[0, 1, 2, 10], &[3]),
        (&[0, 1, 2, 11], &[]),
        (&[0, 4, 8, 12, 16, 20], &[5]),
        (&[100, 101, 0, 1, 50, 51], &[]),     // a backlog with its own old times
        (&[0, 1, 3, 2], &[3]),                // late, and the window is full
        (&[10, 20, 0, 100, 5, 11, 200], &[]), // late, never more than three in ten
        (&[1000, 12, 0, 4, 8, 5], &[5]),      // 4 5 8 12 among much later ones
    ];
    for (times, expected) in rows {
        assert_eq!(play(&rules, &said(times)), *expected, "{times:?}");
    }
    let many: Vec<_> = (0..20).map(|member| (member, 1, 0, "哈")).collect();
    assert_eq!(play(&rules, &many), [0; 0]);
}

#[test]
fn repeats() {
    let by_member = rules("[repeat]\nby_member = { times = 3, seconds = 600 }");
    let text = "今天团购苹果一箱";
    let same = |rows: &[(u64, u128, i64)]| rows.iter().map(|(m, g, at)| (*m, *g, *at, text)).collect::<Vec<_>>();
    assert_eq!(play(&by_member, &same(&[(1, 1, 0), (1, 1, 10), (2, 1, 15), (1, 1, 20)])), [3]);
    assert_eq!(play(&by_member, &same(&[(1, 1, 0), (1, 1, 601), (1, 1, 602), (1, 2, 603)])), [0; 0]);
    assert_eq!(play(&by_member, &same(&[(1, 1, 0), (1, 1, 700), (1, 1, 350)])), [0; 0]);
    assert_eq!(play(&by_member, &same(&[(1, 1, 0), (1, 1, 500), (1, 1, 350)])), [2]);
    let disguised = [(1, 1, 0, text), (1, 1, 1, "今天*团購 苹果一箱！"), (1, 1, 2, "今天团购。苹果一箱")];
    assert_eq!(play(&by_member, &disguised), [2]);
    assert_eq!(play(&by_member, &[(1, 1, 0, "收到"), (1, 1, 1, "收到"), (1, 1, 2, "收到")]), [0; 0]);

    let by_members = rules("[repeat]\nby_members = { members = 3, seconds = 600 }");
    assert_eq!(play(&by_members, &same(&[(1, 1, 0), (1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 1, 4)])), [4]);
    let across = rules("[repeat]\nacross_groups = { groups = 3, seconds = 3600 }");
    assert_eq!(play(&across, &same(&[(1, 1, 0), (1, 1, 1), (1, 2, 2), (2, 3, 3), (1, 3, 4)])), [4]);
}

#[test]
fn each_repeat_rule_has_its_own_shortest_text() {
    let rules = rules(
        "[repeat]\nmin_characters = 12\nby_member = { times = 2, seconds = 9 }\n[repeat2]\nby_members = { members = 2, seconds = 9 }",
    );
    assert_eq!(rules.needs().shortest_text, Some(8));
    let said = [(1, 1, 0, "一二三四五六七八"), (1, 1, 1, "一二三四五六七八"), (2, 1, 2, "一二三四五六七八")];
    assert_eq!(play(&rules, &said), [2]);
}

#[test]
fn odd_texts_are_judged_quickly() {
    let rules = rules(
        "[keywords]\nwords = [\"加微信\", \"aaa\"]\n[regex]\npatterns = ['加v?信+', '(a|aa)+b']\n[links]\n[length]\ncharacters = 500",
    );
    for unit in ["哈", "a", "\u{301}", "加", "a.com ", "http://", "加微信", "。", "\u{FFFC}"] {
        let text = unit.repeat(100_000 / unit.chars().count());
        assert!(found(&rules, &text).len() <= 4 * MOST_HITS);
    }
}

#[test]
fn kinds_have_names_of_their_own() {
    for (place, kind) in KINDS.iter().enumerate() {
        assert!(KINDS.iter().skip(place + 1).all(|other| other.name != kind.name));
        assert!(kind.about.ends_with('.'));
    }
}
