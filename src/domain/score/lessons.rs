//! What people's decisions teach: each moves the weights of what its text is made of, and counts for or against the score in
//! its group. Sums of whole numbers, so the order in which lessons come makes no difference, and a lesson can be
//! taken back.

use std::collections::{BTreeMap, HashMap};

use super::learn::{norm, probability};
use super::measure::FALSE_ALARMS;
use super::model::{Besides, STEP};
use crate::domain::ids::GroupKey;

/// More lessons are not remembered, the oldest are forgotten first: about 8 MB.
const MOST: usize = 10_000;
/// No more features of a text are moved.
const MOST_FEATURES: usize = 256;
/// The sums are kept for 2 to this power places.
const BITS: u32 = 16;
/// How far one decision moves the odds of its own text at most.
const RATE: f32 = 6.0;
/// A text has a band for each line of a model, the strictest first.
pub const BANDS: usize = FALSE_ALARMS.len();

/// What a person decided of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The message: a later decision about it takes the place of an earlier one.
    pub subject: u64,
    /// The group it was in.
    pub group: GroupKey,
    /// Whether it was a violation, as the person says.
    pub right: bool,
    /// Where the score alone found it: the model, and how many of its lines the text does not reach.
    pub found: Option<(u32, u8)>,
    /// What is added to each feature's weight, in [`STEP`]s.
    pub step: i32,
    /// The features of the text.
    pub features: Box<[u32]>,
}

/// What a lesson is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// The logarithm of the odds of the text so far.
    pub odds: f32,
    /// Its features.
    pub features: Box<[u32]>,
    /// What the model says of it, where it would be told.
    pub found: Option<(u32, u8)>,
}

impl Lesson {
    /// What a decision teaches.
    pub fn new(subject: u64, group: GroupKey, right: bool, taught: &Taught) -> Self {
        let features = taught.features.get(..taught.features.len().min(MOST_FEATURES)).unwrap_or_default();
        let wanted = f32::from(u8::from(right));
        // All features move alike: n of them, each by so much, move the odds of a text by √n times so much.
        let by = RATE * (wanted - probability(taught.odds)) * norm(features.len());
        Self { subject, group, right, found: taught.found, step: (by / STEP).round() as i32, features: features.into() }
    }
}

/// How often the score of a model was right in a group, by band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// For each band, how often it was right …
    pub right: [u32; BANDS],
    /// … and how often it was wrong.
    pub wrong: [u32; BANDS],
}

impl Record {
    /// How often it was right and wrong from a band on: in it and in all that are stricter.
    pub fn up_to(&self, band: usize) -> (u32, u32) {
        let sum = |counts: &[u32; BANDS]| counts.iter().take(band + 1).sum();
        (sum(&self.right), sum(&self.wrong))
    }
}

/// All that decisions have taught.
#[derive(Default)]
pub struct Lessons {
    /// By number, in the order in which they came.
    lessons: BTreeMap<u64, Lesson>,
    subjects: HashMap<u64, u64>,
    last: u64,
    added: Box<[i32]>,
    records: HashMap<(GroupKey, u32), Record>,
}

impl Lessons {
    /// Takes in a lesson: gives its number, and those of the lessons that are forgotten for it.
    pub fn learn(&mut self, lesson: Lesson) -> (u64, Vec<u64>) {
        let mut forgotten: Vec<u64> = self.subjects.get(&lesson.subject).copied().into_iter().collect();
        if self.lessons.len() - forgotten.len() >= MOST {
            forgotten.extend(self.lessons.keys().next());
        }
        forgotten.iter().for_each(|no| self.forget(*no));
        let no = self.last + 1;
        self.restore(no, lesson);
        (no, forgotten)
    }

    /// Puts in a lesson that was kept.
    pub fn restore(&mut self, no: u64, lesson: Lesson) {
        self.last = self.last.max(no);
        self.apply(&lesson, 1);
        self.subjects.insert(lesson.subject, no);
        self.lessons.insert(no, lesson);
    }

    fn forget(&mut self, no: u64) {
        if let Some(lesson) = self.lessons.remove(&no) {
            self.apply(&lesson, -1);
            self.subjects.remove(&lesson.subject);
        }
    }

    fn apply(&mut self, lesson: &Lesson, sign: i32) {
        if self.added.is_empty() {
            self.added = vec![0; 1 << BITS].into_boxed_slice();
        }
        for feature in &lesson.features {
            if let Some(sum) = self.added.get_mut(place(*feature)) {
                *sum = sum.wrapping_add(sign * lesson.step); // bounded by MOST lessons
            }
        }
        let Some((model, band)) = lesson.found else { return };
        let record = self.records.entry((lesson.group, model)).or_default();
        let counts = if lesson.right { &mut record.right } else { &mut record.wrong };
        if let Some(count) = counts.get_mut(usize::from(band)) {
            *count = count.saturating_add_signed(sign);
        }
        if *record == Record::default() {
            self.records.remove(&(lesson.group, model));
        }
    }

    /// How often the score of a model was right in a group.
    pub fn record(&self, group: GroupKey, model: u32) -> Record {
        self.records.get(&(group, model)).copied().unwrap_or_default()
    }

    /// How many lessons there are.
    pub fn count(&self) -> usize {
        self.lessons.len()
    }
}

impl Besides for Lessons {
    #[inline]
    fn of(&self, feature: u32) -> i32 {
        self.added.get(place(feature)).copied().unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.lessons.is_empty()
    }
}

fn place(feature: u32) -> usize {
    (feature >> (32 - BITS)) as usize
}

/// What the share of `right` among all is at least, at a confidence of 95 % (Wilson's bound, one-sided).
pub fn at_least(right: u32, wrong: u32) -> f64 {
    const Z: f64 = 1.645;
    let all = f64::from(right) + f64::from(wrong);
    if all == 0.0 {
        return 0.0;
    }
    let share = f64::from(right) / all;
    let middle = share + Z * Z / (2.0 * all);
    let width = Z * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
    (middle - width) / (1.0 + Z * Z / all)
}
