//! Counters by a name from the configuration and a word from a closed set, counted without allocating.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// A closed set of words.
pub(super) trait Closed: Copy {
    /// Every word, in the order of [`Closed::at`].
    const WORDS: &'static [&'static str];
    /// The place of this one in them.
    fn at(self) -> usize;
    /// This one's.
    fn word(self) -> &'static str {
        Self::WORDS.get(self.at()).copied().unwrap_or_default()
    }
}

/// Names of rules, steps and platforms come from files that people edit while the daemon runs. What is beyond this many
/// is counted as [`REST`], so that the memory of the metrics is bounded.
const NAMES: usize = 2000;

/// The name that stands for those beyond the limit.
const REST: &str = "…";

type Labels = [(&'static str, String); 2];

/// The counters of one family.
pub(super) struct Table<K> {
    family: Family<Labels, Counter>,
    labels: [&'static str; 2],
    rows: RwLock<HashMap<Box<str>, Arc<[Counter]>>>,
    words: PhantomData<fn(K)>,
}

impl<K: Closed> Table<K> {
    /// A registered family; `labels` are those of the name and of the word.
    pub(super) fn new(registry: &mut Registry, name: &str, help: &str, labels: [&'static str; 2]) -> Self {
        let family = Family::default();
        registry.register(name, help, family.clone());
        Self { family, labels, rows: RwLock::default(), words: PhantomData }
    }

    /// Counts.
    pub(super) fn count(&self, name: &str, word: K, by: u64) {
        let known = self.rows.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let row = known.unwrap_or_else(|| self.row(name));
        if let Some(counter) = row.get(word.at()) {
            counter.inc_by(by);
        }
    }

    /// The counters of a name, all shown from now on, so that a rate is never computed from a counter's first appearance.
    pub(super) fn row(&self, name: &str) -> Arc<[Counter]> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let name = if rows.len() < NAMES || rows.contains_key(name) { name } else { REST };
        if let Some(row) = rows.get(name) {
            return row.clone();
        }
        let [by_name, by_word] = self.labels;
        let counter =
            |word: &&str| self.family.get_or_create_owned(&[(by_name, name.to_owned()), (by_word, (*word).to_owned())]);
        let row: Arc<[Counter]> = K::WORDS.iter().map(counter).collect();
        rows.insert(name.into(), row.clone());
        row
    }
}
