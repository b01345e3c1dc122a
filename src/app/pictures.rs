//! Pictures that are to be read: which wait, which are under way. Bounded; the same picture is fetched once, however many sent it.
//!
//! The engine offers what a commit made true, and goes on: nothing waits for a picture. What was read goes back through the intake as
//! an event of its own, in the journal like any other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::{Notify, futures::Notified};

use crate::domain::picture::{PicturePlan, Read, Wanted};
use crate::domain::time::Timestamp;

/// So many pictures wait, or are being read; more are not read.
pub const MOST: usize = 500;
/// What waited longer is not read any more: after a restart nobody is punished for what was said yesterday.
pub const LATEST: Duration = Duration::from_secs(3600);
/// So many pictures that were read lately are not fetched again …
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// … for so long.
const REMEMBER: Duration = Duration::from_secs(600);

/// The pictures. Clones share them.
#[derive(Clone)]
pub struct Pictures {
    shared: Arc<Mutex<Shared>>,
    changed: Arc<Notify>,
}

struct Shared {
    plan: Option<Arc<PicturePlan>>,
    /// Addresses in the order in which they came.
    waiting: VecDeque<Arc<str>>,
    /// Addresses that are being read.
    under_way: HashSet<Arc<str>>,
    /// Who wants which.
    wanted: HashMap<Arc<str>, Vec<Arc<Wanted>>>,
    /// Those of all of them, by id.
    ids: HashSet<Arc<str>>,
    read: LruCache<Arc<str>, (Timestamp, Arc<Read>)>,
}

impl Default for Pictures {
    fn default() -> Self {
        let shared = Shared {
            plan: None,
            waiting: VecDeque::new(),
            under_way: HashSet::new(),
            wanted: HashMap::new(),
            ids: HashSet::new(),
            read: LruCache::new(REMEMBERED),
        };
        Self { shared: Arc::new(Mutex::new(shared)), changed: Arc::default() }
    }
}

impl Pictures {
    /// Whose pictures are read from here on, and more that are wanted; gives those for which there is no room.
    pub fn offer(&self, plan: Option<&Arc<PicturePlan>>, wanted: Vec<Arc<Wanted>>) -> Vec<Arc<Wanted>> {
        let mut shared = self.lock();
        if shared.plan.as_ref() != plan {
            shared.plan = plan.cloned();
            shared.read.clear(); // by another plan more may be read in them
        }
        let mut beyond = Vec::new();
        let some = !wanted.is_empty();
        for one in wanted.into_iter() {
            if shared.ids.contains(&one.id) {
                continue;
            }
            if shared.ids.len() >= MOST {
                beyond.push(one);
                continue;
            }
            shared.ids.insert(one.id.clone());
            let url = one.url.clone();
            let all = shared.wanted.entry(url.clone()).or_default();
            all.push(one);
            let first = all.len() == 1;
            if first && !shared.under_way.contains(&url) {
                shared.waiting.push_back(url);
            }
        }
        drop(shared);
        if some {
            self.changed.notify_one();
        }
        beyond
    }

    /// The next to be read, by which plan; `None` while as many as may be are under way, or none waits.
    pub fn next(&self) -> Option<(Arc<str>, Option<Arc<PicturePlan>>)> {
        let mut shared = self.lock();
        let at_once = shared.plan.as_ref().map_or(1, |plan| plan.at_once);
        if shared.under_way.len() >= at_once {
            return None;
        }
        let url = shared.waiting.pop_front()?;
        shared.under_way.insert(url.clone());
        Some((url, shared.plan.clone()))
    }

    /// When a picture was last asked for.
    pub fn asked(&self, url: &str) -> Option<Timestamp> {
        self.lock().wanted.get(url)?.iter().map(|one| one.at).max()
    }

    /// What was read in a picture lately.
    pub fn known(&self, url: &str, now: Timestamp) -> Option<Arc<Read>> {
        let mut shared = self.lock();
        let (at, read) = shared.read.get(url)?;
        (now.since(*at) < REMEMBER).then(|| read.clone())
    }

