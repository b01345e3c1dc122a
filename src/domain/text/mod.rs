//! The text of a message, folded: written disguises taken off, with the way back to the original.
//!
//! [`Text`] holds the base view. Another view of the same text (by sound, by shape, by symbol) is another field beside
//! [`Text::folded`], filled by its own pass; a hit found in any of them goes back through that view's own `span`.

mod fold;
mod lookalikes;
mod shortcodes;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::{Folded, Gap, GapKind, LONGEST_READ, Text, first, folded_char, slice};
pub use shortcodes::{Shortcode, shortcode};
pub use tables::{Class, class_of, half_width, is_invisible};
