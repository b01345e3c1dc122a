//! The bridge (interfaces.md §4): any bot that can make an HTTP request. How its requests are signed, and how actions are
//! posted to it. How their bodies are read is in `adapters/inbound.rs`.

pub mod acks;
pub mod push;
pub mod sign;
