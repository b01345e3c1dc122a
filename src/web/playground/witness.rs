//! Puts an explanation of every input of the playground on the page.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::adapters::playground::{Kind, Playground};
use crate::app::engine::{Sight, Witness};
use crate::app::explain::{Explanation, explain};
use crate::domain::change::Change;

/// Explanations that may still change: their actions have not come to their end.
const KEPT: usize = 500;

/// Shows what it sees on the page.
pub struct PageWitness {
    playground: Playground,
    last_case: Arc<AtomicU64>,
    kept: VecDeque<(Arc<str>, Explanation)>,
}

impl PageWitness {
    /// Shows it here; the number of the last case is kept in `last_case`.
    pub fn new(playground: Playground, last_case: Arc<AtomicU64>) -> Self {
        Self { playground, last_case, kept: VecDeque::new() }
    }

    fn show(&self, group: &str, explanation: &Explanation) {
        self.playground.show_of(group, "verdict", &explanation.id, explanation);
    }

    /// What was explained earlier and is now otherwise: an action came to its end, a case was undone.
    fn changed(&mut self, changes: &[Change]) {
        for change in changes {
            let fits = |kept: &mut Explanation| match change {
                Change::Ended { id, outcome, .. } => kept.ended(id, outcome),
                Change::Undone { case, undone } => kept.undone(*case, &undone.name),
                _ => false,
            };
            let changed: Vec<_> = self
                .kept
                .iter_mut()
                .filter_map(|(group, kept)| fits(kept).then(|| (group.clone(), kept.clone())))
                .collect();
            for (group, kept) in changed {
                self.show(&group, &kept);
            }
        }
    }
}

impl Witness for PageWitness {
    fn saw(&mut self, sight: &Sight) {
        self.changed(&sight.changes);
        let act = sight.changes.iter().find_map(|change| match change {
            Change::Act(action) => Some(action),
            _ => None,
        });
        let event = sight.event.as_ref().map(|(event, _)| event);
        let platform = event.map(|event| &*event.platform).or(act.map(|action| &*action.platform));
        if !Kind::ALL.iter().any(|kind| platform == Some(kind.name())) {
            return;
        }
        let group: Arc<str> = match (event, act) {
            (Some(event), _) if !event.group.is_empty() => (*event.group).into(),
            (_, Some(action)) if !action.group.is_empty() => action.group.clone(),
            _ => self.playground.group(), // something said to the bot alone
        };
        let Some(explanation) = explain(sight) else { return };
        if let Some(case) = explanation.case.as_ref().filter(|case| !case.joins) {
            self.last_case.store(case.no, Ordering::SeqCst);
        }
        self.show(&group, &explanation);
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((group, explanation));
    }
}
