//! The core: what messages mean and what follows from them. Pure: no async, no clock, no IO, no randomness but what is
//! passed in (architecture.md, invariant 1; `clippy.toml` and `tests/it/layering.rs` guard it).
//!
//! In reading order: what happened, its text folded, what the rules find, what is remembered, what is decided, what is done.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod time;
pub mod ids;
pub mod secret;
pub mod event;
pub mod text;
pub mod disguise;
pub mod score;
pub mod lexicon;
pub mod rhythm;
pub mod rules;
pub mod recent;
pub mod schedule;
pub mod reminder;
pub mod policy;
pub mod notices;
pub mod subject;
pub mod template;
pub mod image;
mod replies;
pub mod action;
pub mod case;
pub mod conceal;
pub mod chat;
pub mod change;
pub mod choice;
pub mod command;
pub mod alarm;
pub mod alerts;
pub mod newcomers;
pub mod tasks;
pub mod standing;
pub mod timer;
pub mod state;
pub mod judge;
pub mod ladder;
pub mod means;
pub mod penalty;
pub mod picture;
pub mod core;
