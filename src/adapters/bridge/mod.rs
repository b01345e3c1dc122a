//! The bridge (interfaces.md §4): any bot that can make an HTTP request. How its requests are signed, how their bodies
//! are read, and how actions are posted to it.

pub mod acks;
pub mod inbound;
pub mod push;
pub mod sign;
