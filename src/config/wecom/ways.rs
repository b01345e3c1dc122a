//! The ways in which a tenant's messages come: its apps, 客户联系, 智能机器人, 会话内容存档.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::callback::{Callback, callback};
use super::{Off, WS_URL, address, employees, path};
use crate::config::secret::Sought;
use crate::config::section::{Number, Placed, Section};
use crate::domain::secret::Hidden;

/// Members of customer groups, and of groups that an app created, are read anew this often.
pub(in crate::config) const REFRESH: Number =
    Number { key: "refresh_minutes", range: 1..=1440, unit: "minutes", default: 60 };
/// The archive is asked for new messages this often.
pub(in crate::config) const POLL: Number = Number { key: "poll_seconds", range: 1..=3600, unit: "seconds", default: 5 };
/// What a 智能机器人 may say in one chat (document 101463, March 2026).
pub(in crate::config) const PER_MINUTE: Number =
    Number { key: "chat_messages_per_minute", range: 1..=10_000, unit: "messages", default: 30 };
/// The same, in any hour.
pub(in crate::config) const PER_HOUR: Number =
    Number { key: "chat_messages_per_hour", range: 1..=100_000, unit: "messages", default: 1000 };

/// A self-built app (自建应用).
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// Its name in addresses.
    pub name: Arc<str>,
    /// AgentId.
    pub agent_id: u32,
    /// Secret.
    pub secret: Hidden,
    /// What its callbacks are opened with.
    pub callback: Option<Callback>,
    /// How often the members of the groups it created are read. Default 60 minutes.
    pub refresh: Duration,
}

/// 客户联系.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// Its secret, or that of an app that may use it.
    pub secret: Hidden,
    /// What its callbacks are opened with.
    pub callback: Option<Callback>,
    /// Only groups of these owners are read; all when empty.
    pub owners: Vec<Arc<str>>,
    /// How often groups and members are read. Default 60 minutes.
    pub refresh: Duration,
}

/// A 智能机器人.
#[derive(Clone, Debug, PartialEq)]
pub struct Aibot {
    /// Its name in addresses.
    pub name: Arc<str>,
    /// BotID.
    pub bot_id: Arc<str>,
    /// How its messages come.
    pub way: AibotWay,
    /// What it may say in one chat in a minute. Default 30.
    pub per_minute: u32,
    /// What it may say in one chat in an hour. Default 1,000.
    pub per_hour: u32,
}

/// How a 智能机器人's messages come.
#[derive(Clone, Debug, PartialEq)]
pub enum AibotWay {
    /// By callbacks.
    Callback(Callback),
    /// By a long connection of our own.
    Connected {
        /// Its secret.
        secret: Hidden,
        /// Where it connects to.
        ws_url: String,
    },
    /// By the connection of a bot that is there already and connects to us instead.
    Middle {
        /// Where that bot connects to.
        listen: SocketAddr,
        /// Where we connect to for it.
        ws_url: String,
    },
}

/// 会话内容存档.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// The library of WeCom (`libWeWorkFinanceSdk_C.so`), which the operator supplies.
    pub library: PathBuf,
    /// The archive's own secret.
    pub secret: Hidden,
    /// Private keys in PEM, by the version of the public key.
    pub keys: BTreeMap<u32, Hidden>,
    /// How often it is asked for new messages. Default 5 seconds.
    pub poll: Duration,
    /// The proxy through which the library asks WeCom: its address, and who we are there, `user:password`.
    pub proxy: Option<(String, Option<Hidden>)>,
    /// Messages between two people are kept, and not judged. Default false: they are passed over.
    pub private: bool,
    /// At the first start, what WeCom still has of before is read too. Default false.
    pub from_the_beginning: bool,
}

pub(super) fn app(name: &str, mut section: Section<'_>, off: &mut Off<'_, '_>) -> Option<App> {
    let what = format!("app {name}");
    let callback = callback(&what, &mut section, off);
    let secret = off.outside.given(&mut section, "secret_env", "secret_file");
    let secret = off.needed(&what, &section, "secret_env", secret);
    let agent = section.id("agent_id");
    if agent.is_none() {
        section.missing("agent_id", "write the app's AgentId: agent_id = 1000002");
    }
    let agent_id = agent.and_then(|id| {
        let number = id.value.trim().parse().ok();
        if number.is_none() {
            off.outside.bad::<()>(
                &id.at,
                format!("`{}` is no AgentId", id.value),
                "it is a number: agent_id = 1000002",
            );
        }
        number
    });
    let refresh = minutes(section.number(&REFRESH));
    section.finish();
    Some(App { name: Arc::from(name), agent_id: agent_id?, secret: secret?, callback, refresh })
}

