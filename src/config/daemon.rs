//! Reads `[daemon]`: where it listens, where its data are, what holds for all groups.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::bridge::Bridge;
use super::faults::Faults;
use super::policy::timezone;
use super::rules::MODES;
use super::section::{Number, Placed, Section};
use crate::domain::policy::{Mode, UnknownGroups};

const DEDUPE: Number = Number { key: "dedupe_hours", range: 1..=720, unit: "hours", default: 24 };
const QUEUE: Number = Number { key: "queue", range: 64..=1_048_576, unit: "inputs", default: 16_384 };

/// Keys of `[daemon]` that are only looked at when it starts.
pub(super) const AT_START: [&str; 5] = ["listen", "admin_listen", "data", "queue", "log_format"];

/// What the daemon needs besides what it judges by.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// Where bots are heard. Default 127.0.0.1:8080.
    pub listen: SocketAddr,
    /// Where operators ask. Default 127.0.0.1:8081.
    pub admin_listen: SocketAddr,
    /// The directory of the data, relative to the working directory. Default ./data.
    pub data: PathBuf,
    /// How the log is written. Default text.
    pub log_format: LogFormat,
    /// How many inputs may wait. Default 16,384.
    pub queue: usize,
    /// Whether a change of the files is taken in as soon as it is seen. Default true.
    pub watch: bool,
    /// The bridges, by name.
    pub bridges: Vec<Bridge>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// What `[daemon]` says that holds for all groups.
pub(super) struct Everywhere {
    pub(super) mode: Mode,
    pub(super) timezone: TimeZone,
    pub(super) unknown_groups: UnknownGroups,
    pub(super) dedupe: Duration,
}

/// Reads `[daemon]`, or the defaults where there is none.
pub(super) fn read(section: Option<Section<'_>>, faults: &Faults) -> (Daemon, Everywhere) {
    let mut daemon = Daemon {
        listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
        data: PathBuf::from("./data"),
        log_format: LogFormat::Text,
        queue: QUEUE.default as usize,
        watch: true,
        bridges: Vec::new(),
    };
    let mut everywhere = Everywhere {
        mode: Mode::On,
        timezone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        unknown_groups: UnknownGroups::Default,
        dedupe: hours(DEDUPE.default),
    };
    let Some(mut section) = section else { return (daemon, everywhere) };
    addresses(&mut section, &mut daemon, faults);
    if let Some(data) = section.text("data") {
        daemon.data = PathBuf::from(data.value);
    }
    if let Some(format) = section.word("log_format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]) {
        daemon.log_format = format;
    }
    if let Some(queue) = section.number(&QUEUE) {
        daemon.queue = queue as usize;
    }
    daemon.watch = section.flag("watch").unwrap_or(daemon.watch);
    mode(&mut section, &mut everywhere, faults);
    if let Some(zone) = section.text("timezone").and_then(|name| timezone(&name, faults)) {
        everywhere.timezone = zone;
    }
    let unknown = [("default", UnknownGroups::Default), ("ignore", UnknownGroups::Ignore)];
    everywhere.unknown_groups = section.word("unknown_groups", &unknown).unwrap_or_default();
    if let Some(n) = section.number(&DEDUPE) {
        everywhere.dedupe = hours(n);
    }
    section.finish();
    (daemon, everywhere)
}

fn mode(section: &mut Section<'_>, everywhere: &mut Everywhere, faults: &Faults) {
    let at = section.value_place("mode");
    match (section.word("mode", &MODES), at) {
        (Some(Mode::Off), Some(at)) => {
            let fault = faults.at(&at, "the daemon cannot be `off`");
            faults.add(fault.help("stop it instead, or write `observe`: it judges and records, but does nothing"));
        }
        (Some(mode), _) => everywhere.mode = mode,
        (None, _) => {}
    }
}

fn addresses(section: &mut Section<'_>, daemon: &mut Daemon, faults: &Faults) {
    let listen = section.text("listen");
    let admin = section.text("admin_listen");
    if let Some(address) = listen.as_ref().and_then(|text| address(text, faults)) {
        daemon.listen = address;
    }
    if let Some(address) = admin.as_ref().and_then(|text| address(text, faults)) {
        daemon.admin_listen = address;
    }
    let taken = daemon.listen == daemon.admin_listen && daemon.listen.port() != 0;
    if let Some(at) = admin.or(listen).filter(|_| taken).map(|text| text.at) {
        let fault = faults.at(&at, format!("`listen` and `admin_listen` are both {}", daemon.listen));
        faults.add(fault.help("give each its own port"));
    }
}

fn address(text: &Placed<String>, faults: &Faults) -> Option<SocketAddr> {
    let address = text.value.parse().ok();
    if address.is_none() {
        let help = match text.value.strip_prefix("localhost:").map(|port| ("127.0.0.1", port)) {
            Some((host, port)) => format!("write \"{host}:{port}\""),
            None => "write an IP address and a port: \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for everybody".to_owned(),
        };
        faults.add(faults.at(&text.at, format!("`{}` is no address to listen on", text.value)).help(help));
    }
    address
}

fn hours(n: u32) -> Duration {
    Duration::from_secs(u64::from(n) * 3600)
}
