//! Which rules with patterns need not be tried on a text: each pattern names two sets of characters of which it must have one each,
//! and one look at every character of a text tells for all patterns at once which of them it has.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::RuleId;
use super::regex::On;
use crate::domain::disguise::per_million;
use crate::domain::text::Text;

/// So many patterns are screened. Where there are more, those of a rule are one to the screen, and further rules are always tried.
const MOST: usize = MOST_WORDS * WORD;
/// A bit for each pattern and set, in so many words at most for each set, of which those are looked at that the patterns take.
const MOST_WORDS: usize = 16;
const WORD: usize = u64::BITS as usize;
/// The bits of patterns: those of the first sets, then those of the second.
type Bits = [u64; 2 * MOST_WORDS];
/// Characters below have a row of their own, those above share one.
const FLAT: usize = 0x1_0000;
/// A set of more characters says too little to be looked for.
const LARGEST: u32 = 4_000;
/// How often in a million characters there is a Latin letter or a digit, each of them.
const ASCII: f64 = 4_000.0;

/// Two sets of characters, of each of which a text must have one; they may be one and the same.
#[derive(Clone, Debug)]
struct Pair([ClassUnicode; 2]);

/// What texts must have in which the patterns of a rule match.
#[derive(Clone, Debug)]
pub struct Needed {
    on: On,
    /// Of each pattern.
    pairs: Vec<Pair>,
}

impl Needed {
    /// What these patterns need; `None` where nothing is known of one of them.
    pub(super) fn by<'a>(patterns: impl IntoIterator<Item = &'a str>, on: On) -> Option<Self> {
        let needed = |pattern| {
            let hir = ParserBuilder::new().case_insensitive(true).build().parse(pattern).ok()?;
            needed(&hir)
        };
        Some(Self { on, pairs: patterns.into_iter().map(needed).collect::<Option<_>>()? })
    }

    /// The same as one, which says less.
    fn together(self) -> Self {
        Self { pairs: vec![Pair::of_any(self.pairs)], ..self }
    }
}

impl Pair {
    /// What a text must have that has all of one of these.
    fn of_any(pairs: impl IntoIterator<Item = Self>) -> Self {
        let mut any = [ClassUnicode::empty(), ClassUnicode::empty()];
        for Pair(pair) in pairs {
            any.iter_mut().zip(&pair).for_each(|(any, one)| any.union(one));
        }
        Self(any)
    }

    /// Of the sets of which a text must have one each the two that say most; `None` where there is no set.
    fn rarest(sets: impl IntoIterator<Item = ClassUnicode>) -> Option<Self> {
        let mut sets: Vec<(f64, ClassUnicode)> = sets.into_iter().map(|set| (often(&set), set)).collect();
        sets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        sets.dedup();
        let mut rarest = sets.into_iter().map(|(_, set)| set);
        let first = rarest.next()?;
        Some(Self([first.clone(), rarest.next().unwrap_or(first)]))
    }
}

/// Sets of characters of which one each is in everything that this matches: of those that would do, the two that say most.
fn needed(hir: &Hir) -> Option<Pair> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Pair::rarest(text.chars().map(|c| ClassUnicode::new([ClassUnicodeRange::new(c, c)])))
        }
        HirKind::Class(Class::Unicode(class)) => (size(class) <= LARGEST).then(|| Pair([class.clone(), class.clone()])),
        HirKind::Class(Class::Bytes(_)) => None,
        HirKind::Repetition(repetition) => (repetition.min > 0).then(|| needed(&repetition.sub)).flatten(),
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Concat(parts) => Pair::rarest(parts.iter().filter_map(needed).flat_map(|Pair(sets)| sets)),
        HirKind::Alternation(ways) => Some(Pair::of_any(ways.iter().map(needed).collect::<Option<Vec<Pair>>>()?)),
    }
}

fn size(class: &ClassUnicode) -> u32 {
    class.iter().map(|range| range.end() as u32 - range.start() as u32 + 1).fold(0, u32::saturating_add)
}

/// How often in a million characters there is about one of these.
fn often(class: &ClassUnicode) -> f64 {
    if size(class) > LARGEST {
        return f64::INFINITY; // a union
    }
    let one = |c: char| if c.is_ascii() { ASCII } else { per_million(c.encode_utf8(&mut [0; 4])) };
    class.iter().flat_map(|range| range.start()..=range.end()).map(one).sum()
}

/// What all rules with patterns need.
#[derive(Default)]
pub(super) struct Screen {
    /// Whose pattern each bit is.
    rules: Vec<RuleId>,
    /// How many words they take.
    words: usize,
    /// Those that count.
    on: [u64; MOST_WORDS],
    original: Rows,
    folded: Rows,
}

