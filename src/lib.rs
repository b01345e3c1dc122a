//! Qunwei (群卫): a chat-moderation daemon that runs beside an enterprise WeCom bot.
//!
//! The path of a message, each verb a file:
//!
//! ```text
//! adapter → event → fold → match → decide → record → act
//! ```
//!
//! The modules, in reading order; each may use those above it (`tests/it/layering.rs`).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "clippy.toml lists what the core alone may not use"
)]

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod fault;
pub mod ports;
pub mod serve;
pub mod store;
pub mod web;
