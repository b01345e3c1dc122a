//! How long it takes to judge a message, and the ratios that ARCHITECTURE.md promises: folding and matching against the
//! bare matcher on raw text, and all rule kinds together. Ratios are of rounds that alternate within one run, so that a
//! busy machine disturbs both sides alike. Words and messages are made up from a seed.

#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use cpu_time::ThreadTime;
use criterion::Criterion;
use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};
use qunwei::domain::event::{Message, Segment};
use qunwei::domain::ids::{GroupKey, MemberKey};
use qunwei::domain::lexicon::{LexiconBuilder, WordScratch};
use qunwei::domain::policy::{Mode, RuleSetting};
use qunwei::domain::recent::{MOST_LINKS, Recent, Sighting};
use qunwei::domain::rules::{Build, KINDS, Moment, RuleId, RuleInfo, Ruleset, Scratch, link_keys, sketch, thing_keys};
use qunwei::domain::text::Text;
use qunwei::domain::time::Timestamp;
use qunwei::fault::Source;
use toml::de::{DeTable, ValueDeserializer};

const WORDS: usize = 50_000;
const MESSAGES: usize = 20_000;
/// Messages of one round: short, so that some rounds run undisturbed on a busy machine.
const ROUND: usize = 1_000;
const ROUNDS: usize = 200;

/// What neighbours, customers and pupils write all day.
const SENTENCES: &[&str] = &[
    "今天的团购苹果到货了，请大家下午五点以后来门口取一下！",
    "请问周末的亲子活动还有名额吗？我想带两个孩子一起参加。",
    "老师好，昨天的作业第三题我没有看懂，能再讲一遍吗？",
    "楼下的电梯又坏了，物业说明天上午会派人来修理😂",
    "谢谢群主分享，这篇文章写得真好，我已经收藏起来慢慢看。",
    "有没有人一起拼车去机场，周五早上六点半出发，还差两位。",
    "刚刚收到快递，包装很完整，东西比照片上看起来还要漂亮～",
    "明天下雨降温，大家出门记得带伞，多穿一件衣服别感冒了。",
    "这个价格比超市便宜不少，我先订三份，晚点再把钱转给你。",
    "课程回放在哪里可以看到？我昨晚加班错过了 live 直播……",
    "小区东门外新开了一家面馆，味道不错，中午有优惠套餐。",
    "恭喜小李通过考试！晚上大家一起吃饭庆祝一下怎么样？",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
}

/// Messages of 30 characters: a number, a sentence from somewhere in the middle on, and the next.
fn messages(random: &mut Random) -> Vec<String> {
    let mut message = || {
        let joined = [0; 3].map(|_| SENTENCES[random.below(SENTENCES.len())]).concat();
        let middle: String = joined.chars().skip(random.below(20)).take(25).collect();
        format!("{}号{middle}", 1_000 + random.below(9_000))
    };
    (0..MESSAGES).map(|_| message()).collect()
}

/// Words of 2 to 6 characters out of all the characters there are, the sentences' own more often.
fn words(random: &mut Random) -> Vec<String> {
    let own: Vec<char> = SENTENCES.concat().chars().filter(|c| c.is_alphabetic()).collect();
    let mut known = std::collections::HashSet::new();
    while known.len() < WORDS {
        let length = 2 + random.below(5);
        let mut one = || match random.below(3) {
            0 => char::from_u32(0x4E00 + random.below(5_000) as u32).unwrap_or('字'),
            _ => own[random.below(own.len())],
        };
        let word: String = (0..length).map(|_| one()).collect();
        if word.chars().count() > 2 || random.below(8) == 0 {
            known.insert(word);
        }
    }
    let mut words: Vec<_> = known.into_iter().collect();
    words.sort();
    words
}

const RULES: &str = r#"
[keywords]
words = ["加微信", "兼职刷单", "免费领取", "稳赚不赔"]
exceptions = ["加微信支付"]
[regex]
patterns = ['(?:加|\+)\s*[vVqQ微]\D{0,3}[a-z0-9_-]{5,}', '1[3-9]\d{9}']
[links]
allow = ["qq.com", "weixin.qq.com", "example.com"]
[flood]
windows = [{ messages = 5, seconds = 10 }, { messages = 15, seconds = 60 }]
[repeat]
by_member = { times = 3, seconds = 600 }
by_members = { members = 3, seconds = 600 }
across_groups = { groups = 3, seconds = 3600 }
[length]
characters = 500
[combination]
all = ["兼职", ["日结", "高薪"], ["加微信", "私聊"]]
within = 40
[pushing]
members = 5
seconds = 600
[pictures]
windows = [{ pictures = 9, seconds = 60 }]
[mentions]
everybody = true
members = 10
[files]
block = ["apk", "exe"]
[cards]
cards = true
[quiet_hours]
from = "22:00"
to = "08:00"
[newcomers]
hours = 24
forbid = ["link", "card", "file", "contact"]
windows = [{ messages = 5, seconds = 60 }]
[names]
words = ["加微信", "办证"]
"#;