pub(super) fn customer(mut section: Section<'_>, off: &mut Off<'_, '_>) -> Option<Customer> {
    let callback = callback("customer", &mut section, off);
    let secret = off.outside.given(&mut section, "secret_env", "secret_file");
    let secret = off.needed("customer", &section, "secret_env", secret);
    let owners = employees(section.unchecked_ids("owners"), off.outside);
    let refresh = minutes(section.number(&REFRESH));
    section.finish();
    Some(Customer { secret: secret?, callback, owners, refresh })
}

pub(super) fn aibot(name: &str, mut section: Section<'_>, off: &mut Off<'_, '_>) -> Option<Aibot> {
    let what = format!("aibot {name}");
    let outside = off.outside;
    let listen = section.text("listen");
    let ws_url = section.text("ws_url").and_then(|url| address(url, &["ws", "wss"], outside));
    let ws_url = ws_url.unwrap_or_else(|| WS_URL.to_owned());
    let called = section.has("token_env") || section.has("token_file");
    let callback = callback(&what, &mut section, off);
    if !section.has("bot_id") {
        section.missing("bot_id", "write the BotID that the console shows: bot_id = \"…\"");
    }
    let bot_id: Option<Arc<str>> = section.text("bot_id").map(|id| Arc::from(id.value));
    let secret = outside.given(&mut section, "secret_env", "secret_file");
    let per_minute = section.number(&PER_MINUTE).unwrap_or(PER_MINUTE.default);
    let per_hour = section.number(&PER_HOUR).unwrap_or(PER_HOUR.default);
    let way = match (listen, secret, callback) {
        (Some(listen), _, _) => {
            let at: Option<SocketAddr> = listen.value.trim().parse().ok();
            if at.is_none() {
                let message = format!("`{}` is no address to listen on", listen.value);
                outside.bad::<()>(&listen.at, message, "write an IP address and a port: \"127.0.0.1:8090\"");
            }
            at.filter(|at| may_listen(*at, &listen, &what, off)).map(|listen| AibotWay::Middle { listen, ws_url })
        }
        (None, Sought::Unnamed, Some(callback)) => Some(AibotWay::Callback(callback)),
        (None, Sought::Unnamed, None) => {
            if !called {
                let fault = outside.faults.at(&section.at, format!("{what} cannot be heard"));
                let help = "write secret_env (a long connection), or token_env and aes_key_env (callbacks), or listen (a \
                            bot that is there already connects to us)";
                outside.faults.add(fault.help(help).warning());
            }
            None
        }
        (None, secret, _) => {
            off.needed(&what, &section, "secret_env", secret).map(|secret| AibotWay::Connected { secret, ws_url })
        }
    };
    section.finish();
    Some(Aibot { name: Arc::from(name), bot_id: bot_id?, way: way?, per_minute, per_hour })
}

/// Whether the bot that is there already can be listened for at an address. What comes there is neither encrypted nor asked who
/// it is.
fn may_listen(address: SocketAddr, written: &Placed<String>, what: &str, off: &mut Off<'_, '_>) -> bool {
    if !address.ip().is_loopback() {
        let help = format!("write \"127.0.0.1:{}\", and let the bot run on this machine", address.port());
        let message = format!("`{}` can be reached from other machines, and nothing there is encrypted", written.value);
        off.outside.bad::<()>(&written.at, message, &help);
        return false;
    }
    if let Some(other) = off.taken.listen(address, format!("`listen` of {what}")) {
        off.outside.bad::<()>(&written.at, format!("{other} has this port already"), "give each its own port");
        return false;
    }
    true
}

