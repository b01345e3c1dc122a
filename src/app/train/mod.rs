//! Making a model for `score` rules from labelled messages: `{"text":…,"label":0 or 1}` a line, with a `category` where it is known:
//! what sells something is little like what insults somebody, and is told better by itself. The same input gives the same bytes.
//!
//! A part is held out and measured by a model made from the rest, with what is nearly the same as something in the rest left
//! out; that draws the lines. The model that is written is then made from all of it.

mod read;
mod report;

use std::collections::{BTreeMap, HashSet};

pub use self::read::{Counts, Example, Examples, Source};
pub use self::report::{Learnt, MeasuredOn, OfSource, Report};
use crate::domain::score::{About, How, Learner, Measured, Model, Row, VERSION};

/// How a model is made.
#[derive(Clone, Copy, Debug)]
pub struct Train {
    /// How it learns.
    pub how: How,
    /// How many percent are held out for measuring.
    pub held_out: u64,
}

/// Makes a model and says how good it is.
///
/// # Errors
/// A sentence that says why no model can be made from these.
pub fn train(examples: Examples, train: Train) -> Result<(Model, Report), String> {
    let categories = examples.categories;
    let (learnt, held): (Vec<Example>, Vec<Example>) =
        examples.examples.into_iter().partition(|one| one.likeness.template % 100 >= train.held_out);
    let mut seen = HashSet::new();
    learnt.iter().for_each(|one| one.likeness.note(&mut seen));
    let near = held.iter().filter(|one| one.likeness.is_among(&seen)).count();
    let mut rows: Vec<Row> = learnt.into_iter().map(|one| one.row).collect();
    let violations = rows.iter().filter(|row| row.category.is_some()).count();
    if violations == 0 || violations == rows.len() {
        return Err("there must be messages of both labels: 1 for violations, 0 for ordinary ones".to_owned());
    }
    let lines = {
        let learner = learn(&rows, train.how, categories.len());
        let mut all = Measured::default();
        let mut by_source: BTreeMap<u16, Measured> = BTreeMap::new();
        for one in held.iter().filter(|one| !one.likeness.is_among(&seen)) {
            let odds = learner.odds(&one.row.features);
            all.add(odds, one.row.category.is_some());
            by_source.entry(one.source).or_default().add(odds, one.row.category.is_some());
        }
        Drawn { all, by_source }
    };
    let learnt = (rows.len(), violations);
    rows.extend(held.into_iter().map(|one| one.row));
    let learner = learn(&rows, train.how, categories.len());
    let violations = rows.iter().filter(|row| row.category.is_some()).count();
    let (weights, bias) = learner.into_parts();
    let about = About {
        features: VERSION,
        bits: train.how.bits,
        pinyin: examples.pinyin,
        unit: 0.0,
        categories,
        bias,
        texts: rows.len() as u64,
        violations: violations as u64,
        lines: Vec::new(),
    };
    let mut model = Model::new(about, &weights);
    let report = Report::new(&train, examples.counts, &examples.sources, learnt, near, lines);
    model.draw(report.lines.clone());
    Ok((model, report))
}

/// What was measured.
struct Drawn {
    all: Measured,
    by_source: BTreeMap<u16, Measured>,
}

fn learn(rows: &[Row], how: How, categories: usize) -> Learner {
    let mut learner = Learner::new(how, categories);
    learner.learn(rows);
    learner
}
