//! A learned score: how much a text is like those that people took for violations.
//!
//! - `features`: what a text is made of, as hashed numbers. `spell`: the same as it is said. `pinyin`: texts that are written so.
//! - `model`: a table of weights, read from a file, and what it says of a text.
//! - `learn`: how such a table is made from labelled texts. `measure`: where to draw the line. `alike`: what is no new text.

mod alike;
mod features;
mod learn;
mod lessons;
mod measure;
mod model;
mod pinyin;
mod spell;
#[cfg(test)]
mod tests;

pub use alike::Likeness;
pub use features::{Features, VERSION};
pub use learn::{How, Learner, MOST_CATEGORIES, Row, probability};
pub use lessons::{BANDS, Lesson, Lessons, Record, Taught, at_least};
pub use measure::{FALSE_ALARMS, Measured};
pub use model::{About, Besides, Line, Model, Piece, STEP, Scored, millionths};
pub use pinyin::{Rewritten, in_han, in_pinyin, is_pinyin};