impl Screen {
    /// Of rules and what they need.
    pub(super) fn new(rules: impl Iterator<Item = (RuleId, Needed)>) -> Self {
        let mut all: Vec<(RuleId, Needed)> = rules.collect();
        if all.iter().map(|(_, needed)| needed.pairs.len()).sum::<usize>() > MOST {
            all = all.into_iter().map(|(rule, needed)| (rule, needed.together())).collect();
        }
        let of_each = all
            .into_iter()
            .flat_map(|(rule, Needed { on, pairs })| pairs.into_iter().map(move |pair| (rule, on, pair)));
        let all: Vec<(RuleId, On, Pair)> = of_each.take(MOST).collect();
        let words = all.len().div_ceil(WORD);
        let of = |on: On| {
            let own = (0..).zip(&all).filter(|(_, (_, other, _))| *other == on);
            let sets = own.flat_map(|(bit, (.., Pair([first, second])))| [(bit, first), (bit + words * WORD, second)]);
            Rows::new(2 * words, sets)
        };
        let (original, folded) = (of(On::Original), of(On::Folded));
        let rules = all.into_iter().map(|(rule, ..)| rule).collect();
        Self { original, folded, rules, words, on: [u64::MAX; MOST_WORDS] }
    }

    /// From now on only these are tried.
    pub(super) fn only(&mut self, counts: impl Fn(RuleId) -> bool) {
        for (bit, _) in self.rules.iter().enumerate().filter(|(_, rule)| !counts(**rule)) {
            if let Some(word) = self.on.get_mut(bit / WORD) {
                *word &= !(1 << (bit % WORD));
            }
        }
    }

    /// Whether a rule is screened.
    pub(super) fn has(&self, rule: RuleId) -> bool {
        self.rules.contains(&rule)
    }

    /// Those of its rules that may find something in a text.
    pub(super) fn to_be_tried(&self, text: &Text) -> impl Iterator<Item = RuleId> {
        let mut seen = [0; 2 * MOST_WORDS];
        self.original.see(&text.original, &mut seen);
        self.folded.see(&text.folded.text, &mut seen);
        let (first, second) = seen.split_at(self.words);
        let mut tried = [0; MOST_WORDS];
        for (((tried, on), first), second) in tried.iter_mut().zip(self.on).zip(first).zip(second) {
            *tried = on & first & second;
        }
        let bits = (0..).step_by(WORD).zip(tried).flat_map(|(first, word): (usize, u64)| {
            let next = |left: &u64| Some(left & (left - 1)).filter(|left| *left != 0);
            let rest = std::iter::successors(Some(word).filter(|word| *word != 0), next);
            rest.map(move |left| first + left.trailing_zeros() as usize)
        });
        let mut last = None;
        let rules = bits.filter_map(|bit| self.rules.get(bit).copied());
        rules.filter(move |rule| last.replace(*rule) != Some(*rule)) // those of one rule are side by side
    }
}

/// For each character the bits of the patterns that look for it.
#[derive(Default)]
struct Rows {
    /// The place of its row; of all beyond them the last.
    places: Box<[u16]>,
    /// One behind the other.
    rows: Vec<u64>,
    /// How many words a row has.
    words: usize,
}

impl Rows {
    /// Of sets by their bit, all of which fit into so many words.
    fn new<'a>(words: usize, all: impl Iterator<Item = (usize, &'a ClassUnicode)>) -> Self {
        if words == 0 {
            return Self::default();
        }
        let mut masks = vec![0_u64; (FLAT + 1) * words];
        for (bit, class) in all {
            for range in class.iter() {
                let (from, to) = (place(range.start()), place(range.end()));
                let theirs = masks.chunks_exact_mut(words).take(to + 1).skip(from);
                theirs.filter_map(|mask| mask.get_mut(bit / WORD)).for_each(|word| *word |= 1 << (bit % WORD));
            }
        }
        let mut rows: Vec<&[u64]> = masks.chunks_exact(words).collect();
        rows.sort_unstable();
        rows.dedup();
        if let [only] = &*rows
            && only.iter().all(|word| *word == 0)
        {
            return Self::default(); // no pattern is screened by these characters
        }
        // Surrogates are no characters and share a row, so that there are never more rows than can be numbered.
        let row = |mask: &[u64]| rows.binary_search(&mask).unwrap_or_default() as u16;
        let places = masks.chunks_exact(words).map(row).collect();
        Self { places, rows: rows.concat(), words }
    }

    /// Adds the bits of all characters of a text.
    fn see(&self, text: &str, seen: &mut Bits) {
        if self.rows.is_empty() {
            return;
        }
        let words = self.words;
        for c in text.chars() {
            let row = self.places.get(place(c)).map_or(0, |row| usize::from(*row) * words);
            let row = self.rows.get(row..row + words).unwrap_or_default();
            seen.iter_mut().zip(row).for_each(|(seen, word)| *seen |= word);
        }
    }
}

