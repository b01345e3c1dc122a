//! WeCom (企业微信) by its official interfaces: how messages come in, and how actions go out.

pub mod aibot;
pub mod api;
pub mod app;
pub mod appchat;
pub mod archive;
pub mod archive_http;
pub mod backoff;
pub mod bucket;
pub mod callback;
pub mod crypt;
pub mod customer;
pub mod errcode;
pub mod inlet;
pub mod mention;
mod partly;
pub mod platform;
pub mod robot;
pub mod roster;
pub mod task;
pub mod text;
pub mod token;
pub mod tree;
pub mod xml;
