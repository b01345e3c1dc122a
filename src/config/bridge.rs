//! Reads `[bridge.NAME]`: who may deliver events, where actions go, and what the bot there can do.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use super::secret::{Outside, Sought};
use super::section::{Number, Placed, Rate, Section, did_you_mean};
use crate::domain::policy::{Capabilities, Capability, Platform};
use crate::domain::secret::{Secret, Token};

pub(super) const MAX_BODY: Number = Number { key: "max_body_kib", range: 1..=65_536, unit: "KiB", default: 1024 };
pub(super) const MAX_EVENTS: Number = Number { key: "max_events", range: 1..=100_000, unit: "events", default: 1000 };
pub(super) const REQUESTS: Number =
    Number { key: "requests_per_minute", range: 1..=1_000_000, unit: "requests", default: 600 };
pub(super) const PER_GROUP: Number =
    Number { key: "group_actions_per_minute", range: 1..=100_000, unit: "actions", default: 20 };
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
    /// How its bot gets its actions. `None` when the bridge is off.
    pub actions: Option<Actions>,
    /// The longest body, in bytes. Default 1 MiB.
    pub max_body: usize,
    /// The most events in a body. Default 1,000.
    pub max_events: usize,
    /// The most requests in a minute; no limit by default.
    pub requests_per_minute: Option<u32>,
    /// The pace of actions. Default 20.
    pub actions_per_second: f64,
    /// The pace of actions in any one group; no limit by default.
    pub group_actions_per_minute: Option<u32>,
    /// How long an attempt may take. Default 10 seconds.
    pub timeout: Duration,
}

/// How a bot gets its actions.
#[derive(Clone, PartialEq)]
pub enum Actions {
    /// They are sent to this address; never shown, for it may hold a key.
    Sent(String),
    /// It fetches them and shows one of these tokens: the current one, and during a rotation the previous one after it.
    Fetched(Vec<Token>),
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
        let how = self.actions.as_ref().map(|actions| match actions {
            Actions::Sent(_) => "sent",
            Actions::Fetched(_) => "fetched",
        });
        let mut shown = f.debug_struct("Bridge");
        shown.field("name", &self.name).field("state", &self.state).field("secrets", &self.secrets);
        shown.field("actions", &how).finish_non_exhaustive()
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
    let actions = actions(&mut section, outside);
    let missing: Vec<String> =
        [secrets.as_ref().err(), actions.as_ref().err()].into_iter().flatten().cloned().collect();
    let state = if missing.is_empty() { State::On } else { State::Off { why: missing.join(", ") } };
    if let State::Off { why } = &state {
        notes.push(format!("bridge {} is off: {why}", name.value));
    }
    let platform = Platform {
        capabilities: capabilities(&mut section, faults),
        bot_user: section.id("bot_user").map(|id| Arc::from(id.value)),
        ..Platform::default()
    };
    let bridge = Bridge {
        name: Arc::from(name.value.as_str()),
        state,
        secrets: secrets.unwrap_or_default(),
        actions: actions.ok(),
        max_body: section.number(&MAX_BODY).unwrap_or(MAX_BODY.default) as usize * 1024,
        max_events: section.number(&MAX_EVENTS).unwrap_or(MAX_EVENTS.default) as usize,
        requests_per_minute: section.number(&REQUESTS),
        actions_per_second: section.rate(&PACE).unwrap_or(PACE.default),
        group_actions_per_minute: section.number(&PER_GROUP),
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
        Sought::Found(secret) => Ok([secret].into_iter().chain(previous.found()).collect()),
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

/// How actions get to the bot: one way or the other; or why by none.
fn actions(section: &mut Section<'_>, outside: &Outside<'_>) -> Result<Actions, String> {
    let named = |keys: [&'static str; 2]| keys.into_iter().find(|key| section.has(key));
    let (address, token) = (named(["actions_url", "actions_url_env"]), named(["token_env", "token_file"]));
    let at = token.and_then(|token| section.value_place(token));
    let current = outside.token(section, "token_env", "token_file");
    // Left over from a change of tokens, it does no harm where actions are sent.
    let previous = outside.token(section, "previous_token_env", "previous_token_file");
    if let (Some(address), Some(token), Some(at)) = (address, token, at) {
        let message = format!("there is both `{address}` and `{token}`: actions are either sent or fetched");
        let help = "keep `actions_url` for a bot that can be sent to, `token_env` for one that fetches its actions";
        outside.bad::<()>(&at, message, help);
        actions_url(section, outside).ok(); // for what else is wrong
        return Err("its actions are both sent and fetched".to_owned());
    }
    match current {
        Sought::Unnamed => actions_url(section, outside).map(Actions::Sent),
        Sought::Found(token) => Ok(Actions::Fetched([token].into_iter().chain(previous.found()).collect())),
        Sought::Unset(variable) => Err(format!("{variable} is not set")),
        Sought::Bad => Err("its token cannot be used".to_owned()),
    }
}

/// Where actions are sent; or why nowhere.
fn actions_url(section: &mut Section<'_>, outside: &Outside<'_>) -> Result<String, String> {
    let written = section.text("actions_url");
    let (url, at) = match (outside.variable(section, "actions_url_env"), written) {
        (Sought::Unnamed, None) => {
            let help = "write actions_url = \"https://…\" or actions_url_env = \"NAME\" (an environment variable); \
                        a bot that cannot be sent to fetches its actions: token_env = \"NAME\"";
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
