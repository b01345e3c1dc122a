//! The daemon itself: what turns the core, and what carries its actions out.

pub mod health;
pub mod intake;
pub mod metrics;
