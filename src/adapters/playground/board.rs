//! What a page shows, as numbered items: who looks asks for everything after the last number they have seen, so that a page
//! that was cut off catches up without a log of all that happened.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

/// More items than this are not kept; the oldest go first.
const MOST: usize = 4_000;

/// One thing on a page, as JSON: `{"kind":…,"id":…,"data":…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Grows with every change; an item that changes gets a new one.
    pub seq: u64,
    /// Its JSON.
    pub json: Arc<str>,
}

/// All items there are.
#[derive(Debug, Default)]
pub struct Board {
    items: BTreeMap<u64, (String, Arc<str>)>,
    places: HashMap<String, u64>,
    last: u64,
}

#[derive(Serialize)]
struct Wire<'a, T> {
    kind: &'static str,
    id: &'a str,
    data: &'a T,
}

impl Board {
    /// Shows an item; one of the same kind and id is replaced.
    pub fn put<T: Serialize>(&mut self, kind: &'static str, id: &str, data: &T) {
        // What is put here holds strings, numbers and lists of them, which cannot fail to be written.
        let json = serde_json::to_string(&Wire { kind, id, data }).unwrap_or_default();
        let key = format!("{kind} {id}");
        self.last += 1;
        if let Some(old) = self.places.insert(key.clone(), self.last) {
            self.items.remove(&old);
        }
        self.items.insert(self.last, (key, json.into()));
        if self.items.len() > MOST
            && let Some((_, (key, _))) = self.items.pop_first()
        {
            self.places.remove(&key);
        }
    }

    /// What was put or changed after `seq`, in order.
    pub fn since(&self, seq: u64) -> Vec<Item> {
        self.items
            .range(seq.saturating_add(1)..)
            .map(|(seq, (_, json))| Item { seq: *seq, json: json.clone() })
            .collect()
    }

    /// Takes everything off; the numbers go on.
    pub fn clear(&mut self) {
        self.items.clear();
        self.places.clear();
    }

    /// The last number given.
    pub fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_gets_each_item_once_as_it_is_now() {
        let mut board = Board::default();
        board.put("member", "a", &1);
        board.put("member", "b", &2);
        let seen = board.last();
        board.put("member", "a", &3);
        let json = |since| board.since(since).iter().map(|item| item.json.to_string()).collect::<Vec<_>>();
        let (a, b) = (r#"{"kind":"member","id":"a","data":3}"#, r#"{"kind":"member","id":"b","data":2}"#);
        assert_eq!(json(0), [b, a]);
        assert_eq!(json(seen), [a]);
        assert_eq!(json(board.last()), [""; 0]);
        assert_eq!(json(u64::MAX), [""; 0]);
    }

    #[test]
    fn the_oldest_are_shed() {
        let mut board = Board::default();
        for at in 0..MOST + 10 {
            board.put("message", &at.to_string(), &at);
        }
        let items = board.since(0);
        assert_eq!((items.len(), items[0].seq, board.places.len()), (MOST, 11, MOST));
    }
}
