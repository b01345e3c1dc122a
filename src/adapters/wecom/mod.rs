//! WeCom (企业微信) by its official interfaces: how messages come in, and how actions go out.

pub mod archive;
pub mod backoff;
pub mod callback;
pub mod crypt;
pub mod inlet;
pub mod mention;
pub mod tree;
pub mod xml;
