//! What waits to be said by one robot, and what goes out together.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use tokio::sync::oneshot;

use super::{Say, TEXT_LIMIT};
use crate::adapters::wecom::bucket::Bucket;
use crate::adapters::wecom::text;
use crate::domain::action::{ActionId, Lane};
use crate::domain::time::Timestamp;
use crate::ports::Reply;

/// What stands between two texts in one message.
const BETWEEN: &str = "\n\n";
/// How many may wait at once: a robot that answers slowly must not take all attempts of the platform.
const MOST: usize = 8;
/// After this, one that was expected is not any more: it was cancelled, or came too late.
const EXPECTED: Duration = Duration::from_secs(5);
/// How long those wait for whom there is no room behind others.
const BEHIND: Duration = Duration::from_millis(200);
/// Texts of which a part was sent, kept until the rest is.
const PARTLY: NonZeroUsize = NonZeroUsize::new(1024).expect("more than none");

pub(super) struct Queue {
    pub(super) bucket: Bucket,
    waiting: Vec<Waiting>,
    expected: Vec<Expected>,
    /// How many pieces of a text were sent.
    partly: LruCache<ActionId, usize>,
    arrivals: u64,
}

/// One that was let come.
struct Expected {
    at: Timestamp,
    id: ActionId,
    bytes: usize,
    /// Its place in the order in which they were let come, which is that of the outbox.
    place: u64,
}

struct Waiting {
    /// Its lane, when it was decided, and of those decided at once its place among them.
    order: (Lane, Timestamp, u64),
    id: ActionId,
    pieces: Vec<String>,
    sent: usize,
    mentions: Vec<Arc<str>>,
    answer: oneshot::Sender<Reply>,
}

impl Waiting {
    fn next(&self) -> &str {
        self.pieces.get(self.sent).map_or("", String::as_str)
    }

    fn is_last(&self) -> bool {
        self.sent + 1 >= self.pieces.len()
    }
}

/// One message, and for whom it is sent.
pub(super) struct Batch {
    pub(super) text: String,
    pub(super) mentions: Vec<Arc<str>>,
    whose: Vec<Waiting>,
}

impl Queue {
    pub(super) fn new(per_minute: usize) -> Self {
        Self {
            bucket: Bucket::new([(per_minute.max(1), Duration::from_secs(60))]),
            waiting: Vec::new(),
            expected: Vec::new(),
            partly: LruCache::new(PARTLY),
            arrivals: 0,
        }
    }

    /// Takes in what is to be said. Whether there is anything to say at all.
    pub(super) fn push(&mut self, say: Say<'_>, answer: oneshot::Sender<Reply>) -> bool {
        let place = self.expected.iter().position(|one| one.id == *say.id);
        let place = place.map(|at| self.expected.remove(at).place);
        let pieces = text::cut(&text::neutral(say.text), TEXT_LIMIT);
        if pieces.is_empty() {
            return false;
        }
        let sent = self.partly.get(say.id).copied().unwrap_or(0).min(pieces.len() - 1);
        let mentions = say.mentions.iter().filter(|user| is_a_person(user)).cloned().collect();
        self.arrivals += 1;
        let order = (say.order.0, say.order.1, place.unwrap_or(self.arrivals));
        self.waiting.push(Waiting { order, id: say.id.clone(), pieces, sent, mentions, answer });
        true
    }

    /// Whether one more may come to be said: `None`, or how long it had better wait.
    pub(super) fn expect(&mut self, id: &ActionId, bytes: usize, now: Timestamp) -> Option<Duration> {
        self.expected.retain(|one| now.since(one.at) < EXPECTED && one.at.since(now) < EXPECTED);
        if self.expected.iter().any(|one| one.id == *id) {
            return None;
        }
        let wait = self.bucket.wait(now);
        if !wait.is_zero() {
            return Some(wait);
        }
        let waiting = self.waiting.iter().flat_map(|one| one.pieces.iter().skip(one.sent)).map(String::len);
        let expected = self.expected.iter().map(|one| one.bytes);
        let before: usize = waiting.chain(expected).map(|bytes| bytes + BETWEEN.len()).sum();
        let room = self.bucket.free(now).saturating_mul(TEXT_LIMIT);
        if before > 0 && (before + bytes > room || self.waiting.len() + self.expected.len() >= MOST) {
            return Some(BEHIND);
        }
        self.arrivals += 1;
        self.expected.push(Expected { at: now, id: id.clone(), bytes, place: self.arrivals });
        None
    }

    /// Whether somebody was let come who has not come yet.
    pub(super) fn expects_more(&self) -> bool {
        !self.expected.is_empty()
    }

    /// What the next message holds: the first that waits, and as many of the others as fit into it whole.
    pub(super) fn take_batch(&mut self) -> Option<Batch> {
        self.waiting.sort_by_key(|one| one.order);
        let mut waiting = std::mem::take(&mut self.waiting).into_iter();
        let first = waiting.next()?;
        let mut text = first.next().to_owned();
        let mut whole = first.is_last();
        let mut whose = vec![first];
        for one in waiting {
            let fits = whole && one.is_last() && text.len() + BETWEEN.len() + one.next().len() <= TEXT_LIMIT;
            if fits {
                text.push_str(BETWEEN);
                text.push_str(one.next());
                whose.push(one);
            } else {
                whole = false; // what came later does not overtake it
                self.waiting.push(one);
            }
        }
        // Who is to be notified is, with the first piece of what is for him.
        let mut mentions: Vec<Arc<str>> = Vec::new();
        for user in whose.iter().filter(|one| one.sent == 0).flat_map(|one| &one.mentions) {
            if !mentions.contains(user) {
                mentions.push(user.clone());
            }
        }
        Some(Batch { text, mentions, whose })
    }

    /// What came of a message: those who have nothing left to say are answered, the others wait on.
    pub(super) fn sent(&mut self, batch: Batch, reply: &Reply) {
        let done = matches!(reply, Reply::Done { .. });
        for mut one in batch.whose {
            if done {
                one.sent += 1;
            }
            if done && one.sent < one.pieces.len() {
                self.partly.put(one.id.clone(), one.sent);
                self.waiting.push(one);
                continue;
            }
            // Tried again, it goes on behind the pieces that were sent. Whoever does not try again needs no memory of it.
            if !matches!(reply, Reply::Retry { .. } | Reply::Broken { .. }) {
                self.partly.pop(&one.id);
            }
            one.answer.send(reply.clone()).ok(); // who asked may be gone
        }
    }

    /// All who wait are answered the same.
    pub(super) fn answer_all(&mut self, reply: &Reply) {
        for one in self.waiting.drain(..) {
            one.answer.send(reply.clone()).ok();
        }
    }
}

/// `@all` stands in the same list as userids, which never begin with that sign.
fn is_a_person(user: &str) -> bool {
    !user.trim().is_empty() && !user.starts_with(['@', '＠'])
}
