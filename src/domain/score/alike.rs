//! Whether two texts are nearly the same, so that a model is not measured on what it was made from.

use std::collections::HashSet;

use crate::domain::ids::hash;
use crate::domain::text::{Class, class_of};

/// Runs of so many characters are compared …
const RUN: usize = 3;
/// … by so many samples of them …
const SAMPLES: usize = 12;
/// … of which so many together must be the same.
const TOGETHER: usize = 3;
/// Fewer Han characters are no template.
const TEMPLATE: usize = 4;

/// What a text is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// Equal for texts that differ only in numbers, letters, signs and how they are written.
    pub template: u64,
    /// Two texts that have one of these in common are nearly the same.
    samples: [u64; SAMPLES / TOGETHER],
}

impl Likeness {
    /// What a text is known by.
    pub fn of(text: &str) -> Self {
        let kept = text.chars().filter_map(|c| match class_of(c) {
            Class::Kept(to) => Some(to),
            _ => None,
        });
        let han: Vec<char> = kept.filter(|c| !c.is_ascii()).collect();
        let template: String = if han.len() < TEMPLATE { text.to_owned() } else { han.iter().collect() };
        let mut least = [u64::MAX; SAMPLES];
        for run in han.windows(RUN.min(han.len().max(1))) {
            let run = run.iter().fold(0_u64, |sum, c| sum.wrapping_mul(0x1_0001).wrapping_add(u64::from(*c) + 1));
            for (salt, least) in (1..).zip(&mut least) {
                let mixed = (run ^ (salt * 0x9E37_79B9)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                *least = (*least).min((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9));
            }
        }
        let template = hash(&[&template]) as u64;
        let mut samples = [template; SAMPLES / TOGETHER];
        for ((band, sample), together) in (0_u64..).zip(&mut samples).zip(least.chunks(TOGETHER)) {
            if han.len() >= TEMPLATE {
                *sample = together.iter().fold(band, |sum, one| sum.rotate_left(17) ^ one);
            }
        }
        Self { template, samples }
    }

    /// Remembers a text.
    pub fn note(&self, seen: &mut HashSet<u64>) {
        seen.extend(self.samples);
    }

    /// Whether a text that was remembered is nearly the same.
    pub fn is_among(&self, seen: &HashSet<u64>) -> bool {
        self.samples.iter().any(|sample| seen.contains(sample))
    }
}
