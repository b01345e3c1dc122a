//! `combination`: words that only together are a hit. The words of each group are a list of the lexicon that is kept apart,
//! so that disguises count here too and all rules still need one pass over a text. Patterns of a group are looked for only
//! where its other groups could make a hit of them.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::keywords::{take_entries, yes};
use super::pieces::read_together;
use super::regex::{Compiled, On};
use super::{Build, Draft, Found, Hit, Look, MOST_HITS, Rule, RuleId, TOGETHER, Word, of_list};
use crate::domain::case::Span;
use crate::domain::disguise::{Disguise, ENOUGH_TOGETHER, View, Views};
use crate::domain::text::Text;

/// The keys of a `combination` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Combination {
    /// All of these: each a word, or a list of words of which one is enough. What ends in `.txt` is a word list,
    /// what stands between two `/` a regular expression on the fold.
    #[serde(default)]
    all: Vec<Spanned<Group>>,
    /// One of these is enough: one more group.
    any: Option<Spanned<Vec<Spanned<String>>>>,
    /// Where one of these stands, the rest is no hit.
    #[serde(default)]
    none: Vec<Spanned<String>>,
    /// How many of the groups must be there; without it, all.
    least: Option<Spanned<i64>>,
    /// From the first character of the first word to the last of the last one, noise not counted; without it, the whole
    /// text.
    within: Option<Spanned<i64>>,
    /// Whether words count that are written otherwise.
    #[serde(default = "yes")]
    disguised: bool,
    /// For how many seconds short messages of one member are read together.
    pieces: Option<Spanned<i64>>,
}

/// A word, or a list of which one is enough.
#[derive(Debug)]
pub(super) enum Group {
    One(String),
    OneOf(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList;
        impl<'de> Visitor<'de> for TextOrList {
            type Value = Group;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E>(self, word: &str) -> Result<Group, E> {
                Ok(Group::One(word.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Group, A::Error> {
                let mut all = Vec::new();
                while let Some(word) = words.next_element()? {
                    all.push(word);
                }
                Ok(Group::OneOf(all))
            }
        }
        deserializer.deserialize_any(TextOrList)
    }
}

/// A rule has no more groups.
const MOST_GROUPS: usize = 20;

/// What is written otherwise may be so many times as long: jia wei xin for 加微信.
const ROOM: u32 = 4;

/// A word of so many characters says something by itself.
const SAYS_MUCH: usize = 3;

/// So many places of a group are remembered: the last may overlap with a word of another group.
const PLACES: usize = 3;

impl Draft for Combination {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let within = self.within.as_ref().map(|within| build.number(within, "within", 2..=100_000));
        let mut written: Vec<(Range<usize>, Vec<Spanned<String>>)> = Vec::new();
        for group in self.all {
            let span = group.span();
            written.push(match group.into_inner() {
                Group::One(word) => (span.clone(), vec![Spanned::new(span, word)]),
                Group::OneOf(words) => (span, words),
            });
        }
        written.extend(self.any.map(|any| (any.span(), any.into_inner())));
        check(build, &written, self.none.is_empty());
        let least = self.least.as_ref().map(|least| build.number(least, "least", 2..=MOST_GROUPS as i64));
        let mut groups = Vec::new();
        for (_, words) in &written {
            groups.push(Signs::build(build, words, self.disguised)?);
        }
        let none = if self.none.is_empty() { None } else { Some(list(build, &self.none, false)?) };
        let within = within.map_or(Some(u32::MAX), |within| within)?;
        let least = least.map_or(Some(groups.len()), |least| Some((least? as usize).min(groups.len())))?;
        let pieces = read_together(self.pieces.as_ref(), build)?;
        (build.errors() == before).then(|| Box::new(Together { groups, least, none, within, pieces }) as Box<dyn Rule>)
    }
}

/// Says what is wrong with the groups as such.
fn check(build: &mut Build<'_>, groups: &[(Range<usize>, Vec<Spanned<String>>)], all_count: bool) {
    if groups.is_empty() {
        let fault = build.source.fault(build.span.clone(), "a `combination` rule without words finds nothing");
        build.faults.push(fault.help("e.g. all = [\"兼职\", [\"日结\", \"高薪\"]]: 兼职, and one of the two others"));
    } else if groups.len() == 1 && all_count {
        let fault = build.source.fault(build.span.clone(), "one group of words alone is no combination");
        build.faults.push(fault.help("add a second group to `all`, or make it a `keywords` rule"));
    } else if let Some((span, _)) = groups.get(MOST_GROUPS) {
        let message = format!("there are more than {MOST_GROUPS} groups of words");
        build.faults.push(build.source.fault(span.clone(), message));
    }
    for (span, _) in groups.iter().filter(|(_, words)| words.is_empty()) {
        let fault = build.source.fault(span.clone(), "a group without words is never there");
        build.faults.push(fault.help("write words into it, or take it out"));
    }
}

fn list(build: &mut Build<'_>, words: &[Spanned<String>], disguised: bool) -> Option<RuleId> {
    let list = build.list_apart()?;
    if disguised {
        build.lexicon.disguise(list);
    }
    take_entries(build, list, words);
    Some(list)
}

/// What a group is known by.
struct Signs {
    words: RuleId,
    patterns: Option<Compiled>,
}

impl Signs {
    fn build(build: &mut Build<'_>, written: &[Spanned<String>], disguised: bool) -> Option<Self> {
        let (mut patterns, mut words) = (Vec::new(), Vec::new());
        for entry in written {
            match entry.get_ref().strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                Some(pattern) => patterns.push(Spanned::new(entry.span(), pattern.to_owned())),
                None => words.push(entry.clone()),
            }
        }
        let patterns = match patterns.first().map(Spanned::span) {
            Some(span) => Some(Compiled::build(&Spanned::new(span, patterns), On::Folded, build)?),
            None => None,
        };
        Some(Self { words: list(build, &words, disguised)?, patterns })
    }
}

struct Together {
    groups: Vec<Signs>,
    /// How many of them must be there.
    least: usize,
    none: Option<RuleId>,
    within: u32,
    pieces: Duration,
}

/// A sign of a group in a text.
struct Sign {
    group: usize,
    span: Span,
    /// The entry; of a pattern, what it matched.
    word: Arc<str>,
    disguise: Option<Disguise>,
    /// Whether it is what a pattern matched.
    pattern: bool,
    /// The same place, of the characters that are kept in the fold.
    kept: Span,
}

impl Sign {
    fn new(group: usize, span: Span, word: Arc<str>, disguise: Option<Disguise>) -> Self {
        Self { group, span, word, disguise, pattern: false, kept: Span { start: 0, end: 0 } }
    }
}

impl Rule for Together {
    fn looks(&self) -> &'static [Look] {
        &[Look::Words]
    }

