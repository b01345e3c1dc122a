//! The daemon itself: what turns the core, what carries its actions out, and what plays messages through it without one.

pub mod intake;
pub mod inlet;
pub mod engine;
pub mod outbox;
pub mod deliver;
pub mod jobs;
pub mod explain;
pub mod pulse;
pub mod metrics;
pub mod health;
pub mod habits;
pub mod disk;
pub mod reload;
pub mod recent_log;
pub mod export;
pub mod lines;
pub mod scan;
pub mod attack;
pub mod eval;
pub mod words;
pub mod train;
pub mod replay;
pub mod rerun;
pub mod backups;
pub mod erase;
pub mod transcript;
