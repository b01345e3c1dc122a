//! Which actions are in memory, and which wait in the store alone.
//!
//! Each platform has its share of memory: what one does not take keeps none out that another would take. Where a share is full,
//! an action of an earlier lane takes the place of the last of a later one, which goes back to the store. Nobody's order is broken
//! by that: it is known who has something waiting in the store alone, and what comes of them waits there too. When half of its
//! share is free, a platform is filled up from the store ([`Outbox::fill_up`]), which gives the first of it in their order.

use std::collections::BTreeSet;

use super::*;
use crate::domain::action::Lane;
use crate::ports::{Pending, Store, StoreError};

/// So many that wait in the store alone are remembered at most of a platform, 16 bytes each.
const MOST_OUTSIDE: usize = 200_000;
/// So many are looked at for one that can make way: those that cannot are under way, or were tried.
const LOOKED_AT: usize = 2000;

/// Who has actions of a platform in the store alone.
enum Outside {
    /// These (see [`Action::follows`]), and perhaps no more some of them.
    Members(HashSet<u128>),
    /// Perhaps anybody: nobody may go ahead.
    Anybody,
}

/// What is in memory of a platform.
pub(super) struct Room {
    places: BTreeSet<Place>,
    /// There may be more in the store.
    overflowing: bool,
    outside: Outside,
}

impl Default for Room {
    fn default() -> Self {
        Self { places: BTreeSet::new(), overflowing: false, outside: Outside::Members(HashSet::new()) }
    }
}

impl Room {
    pub(super) fn enter(&mut self, place: Place) {
        self.places.insert(place);
    }

    pub(super) fn leave(&mut self, place: &Place) {
        self.places.remove(place);
    }

    /// Whether the platform has nothing to do any more.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty() && !self.overflowing
    }

    /// The store may have anything.
    fn expect_anything(&mut self) {
        (self.overflowing, self.outside) = (true, Outside::Anybody);
    }

    /// An action waits in the store alone.
    fn leave_outside(&mut self, action: &Action) {
        self.overflowing = true;
        match (&mut self.outside, action.follows()) {
            (Outside::Anybody, _) | (_, None) => {}
            (Outside::Members(keys), Some(key)) if keys.len() < MOST_OUTSIDE => drop(keys.insert(key)),
            (Outside::Members(_), Some(_)) => self.outside = Outside::Anybody,
        }
    }

    /// Whether something that an action must not overtake may wait in the store alone.
    fn may_lack_what_is_before(&self, action: &Action) -> bool {
        action.follows().is_some_and(|key| match &self.outside {
            Outside::Members(keys) => keys.contains(&key),
            Outside::Anybody => true,
        })
    }

    /// Whether there is something in memory that goes later than this lane.
    fn has_later_than(&self, lane: Lane) -> bool {
        self.places.last().is_some_and(|(last, ..)| *last > lane)
    }

    fn wants_more(&self, share: usize) -> bool {
        self.overflowing && self.places.len() < share / 2 + 1
    }
}

impl Outbox {
    /// How many actions of each platform are in memory at most, but for a quarter more with what is urgent.
    pub fn share(&self) -> usize {
        (self.limit / self.targets.len().max(1)).max(1)
    }

    /// Takes in a newly decided action. Where its platform's share is full, one of a later lane makes way for it; without one
    /// it stays in the store alone until [`Outbox::fill_up`], but for what is urgent, which has a quarter more room. It overtakes nothing that it
    /// follows.
    pub fn push(&mut self, action: Arc<Action>) {
        if self.entries.contains_key(&action.id) {
            return; // the store was quicker
        }
        if self.has_room_for(&action) {
            self.add(action, None);
        } else {
            self.target(&action.platform).room.leave_outside(&action);
        }
    }

    fn has_room_for(&mut self, action: &Action) -> bool {
        self.target(&action.platform);
        let share = self.share();
        let room = &self.target(&action.platform).room;
        if room.may_lack_what_is_before(action) {
            return false;
        }
        let (held, goes_ahead) = (room.places.len(), room.has_later_than(action.lane));
        // What waits in the store goes first, but for what is before something that is here already.
        if held < share && (goes_ahead || !room.overflowing) {
            return true;
        }
        goes_ahead && self.displace(&action.platform, action.lane)
            || action.lane.is_urgent() && held < share + share / 4
    }

