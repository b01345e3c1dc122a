//! Reads `[bridge.NAME]`: who may deliver events, where actions go, and what the bot there can do.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use super::secret::{Outside, Sought};
use super::section::{Number, Placed, Rate, Section, did_you_mean};
use crate::domain::policy::{Capabilities, Capability, Platform};
use crate::domain::secret::Secret;

pub(super) const MAX_BODY: Number = Number { key: "max_body_kib", range: 1..=65_536, unit: "KiB", default: 1024 };
pub(super) const MAX_EVENTS: Number = Number { key: "max_events", range: 1..=100_000, unit: "events", default: 1000 };
pub(super) const REQUESTS: Number =
    Number { key: "requests_per_minute", range: 1..=1_000_000, unit: "requests", default: 600 };
pub(super) const TIMEOUT: Number = Number { key: "timeout_seconds", range: 1..=300, unit: "seconds", default: 10 };
pub(super) const PACE: Rate = Rate { key: "actions_per_second", range: 0.01..=1000.0, unit: "actions", default: 20.0 };

/// A bridge: one bot that delivers events and carries out actions.
#[derive(Clone, PartialEq)]
pub struct Bridge {
    /// Its name in `/hooks/bridge/NAME`, and the platform of its events.
    pub name: Arc<str>,
    /// Whether it can be used.
    pub state: State,
    /// The secret, and during a rotation the previous one after it. Empty when the bridge is off.
    pub secrets: Vec<Secret>,
    /// Where actions are sent. `None` when the bridge is off.
    pub actions_url: Option<String>,
    /// The longest body, in bytes. Default 1 MiB.
    pub max_body: usize,
    /// The most events in a body. Default 1,000.
    pub max_events: usize,
    /// The most requests in a minute; no limit by default.
    pub requests_per_minute: Option<u32>,
    /// The pace of actions. Default 20.
    pub actions_per_second: f64,
    /// How long an attempt may take. Default 10 seconds.
    pub timeout: Duration,
}

/// Whether a bridge can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It can.
    On,
    /// It is written down, but something it needs is not there.
    Off {
        /// What, in one sentence.
        why: String,
    },
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // an address may hold a key of its receiver
        let url = self.actions_url.as_ref().map(|_| "…");
        let mut shown = f.debug_struct("Bridge");
        shown.field("name", &self.name).field("state", &self.state).field("secrets", &self.secrets);
        shown.field("actions_url", &url).finish_non_exhaustive()
    }
}

/// Reads all bridges; what the core must know of them comes apart.
pub(super) fn read(
    top: &mut Section<'_>,
    outside: &Outside<'_>,
    notes: &mut Vec<String>,
) -> (Vec<Bridge>, HashMap<Arc<str>, Platform>) {
    let mut bridges = Vec::new();
    let mut platforms = HashMap::new();
    for (name, section) in top.sections("bridge", |name| format!("[bridge.{name}]")) {
        let (bridge, platform) = bridge(&name, section, outside, notes);
        platforms.insert(bridge.name.clone(), platform);
        bridges.push(bridge);
    }
    (bridges, platforms)
}

fn bridge(
    name: &Placed<String>,
    mut section: Section<'_>,
    outside: &Outside<'_>,
    notes: &mut Vec<String>,
) -> (Bridge, Platform) {
    let faults = outside.faults;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.value.is_empty() || name.value.len() > 64 || !name.value.chars().all(plain) {
        let fault = faults.at(&name.at, format!("`{}` cannot be a bridge's name", name.value));
        faults.add(fault.help("it is part of an address: use letters, digits, `_` and `-`"));
    }
    let secrets = secrets(&mut section, outside);
    let actions_url = actions_url(&mut section, outside);
    let missing: Vec<String> =
        [secrets.as_ref().err(), actions_url.as_ref().err()].into_iter().flatten().cloned().collect();
    let state = if missing.is_empty() { State::On } else { State::Off { why: missing.join(", ") } };
    if let State::Off { why } = &state {
        notes.push(format!("bridge {} is off: {why}", name.value));
    }
    let platform = Platform {
        capabilities: capabilities(&mut section, faults),
        bot_user: section.id("bot_user").map(|id| Arc::from(id.value)),
    };
    let bridge = Bridge {
        name: Arc::from(name.value.as_str()),
        state,
        secrets: secrets.unwrap_or_default(),
        actions_url: actions_url.ok(),
        max_body: section.number(&MAX_BODY).unwrap_or(MAX_BODY.default) as usize * 1024,
        max_events: section.number(&MAX_EVENTS).unwrap_or(MAX_EVENTS.default) as usize,
        requests_per_minute: section.number(&REQUESTS),
        actions_per_second: section.rate(&PACE).unwrap_or(PACE.default),
        timeout: Duration::from_secs(section.number(&TIMEOUT).unwrap_or(TIMEOUT.default).into()),
    };
    section.finish();
    (bridge, platform)
}

