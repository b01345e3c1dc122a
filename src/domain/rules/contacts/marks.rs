//! A text as contacts and numbers are looked for in it: letters and digits with disguises taken off, each with its place
//! and with what stood before it. Unlike the fold it keeps what signs say: `：`, `_`, ➕, ❤.

use crate::domain::text::{Class, GapKind, class_of};

/// A letter, a digit or a sign that is read as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::rules) struct Mark {
    /// As folded.
    pub(in crate::domain::rules) c: char,
    /// The code point of the original it comes from.
    pub(in crate::domain::rules) at: u32,
    /// What was dropped before it.
    pub(in crate::domain::rules) gap: Gap,
    /// It is a sign that may stand for this character, and may as well be noise.
    pub(in crate::domain::rules) sign: bool,
}

/// What was dropped between two marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::domain::rules) struct Gap {
    /// The strongest of it.
    pub(in crate::domain::rules) kind: Break,
    /// There is a colon or the like, behind which something is told.
    pub(in crate::domain::rules) tells: bool,
    /// How many seen characters.
    pub(in crate::domain::rules) width: u32,
}

/// What a gap separates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::domain::rules) enum Break {
    /// Nothing was dropped.
    #[default]
    None,
    /// `-` or `_`, which names of accounts have inside.
    Joint,
    /// Spaces, symbols, emoji.
    Noise,
    /// Two clauses, or two lines.
    Clause,
    /// Two texts with something else between them.
    Barrier,
}

/// Signs that stand for words, where an account follows.
const SIGNS: &[(&str, &str)] = &[
    ("+＋➕✚✛", "加"),
    ("❤♥💗💕💓💖💙💚💛🧡💜🤍🖤🤎💘💝❣", "信"),
    ("∨√✓✔", "v"),
    ("🐧", "企鹅"),
    ("✈🛩🛫🛬", "飞机"),
    ("🛰", "卫星"),
];

fn sign(c: char) -> Option<&'static str> {
    SIGNS.iter().find(|(signs, _)| signs.contains(c)).map(|(_, words)| *words)
}

impl Gap {
    fn add(&mut self, c: char, kind: GapKind) {
        let tells = matches!(c, ':' | '：' | '=' | '＝' | '∶' | '︰' | '→' | '➡' | '👉');
        let kind = match kind {
            _ if matches!(c, '-' | '_' | '－' | '＿') => Break::Joint,
            GapKind::Barrier => Break::Barrier,
            GapKind::Clause if !tells => Break::Clause,
            GapKind::Clause | GapKind::Separator => Break::Noise,
        };
        self.kind = self.kind.max(kind);
        self.tells |= tells;
        self.width += 1;
    }

    /// What two gaps are, one after the other.
    fn and(self, other: Self) -> Self {
        Self { kind: self.kind.max(other.kind), tells: self.tells || other.tells, width: self.width + other.width }
    }
}

/// All marks of a text.
pub(in crate::domain::rules) fn marks(original: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut gap = Gap::default();
    let mut put = |c, at, gap: &mut Gap, sign| marks.push(Mark { c, at, gap: std::mem::take(gap), sign });
    for (at, c) in (0..).zip(original.chars()) {
        match class_of(c) {
            Class::Kept(c) => put(c, at, &mut gap, false),
            Class::Many(text) => text.chars().for_each(|c| put(c, at, &mut gap, false)),
            Class::Unseen => {}
            Class::Dropped(kind) => {
                if let Some(words) = sign(c) {
                    words.chars().for_each(|c| put(c, at, &mut gap, true));
                }
                gap.add(c, kind);
            }
        }
    }
    marks
}

/// The marks that are no signs; what a sign separates is a gap.
pub(in crate::domain::rules) fn without_signs(marks: &[Mark]) -> Vec<Mark> {
    let mut before = Gap::default();
    let mut plain = Vec::with_capacity(marks.len());
    for mark in marks {
        let gap = before.and(mark.gap);
        before = gap;
        if !mark.sign {
            plain.push(Mark { gap, ..*mark });
            before = Gap::default();
        }
    }
    plain
}
