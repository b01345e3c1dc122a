//! The actions of a platform that may go: which is next, which wait for the pace of their group, and which come too late.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::target::Granted;
use crate::domain::action::{Action, ActionId, Lane};
use crate::domain::time::Timestamp;

/// Where an action stands among those of its platform.
pub(super) type Place = (Lane, u64, ActionId);

/// The actions that may go.
#[derive(Default)]
pub(super) struct Ready {
    next: BTreeSet<Place>,
    /// All of them, by the time they come too late.
    deadlines: BTreeSet<(Timestamp, ActionId)>,
    /// Those whose group has had enough for now.
    held: HashMap<Arc<str>, Held>,
    until: BTreeSet<(Timestamp, Arc<str>)>,
}

struct Held {
    places: BTreeSet<Place>,
    until: Timestamp,
}

impl Ready {
    pub(super) fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }

    /// Takes one in. Behind those of its group that are held, unless the pace has let it go already.
    pub(super) fn insert(&mut self, action: &Action, place: Place, granted: Granted) {
        self.deadlines.insert((action.deadline, place.2.clone()));
        match self.held.get_mut(&action.group).filter(|_| granted == Granted::Nothing) {
            Some(held) => drop(held.places.insert(place)),
            None => drop(self.next.insert(place)),
        }
    }

    /// Takes one out, wherever it is.
    pub(super) fn remove(&mut self, action: &Action, place: &Place) {
        self.deadlines.remove(&(action.deadline, place.2.clone()));
        if !self.next.remove(place)
            && let Some(held) = self.held.get_mut(&action.group)
        {
            held.places.remove(place);
            if held.places.is_empty() {
                self.until.remove(&(held.until, action.group.clone()));
                self.held.remove(&action.group);
            }
        }
    }

    /// The one that goes next.
    pub(super) fn first(&self) -> Option<&ActionId> {
        self.next.first().map(|(_, _, id)| id)
    }

    /// One whose deadline has passed.
    pub(super) fn overdue(&self, now: Timestamp) -> Option<&ActionId> {
        self.deadlines.first().filter(|(deadline, _)| *deadline <= now).map(|(_, id)| id)
    }

    /// Its group has had enough until then; what else comes of that group waits behind it.
    pub(super) fn hold(&mut self, group: &Arc<str>, place: Place, until: Timestamp) {
        self.next.remove(&place);
        let held = self.held.entry(group.clone()).or_insert_with(|| Held { places: BTreeSet::new(), until });
        self.until.remove(&(held.until, group.clone()));
        held.places.insert(place);
        held.until = until;
        self.until.insert((until, group.clone()));
    }

    /// The first of each group whose wait is over may go.
    pub(super) fn call_up_due(&mut self, now: Timestamp) {
        while let Some((at, group)) = self.until.first().filter(|(at, _)| *at <= now).cloned() {
            self.until.remove(&(at, group.clone()));
            self.call_up(&group);
        }
    }

    /// The first of a group that was held may go.
    pub(super) fn call_up(&mut self, group: &Arc<str>) {
        let Some(held) = self.held.get_mut(group) else { return };
        self.next.extend(held.places.pop_first());
        if held.places.is_empty() {
            self.until.remove(&(held.until, group.clone()));
            self.held.remove(group);
        }
    }

    /// No group is held any more.
    pub(super) fn call_up_all(&mut self) {
        self.until.clear();
        self.next.extend(std::mem::take(&mut self.held).into_values().flat_map(|held| held.places));
    }

    /// Whether its group has had enough and it waits for that alone.
    pub(super) fn is_held(&self, group: &str, place: &Place, now: Timestamp) -> bool {
        self.held.get(group).is_some_and(|held| held.until > now && held.places.contains(place))
    }
}
