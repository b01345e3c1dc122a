//! Erasing a person from everything that is kept, in memory too.

use std::time::{Duration, Instant};

use super::{Broken, Engine};
use crate::domain::ids::MemberKey;
use crate::domain::time::Timestamp;
use crate::ports::{Erasure, Person, StoreError, Tidied};

/// How long a slice of what is to be erased should take.
const SLICE: Duration = Duration::from_millis(4);
/// How many times as long messages then have the store.
const REST: u32 = 4;

/// When the next slice is to be done.
#[derive(Default)]
pub(super) struct Slices {
    /// Messages have the store until then; `None` when there is nothing to be done that could be done at once.
    rest: Option<Instant>,
}

impl Engine {
    /// Begins to erase a person; [`Engine::tidy`] goes on with it.
    ///
    /// # Errors
    /// It was not begun.
    pub fn erase(&mut self, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError> {
        let begun = self.store.erase(person, by, now)?;
        self.slices.rest = Some(Instant::now());
        tracing::info!(no = begun.no, alias = begun.alias, by, "a member is to be erased on request");
        Ok(begun)
    }

    /// Goes on with what is to be erased, and sees to it that nothing that was deleted is left in the log of the store, for about
    /// this long. Gives whether there is more to be done at once.
    ///
    /// # Errors
    /// It could not go on; it is tried again.
    pub fn tidy(&mut self, now: Timestamp, budget: Duration) -> Result<bool, StoreError> {
        match self.store.tidy(now, budget)? {
            Tidied::Nothing => Ok(false),
            Tidied::More => Ok(true),
            Tidied::Held { no, person } => self.erase_held(no, &person, now).map(|()| true),
        }
    }

    /// One slice, if it is time for one. `due`: also if there was nothing to be done.
    pub(super) fn tidy_now_and_then(&mut self, now: Timestamp, due: bool) {
        let began = Instant::now();
        if self.trouble().is_some() || !self.slices.rest.map_or(due, |rest| rest <= began) {
            return;
        }
        match self.tidy(now, SLICE) {
            Ok(more) => self.slices.rest = more.then(|| Instant::now() + began.elapsed() * REST),
            Err(error) => {
                self.slices.rest = None;
                tracing::warn!(%error, "what is to be erased could not be yet; it is tried again");
            }
        }
    }

    /// Erases a person from memory and from what of the store is in memory too, between two commits.
    fn erase_held(&mut self, no: u64, person: &Person, now: Timestamp) -> Result<(), StoreError> {
        match self.commit() {
            Ok(settled) => self.early.append(settled),
            Err(error) => {
                let effects = self.recover(error, Vec::new(), now);
                self.early.append(effects);
                return Ok(());
            }
        }
        let groups = self.store.groups(&person.platform)?;
        let keys = groups.iter().map(|group| MemberKey::new(&person.platform, group, &person.user));
        self.core.state.recent.forget_pieces(keys);
        // All windows are written anew, so that no start reads what was said from the journal again.
        self.written.clear();
        self.save_windows(now)?;
        let erased = self.store.erase_held(no);
        if let Err(error) = self.reload() {
            self.broken = Some(Broken { reason: error.to_string(), tried: now });
        }
        erased
    }
}
