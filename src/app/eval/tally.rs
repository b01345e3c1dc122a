//! What is counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::share::Share;
use super::{Eval, view};
use crate::app::attack::{Class, Strength};
use crate::domain::judge::Judgement;
use crate::domain::policy::Verdict;

/// More sources, categories, rules or views are not told apart: the rest is counted together.
const MOST: usize = 1000;
const OTHERS: &str = "(others)";

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Lines that are no labelled messages.
    pub malformed: u64,
    /// All messages.
    pub all: Counts,
    /// By source: what a message names, else its file.
    pub sources: BTreeMap<String, Counts>,
    /// By category of the label.
    pub categories: BTreeMap<String, Counts>,
    /// By rule that found something.
    pub rules: BTreeMap<String, Rule>,
    /// By the way in which words were written that were found.
    pub views: BTreeMap<String, View>,
    /// By source: of the bad messages whose `original` is caught, those that are caught as they stand.
    #[serde(default)]
    pub pairs: BTreeMap<String, Share>,
    /// What of the bad messages that were caught is still caught when their words are disguised.
    pub disguises: Vec<Disguised>,
}

/// What came of some messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Bad ones that were flagged at all (review or violation).
    pub caught: Share,
    /// Bad ones that were a violation.
    pub caught_as_violation: Share,
    /// Ordinary ones that were flagged at all.
    pub flagged: Share,
    /// Ordinary ones that were a violation.
    pub flagged_as_violation: Share,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// In so many bad messages.
    pub bad: u64,
    /// In so many of them it alone found something.
    pub alone: u64,
    /// In so many ordinary messages.
    pub ordinary: u64,
}

/// What was found that is written so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// In so many bad messages.
    pub bad: u64,
    /// In so many ordinary messages.
    pub ordinary: u64,
}

/// What came of one way to disguise words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Disguised {
    /// The way.
    pub class: Class,
    /// How much of each word.
    pub strength: Strength,
    /// Still flagged at all, of those that were.
    pub kept: Share,
    /// Still a violation, of those that were.
    pub kept_as_violation: Share,
    /// Messages whose words cannot be disguised so.
    pub impossible: u64,
    /// How what was found is written, and in how many messages.
    pub views: BTreeMap<String, u64>,
}

impl Counts {
    fn add(&mut self, bad: bool, verdict: Verdict) {
        let (at_all, violation) = match bad {
            true => (&mut self.caught, &mut self.caught_as_violation),
            false => (&mut self.flagged, &mut self.flagged_as_violation),
        };
        at_all.add(verdict != Verdict::Pass);
        violation.add(verdict == Verdict::Violation);
    }
}

impl Report {
    pub(super) fn new(how: &Eval) -> Self {
        let keys = how.classes.iter().flat_map(|class| how.strengths.iter().map(|strength| (*class, *strength)));
        let disguised = |(class, strength)| Disguised {
            class,
            strength,
            kept: Share::default(),
            kept_as_violation: Share::default(),
            impossible: 0,
            views: BTreeMap::new(),
        };
        Self {
            malformed: 0,
            all: Counts::default(),
            sources: BTreeMap::new(),
            categories: BTreeMap::new(),
            rules: BTreeMap::new(),
            views: BTreeMap::new(),
            pairs: BTreeMap::new(),
            disguises: keys.map(disguised).collect(),
        }
    }

    /// Counts a message as it is.
    pub(super) fn plain(&mut self, source: &str, category: Option<&str>, bad: bool, judgement: &Judgement) {
        let verdict = judgement.verdict();
        self.all.add(bad, verdict);
        entry(&mut self.sources, source).add(bad, verdict);
        if let Some(category) = category {
            entry(&mut self.categories, category).add(bad, verdict);
        }
        let rules: BTreeSet<&str> = judgement.all().map(|finding| &*finding.rule).collect();
        for rule in &rules {
            let row = entry(&mut self.rules, rule);
            row.bad += u64::from(bad);
            row.alone += u64::from(bad && rules.len() == 1);
            row.ordinary += u64::from(!bad);
        }
        for name in views(judgement) {
            let row = entry(&mut self.views, &name);
            row.bad += u64::from(bad);
            row.ordinary += u64::from(!bad);
        }
    }

    /// Counts a message that somebody disguised, and that was caught before.
    pub(super) fn pair(&mut self, source: &str, now: Verdict) {
        entry(&mut self.pairs, source).add(now != Verdict::Pass);
    }

    /// Counts a message that cannot be disguised so.
    pub(super) fn impossible(&mut self, class: Class, strength: Strength) {
        if let Some(row) = self.row(class, strength) {
            row.impossible += 1;
        }
    }

    /// Counts a message that was caught with this verdict, disguised.
    pub(super) fn disguised(&mut self, class: Class, strength: Strength, before: Verdict, now: &Judgement) {
        let Some(row) = self.row(class, strength) else { return };
        row.kept.add(now.verdict() != Verdict::Pass);
        if before == Verdict::Violation {
            row.kept_as_violation.add(now.verdict() == Verdict::Violation);
        }
        for name in views(now) {
            *entry(&mut row.views, &name) += 1;
        }
    }

    fn row(&mut self, class: Class, strength: Strength) -> Option<&mut Disguised> {
        self.disguises.iter_mut().find(|row| (row.class, row.strength) == (class, strength))
    }

    /// What of a class is kept, over all strengths.
    pub fn kept(&self, class: Class) -> Share {
        let rows = self.disguises.iter().filter(|row| row.class == class);
        rows.fold(Share::default(), |all, row| Share { count: all.count + row.kept.count, of: all.of + row.kept.of })
    }
}

fn views(judgement: &Judgement) -> BTreeSet<String> {
    judgement.all().map(view).collect()
}

fn entry<'m, T: Default>(map: &'m mut BTreeMap<String, T>, name: &str) -> &'m mut T {
    let name = if map.len() < MOST || map.contains_key(name) { name } else { OTHERS };
    map.entry(name.to_owned()).or_default()
}
