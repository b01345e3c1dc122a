//! 智能机器人 over its long connection (doc 101463): as its only client ([`client`]), or in the middle between the company's bot
//! and WeCom ([`middle`]). Both put what they hear into a [`feed`] and speak through a [`speaker`].
//!
//! One that has neither can only answer ([`answers`]).
//!
//! The protocol acknowledges nothing that it delivers: what the daemon has heard and cannot record is lost, and said.

pub mod answers;
pub mod client;
pub mod feed;
pub mod frame;
mod link;
pub mod middle;
pub mod speaker;
pub mod upload;
