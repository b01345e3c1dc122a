//! How usual a run of text is: the cost of its cheapest division into words, by how often words were counted.

use std::ops::Range;
use std::sync::LazyLock;

/// What a text costs, in eighths of a natural logarithm: lower is more usual.
pub(super) type Cost = u32;

/// A Han character that no list has.
const UNKNOWN: Cost = 150;
/// Anything else that is not Han.
const OTHER: Cost = 56;
/// A run of Latin letters, and each letter of it.
const LATIN: Cost = 50;
const LETTER: Cost = 48;
/// The longest words of the table.
const LONGEST: usize = 4;

/// The words of `data/ordinary.bin`: the dictionary of jieba-rs (MIT), see `data/make_ordinary.py`.
#[derive(Default)]
pub(super) struct Ordinary {
    hashes: Box<[u32]>,
    costs: &'static [u8],
}

/// The table, read on first use.
pub(super) static ORDINARY: LazyLock<Ordinary> =
    LazyLock::new(|| Ordinary::read(include_bytes!("data/ordinary.bin")).unwrap_or_default());

impl Ordinary {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let (hashes, costs) = rest.split_at_checked(u32::from_le_bytes(*count) as usize * 4)?;
        let (hashes, _) = hashes.as_chunks::<4>();
        let hashes: Box<[u32]> = hashes.iter().map(|hash| u32::from_le_bytes(*hash)).collect();
        (costs.len() == hashes.len()).then_some(Self { hashes, costs })
    }

    /// What a word costs, where it is known.
    pub(super) fn word(&self, word: &[char]) -> Option<Cost> {
        let at = self.hashes.binary_search(&hash(word)).ok()?;
        self.costs.get(at).map(|cost| Cost::from(*cost))
    }

    /// What the cheapest division of a text costs.
    pub(super) fn text(&self, text: &[char]) -> Cost {
        self.with(text, 0..0, 0)
    }

    /// The same, where `whole` may be one word of this cost.
    pub(super) fn with(&self, text: &[char], whole: Range<usize>, cost: Cost) -> Cost {
        let mut best = vec![Cost::MAX; text.len() + 1];
        best[0] = 0;
        for end in 1..=text.len() {
            for length in 1..=LONGEST.min(end) {
                let start = end - length;
                let word = &text[start..end];
                let cost = match self.word(word) {
                    Some(cost) => cost,
                    None if length > 1 => continue,
                    None => single(word[0], end.checked_sub(2).map(|at| text[at])),
                };
                best[end] = best[end].min(best[start].saturating_add(cost));
            }
            if !whole.is_empty() && end == whole.end {
                best[end] = best[end].min(best[whole.start].saturating_add(cost));
            }
        }
        best[text.len()]
    }
}

fn single(c: char, before: Option<char>) -> Cost {
    match c {
        '\u{3400}'..='\u{9FFF}' => UNKNOWN,
        c if c.is_ascii_lowercase() => LETTER + if before.is_some_and(|c| c.is_ascii_lowercase()) { 0 } else { LATIN },
        _ => OTHER,
    }
}

/// FNV-1a of the UTF-8.
fn hash(word: &[char]) -> u32 {
    let mut buffer = [0; 4];
    word.iter().fold(0x811C_9DC5, |hash, c| {
        c.encode_utf8(&mut buffer).bytes().fold(hash, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    })
}
