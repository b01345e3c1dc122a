//! One binary for all tests that drive Qunwei from outside.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, as it should")]
#![allow(unreachable_pub, missing_docs, reason = "nothing here is read from outside")]

mod support;

mod bad_input;
mod interop;
mod journal;
mod kill;
mod layering;
mod path;
mod process;
mod push;
mod replay;
mod store_faults;
