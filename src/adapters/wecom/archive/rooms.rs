//! The groups that the archive brought something of. Nothing else tells of groups that no file names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So many groups are remembered, and a tenth more for a while; those that were silent longest are forgotten.
const MOST: usize = 10_000;
/// The shortest id of somebody outside the company: an employee may well be called `wmli`.
const OUTSIDER: usize = 20;

/// Where the reader of the archive notes them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Rooms(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    heard: Mutex<Heard>,
    fresh: Notify,
}

#[derive(Debug, Default)]
struct Heard {
    /// How many messages there were.
    messages: u64,
    rooms: HashMap<Arc<str>, Room>,
}

/// What is known of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Which message was its last; those of all groups are counted, from 1.
    pub last: u64,
    /// Whether there are people outside the company, as far as its messages have told.
    pub outsiders: bool,
}

impl Rooms {
    /// Something was said in a group; `outsiders`: it shows that there are people outside the company.
    pub fn spoken_in(&self, room: &str, outsiders: bool) {
        let mut heard = self.heard();
        heard.messages += 1;
        let last = heard.messages;
        let known = heard.rooms.get_mut(room);
        let fresh = known.as_ref().is_none_or(|known| outsiders && !known.outsiders);
        match known {
            Some(known) => *known = Room { last, outsiders: known.outsiders || outsiders },
            None => drop(heard.rooms.insert(room.into(), Room { last, outsiders })),
        }
        heard.forget();
        if fresh {
            self.0.fresh.notify_one();
        }
    }

    /// All that are remembered.
    pub fn all(&self) -> HashMap<Arc<str>, Room> {
        self.heard().rooms.clone()
    }

    /// Waits until something was said in a group that was not known, or not known to have outsiders.
    pub async fn fresh(&self) {
        self.0.fresh.notified().await;
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn forget(&mut self) {
        let beyond = self.rooms.len().saturating_sub(MOST);
        if beyond <= MOST / 10 {
            return;
        }
        let mut all: Vec<u64> = self.rooms.values().map(|room| room.last).collect();
        let (_, first_kept, _) = all.select_nth_unstable(beyond);
        let first_kept = *first_kept;
        self.rooms.retain(|_, room| room.last >= first_kept);
    }
}

/// Whether an id is that of somebody outside the company.
pub(super) fn is_outsider(id: &str) -> bool {
    (id.starts_with("wm") || id.starts_with("wo")) && id.len() >= OUTSIDER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_were_silent_longest_are_forgotten() {
        let rooms = Rooms::default();
        for at in 0..=MOST + MOST / 10 {
            rooms.spoken_in(&format!("wr{at}"), at == 0);
            rooms.spoken_in("wr0", false);
        }
        let all = rooms.all();
        assert_eq!(all.len(), MOST);
        assert!(all["wr0"].outsiders, "it is spoken in all the time");
        assert!(!all.contains_key("wr1") && all.contains_key(&*format!("wr{}", MOST + MOST / 10)));
    }

    #[tokio::test]
    async fn what_is_new_of_a_group_is_told() {
        let rooms = Rooms::default();
        let is_told = async || tokio::time::timeout(std::time::Duration::ZERO, rooms.fresh()).await.is_ok();
        assert!(!is_told().await);
        for (outsiders, told) in [(false, true), (false, false), (true, true), (true, false), (false, false)] {
            rooms.spoken_in("wr1", outsiders);
            assert_eq!(is_told().await, told, "{outsiders}");
        }
        assert_eq!(rooms.all()["wr1"], Room { last: 5, outsiders: true });
    }
}
