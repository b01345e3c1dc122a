//! What is counted once it is durable, so that what is judged again after a failed commit counts once.

use std::sync::Arc;

use crate::app::metrics::{EventOutcome, Metrics, Mode};
use crate::domain::action::Outcome;
use crate::domain::judge::Judgement;

/// One thing to be counted after the commit.
pub(super) enum Tally {
    Event(Arc<str>, EventOutcome),
    Message(Judgement),
    Ended(Arc<str>, Outcome),
}

impl Tally {
    pub(super) fn count(&self, metrics: &Metrics) {
        match self {
            Tally::Event(platform, outcome) => metrics.event(platform, *outcome),
            Tally::Ended(platform, outcome) => metrics.ended(platform, outcome),
            Tally::Message(judgement) => {
                metrics.verdict(judgement.verdict());
                for finding in judgement.all() {
                    metrics.finding(&finding.rule, if finding.observe { Mode::Observe } else { Mode::Act });
                }
            }
        }
    }
}