fn place(c: char) -> usize {
    (c as usize).min(FLAT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Patterns as operators write them.
    const PATTERNS: &[&str] = &[
        "(?:[加家佳]|力口)(?:我|个)?[微薇v][信芯x]?(?:[a-z][a-z0-9]{2,18}[0-9]|[1-9][0-9]{4,10})",
        "1[3-9][0-9]{3}",
        "[1-9][0-9]{2,10}(?:扣扣|企鹅)",
        "(?:^|[^0-9])[1-9]{2}.{0,3}[家加]$",
        "(?-u:\\b)[vw]\\s*[.．]?x",
        "日结|[0-9]+(?:元|块)(?:.{0,4})一单",
        "[a-z]{3,}",
        "[❤💗]\\x{FE0F}?同号",
        "k+",
    ];

    proptest! {
        #[test]
        fn whatever_a_pattern_matches_passes_the_screen(
            which in 0..PATTERNS.len(),
            text in "[加家佳力口我微薇vVxX信芯扣企鹅日结元块一单❤💗同号0-9a-zA-ZK１ .．]{0,24}",
        ) {
            let mut judged = Text::default();
            judged.set(&text);
            for on in [On::Original, On::Folded] {
                let pattern = PATTERNS[which];
                let regex = ::regex::RegexBuilder::new(pattern).case_insensitive(true).build().unwrap();
                let looked_at = if on == On::Original { &judged.original } else { &judged.folded.text };
                let needed = Needed::by([pattern], on).unwrap();
                let screen = Screen::new([(RuleId(3), needed)].into_iter());
                let tried = screen.to_be_tried(&judged).count() == 1;
                prop_assert!(!regex.is_match(looked_at) || tried, "{pattern} in {looked_at}");
            }
        }
    }

    #[test]
    fn a_text_without_what_is_needed_is_not_tried() {
        let of = |pattern: &'static str, on| Needed::by([pattern], on).unwrap();
        let rules = [(RuleId(2), of("vx[0-9]+", On::Folded)), (RuleId(5), of("[❤💗]+", On::Original))];
        let screen = Screen::new(rules.into_iter());
        let tried = |text: &str| {
            let mut judged = Text::default();
            judged.set(text);
            screen.to_be_tried(&judged).map(|rule| rule.0).collect::<Vec<_>>()
        };
        assert!(tried("周末一起去看电影吗").is_empty());
        assert_eq!(tried("ＶＸ"), [2], "folded");
        assert!(tried("同号").is_empty());
        assert_eq!(tried("💗"), [5]);
        assert_eq!([2, 5, 9].map(|rule| screen.has(RuleId(rule))), [true, true, false]);
    }

    #[test]
    fn a_text_must_have_two_of_what_a_pattern_needs_and_both_of_one_pattern() {
        let needed = Needed::by(["(?:弄|打)死你.{0,4}信不信", "注册送[0-9]+元"], On::Folded).unwrap();
        let screen = Screen::new([(RuleId(4), needed)].into_iter());
        let tried = |text: &str| {
            let mut judged = Text::default();
            judged.set(text);
            screen.to_be_tried(&judged).map(|rule| rule.0).collect::<Vec<_>>()
        };
        for text in ["信不信由你", "弄好了", "注意了", "死在注意上"] {
            assert!(tried(text).is_empty(), "{text}");
        }
        assert_eq!(tried("弄死你信不信"), [4]);
        assert_eq!(tried("注册送38元"), [4]);
        assert_eq!(tried("注册送38元，打死你信不信"), [4], "once");
    }

    #[test]
    fn each_of_many_rules_has_a_bit_of_its_own() {
        let of = |n: u32| {
            let c = char::from_u32(0x4e00 + n).unwrap();
            (RuleId(n as u16), Needed::by([&*format!("{c}[0-9]+")], On::Folded).unwrap())
        };
        let count = MOST as u32 + 5;
        let screen = Screen::new((0..count).map(of));
        assert!(!screen.has(RuleId(MOST as u16)), "it is always tried");
        for n in [0, 63, 64, 700, MOST as u32 - 1] {
            let mut judged = Text::default();
            judged.set(&format!("看{}12", char::from_u32(0x4e00 + n).unwrap()));
            assert_eq!(screen.to_be_tried(&judged).collect::<Vec<_>>(), [RuleId(n as u16)]);
        }
    }

    #[test]
    fn a_pattern_that_may_match_anything_is_always_tried() {
        for pattern in ["\\p{Han}{2,8}", "[^0-9]+", "(?:加|.)"] {
            assert!(Needed::by([pattern], On::Folded).is_none(), "{pattern}");
        }
        assert!(Needed::by(["加", "."], On::Folded).is_none());
    }
}