    fn pieces(&self) -> Duration {
        self.pieces
    }

    fn cool(&mut self) {
        self.groups.iter_mut().filter_map(|signs| signs.patterns.as_mut()).for_each(Compiled::cool);
    }

    fn in_words(&self, text: &Text, words: &[Word], found: &mut Found<'_>) {
        if self.none.is_some_and(|none| !of_list(words, none).is_empty()) {
            return;
        }
        let signs = self.signs(text, words);
        let (mut hits, mut rest) = (0, &signs[..]);
        while let Some((hit, after)) = self.first(rest).filter(|_| hits < MOST_HITS) {
            found.hits.push(Hit { rule: found.rule, ..hit });
            hits += 1;
            rest = rest.get(after..).unwrap_or_default();
        }
    }

    fn limit(&self) -> Option<String> {
        (self.within != u32::MAX).then(|| format!("within {} characters", self.within))
    }
}

impl Together {
    /// All signs in a text, by place; none where they cannot be enough.
    fn signs(&self, text: &Text, words: &[Word]) -> Vec<Sign> {
        let mut signs = Vec::new();
        // Two letters that may be initials are found everywhere.
        let initials = |disguise: Disguise| !disguise.sure && disguise.views.has(View::Initial);
        for (no, group) in (0..).zip(&self.groups) {
            let meant = of_list(words, group.words).iter().filter(|word| !word.disguise.is_some_and(initials));
            signs.extend(meant.map(|word| Sign::new(no, word.span, word.word.clone(), word.disguise)));
        }
        let has = |group: usize, signs: &[Sign]| signs.iter().any(|sign| sign.group == group);
        let possible = (0..).zip(&self.groups).filter(|(no, group)| group.patterns.is_some() || has(*no, &signs));
        if possible.count() < self.least || signs.is_empty() {
            return Vec::new();
        }
        for (group, patterns) in (0..).zip(&self.groups).filter_map(|(no, group)| Some((no, group.patterns.as_ref()?)))
        {
            let sign = |span: Span| Sign { pattern: true, ..Sign::new(group, span, text.slice(span).into(), None) };
            signs.extend(patterns.spans(text).into_iter().map(sign));
        }
        if (0..self.groups.len()).filter(|group| has(*group, &signs)).count() < self.least {
            return Vec::new();
        }
        signs.sort_by_key(|sign| (sign.span.start, sign.span.end));
        // Distances are those between characters that are kept: noise takes no words apart.
        let places = text.folded.places();
        let kept_before = |place: u32| places.partition_point(|kept| *kept < place) as u32;
        for sign in &mut signs {
            sign.kept = Span { start: kept_before(sign.span.start), end: kept_before(sign.span.end) };
        }
        signs
    }

