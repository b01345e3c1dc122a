//! Reads `[daemon]`: where it listens, where its data are, what holds for all groups.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::alarms;
use super::backup;
use super::bridge::Bridge;
use super::faults::Faults;
use super::pictures;
use super::seal::{self, Seal};
use super::secret::Outside;
use super::section::{Number, Placed, Section, did_you_mean};
use super::wecom::Wecom;
use super::zone::timezone;
use crate::domain::picture::PicturePlan;
use crate::domain::policy::{BackupPlan, Capability, Company, DiskLimits, Mode, Platform, Retention, UnknownGroups};

pub(super) const DEDUPE: Number = Number { key: "dedupe_hours", range: 1..=720, unit: "hours", default: 24 };
pub(super) const QUEUE: Number = Number { key: "queue", range: 64..=1_048_576, unit: "inputs", default: 16_384 };

pub(super) const MESSAGES: Number = Number { key: "messages_days", range: 1..=3650, unit: "days", default: 30 };
pub(super) const EVIDENCE: Number = Number { key: "evidence_days", range: 1..=3650, unit: "days", default: 180 };
pub(super) const CASES: Number = Number { key: "cases_days", range: 1..=36_500, unit: "days", default: 730 };
pub(super) const ALERTS: Number = Number { key: "per_minute", range: 1..=60, unit: "alerts", default: 6 };

/// Who may be told privately what the company's place is told.
const USERS: usize = 20;

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
    /// What stored texts are sealed with. Default nothing.
    pub seal: Seal,
    /// The bridges, by name.
    pub bridges: Vec<Bridge>,
    /// Companies on WeCom, by name.
    pub wecom: Vec<Wecom>,
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
    pub(super) company: Option<Place>,
    pub(super) retention: Retention,
    pub(super) silence: Option<f32>,
    pub(super) disk: DiskLimits,
    pub(super) backup: Option<BackupPlan>,
    pub(super) pictures: Option<Arc<PicturePlan>>,
}

/// What `[daemon.alerts]` says, before it is known whether its bridge is there.
pub(super) struct Place {
    platform: Placed<String>,
    company: Company,
}

/// Reads `[daemon]`, or the defaults where there is none.
pub(super) fn read(section: Option<Section<'_>>, outside: &Outside<'_>) -> (Daemon, Everywhere) {
    let faults = outside.faults;
    let mut daemon = Daemon {
        listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
        data: PathBuf::from("./data"),
        log_format: LogFormat::Text,
        queue: QUEUE.default as usize,
        watch: true,
        seal: Seal::Off,
        bridges: Vec::new(),
        wecom: Vec::new(),
    };
    let mut everywhere = Everywhere {
        mode: Mode::On,
        timezone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        unknown_groups: UnknownGroups::Default,
        dedupe: hours(DEDUPE.default),
        company: None,
        retention: Retention::default(),
        silence: alarms::silence(None),
        disk: alarms::disk(None),
        backup: None,
        pictures: None,
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
    everywhere.company = section.section("alerts", "[daemon.alerts]").and_then(|section| place(section, faults));
    if let Some(kept) = section.section("retention", "[daemon.retention]") {
        everywhere.retention = retention(kept);
    }
    everywhere.silence = alarms::silence(section.section("silence", "[daemon.silence]"));
    everywhere.disk = alarms::disk(section.section("disk", "[daemon.disk]"));
    everywhere.backup = section.section("backup", "[daemon.backup]").and_then(|section| backup::read(section, faults));
    let pictures = section.section("pictures", "[daemon.pictures]");
    everywhere.pictures = pictures.and_then(|section| pictures::read(section, faults)).map(Arc::new);
    if let Some(section) = section.section("seal", "[daemon.seal]") {
        daemon.seal = seal::read(section, outside);
    }
    section.finish();
    (daemon, everywhere)
}

/// How long what is stored is kept.
fn retention(mut section: Section<'_>) -> Retention {
    let days = [MESSAGES, EVIDENCE, CASES].map(|number| section.number(&number).unwrap_or(number.default));
    section.finish();
    let [messages, evidence, cases] = days.map(|days| hours(days * 24));
    Retention { messages, evidence, cases }
}

/// The place of the company, where its alerts are told.
fn place(mut section: Section<'_>, faults: &Faults) -> Option<Place> {
    for (key, help) in [("platform", "name a bridge: platform = \"example\""), ("group", "write the id of a group")] {
        if !section.has(key) {
            section.missing(key, help);
        }
    }
    let (platform, group) = (section.text("platform"), section.id("group"));
    let users = section.ids("users").unwrap_or_default();
    if let Some(beyond) = users.get(USERS) {
        let fault = faults.at(&beyond.at, format!("`users` has {} ids, more than {USERS}", users.len()));
        faults.add(fault.help("each is told every alert; let the others read the group"));
    }
    let per_minute = section.number(&ALERTS).unwrap_or(ALERTS.default);
    section.finish();
    let (platform, group) = (platform?, Arc::from(group?.value));
    let users = users.into_iter().map(|user| Arc::from(user.value)).collect();
    let company = Company { platform: Arc::from(platform.value.as_str()), group, users, per_minute };
    Some(Place { platform, company })
}

/// The place, if there is such a bridge.
pub(super) fn company(place: Place, platforms: &HashMap<Arc<str>, Platform>, faults: &Faults) -> Option<Company> {
    let Place { platform, company } = place;
    let Some(known) = platforms.get(&company.platform) else {
        let mut names: Vec<&str> = platforms.keys().map(|name| &**name).collect();
        names.sort_unstable();
        let help =
            if names.is_empty() { "define it: [bridge.NAME]".to_owned() } else { did_you_mean(&platform.value, names) };
        let fault = faults.at(&platform.at, format!("there is no bridge `{}`", platform.value));
        faults.add_unnamed(fault.help(help));
        return None;
    };
    let there = known.groups.get(&company.group).copied().unwrap_or(known.capabilities);
    let can = |capability| there.has(capability);
    let alone = can(Capability::Private) && !company.users.is_empty();
    if !can(Capability::Send) && !can(Capability::Task) && !alone {
        let message = format!("the bot of `{}` can tell this group nothing", platform.value);
        let help = "it has neither `send` nor `task`; name `users` who are told privately, or another bridge";
        faults.add(faults.at(&platform.at, message).help(help).warning());
    }
    Some(company)
}

fn mode(section: &mut Section<'_>, everywhere: &mut Everywhere, faults: &Faults) {
    if let Some(at) = section.place_of_text("mode", "off") {
        section.take("mode");
        let fault = faults.at(&at, "the daemon cannot be `off`");
        faults.add(fault.help("stop it instead, or write `observe`: it judges and records, but does nothing"));
    } else if let Some(mode) = section.word("mode", &[("on", Mode::On), ("observe", Mode::Observe)]) {
        everywhere.mode = mode;
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
