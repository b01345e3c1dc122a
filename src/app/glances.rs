//! Messages are looked at before their turn, by the threads that bring them: the engine is one thread, and these are several.

use std::cell::RefCell;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::adapters::inbound::Inbound;
use crate::domain::core::{Glance, PlainNames};
use crate::domain::event::{Event, Role};
use crate::domain::policy::Settings;
use crate::domain::rules::Scratch;

/// So much of a request is looked at, in bytes of its events, so that nobody waits long for the thread that does it; the engine looks
/// at the rest.
const MOST: usize = 64 << 10;

thread_local! {
    static MEMORY: RefCell<(PlainNames, Scratch)> = RefCell::default();
}

/// Looks at messages by the rules that are in force. Clones share them.
#[derive(Clone, Default)]
pub struct Glances(Arc<ArcSwapOption<Settings>>);

impl Glances {
    /// From now on by these rules. What was seen under others is of no use; gives those of before, if they were others.
    pub fn by(&self, settings: &Arc<Settings>) -> Option<Arc<Settings>> {
        let same = self.0.load().as_ref().is_some_and(|known| Arc::ptr_eq(known, settings));
        if same { None } else { self.0.swap(Some(settings.clone())) }
    }

    /// The role that files give somebody who does something, if they give one: whoever has a platform's duty is an admin.
    pub fn role(&self, event: &Event, user: &str) -> Option<Role> {
        let settings = self.0.load();
        let settings = settings.as_ref()?;
        let on_duty =
            || settings.platforms.get(&event.platform).is_some_and(|known| known.duty.iter().any(|one| **one == *user));
        let named = settings.policy(&event.group).roles.get(user).copied();
        named.or_else(|| on_duty().then_some(Role::Admin))
    }

    /// Looks at the events of one request.
    pub fn look(&self, events: &mut [Inbound]) {
        let settings = self.0.load();
        let Some(settings) = &*settings else { return };
        let mut room = MOST;
        MEMORY.with_borrow_mut(|(names, scratch)| {
            for incoming in events {
                let Some(left) = room.checked_sub(incoming.raw.len()) else { return };
                room = left;
                incoming.glance = Glance::at(&incoming.event, settings, (names, scratch)).map(Arc::new);
            }
        });
    }
}
