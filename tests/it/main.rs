//! One binary for all tests that drive Qunwei from outside.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, as it should"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "counts and seeds are for people")]
#![allow(unreachable_pub, missing_docs, reason = "nothing here is read from outside")]

mod support;

use self::support::fake_wecom::callbacks as fake_wecom;

#[path = "../../fuzz/src/lib.rs"]
mod fuzz_entries;

mod accuracy;
mod alarms;
mod attack;
mod audit;
mod backup;
mod backup_hard;
mod bad_input;
mod browser;
mod commands;
mod commands_hard;
mod crowd;
mod disk;
mod docs;
mod docs_config;
mod eval;
mod export;
mod first_day_admin;
mod fuzz;
mod generated;
mod history;
mod hostile_text;
mod interop;
mod journal;
mod kill;
mod layering;
mod neighbours;
mod overload;
mod member;
mod member_meanwhile;
mod packaging;
mod path;
mod pictures;
mod platform_faults;
mod playground;
mod power;
mod process;
mod pull;
mod pull_kill;
mod push;
mod reminders;
mod reminders_chat;
mod reminders_images;
mod reload;
mod replay;
mod rotation;
mod score;
mod seal;
mod sim;
mod soak;
mod security;
mod rules;
mod store_faults;
mod support_bundle;
mod tasks;
mod transfer;
mod upgrades;
mod wecom_aibot;
mod wecom_aibot_interop;
mod wecom_answers;
mod wecom_archive;
mod wecom_archive_interop;
mod wecom_beside;
mod wecom_callback;
mod wecom_cli;
mod wecom_day;
mod wecom_interop;
mod wecom_out;
mod wecom_pywgb;
mod wecom_reading;
mod welcome;
mod words;
