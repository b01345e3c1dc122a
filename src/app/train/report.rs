//! What is kept beside a model: from what it was made, and how good it is on what was held out.

use serde::Serialize;

use super::read::Counts;
use super::{Drawn, Train};
use crate::domain::score::Line;

/// How a model was made and what it can do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was read.
    pub read: Counts,
    /// How it learnt.
    pub learnt: Learnt,
    /// What was measured on.
    pub measured_on: MeasuredOn,
    /// The lines that it draws.
    pub lines: Vec<Line>,
    /// What each line tells of each source.
    pub sources: Vec<OfSource>,
}

/// How a model learnt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learnt {
    /// The table has 2 to this power weights.
    pub bits: u32,
    /// How often each message was looked at.
    pub rounds: u32,
    /// How large the steps were.
    pub rate: f32,
    /// How strongly weights were drawn to zero.
    pub decay: f32,
    /// How many messages the measured model was made from; the model itself is made from all.
    pub messages: usize,
    /// How many of them were violations.
    pub violations: usize,
}

/// On what a model was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasuredOn {
    /// How many percent were held out.
    pub percent: u64,
    /// How many of those were left out, being nearly the same as something that was learnt.
    pub near_duplicates: usize,
    /// Ordinary messages that were measured.
    pub ordinary: usize,
    /// Violations that were measured.
    pub violations: usize,
}

/// What the lines tell of a source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfSource {
    /// Its name.
    pub source: String,
    /// Ordinary messages that were measured.
    pub ordinary: usize,
    /// Violations that were measured.
    pub violations: usize,
    /// For each line, of how many percent of the ordinary ones it tells.
    pub false_alarms: Vec<f32>,
    /// For each line, of how many percent of the violations it tells.
    pub recall: Vec<f32>,
}

impl Report {
    pub(super) fn new(
        train: &Train,
        read: Counts,
        sources: &[String],
        (messages, violations): (usize, usize),
        near_duplicates: usize,
        mut drawn: Drawn,
    ) -> Self {
        let how = train.how;
        let lines = drawn.all.lines();
        let counts = drawn.all.counts();
        let of_source = |(source, measured): (&u16, &crate::domain::score::Measured)| {
            let (ordinary, violations) = measured.counts();
            OfSource {
                source: sources.get(usize::from(*source)).cloned().unwrap_or_default(),
                ordinary,
                violations,
                false_alarms: lines.iter().map(|line| measured.false_alarms(line.odds)).collect(),
                recall: lines.iter().map(|line| measured.recall(line.odds)).collect(),
            }
        };
        Self {
            sources: drawn.by_source.iter().map(of_source).collect(),
            read,
            learnt: Learnt {
                bits: how.bits,
                rounds: how.rounds,
                rate: how.rate,
                decay: how.decay,
                messages,
                violations,
            },
            measured_on: MeasuredOn {
                percent: train.held_out,
                near_duplicates,
                ordinary: counts.0,
                violations: counts.1,
            },
            lines,
        }
    }
}
