//! 会话内容存档, the one official way to see every message of a group: an operator's `.so` is asked for what is new
//! ([`library`]), its messages are opened with the corp's RSA keys ([`keys`], [`page`]), read ([`read`]), and handed in
//! together with the position that they reach ([`poll`]). What groups there are is noted beside ([`rooms`]). Doc 91774.

pub mod keys;
pub mod library;
pub mod page;
pub mod poll;
pub mod read;
pub mod rooms;
pub mod state;
pub mod worker;
