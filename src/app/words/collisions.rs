//! How often a short word stands in ordinary text without being said: across the border of two words (口交 in 路口交通), or
//! inside a longer one (大麻 in 大麻烦). From counts of how words begin, end and are put together (`data/`).

use std::collections::HashMap;
use std::sync::LazyLock;

struct Collisions {
    /// How many of a million words end with a character, and how many begin with it.
    edges: HashMap<char, (f64, f64)>,
    /// In how many of a million words two characters stand side by side in something longer.
    pairs: HashMap<(char, char), f64>,
}

/// The tables, read on first use.
static COLLISIONS: LazyLock<Collisions> = LazyLock::new(|| Collisions {
    edges: rows(include_str!("data/edges.txt")).filter_map(edge).collect(),
    pairs: rows(include_str!("data/pairs.txt")).filter_map(pair).collect(),
});

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn edge(row: &str) -> Option<(char, (f64, f64))> {
    let mut parts = row.split(' ');
    Some((parts.next()?.chars().next()?, (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))
}

fn pair(row: &str) -> Option<((char, char), f64)> {
    let (pair, count) = row.split_once(' ')?;
    let mut chars = pair.chars();
    Some(((chars.next()?, chars.next()?), count.parse().ok()?))
}

/// How often, in a million words, a folded word of two characters stands across the border of two others. Longer ones do so
/// far more rarely: 0.
pub fn across_words(folded: &str) -> f64 {
    let Some((first, second)) = two(folded) else { return 0.0 };
    let ends = COLLISIONS.edges.get(&first).map_or(0.0, |(ends, _)| *ends);
    let begins = COLLISIONS.edges.get(&second).map_or(0.0, |(_, begins)| *begins);
    ends * begins / 1e6
}

/// How often, in a million words, a folded word of two characters stands inside a longer one.
pub fn inside_words(folded: &str) -> f64 {
    two(folded).and_then(|pair| COLLISIONS.pairs.get(&pair)).copied().unwrap_or(0.0)
}

fn two(folded: &str) -> Option<(char, char)> {
    let mut chars = folded.chars();
    let pair = (chars.next()?, chars.next()?);
    chars.next().is_none().then_some(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_nobody_said() {
        assert!(across_words("口交") > 1.0 && across_words("去死") > 1.0, "路口交通, 去死胡同");
        assert!(across_words("裸聊") < 0.1 && across_words("刷单") < 0.1 && across_words("口交吧") == 0.0);
        assert!(inside_words("麻烦") == 0.0 || inside_words("麻烦") < 50.0);
        assert!(inside_words("他妈") > 3.0, "他妈的");
        assert_eq!(inside_words("裸聊"), 0.0);
    }
}
