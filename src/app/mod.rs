//! The daemon itself: what turns the core, what carries its actions out, and what plays messages through it without one.

pub mod deliver;
pub mod engine;
pub mod health;
pub mod intake;
pub mod lines;
pub mod metrics;
pub mod outbox;
pub mod replay;
pub mod scan;
pub mod transcript;