/// The secrets, the current one first; or why there are none.
fn secrets(section: &mut Section<'_>, outside: &Outside<'_>) -> Result<Vec<Secret>, String> {
    let written = outside.refuse_written(section);
    let current = outside.secret(section, "secret_env", "secret_file");
    let previous = outside.secret(section, "previous_secret_env", "previous_secret_file");
    match current {
        Sought::Found(secret) => {
            let mut secrets = vec![secret];
            if let Sought::Found(previous) = previous {
                secrets.push(previous);
            }
            Ok(secrets)
        }
        Sought::Unnamed if written => Err("its secret is written into TOML".to_owned()),
        Sought::Unnamed => {
            let help = "write secret_env = \"NAME\" (an environment variable) or secret_file = \"PATH\"";
            section.missing("secret_env", help);
            Err("it has no secret".to_owned())
        }
        Sought::Unset(variable) => Err(format!("{variable} is not set")),
        Sought::Bad => Err("its secret cannot be used".to_owned()),
    }
}

/// Where actions are sent; or why nowhere.
fn actions_url(section: &mut Section<'_>, outside: &Outside<'_>) -> Result<String, String> {
    let written = section.text("actions_url");
    let (url, at) = match (outside.variable(section, "actions_url_env"), written) {
        (Sought::Unnamed, None) => {
            let help = "write actions_url = \"https://…\" or actions_url_env = \"NAME\" (an environment variable)";
            section.missing("actions_url", help);
            return Err("it has no actions_url".to_owned());
        }
        (Sought::Bad, _) => return Err("its actions_url cannot be used".to_owned()),
        (Sought::Unnamed, Some(url)) => (url.value, url.at),
        (_, Some(url)) => {
            let message = "there is both `actions_url` and `actions_url_env`".to_owned();
            outside.bad::<()>(&url.at, message, "keep one of them");
            return Err("it has two addresses for actions".to_owned());
        }
        (Sought::Unset(variable), None) => return Err(format!("{variable} is not set")),
        (Sought::Found((_, url, at)), None) => (url, at),
    };
    sound(url.trim()).map(|()| url.trim().to_owned()).map_err(|why| {
        let help = "write the whole address: https://bot.example.com/actions";
        outside.bad::<()>(&at, format!("the address for actions cannot be used: {why}"), help);
        "its actions_url cannot be used".to_owned()
    })
}

/// Whether actions can be sent to an address. The answer does not repeat it: it may hold a key.
fn sound(url: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(url).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it does not begin with http:// or https://".to_owned());
    }
    if !url.has_host() {
        return Err("it names no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a name or password does not belong into an address; actions are signed with the secret".to_owned());
    }
    Ok(())
}

fn capabilities(section: &mut Section<'_>, faults: &Faults) -> Capabilities {
    let names = Capability::ALL.map(|(name, _)| name);
    if !section.has("capabilities") {
        section.missing("capabilities", format!("say what its bot can do: capabilities = {names:?}"));
    }
    let at = section.value_place("capabilities");
    let written = section.texts("capabilities").unwrap_or_default();
    let capability = |name: &Placed<String>| {
        let found = Capability::ALL.iter().find(|(known, _)| *known == name.value).map(|(_, one)| *one);
        if found.is_none() {
            let fault = faults.at(&name.at, format!("there is no capability `{}`", name.value));
            faults.add(fault.help(did_you_mean(&name.value, names)));
        }
        found
    };
    let known: Vec<Capability> = written.iter().filter_map(capability).collect();
    let can: Capabilities = known.iter().copied().collect();
    if let Some(((message, help), at)) = mute_bot(can).zip(at).filter(|_| known.len() == written.len()) {
        faults.add(faults.at(&at, message).help(help).warning());
    }
    can
}

/// Says when a bot could not tell people what happens.
fn mute_bot(can: Capabilities) -> Option<(&'static str, &'static str)> {
    let any = |some: &[Capability]| some.iter().any(|one| can.has(*one));
    if !any(&[Capability::Send, Capability::Private, Capability::Task]) {
        return Some((
            "a bot without `send`, `private` and `task` can tell nobody anything: neither members nor admins",
            "add one of them, or let groups only be observed: mode = \"observe\"",
        ));
    }
    let told = any(&[Capability::Send, Capability::Private]);
    (any(&[Capability::Mute, Capability::Remove]) && !told).then_some((
        "members would be muted or removed without being told: there is neither `send` nor `private`",
        "add one of them, or take `mute` and `remove` out, so that admins are asked to act",
    ))
}
