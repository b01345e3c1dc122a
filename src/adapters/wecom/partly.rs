//! Which pieces of an action were sent: tried again, it goes on behind them and says nothing twice.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::domain::action::ActionId;
use crate::ports::Reply;

/// Actions that are remembered; the oldest are forgotten first.
const MOST: NonZeroUsize = NonZeroUsize::new(1024).expect("more than none");

/// The pieces that were sent, by action; of each the id that WeCom gave it, empty where it gives none.
pub(super) struct Partly(Mutex<LruCache<ActionId, Vec<String>>>);

impl Default for Partly {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl Partly {
    /// What was sent of it so far. Nobody else has it until it is kept again.
    pub(super) fn take(&self, id: &ActionId) -> Vec<String> {
        self.lock().pop(id).unwrap_or_default()
    }

    /// The action was answered so: what was sent is kept if it is going to be tried again.
    pub(super) fn keep(&self, id: &ActionId, sent: Vec<String>, reply: Reply) -> Reply {
        if !sent.is_empty() && matches!(reply, Reply::Retry { .. } | Reply::Broken { .. }) {
            self.lock().put(id.clone(), sent);
        }
        reply
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<ActionId, Vec<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_tried_again_is_remembered() {
        let partly = Partly::default();
        let id: ActionId = "a-1".into();
        let retry = Reply::Retry { after: None, error: String::new() };
        partly.keep(&id, vec!["m1".to_owned()], retry);
        assert_eq!((partly.take(&id), partly.take(&id)), (vec!["m1".to_owned()], Vec::new()));
        partly.keep(&id, vec!["m1".to_owned()], Reply::Unknown { error: String::new() });
        assert!(partly.take(&id).is_empty());
    }
}
