//! Showing somebody what was decided and why: the playground's page explains every verdict. Nothing is kept for it, and no
//! time spent, when nobody looks.

use std::sync::Arc;

use super::Engine;
use crate::domain::change::Change;
use crate::domain::core::Judged;
use crate::domain::event::Event;
use crate::domain::policy::Settings;
use crate::domain::time::Timestamp;

/// What the engine made of one input. It is durable when it is shown.
#[derive(Debug)]
pub struct Sight {
    /// The input, when it is an event, and what it was judged to be.
    pub event: Option<(Event, Judged)>,
    /// When it was judged, by the daemon's clock.
    pub at: Timestamp,
    /// What it changed.
    pub changes: Vec<Change>,
    /// By what it was judged.
    pub settings: Arc<Settings>,
}

/// Is shown every input and what became of it, in order, on the engine's thread.
pub trait Witness: Send {
    /// This was judged and recorded.
    fn saw(&mut self, sight: &Sight);
}

impl Engine {
    /// From here on somebody looks.
    pub fn watched_by(&mut self, witness: Box<dyn Witness>) {
        self.witness = Some(witness);
    }

    pub(super) fn sight(&mut self, event: Option<(&Event, &Judged)>, at: Timestamp, changes: &[Change]) {
        if self.witness.is_some() {
            let event = event.map(|(event, judged)| (event.clone(), judged.clone()));
            let settings = self.core.settings.clone();
            self.batch.sights.push(Sight { event, at, changes: changes.to_vec(), settings });
        }
    }
}
