//! What is looked for by its codes: keys in order, those that begin alike side by side, and a table of what two codes begin. Nothing is
//! hashed, nothing allocated when it is walked. Of nearly all keys the third code is theirs alone, so that nodes of their own would
//! take three times the memory of the keys.

use std::ops::Range;

use super::LONGEST;
use super::filter::Filter;

/// A place in the trie: what follows some codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// How many codes lead here.
    depth: u8,
    /// Which pairs of codes, after the first code; which keys, after more.
    from: u32,
    to: u32,
}

/// Where every walk begins.
pub(super) const ROOT: Node = Node { depth: 0, from: 0, to: 0 };

/// Whether keys go deeper is only looked up among so many.
const MOST_ASKED: usize = 32;

pub(super) struct Trie<T> {
    /// Where the pairs begin that have each first code; one more entry than codes.
    firsts: Box<[u32]>,
    /// The second code of each pair, in order for each first code.
    seconds: Box<[u16]>,
    /// The first key of each pair; one more entry than pairs.
    pairs: Box<[u32]>,
    /// Where the codes of each key begin; one more entry than keys.
    begins: Box<[u32]>,
    /// The codes of all keys, in order of the keys.
    codes: Box<[u16]>,
    /// What each key stands for.
    values: Box<[T]>,
    filter: Filter,
}

impl<T> Default for Trie<T> {
    fn default() -> Self {
        let none = || Box::from([0]);
        let (seconds, codes, values) = (Box::default(), Box::default(), Box::default());
        Self { firsts: none(), seconds, pairs: none(), begins: none(), codes, values, filter: Filter::default() }
    }
}

/// Keys and their values, to be built into a [`Trie`].
pub(super) struct Keys<T> {
    codes: Vec<u16>,
    begins: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self { codes: Vec::new(), begins: vec![0], values: Vec::new() }
    }
}

impl<T: Copy> Keys<T> {
    /// Adds a key of at least two codes and at most [`LONGEST`].
    pub(super) fn push(&mut self, key: &[u16], value: T) {
        debug_assert!((2..=LONGEST).contains(&key.len()), "a word has so many characters");
        self.codes.extend_from_slice(key);
        self.begins.push(self.codes.len() as u32);
        self.values.push(value);
    }

    fn key(&self, no: u32) -> &[u16] {
        key(&self.begins, &self.codes, no as usize)
    }

    /// Makes the trie.
    pub(super) fn build(self) -> Trie<T> {
        let filter = Filter::of((0..self.values.len() as u32).map(|no| self.key(no)));
        // By their first codes beside them: nearly all keys differ in these, and what is looked up elsewhere takes three times as long.
        let mut order: Vec<(u64, u32)> =
            (0..self.values.len() as u32).map(|no| (first_codes(self.key(no)), no)).collect();
        order.sort_unstable_by(|(a, one), (b, other)| {
            a.cmp(b).then_with(|| self.key(*one).cmp(self.key(*other)).then(one.cmp(other)))
        });
        let mut codes = Vec::with_capacity(self.codes.len());
        let mut begins = Vec::with_capacity(self.begins.len());
        begins.push(0);
        let (mut firsts, mut seconds, mut pairs) = (vec![0], Vec::new(), Vec::new());
        let mut last = None;
        for (at, (_, no)) in (0..).zip(&order) {
            let key = self.key(*no);
            codes.extend_from_slice(key);
            begins.push(codes.len() as u32);
            let [first, second, ..] = *key else { continue };
            if last.replace((first, second)) != Some((first, second)) {
                firsts.resize(usize::from(first) + 1, seconds.len() as u32);
                seconds.push(second);
                pairs.push(at);
            }
        }
        firsts.push(seconds.len() as u32);
        pairs.push(order.len() as u32);
        let values = order.iter().filter_map(|(_, no)| self.values.get(*no as usize).copied()).collect();
        Trie {
            firsts: firsts.into(),
            seconds: seconds.into(),
            pairs: pairs.into(),
            begins: begins.into(),
            codes: codes.into(),
            values,
            filter,
        }
    }
}

