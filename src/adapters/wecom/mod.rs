//! WeCom (企业微信) by its official interfaces: how messages come in, and how actions go out.

pub mod api;
pub mod bucket;
pub mod errcode;
pub mod robot;
pub mod text;
pub mod token;
