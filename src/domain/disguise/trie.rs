//! A trie of codes with its children in sorted rows: nothing is hashed, nothing allocated when it is walked.

use std::ops::Range;

use super::filter::Filter;

/// A place in the trie.
pub(super) type Node = u32;

/// Where every walk begins.
pub(super) const ROOT: Node = 0;

#[derive(Default)]
pub(super) struct Trie {
    /// Where the children of each node begin; one more entry than nodes.
    children: Vec<u32>,
    /// The codes of all children, row by row, sorted in each.
    codes: Vec<u16>,
    /// Where the values of each node begin; one more entry than nodes.
    ends: Vec<u32>,
    values: Vec<u32>,
    /// The children of the root by code, 0 for none: the row that is looked at for every character.
    first: Vec<Node>,
    /// How many codes follow a node at most.
    deepest: Vec<u8>,
    filter: Filter,
}

/// Keys and their values, to be built into a [`Trie`].
#[derive(Default)]
pub(super) struct Keys {
    codes: Vec<u16>,
    rows: Vec<(u32, u32)>,
}

impl Keys {
    /// Adds a key.
    pub(super) fn push(&mut self, key: impl IntoIterator<Item = u16>, value: u32) {
        self.rows.push((self.codes.len() as u32, value));
        self.codes.extend(key);
    }

    fn key(&self, no: usize) -> &[u16] {
        let start = self.rows.get(no).map_or(0, |row| row.0 as usize);
        let end = self.rows.get(no + 1).map_or(self.codes.len(), |row| row.0 as usize);
        self.codes.get(start..end).unwrap_or_default()
    }

    /// Makes the trie. Children of one node lie side by side, nodes in the order of their depth.
    pub(super) fn build(self) -> Trie {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)));
        let mut trie = Trie::default();
        let whole = 0..order.len();
        let mut level: Vec<Range<usize>> = Vec::from([whole]);
        let mut nodes = 1_u32;
        let mut depth = 0;
        while !level.is_empty() {
            let mut below = Vec::new();
            for range in level {
                trie.children.push(trie.codes.len() as u32 + 1);
                trie.ends.push(trie.values.len() as u32);
                let mut rest = range;
                while let Some(&no) = order.get(rest.start).filter(|_| !rest.is_empty()) {
                    let Some(&code) = self.key(no).get(depth) else {
                        trie.values.extend(self.rows.get(no).map(|row| row.1));
                        rest.start += 1;
                        continue;
                    };
                    let same = |at: &usize| order.get(*at).is_some_and(|no| self.key(*no).get(depth) == Some(&code));
                    let end = (rest.start..rest.end).find(|at| !same(at)).unwrap_or(rest.end);
                    trie.codes.push(code);
                    nodes += 1;
                    below.push(rest.start..end);
                    rest.start = end;
                }
            }
            level = below;
            depth += 1;
        }
        trie.children.push(nodes);
        trie.ends.push(trie.values.len() as u32);
        let row = trie.row(ROOT);
        let most = trie.codes.get(row.clone()).and_then(<[u16]>::last).map_or(0, |last| usize::from(*last) + 1);
        trie.first = vec![0; most];
        for at in row {
            trie.first[usize::from(trie.codes[at])] = at as u32 + 1;
        }
        trie.deepest = vec![0; nodes as usize];
        for node in (0..nodes as usize).rev() {
            let children = trie.row(node as Node).map(|at| trie.deepest[at + 1] + 1);
            trie.deepest[node] = children.max().unwrap_or_default();
        }
        trie.filter = Filter::of((0..self.rows.len()).map(|no| self.key(no)));
        trie
    }
}

impl Trie {
    /// What tells soonest that nothing begins so.
    #[inline]
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// How many codes follow a node at most.
    #[inline]
    pub(super) fn deepest(&self, node: Node) -> u32 {
        self.deepest.get(node as usize).map_or(0, |most| u32::from(*most))
    }

    /// Where the codes of a node's children lie; the child of the code at `at` is the node `at + 1`.
    fn row(&self, node: Node) -> Range<usize> {
        let node = node as usize;
        let from = self.children.get(node).map_or(0, |at| *at as usize - 1);
        let to = self.children.get(node + 1).map_or(from, |at| *at as usize - 1);
        from..to
    }

    /// The child of a node.
    #[inline]
    pub(super) fn child(&self, node: Node, code: u16) -> Option<Node> {
        if node == ROOT {
            return self.first.get(usize::from(code)).copied().filter(|child| *child != 0);
        }
        let row = self.row(node);
        let at = self.codes.get(row.clone())?.binary_search(&code).ok()?;
        Some((row.start + at) as u32 + 1)
    }

    /// The values of the keys that end at a node.
    #[inline]
    pub(super) fn values(&self, node: Node) -> &[u32] {
        let from = self.ends.get(node as usize).map_or(0, |at| *at as usize);
        let to = self.ends.get(node as usize + 1).map_or(from, |at| *at as usize);
        self.values.get(from..to).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_was_put_in_and_nothing_else(
            keys in prop::collection::vec(prop::collection::vec(0_u16..6, 1..6), 0..60),
            asked in prop::collection::vec(0_u16..6, 1..6),
        ) {
            let mut builder = Keys::default();
            for (no, key) in (0..).zip(&keys) {
                builder.push(key.iter().copied(), no);
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
