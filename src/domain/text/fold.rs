//! One pass over a text.

use crate::domain::case::Span;

/// A text and its fold.
#[derive(Debug, Default)]
pub struct Text {
    /// The original.
    pub original: String,
    /// Its fold.
    pub folded: Folded,
}

/// Placeholder.
#[derive(Debug, Default)]
pub struct Folded {
    /// The folded text.
    pub text: String,
}

/// Placeholder.
#[derive(Clone, Copy, Debug)]
pub struct Gap;

impl Folded {
    /// Placeholder.
    pub fn span(&self, _start: usize, _end: usize) -> Span {
        Span { start: 0, end: 0 }
    }
}
impl Text {
    /// Placeholder.
    pub fn set(&mut self, original: &str) {
        self.original = original.into();
    }
}