    /// The last of a platform in a lane later than this one goes back to the store; gives whether there was one that could.
    fn displace(&mut self, platform: &str, lane: Lane) -> bool {
        let Some(target) = self.targets.get(platform) else { return false };
        let later = target.room.places.iter().rev().take_while(|(of, ..)| *of > lane).take(LOOKED_AT);
        let Some(id) = later.map(|(.., id)| id).find(|id| self.can_make_way(id)).cloned() else { return false };
        let Some(action) = self.entries.get(&id).map(|entry| entry.action.clone()) else { return false };
        self.take_away(&id);
        self.target(&action.platform).room.leave_outside(&action);
        true
    }

    /// Whether nothing is lost when it is read from the store again, and nothing here waits for it.
    fn can_make_way(&self, id: &ActionId) -> bool {
        let Some(entry) = self.entries.get(id) else { return false };
        let begun = entry.recorded || entry.doubtful;
        let idle = matches!(entry.state, State::Behind | State::Ready | State::Waiting(_));
        let is_last = self.queues.get(&entry.key).and_then(VecDeque::back) == Some(id);
        idle && !begun && is_last
    }

    /// The store has actions of these platforms that are not here: at a start.
    pub fn expect(&mut self, platforms: &[Arc<str>]) {
        for platform in platforms {
            self.target(platform).room.expect_anything();
        }
    }

    /// After a commit of which nobody knows whether it was made the store may have more than was pushed, and what is in memory
    /// may have come to its end there: it is to be asked about all of these, until [`Outbox::is_sure`].
    pub fn missed(&mut self) {
        self.unsure = true;
        self.targets.values_mut().for_each(|target| target.room.expect_anything());
    }

    /// The actions that the store is to be asked about; `None`: it need not be asked.
    pub fn doubted(&self) -> Option<Vec<ActionId>> {
        self.unsure.then(|| self.entries.keys().cloned().collect())
    }

    /// The store was asked, and has actions of these platforms.
    pub fn is_sure(&mut self, platforms: &[Arc<str>]) {
        self.expect(platforms);
        self.unsure = false;
    }

    /// Whether there may be actions in the store that are not in memory, and room for them.
    pub fn wants_refill(&self) -> bool {
        let share = self.share();
        self.targets.values().any(|target| target.room.wants_more(share))
    }

    /// Fills up from the store every platform that has room again.
    ///
    /// # Errors
    /// The store cannot be read; the platforms that are left are to be filled up yet.
    pub fn fill_up(&mut self, store: &mut dyn Store) -> Result<(), StoreError> {
        let share = self.share();
        let wanting = self.targets.iter().filter(|(_, target)| target.room.wants_more(share));
        let wanting: Vec<Arc<str>> = wanting.map(|(name, _)| name.clone()).collect();
        for platform in wanting {
            let pending = store.pending(&platform, share)?;
            self.refill(&platform, pending, share);
        }
        Ok(())
    }

    /// Takes in the first of what the store has of a platform, which was asked for so many.
    pub fn refill(&mut self, platform: &Arc<str>, mut pending: Vec<Pending>, asked: usize) {
        let is_all = pending.len() < asked;
        pending.retain(|one| !self.entries.contains_key(&one.action.id));
        let share = self.share();
        let room = &mut self.target(platform).room;
        let left = pending.split_off(share.saturating_sub(room.places.len()).min(pending.len()));
        room.overflowing = !is_all;
        if is_all {
            room.outside = Outside::Members(HashSet::new()); // but for what is left
        }
        left.iter().for_each(|one| room.leave_outside(&one.action));
        // The lanes sort out what goes first; among what is done to one member, the order of decisions holds.
        pending.sort_by_key(|one| one.order);
        for one in pending {
            self.add(one.action, one.attempted);
        }
    }
}
