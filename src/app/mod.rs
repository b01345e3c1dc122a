//! The daemon itself: what turns the core, and what carries its actions out.

pub mod intake;
