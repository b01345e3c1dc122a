//! How good a model is on texts it was not made from, and where that draws its lines.

use super::learn::binary_logarithm;
use super::model::Line;

/// Lines are drawn where so many in ten thousand ordinary texts are told.
pub const FALSE_ALARMS: [u32; 9] = [1, 2, 5, 10, 20, 50, 70, 100, 200];

/// The odds of texts whose labels are known.
#[derive(Default)]
pub struct Measured {
    ordinary: Vec<f32>,
    violations: Vec<f32>,
}

impl Measured {
    /// Takes in a text.
    pub fn add(&mut self, odds: f32, violation: bool) {
        if violation { self.violations.push(odds) } else { self.ordinary.push(odds) }
    }

    /// How many ordinary texts and violations there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.ordinary.len(), self.violations.len())
    }

    /// The lines that these texts draw, the strictest first. Where there are too few ordinary texts to tell so small a share,
    /// the line is drawn above the highest of them, by what their share falls with the odds.
    pub fn lines(&mut self) -> Vec<Line> {
        self.ordinary.sort_by(|a, b| b.total_cmp(a));
        let fall = (self.at(50) - self.at(200)).max(0.1) / 2.0;
        let line = |false_alarms: u32| {
            let missing = 10_000.0 / (false_alarms as f32 * self.ordinary.len().max(1) as f32);
            let beyond = fall * binary_logarithm(missing.max(1.0));
            let odds = next_above(self.at(false_alarms) + beyond);
            Line { false_alarms, odds, recall: self.recall(odds) }
        };
        FALSE_ALARMS.into_iter().map(line).collect()
    }

    /// The odds that so many in ten thousand ordinary texts have or exceed.
    fn at(&self, false_alarms: u32) -> f32 {
        let allowed = self.ordinary.len() * false_alarms as usize / 10_000;
        self.ordinary.get(allowed).copied().unwrap_or_default()
    }

    /// Of how many percent of the violations a line tells.
    pub fn recall(&self, odds: f32) -> f32 {
        percent(self.violations.iter().filter(|one| **one >= odds).count(), self.violations.len())
    }

    /// Of how many percent of the ordinary texts a line tells.
    pub fn false_alarms(&self, odds: f32) -> f32 {
        percent(self.ordinary.iter().filter(|one| **one >= odds).count(), self.ordinary.len())
    }
}

fn percent(part: usize, of: usize) -> f32 {
    (part as f64 * 100.0 / of.max(1) as f64) as f32
}

/// A little above, in thousandths: files keep no more.
fn next_above(odds: f32) -> f32 {
    ((odds * 1000.0).floor() + 1.0) / 1000.0
}
