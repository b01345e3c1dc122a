//! The text of a message, folded: written disguises taken off, with the way back to the original.

mod fold;
mod tables;

pub use fold::{Folded, Gap, Text};
pub use tables::is_invisible;
