//! What is counted once it is durable, so that what is judged again after a failed commit counts once.

use std::sync::Arc;

use crate::adapters::pictures::Unread;
use crate::app::metrics::{EventOutcome, Metrics, Mode, PictureEnd, Reminded};
use crate::domain::action::{Action, Outcome};
use crate::domain::judge::Judgement;

/// One thing to be counted after the commit.
pub(super) enum Tally {
    Event(Arc<str>, EventOutcome),
    Message(Judgement),
    Ended(Arc<Action>, Outcome),
    Picture(Unread),
}

impl Tally {
    pub(super) fn count(&self, metrics: &Metrics) {
        match self {
            Tally::Event(platform, outcome) => metrics.event(platform, *outcome),
            Tally::Ended(action, outcome) => {
                metrics.ended(&action.platform, outcome);
                if (action.cause.step.as_deref(), outcome) == (Some("reminder"), &Outcome::Expired) {
                    metrics.reminder(Reminded::Expired);
                }
            }
            Tally::Picture(unread) => metrics.pictures().picture(PictureEnd::from(*unread)),
            Tally::Message(judgement) => {
                metrics.verdict(judgement.verdict());
                for finding in judgement.all() {
                    metrics.finding(&finding.rule, if finding.observe { Mode::Observe } else { Mode::Act });
                }
            }
        }
    }
}
