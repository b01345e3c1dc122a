//! Erasing a person from everything that is kept, in memory too.

use super::{Broken, Engine};
use crate::domain::ids::MemberKey;
use crate::domain::time::Timestamp;
use crate::ports::{Erasure, Person, StoreError};

impl Engine {
    /// Erases a person from the database and from memory, and begins with the files of the history ([`Engine::tidy`] goes on with
    /// them). Everything must be committed. Stands still for as long as writing the database anew takes.
    ///
    /// # Errors
    /// Nothing was erased.
    pub fn erase(&mut self, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError> {
        let groups = self.store.groups(&person.platform)?;
        let keys = groups.iter().map(|group| MemberKey::new(&person.platform, group, &person.user));
        self.core.state.recent.forget_pieces(keys);
        // All windows are written anew, so that no start reads what was said from the journal again.
        self.written.clear();
        self.save_windows(now)?;
        let erased = self.store.erase(person, by, now);
        if let Err(error) = self.reload() {
            self.broken = Some(Broken { reason: error.to_string(), tried: now });
        }
        if let Ok(Erasure { no, alias, .. }) = &erased {
            tracing::info!(no, alias, by, "a member was erased from the database on request");
        }
        erased
    }

    /// Goes on with what is to be erased, and sees to it that nothing that was deleted is left in the log of the store.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        if self.trouble().is_some() {
            return;
        }
        if let Err(error) = self.store.tidy(now) {
            tracing::warn!(%error, "what is to be erased could not be yet; it is tried again");
        }
    }
}