fn ruleset(words: &[String]) -> Ruleset {
    let source = Source { file: "rules.toml".into(), text: RULES.into() };
    let (mut lexicon, mut faults, mut rules) = (LexiconBuilder::default(), Vec::new(), Vec::new());
    let off = RuleSetting {
        mode: Mode::On,
        severity: Default::default(),
        verdict: Default::default(),
        exempt: Default::default(),
        delete: true,
    };
    for (name, table) in DeTable::parse(RULES).expect("it is sound").into_inner() {
        let kind = KINDS.iter().find(|kind| kind.name == name.get_ref()).expect("it names kinds");
        let id = RuleId(rules.len() as u16);
        let span = table.span();
        let draft = (kind.read)(ValueDeserializer::from(table)).expect("it is sound");
        let mut read = |_: &str| Err(String::new());
        if kind.name == "keywords" {
            words.iter().for_each(|word| drop(lexicon.add(id, word)));
        }
        let build = &mut Build {
            id,
            source: &source,
            span,
            read: &mut read,
            lexicon: &mut lexicon,
            faults: &mut faults,
            where_on: &mut Vec::new(),
        };
        let name: Arc<str> = kind.name.into();
        let info = RuleInfo {
            name: name.clone(),
            kind: kind.name,
            category: name.clone(),
            title: name,
            clause: None,
            doubtful: false,
            setting: off,
        };
        rules.push((info, draft.build(build).expect("it is sound")));
    }
    Ruleset::new(rules, lexicon)
}

/// Nanoseconds a message of one round, on one core: what the thread waited while others had the core does not count.
fn pass(round: usize, one: impl FnMut(usize)) -> f64 {
    let first = round * ROUND % MESSAGES;
    let begin = ThreadTime::now();
    (first..first + ROUND).for_each(one);
    begin.elapsed().as_nanos() as f64 / ROUND as f64
}

/// Minimum and median.
fn of(mut rounds: Vec<f64>) -> (f64, f64) {
    rounds.sort_by(f64::total_cmp);
    (rounds[0], rounds[rounds.len() / 2])
}

fn seconds<T>(make: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let made = make();
    (made, begin.elapsed().as_secs_f64())
}

