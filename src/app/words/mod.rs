//! Work on word lists that is no judging: explaining a word, and taking in other people's lists.

pub mod collisions;
mod decode;
pub mod explain;
mod formats;
pub mod import;
pub mod lint;