pub(super) fn archive(mut section: Section<'_>, off: &mut Off<'_, '_>) -> Option<Archive> {
    let written = section.text("library");
    let library = written.as_ref().map(|text| path(off.outside, text));
    if let (Some(text), Some(path)) = (&written, &library)
        && !path.is_file()
    {
        // Not an error: the rest of the configuration is sound, and the archive says so itself and waits.
        let fault = off.faults().at(&text.at, format!("there is no file {}", path.display()));
        let help = "download the Linux SDK (document 91774), and put libWeWorkFinanceSdk_C.so there";
        off.faults().add(fault.help(help).warning());
    }
    if library.is_none() {
        section.missing("library", "write where WeCom's library is: library = \"../lib/libWeWorkFinanceSdk_C.so\"");
    }
    off.outside.refuse_written(&mut section);
    let secret = off.outside.given(&mut section, "secret_env", "secret_file");
    let secret = off.needed("archive", &section, "secret_env", secret);
    let poll = Duration::from_secs(section.number(&POLL).unwrap_or(POLL.default).into());
    if section.has_empty_list("private_keys") {
        let at = section.value_place("private_keys").unwrap_or_else(|| section.at.clone());
        let help = "without a key no message can be opened: private_keys = [\"1:../secrets/archive-1.pem\"]";
        off.outside.bad::<()>(&at, "`private_keys` is empty".to_owned(), help);
    }
    if !section.has("private_keys") {
        section.missing("private_keys", "write private_keys = [\"1:../secrets/archive-1.pem\"]");
    }
    let keys = private_keys(section.texts("private_keys").unwrap_or_default(), off);
    let proxy = proxy(&mut section, off);
    let private = [("ignore", false), ("keep", true)];
    let private = section.word("private_messages", &private).unwrap_or_default();
    let from_the_beginning = section.flag("from_the_beginning").unwrap_or_default();
    section.finish();
    Some(Archive { library: library?, secret: secret?, keys, poll, proxy, private, from_the_beginning })
}

/// The proxy of the archive's library. Its address holds no name or password: those are secrets.
fn proxy(section: &mut Section<'_>, off: &mut Off<'_, '_>) -> Option<(String, Option<Hidden>)> {
    let outside = off.outside;
    let named = ["proxy_auth_env", "proxy_auth_file"].iter().find_map(|key| section.value_place(key));
    let auth = outside.given(section, "proxy_auth_env", "proxy_auth_file");
    let Some(url) = section.text("proxy") else {
        if let Some(at) = named {
            outside.bad::<()>(
                &at,
                "there is no `proxy` for this".to_owned(),
                "write its address: proxy = \"http://…\"",
            );
        }
        return None;
    };
    let address = address(Placed { value: url.value.clone(), at: url.at.clone() }, &["http", "socks5"], outside)?;
    let bare = reqwest::Url::parse(&address).is_ok_and(|url| url.username().is_empty() && url.password().is_none());
    if !bare {
        let help = "take it out of the address, and write proxy_auth_env = \"NAME\" (an environment variable)";
        outside.bad::<()>(&url.at, "a password does not belong into TOML".to_owned(), help);
        return None;
    }
    let auth = match auth {
        Sought::Found(auth) => Some(auth),
        Sought::Unset(variable) => {
            off.notes
                .push(format!("{}: the archive's proxy is asked without a password: {variable} is not set", off.of));
            None
        }
        Sought::Unnamed | Sought::Bad => None,
    };
    Some((address, auth))
}

/// Private keys, each written as its version and its file. Without one that cannot be read the archive works as far as it can
/// and then says what it waits for.
fn private_keys(written: Vec<Placed<String>>, off: &mut Off<'_, '_>) -> BTreeMap<u32, Hidden> {
    let (mut keys, mut versions) = (BTreeMap::new(), BTreeSet::new());
    for key in written {
        let parts = key.value.split_once([':', '：']);
        let parts = parts.and_then(|(version, file)| Some((version.trim().parse().ok()?, file.trim())));
        let Some((version, file)) = parts.filter(|(_, file)| !file.is_empty() && !file.contains("-----")) else {
            let help = "write the version of the public key, a colon and the file: \"1:../secrets/archive-1.pem\"";
            off.outside.bad::<()>(&key.at, format!("`{}` is no version and file", key.value), help);
            continue;
        };
        if !versions.insert(version) {
            let help = "each version has one key: write the number that the console shows beside its public key";
            off.outside.bad::<()>(&key.at, format!("there is a key of version {version} already"), help);
            continue;
        }
        match off.outside.private_key(&key.at, file) {
            Ok(pem) => drop(keys.insert(version, pem)),
            Err(why) => {
                off.notes
                    .push(format!("{}: the archive's private key {version} cannot be used: {file}: {why}", off.of));
            }
        }
    }
    keys
}

fn minutes(written: Option<u32>) -> Duration {
    Duration::from_secs(u64::from(written.unwrap_or(REFRESH.default)) * 60)
}