/// Memory of this process that is in use, in MB, where the system tells.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// 200,000 members of 10,000 groups, each saying four things of which two are remembered as texts.
fn memory(needs: &qunwei::domain::recent::Needs) {
    let before = resident();
    let mut recent = Recent::default();
    for n in 0..800_000_u64 {
        let member = n % 200_000;
        let key = |n: u64| u128::from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let text = (n % 2 == 0).then(|| n.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let (group, member) = (GroupKey(key(member % 10_000)), MemberKey(key(member)));
        recent.note(
            needs,
            &Sighting {
                group,
                member,
                user: n % 200_000,
                time: Timestamp(n as i64),
                piece: None,
                text,
                images: 0,
                videos: 0,
                links: [0; MOST_LINKS],
                sketch: None,
                things: Default::default(),
                heats: Default::default(),
            },
        );
    }
    println!("windows: {:.1} MB with 200,000 members; {} shed", resident() - before, recent.shed());
    let (bytes, wrote) = seconds(|| recent.snapshot(needs, Timestamp(0)));
    let (again, read) = seconds(|| Recent::restore(&bytes));
    println!(
        "snapshot: {:.1} MB, {:.0} ms; restored: {}, {:.0} ms",
        bytes.len() as f64 / 1e6,
        wrote * 1e3,
        again.is_some(),
        read * 1e3
    );
}

fn main() {
    let mut text = Text::default();
    let ((), tables) = seconds(|| text.set("初"));
    memory(ruleset(&[]).needs());
    let mut random = Random(7);
    let (words, texts) = (words(&mut random), messages(&mut random));
    let bare: CharwiseDoubleArrayAhoCorasick<u32> =
        CharwiseDoubleArrayAhoCorasickBuilder::new().use_prefilter(false).build(&words).expect("the words are sound");
    let mut builder = LexiconBuilder::default();
    words.iter().for_each(|word| drop(builder.add(RuleId(0), word)));
    let (lexicon, built) = seconds(|| builder.build());
    let rules = ruleset(&words);
    let settings: Vec<_> = rules.infos().iter().map(|info| info.setting).collect();
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("it is bundled");
    println!("tables: {:.1} ms; lexicon of {} words: {:.0} ms", tables * 1e3, lexicon.len(), built * 1e3);

    let message = |text: &String| Message { content: vec![Segment::Text(text.as_str().into())], ..Message::default() };
    let messages: Vec<_> = texts.iter().map(message).collect();
    let (mut word_scratch, mut scratch, mut recent) = (WordScratch::default(), Scratch::default(), Recent::default());
    let (mut raw, mut fold, mut matched, mut found, mut all) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut raw_hits, mut hits, mut clock) = (0, 0, 0_i64);
    for round in 0..ROUNDS {
        raw.push(pass(round, |n| raw_hits += bare.find_overlapping_iter(&texts[n]).count()));
        fold.push(pass(round, |n| {
            text.set(&texts[n]);
            black_box(&text.folded);
        }));
        matched.push(pass(round, |n| {
            text.set(&texts[n]);
            lexicon.find(&text.folded, &mut word_scratch, |_| hits += 1);
        }));
        found.push(pass(round, |n| rules.find(&messages[n], &mut scratch)));
        all.push(pass(round, |n| {
            rules.find(&messages[n], &mut scratch);
            clock += 20;
            let user = (clock as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
            let sighting = Sighting {
                group: GroupKey(u128::from(user % 200)),
                member: MemberKey(u128::from(user.wrapping_mul(0x9E37_79B9_7F4A_7C15))),
                user,
                time: Timestamp(clock),
                piece: None,
                text: rules.needs().shortest_text.and_then(|shortest| scratch.text.folded.fingerprint(shortest)),
                images: 0,
                videos: 0,
                links: link_keys(&messages[n], &scratch.text),
                sketch: rules.needs().shortest_sketch.and_then(|shortest| sketch(&scratch.text, shortest)),
                things: if !rules.needs().things.is_zero() {
                    thing_keys(&messages[n], &scratch.text)
                } else {
                    Default::default()
                },
                heats: scratch.heats,
            };
            recent.note(rules.needs(), &sighting);
            let moment = Moment { time: sighting.time, zone: &zone, joined: None, edited: false };
            rules.find_at(&messages[n], moment, Some((&recent, sighting.member)), &settings, &mut scratch);
            rules.find_recent(&recent, &sighting, &messages[n], moment, &mut scratch);
        }));
    }
    engines(&texts);
    criterion(&texts, &lexicon);
    let (_, ratio) = of(matched.iter().zip(&raw).map(|(ours, bare)| ours / bare).collect());
    let [raw, fold, matched, found, all] = [raw, fold, matched, found, all].map(of);
    println!("hits: {raw_hits} bare, {hits} folded");
    println!(
        "ns a message (min|median): bare {:.0}|{:.0}, fold {:.0}|{:.0}, fold+match {:.0}|{:.0}, all rules of one message {:.0}|{:.0}, with windows {:.0}|{:.0}",
        raw.0, raw.1, fold.0, fold.1, matched.0, matched.1, found.0, found.1, all.0, all.1
    );
    println!(
        "ratio fold+match / bare: of minima {:.2}, median of rounds {:.2} (at most 2.0); below 1 µs: {}; all rules and windows below 2 µs: {}",
        matched.0 / raw.0,
        ratio,
        matched.0 < 1_000.0,
        all.0 < 2_000.0
    );
}

/// Which engine finds out soonest that a message has no address: markers in one automaton, or one pass over characters.
fn engines(texts: &[String]) {
    let markers = ["://", "www.", ".com", ".cn", ".net", ".cc", ".top", ".vip", ".xyz", "．", "。c"];
    let build =
        |kind| aho_corasick::AhoCorasick::builder().kind(Some(kind)).ascii_case_insensitive(true).build(markers);
    let nfa = build(aho_corasick::AhoCorasickKind::ContiguousNFA).expect("the markers are sound");
    let dfa = build(aho_corasick::AhoCorasickKind::DFA).expect("the markers are sound");
    let char_wise: CharwiseDoubleArrayAhoCorasick<u32> = CharwiseDoubleArrayAhoCorasickBuilder::new()
        .use_prefilter(false)
        .build(markers)
        .expect("the markers are sound");
    let mut rounds = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        rounds[0].push(pass(round, |n| {
            black_box(nfa.is_match(&texts[n]));
        }));
        rounds[1].push(pass(round, |n| {
            black_box(dfa.is_match(&texts[n]));
        }));
        rounds[2].push(pass(round, |n| {
            black_box(char_wise.find_overlapping_iter(&texts[n]).next());
        }));
        rounds[3].push(pass(round, |n| {
            black_box(qunwei::domain::rules::may_have_address(&texts[n]));
        }));
    }
    let [nfa, dfa, char_wise, own] = rounds.map(of);
    println!(
        "address markers, ns a message (min|median): aho-corasick NFA {:.0}|{:.0}, DFA {:.0}|{:.0}, daachorse {:.0}|{:.0}, own pass {:.0}|{:.0}",
        nfa.0, nfa.1, dfa.0, dfa.1, char_wise.0, char_wise.1, own.0, own.1
    );
}

/// The same two under criterion, whose saved baselines show a change from one commit to the next.
fn criterion(texts: &[String], lexicon: &qunwei::domain::lexicon::Lexicon) {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let (mut text, mut scratch, mut n) = (Text::default(), WordScratch::default(), 0);
    criterion.bench_function("fold and match", |bench| {
        bench.iter(|| {
            n = (n + 1) % texts.len();
            text.set(&texts[n]);
            lexicon.find(&text.folded, &mut scratch, |hit| {
                black_box(hit);
            });
        });
    });
}
