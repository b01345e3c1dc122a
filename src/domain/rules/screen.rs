//! Which patterns need not be tried on a text: each names characters of which one is in whatever it matches, and one look at
//! every character of a text tells for all rules at once which of them it has.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::RuleId;
use super::regex::On;
use crate::domain::text::Text;

/// So many rules are screened; further ones are always tried.
const MOST: usize = u64::BITS as usize;
/// Characters below have a row of their own, those above share one.
const FLAT: usize = 0x1_0000;
/// A set of more characters says too little to be looked for.
const LARGEST: u32 = 4_000;
/// Latin letters and digits are in so many more messages than any one Han character.
const ASCII: u32 = 4;

/// Characters of which a text must have one.
#[derive(Clone, Debug)]
pub struct Needed {
    on: On,
    chars: ClassUnicode,
}

impl Needed {
    /// What all patterns together need; `None` where nothing is known of one of them.
    pub(super) fn by<'a>(patterns: impl IntoIterator<Item = &'a str>, on: On) -> Option<Self> {
        let mut chars = ClassUnicode::empty();
        for pattern in patterns {
            let hir = ParserBuilder::new().case_insensitive(true).build().parse(pattern).ok()?;
            chars.union(&needed(&hir)?);
        }
        Some(Self { on, chars })
    }
}

/// Characters of which one is in everything that this matches: of the sets that would do, the one that says most.
fn needed(hir: &Hir) -> Option<ClassUnicode> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.chars().map(|c| ClassUnicode::new([ClassUnicodeRange::new(c, c)])).min_by_key(weight)
        }
        HirKind::Class(Class::Unicode(class)) => Some(class.clone()).filter(|class| weight(class) <= LARGEST),
        HirKind::Class(Class::Bytes(_)) => None,
        HirKind::Repetition(repetition) => (repetition.min > 0).then(|| needed(&repetition.sub)).flatten(),
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(needed).min_by_key(weight),
        HirKind::Alternation(ways) => {
            let mut all = ClassUnicode::empty();
            for way in ways {
                all.union(&needed(way)?);
            }
            Some(all)
        }
    }
}

/// How often a text has one of these, in no unit.
fn weight(class: &ClassUnicode) -> u32 {
    let count = |range: &ClassUnicodeRange| {
        let each = if range.start().is_ascii() { ASCII } else { 1 };
        (range.end() as u32 - range.start() as u32 + 1).saturating_mul(each)
    };
    class.iter().map(count).fold(0, u32::saturating_add)
}

/// What all rules with patterns need.
#[derive(Default)]
pub(super) struct Screen {
    /// The rules by the number of their bit.
    rules: Vec<RuleId>,
    original: Rows,
    folded: Rows,
}

impl Screen {
    /// Of rules and what they need.
    pub(super) fn new(rules: impl Iterator<Item = (RuleId, Needed)>) -> Self {
        let rules: Vec<(RuleId, Needed)> = rules.take(MOST).collect();
        let of = |on: On| {
            let all = (0..).zip(&rules).filter(|(_, (_, needed))| needed.on == on);
            Rows::new(all.map(|(bit, (_, needed))| (1 << bit, &needed.chars)))
        };
        let (original, folded) = (of(On::Original), of(On::Folded));
        Self { original, folded, rules: rules.into_iter().map(|(rule, _)| rule).collect() }
    }

    /// The rules that find nothing in a text, by their bits.
    pub(super) fn without(&self, text: &Text) -> Without<'_> {
        let seen = self.original.seen(&text.original) | self.folded.seen(&text.folded.text);
        Without { rules: &self.rules, seen }
    }
}

/// Which rules find nothing in a text.
pub(super) struct Without<'a> {
    rules: &'a [RuleId],
    seen: u64,
}

impl Without<'_> {
    /// Whether this rule surely finds nothing.
    pub(super) fn has(&self, rule: RuleId) -> bool {
        let bit = self.rules.binary_search(&rule);
        bit.is_ok_and(|bit| self.seen & 1 << bit == 0)
    }
}

/// For each character the bits of the rules that look for it.
#[derive(Default)]
struct Rows {
    /// The place of its row; of all beyond them the last.
    places: Box<[u16]>,
    rows: Vec<u64>,
}

impl Rows {
    fn new<'a>(all: impl Iterator<Item = (u64, &'a ClassUnicode)>) -> Self {
        let mut masks = vec![0_u64; FLAT + 1];
        for (bit, class) in all {
            for range in class.iter() {
                let (from, to) = (place(range.start()), place(range.end()));
                masks.get_mut(from..=to).unwrap_or_default().iter_mut().for_each(|mask| *mask |= bit);
            }
        }
        let mut rows = masks.clone();
        rows.sort_unstable();
        rows.dedup();
        if rows == [0] {
            return Self::default(); // no rule is screened by these characters
        }
        // Surrogates are no characters and share a row, so that there are never more rows than can be numbered.
        let places = masks.iter().map(|mask| rows.binary_search(mask).unwrap_or_default() as u16).collect();
        Self { places, rows }
    }

    /// The bits of all characters of a text.
    fn seen(&self, text: &str) -> u64 {
        if self.rows.is_empty() {
            return 0;
        }
        let row = |c: char| self.places.get(place(c)).and_then(|row| self.rows.get(usize::from(*row)));
        text.chars().filter_map(row).fold(0, |seen, row| seen | row)
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
                prop_assert!(!regex.is_match(looked_at) || !screen.without(&judged).has(RuleId(3)), "{pattern} in {looked_at}");
            }
        }
    }

    #[test]
    fn a_text_without_what_is_needed_is_not_tried() {
        let of = |pattern: &'static str, on| Needed::by([pattern], on).unwrap();
        let rules = [(RuleId(2), of("vx[0-9]+", On::Folded)), (RuleId(5), of("[❤💗]+", On::Original))];
        let screen = Screen::new(rules.into_iter());
        let without = |text: &str| {
            let mut judged = Text::default();
            judged.set(text);
            [2, 5, 9].map(|rule| screen.without(&judged).has(RuleId(rule)))
        };
        assert_eq!(without("周末一起去看电影吗"), [true, true, false]);
        assert_eq!(without("ＶＸ"), [false, true, false], "folded");
        assert_eq!(without("同号"), [true, true, false]);
        assert_eq!(without("💗"), [true, false, false]);
    }

    #[test]
    fn a_pattern_that_may_match_anything_is_always_tried() {
        for pattern in ["\\p{Han}{2,8}", "[^0-9]+", "(?:加|.)"] {
            assert!(Needed::by([pattern], On::Folded).is_none(), "{pattern}");
        }
        assert!(Needed::by(["加", "."], On::Folded).is_none());
    }
}
