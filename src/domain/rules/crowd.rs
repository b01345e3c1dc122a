//! What several members do together is told once, by the message that makes it so, and not by each that follows.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// How many entries are looked at. More do not make a crowd larger.
pub(super) const MOST: usize = 128;

/// Whether something is reached in a window of that length that has `this` in it, and was in none near it without `this`:
/// what goes on and on is told again only after a pause of that length. `all` are the entries at most twice `within` around
/// `this`, newest first, `this` among them. More entries never undo what fewer have `reached`.
pub(super) fn begins<T: Copy + PartialEq>(
    all: &[T],
    this: &T,
    time: impl Fn(&T) -> Timestamp,
    within: Duration,
    reached: impl Fn(&[T]) -> bool,
) -> bool {
    let now = time(this);
    let all = all.get(..all.len().min(MOST)).unwrap_or_default();
    // Nearly always there are too few, and one look says so.
    if !reached(all) {
        return false;
    }
    let windows = |entries: &[T]| {
        let mut ends = entries.iter().enumerate().filter(|(_, end)| {
            let end = time(end);
            end.plus(within) >= now && now.plus(within) >= end
        });
        let mut furthest = 0;
        ends.any(|(at, end)| {
            let from = entries.get(at..).unwrap_or_default();
            let length = from.partition_point(|entry| time(end).since(time(entry)) <= within);
            // One that reaches no further than the window before it is a part of that.
            let further = at + length > furthest;
            furthest = furthest.max(at + length);
            further && reached(from.get(..length).unwrap_or_default())
        })
    };
    if !windows(all) {
        return false;
    }
    let mut before = all.to_vec();
    if let Some(at) = before.iter().position(|entry| entry == this) {
        before.remove(at);
    }
    !windows(&before)
}

/// How many different keys there are, up to a number.
pub(super) fn different<T>(entries: impl Iterator<Item = T>, key: impl Fn(&T) -> u64, most: usize) -> usize {
    let mut known: Vec<u64> = Vec::with_capacity(most);
    for key in entries.map(|entry| key(&entry)) {
        if known.len() >= most {
            break;
        }
        if !known.contains(&key) {
            known.push(key);
        }
    }
    known.len()
}
