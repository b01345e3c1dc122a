//! The platforms: what comes in from each becomes an event, what is decided becomes a call.

pub mod bridge;
pub mod http;
pub mod inbound;
pub mod pictures;
pub mod playground;
pub mod wecom;