    /// This was read in a picture.
    pub fn remember(&self, url: &Arc<str>, read: Arc<Read>, now: Timestamp) {
        self.lock().read.put(url.clone(), (now, read));
    }

    /// Those who want a picture that was read, or will not be, and were not told yet. When there are none it is done with.
    pub fn take(&self, url: &Arc<str>) -> Vec<Arc<Wanted>> {
        let mut shared = self.lock();
        let wanted = shared.wanted.remove(url).unwrap_or_default();
        if wanted.is_empty() {
            shared.under_way.remove(url);
        }
        for one in &wanted {
            shared.ids.remove(&one.id);
        }
        wanted
    }

    /// How many wait, or are being read.
    pub fn len(&self) -> usize {
        let shared = self.lock();
        shared.ids.len() + shared.under_way.len()
    }

    /// Whether none waits, and none is being read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is done when there may be something to be read.
    pub fn news(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic while the lock is held cannot leave it half changed in a way that matters.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(id: &str, url: &str) -> Arc<Wanted> {
        let text = |text: &str| Arc::from(text);
        Arc::new(Wanted {
            id: text(id),
            platform: text("p"),
            user: text("u"),
            at: Timestamp(0),
            url: text(url),
            event: text("{}"),
        })
    }

    fn plan(at_once: usize) -> Arc<PicturePlan> {
        let second = Duration::from_secs(1);
        let (hosts, internal) = (vec!["*".into()], Vec::new());
        Arc::new(PicturePlan { hosts, internal, most_bytes: 1, most_pixels: 1, time: second, at_once, text: None })
    }

    #[test]
    fn a_picture_is_read_once_for_all_who_sent_it() {
        let pictures = Pictures::default();
        let ids = |list: Vec<Arc<Wanted>>| list.iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
        assert!(pictures.offer(Some(&plan(2)), vec![wanted("1", "a"), wanted("2", "a"), wanted("1", "a")]).is_empty());
        let (url, _) = pictures.next().unwrap();
        assert_eq!((&*url, pictures.next()), ("a", None));
        // Sent again while it is read, and while those who wait are told.
        pictures.offer(Some(&plan(2)), vec![wanted("3", "a")]);
        assert_eq!(pictures.next(), None);
        assert_eq!(ids(pictures.take(&url)), ["1", "2", "3"]);
        pictures.offer(Some(&plan(2)), vec![wanted("4", "a")]);
        assert_eq!(ids(pictures.take(&url)), ["4"]);
        assert!(!pictures.is_empty());
        assert!(pictures.take(&url).is_empty());
        assert!(pictures.is_empty());
    }

    #[test]
    fn no_more_wait_and_no_more_are_under_way_than_may() {
        let pictures = Pictures::default();
        let many = (0..MOST + 3).map(|no| wanted(&no.to_string(), &no.to_string())).collect();
        assert_eq!(pictures.offer(Some(&plan(2)), many).len(), 3);
        let (first, _) = pictures.next().unwrap();
        assert!(pictures.next().is_some() && pictures.next().is_none());
        pictures.take(&first);
        pictures.take(&first);
        assert!(pictures.next().is_some());
    }

    #[test]
    fn what_was_read_is_known_for_a_while_and_by_the_same_plan() {
        let pictures = Pictures::default();
        pictures.offer(Some(&plan(2)), Vec::new());
        let url: Arc<str> = "a".into();
        pictures.remember(&url, Arc::default(), Timestamp(0));
        assert!(pictures.known("a", Timestamp(599_999)).is_some() && pictures.known("a", Timestamp(600_000)).is_none());
        pictures.offer(Some(&plan(2)), Vec::new());
        assert!(pictures.known("a", Timestamp(0)).is_some());
        pictures.offer(Some(&plan(1)), Vec::new());
        assert!(pictures.known("a", Timestamp(0)).is_none());
    }
}
