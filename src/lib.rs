//! Qunwei (群卫): a chat-moderation daemon that runs beside an enterprise WeCom bot.
//!
//! The path of a message, each verb a file:
//!
//! ```text
//! adapter → event → fold → match → decide → record → act
//! ```

#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod adapters;
pub mod app;
pub mod cli;
pub mod domain;
pub mod fault;
pub mod ports;
pub mod web;