/// The first four codes of a key in one number; of two keys the one that comes first has no greater one.
fn first_codes(key: &[u16]) -> u64 {
    (0..4).fold(0, |all, at| all << 16 | u64::from(key.get(at).copied().unwrap_or_default()))
}

/// The codes of a key.
#[inline]
fn key<'a>(begins: &[u32], codes: &'a [u16], no: usize) -> &'a [u16] {
    let begin = |no: usize| begins.get(no).map_or(codes.len(), |at| *at as usize);
    codes.get(begin(no)..begin(no + 1)).unwrap_or_default()
}

impl<T> Trie<T> {
    /// What tells soonest that nothing begins so.
    #[inline]
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// What all keys stand for, in order of the keys.
    pub(super) fn all(&self) -> &[T] {
        &self.values
    }

    fn key(&self, no: usize) -> &[u16] {
        key(&self.begins, &self.codes, no)
    }

    /// How many codes follow a node at most; a bound where very many keys begin so.
    #[inline]
    pub(super) fn deepest(&self, node: Node) -> u32 {
        let keys = node.keys();
        let most = if keys.len() > MOST_ASKED { LONGEST } else { keys.map(|no| self.key(no).len()).max().unwrap_or(0) };
        (most as u32).saturating_sub(node.depth.into())
    }

    /// The child of a node.
    #[inline]
    pub(super) fn child(&self, node: Node, code: u16) -> Option<Node> {
        match node.depth {
            0 => {
                let place = usize::from(code);
                let (from, to) = (*self.firsts.get(place)?, *self.firsts.get(place + 1)?);
                Node::new(1, from, to)
            }
            1 => {
                let at = self.seconds.get(node.keys())?.binary_search(&code).ok()? + node.from as usize;
                Node::new(2, *self.pairs.get(at)?, *self.pairs.get(at + 1)?)
            }
            depth => {
                // Those that end here have no code there, and come first.
                let code = Some(code);
                let at = |no: u32| self.key(no as usize).get(usize::from(depth)).copied();
                let from = first(node.from, node.to, |no| at(no) >= code);
                let to = first(from, node.to, |no| at(no) > code);
                Node::new(depth + 1, from, to)
            }
        }
    }

    /// What the keys stand for that end at a node; none has fewer than two codes.
    #[inline]
    pub(super) fn values(&self, node: Node) -> &[T] {
        if node.depth < 2 {
            return &[];
        }
        let keys = node.keys();
        let ends = |no: &usize| self.key(*no).len() == usize::from(node.depth);
        let to = keys.clone().find(|no| !ends(no)).unwrap_or(keys.end);
        self.values.get(keys.start..to).unwrap_or_default()
    }
}

impl Node {
    fn new(depth: u8, from: u32, to: u32) -> Option<Self> {
        (from < to).then_some(Self { depth, from, to })
    }

    fn keys(self) -> Range<usize> {
        self.from as usize..self.to as usize
    }
}

/// The first number of `from..to` for which something holds that holds for all after it.
#[inline]
fn first(from: u32, to: u32, holds: impl Fn(u32) -> bool) -> u32 {
    let (mut from, mut to) = (from, to);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { to = middle } else { from = middle + 1 }
    }
    from
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_was_put_in_and_nothing_else(
            keys in prop::collection::vec(prop::collection::vec(0_u16..6, 2..6), 0..60),
            asked in prop::collection::vec(0_u16..6, 1..6),
        ) {
            let mut builder = Keys::default();
            for (no, key) in (0_u32..).zip(&keys) {
                builder.push(key, no);
            }
            let trie = builder.build();
            for key in keys.iter().chain([&asked]) {
                let end = key.iter().try_fold(ROOT, |node, code| trie.child(node, *code));
                let mut found = end.map_or(Vec::new(), |node| trie.values(node).to_vec());
                found.sort_unstable();
                let expected: Vec<u32> = (0..).zip(&keys).filter(|(_, other)| *other == key).map(|(no, _)| no).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