    /// The first stretch of signs that has enough groups; and where to go on.
    fn first(&self, signs: &[Sign]) -> Option<(Hit, usize)> {
        // The last signs of each group so far, the latest first.
        let mut last: Vec<VecDeque<&Sign>> = self.groups.iter().map(|_| VecDeque::new()).collect();
        for (at, sign) in (1..).zip(signs) {
            let Some(places) = last.get_mut(sign.group) else { continue };
            places.push_front(sign);
            places.truncate(PLACES);
            let chosen = self.chosen(sign, &last);
            if chosen.len() >= self.least && are_meant(&chosen) {
                return Some((hit(&chosen), at));
            }
        }
        None
    }

    /// One sign of each group, no word twice and none over another, near enough to the last one.
    fn chosen<'a>(&self, latest: &'a Sign, last: &[VecDeque<&'a Sign>]) -> Vec<&'a Sign> {
        let mut chosen = vec![latest];
        if last.iter().filter(|places| !places.is_empty()).count() < self.least {
            return chosen;
        }
        for places in last.iter().filter(|places| places.front().is_some_and(|sign| sign.group != latest.group)) {
            let free =
                |sign: &&&Sign| chosen.iter().all(|other| apart(other.span, sign.span) && other.word != sign.word);
            let near = |sign: &&&Sign| latest.kept.end.max(sign.kept.end) - sign.kept.start <= self.room(latest, sign);
            chosen.extend(places.iter().filter(near).find(free).copied());
        }
        chosen.sort_by_key(|sign| sign.group);
        chosen
    }

    /// How far from the first character of a sign to the last of another. What is written otherwise may be longer.
    fn room(&self, one: &Sign, other: &Sign) -> u32 {
        let written_otherwise = one.disguise.is_some() || other.disguise.is_some();
        if written_otherwise { self.within.saturating_mul(ROOM) } else { self.within }
    }
}

/// Whether signs are meant that may be written otherwise: a short word that may be one is found everywhere, two hardly.
fn are_meant(signs: &[&Sign]) -> bool {
    let doubtful = || signs.iter().filter_map(|sign| sign.disguise).filter(|disguise| !disguise.sure);
    match doubtful().count() {
        0 => true,
        1 => doubtful().all(|disguise| disguise.is_meant_beside_plain(say_little(signs))),
        _ => doubtful().map(|disguise| disguise.weight).sum::<i32>() >= ENOUGH_TOGETHER,
    }
}

/// Whether a short word may be written otherwise beside what says little: a number, 你, one short word.
fn say_little(signs: &[&Sign]) -> bool {
    let plain = |sign: &&&Sign| sign.disguise.is_none() && !sign.pattern;
    let short = signs.iter().filter(|sign| !sign.pattern).all(|sign| sign.word.chars().count() < SAYS_MUCH);
    short && signs.iter().filter(plain).count() < 2
}

fn apart(a: Span, b: Span) -> bool {
    a.end <= b.start || b.end <= a.start
}

/// What signs are together.
fn hit(signs: &[&Sign]) -> Hit {
    let start = signs.iter().map(|sign| sign.span.start).min().unwrap_or_default();
    let end = signs.iter().map(|sign| sign.span.end).max().unwrap_or_default();
    let names: Vec<&str> = signs.iter().map(|sign| &*sign.word).collect();
    let word = Some(Arc::from(names.join(TOGETHER)));
    Hit {
        rule: RuleId(0),
        span: Span { start, end },
        word,
        part: None,
        matched: None,
        disguise: disguise_of(signs),
        scored: None,
    }
}

/// How signs that are together a hit are written.
fn disguise_of(signs: &[&Sign]) -> Option<Disguise> {
    let disguises = || signs.iter().filter_map(|sign| sign.disguise);
    let views = disguises().map(|disguise| disguise.views).reduce(Views::or)?;
    let weight = disguises().map(|disguise| disguise.weight).min()?;
    Some(Disguise { views, sure: disguises().all(|disguise| disguise.sure), weight })
}
