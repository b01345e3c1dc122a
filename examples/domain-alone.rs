//! No example but a proof: the core is compiled here with nothing of the rest of the crate beside it. If anything in it names
//! another module, this does not compile.

#![allow(dead_code, unused_imports, missing_docs, unreachable_pub, reason = "only that it compiles matters here")]
#![allow(clippy::all, clippy::disallowed_methods, clippy::disallowed_types, reason = "linted where it lives")]
#![allow(clippy::unwrap_used, clippy::string_slice, reason = "linted where it lives")]

#[path = "../src/domain/mod.rs"]
mod domain;
#[path = "../src/fault.rs"]
mod fault;

fn main() {
    // compiled, with its tests left out: they run where it lives
    let _ = domain::rules::Ruleset::default();
}
