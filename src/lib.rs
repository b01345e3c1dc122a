//! Qunwei (群卫): a chat-moderation daemon that runs beside an enterprise WeCom bot.
//!
//! The path of a message, each verb a file:
//!
//! ```text
//! adapter → event → fold → match → decide → record → act
//! ```
//!
//! The modules, in reading order; each may use those above it (`tests/it/layering.rs`).

pub mod fault;
pub mod domain;
pub mod ports;
pub mod adapters;
pub mod store;
pub mod config;
pub mod app;
pub mod web;
pub mod serve;
pub mod cli;
