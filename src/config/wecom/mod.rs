//! Reads `[wecom.NAME]`: a company (tenant) on WeCom, the ways in which its messages come, and how its groups are reached. All
//! of one tenant is one platform to the core.

mod callback;
mod group;
mod reach;
mod ways;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bridge::{PACE, TIMEOUT};
use super::faults::Faults;
use super::ids;
use super::secret::{Outside, Sought};
use super::section::{Placed, Section, did_you_mean};
use crate::domain::policy::{Platform, Policy, Strangers, UnknownGroups};
use crate::domain::secret::Hidden;

pub use callback::{Callback, Forward};
pub(super) use callback::{FORWARD, WINDOW};
pub use group::{Group, GroupKind};
pub use reach::{Joins, Reach, Sees};
pub use ways::{Aibot, AibotWay, App, Archive, Customer};
pub(super) use ways::{PER_HOUR, PER_MINUTE, POLL, REFRESH};

/// Where WeCom answers; another address only for tests and rehearsals.
const API_URL: &str = "https://qyapi.weixin.qq.com";
/// Where 智能机器人 connect (document 101463).
const WS_URL: &str = "wss://openws.work.weixin.qq.com";
/// The user that a mention of any of the bot's names becomes. No userid of WeCom has a colon.
pub const BOT_USER: &str = "bot:qunwei";
/// The ids of people outside the company, and of robots: an app cannot write to them (document 90236). They are opaque and long
/// (those in the documents have 26 characters and more); a shorter id that begins so is an employee's, whom a company gives any.
const STRANGERS: [(&str, usize); 4] = [("wm", 20), ("wo", 20), ("wb", 20), (BOT_USER, BOT_USER.len())];

/// A company on WeCom.
#[derive(Clone, Debug, PartialEq)]
pub struct Wecom {
    /// Its name in addresses, and the platform of its events.
    pub name: Arc<str>,
    /// 企业 ID, `ww…`.
    pub corp_id: Arc<str>,
    /// Where its interface is asked.
    pub api_url: String,
    /// Employees who get the cards of groups whose admins are not known.
    pub duty: Vec<Arc<str>>,
    /// What people write behind `@` to speak to the bot.
    pub bot_names: Vec<Arc<str>>,
    /// How long one request may take. Default 10 seconds.
    pub timeout: Duration,
    /// The pace of actions. Default 20.
    pub actions_per_second: f64,
    /// The app that writes to employees and shows them cards.
    pub speaker: Option<Arc<str>>,
    /// Self-built apps that can be used.
    pub apps: Vec<App>,
    /// 客户联系, if it can be used.
    pub customer: Option<Customer>,
    /// 智能机器人 that can be used.
    pub aibots: Vec<Aibot>,
    /// 会话内容存档, if it can be used.
    pub archive: Option<Archive>,
    /// Groups that are reached in a way of their own, by chat id.
    pub groups: BTreeMap<Arc<str>, Group>,
    /// The groups that are looked after, where those are not all (`unknown_groups = "ignore"`).
    pub looked_after: Option<BTreeSet<Arc<str>>>,
}

impl Wecom {
    /// To whom no app can write.
    pub fn strangers(&self) -> Strangers {
        Strangers::new(STRANGERS)
    }

    /// Whether some 智能机器人 can answer what it hears by callback. Behind one that was there before, each answer is that one's.
    pub fn answers(&self) -> bool {
        self.aibots.iter().any(|bot| matches!(&bot.way, AibotWay::Callback(callback) if callback.forward.is_none()))
    }

    /// Whether some 智能机器人 has a long connection of ours, over which who writes to it alone is answered.
    pub fn chats(&self) -> bool {
        self.aibots.iter().any(|bot| matches!(bot.way, AibotWay::Connected { .. }))
    }

    /// The app that writes to employees and shows them cards.
    pub fn speaking_app(&self) -> Option<&App> {
        self.apps.iter().find(|app| Some(&app.name) == self.speaker.as_ref())
    }
}

/// Reads all tenants; what the core must know of them is added to `platforms`.
pub(super) fn read(
    top: &mut Section<'_>,
    outside: &Outside<'_>,
    notes: &mut Vec<String>,
    platforms: &mut HashMap<Arc<str>, Platform>,
    taken: &mut Taken,
) -> Vec<Wecom> {
    let mut tenants = Vec::new();
    for (name, section) in top.sections("wecom", |name| format!("[wecom.{name}]")) {
        let of = format!("wecom {}", name.value);
        let tenant = tenant(&name, section, &mut Off { outside, notes, taken, of });
        if platforms.contains_key(&tenant.name) {
            let fault = outside.faults.at(&name.at, format!("`{}` is a bridge already", name.value));
            outside.faults.add(fault.help("events name the one they came from: give this another name"));
            continue;
        }
        platforms.insert(tenant.name.clone(), platform(&tenant));
        tenants.push(tenant);
    }
    tenants
}

/// What the core must know of a tenant.
fn platform(tenant: &Wecom) -> Platform {
    let groups = tenant.groups.keys().map(|group| (group.clone(), tenant.reach(group).can));
    Platform {
        capabilities: tenant.reach("").can,
        bot_user: Some(BOT_USER.into()),
        groups: groups.collect(),
        strangers: tenant.strangers(),
        mentions_as_text: true,
        duty: tenant.duty.as_slice().into(),
    }
}

/// What only one can have.
pub(super) struct Taken {
    /// Addresses that are listened on, and by what.
    listens: Vec<(SocketAddr, String)>,
    /// Robots, and the groups they are in.
    robots: Vec<(Hidden, String)>,
}

impl Taken {
    /// By the daemon itself.
    pub(super) fn by(listen: SocketAddr, admin_listen: SocketAddr) -> Self {
        let listens = vec![(listen, "`listen` of [daemon]".to_owned()), (admin_listen, "`admin_listen`".to_owned())];
        Self { listens, robots: Vec::new() }
    }

    /// What listens on an address already; else it is taken by `what`.
    fn listen(&mut self, address: SocketAddr, what: String) -> Option<String> {
        let everywhere = |one: SocketAddr| one.ip().is_unspecified();
        let same = |other: SocketAddr| {
            let ip = other.ip() == address.ip() || everywhere(other) || everywhere(address);
            ip && other.port() == address.port() && address.port() != 0
        };
        let before = self.listens.iter().find(|(other, _)| same(*other)).map(|(_, what)| what.clone());
        self.listens.push((address, what));
        before
    }

    /// The group that a robot is in already; else it is taken by `group`.
    fn robot(&mut self, key: &Hidden, group: String) -> Option<String> {
        let before = self.robots.iter().find(|(other, _)| other == key).map(|(_, group)| group.clone());
        self.robots.push((key.clone(), group));
        before
    }
}

/// Groups are called what `[group.ID]` says, and perhaps only those that it names are looked after.
pub(super) fn name_groups(tenants: &mut [Wecom], policies: &HashMap<Arc<str>, Arc<Policy>>, unknown: UnknownGroups) {
    for tenant in tenants.iter_mut().filter(|_| unknown == UnknownGroups::Ignore) {
        tenant.looked_after = Some(policies.keys().cloned().collect());
    }
    for (chat, group) in tenants.iter_mut().flat_map(|tenant| &mut tenant.groups) {
        group.name = policies.get(chat).and_then(|policy| policy.name.clone());
    }
}

/// Says of what cannot be used why not.
struct Off<'a, 'o> {
    outside: &'a Outside<'o>,
    notes: &'a mut Vec<String>,
    taken: &'a mut Taken,
    /// The tenant, as notes call it.
    of: String,
}

impl Off<'_, '_> {
    fn faults(&self) -> &Faults {
        self.outside.faults
    }

    /// A secret that must be there for `what` to be used.
    fn needed<T>(&mut self, what: &str, section: &Section<'_>, key: &'static str, sought: Sought<T>) -> Option<T> {
        match sought {
            Sought::Found(found) => Some(found),
            Sought::Bad => None,
            Sought::Unset(variable) => {
                self.notes.push(format!("{}: {what} is off: {variable} is not set", self.of));
                None
            }
            Sought::Unnamed => {
                section.missing(key, format!("write {key} = \"NAME\" (an environment variable), or …_file = \"PATH\""));
                None
            }
        }
    }
}

fn tenant(name: &Placed<String>, mut section: Section<'_>, off: &mut Off<'_, '_>) -> Wecom {
    plain_name(name, "a tenant's name", off.faults());
    let (outside, heading) = (off.outside, format!("wecom.{}", name.value));
    let corp_id = section.text("corp_id");
    if let Some(id) = &corp_id
        && !id.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    {
        let help = "copy it from 我的企业 in the console, without spaces: corp_id = \"ww…\"";
        outside.bad::<()>(&id.at, format!("`{}` is no corp id", id.value), help);
    }
    if corp_id.is_none() {
        section.missing("corp_id", "write the company's id (企业 ID): corp_id = \"ww…\"");
    }
    let api_url = section.text("api_url").map(|url| address(url, &["http", "https"], outside));
    let duty = employees(section.unchecked_ids("duty"), outside);
    let bot_names =
        section.texts("bot_names").unwrap_or_default().into_iter().map(|name| Arc::from(name.value)).collect();
    let timeout = Duration::from_secs(section.number(&TIMEOUT).unwrap_or(TIMEOUT.default).into());
    let actions_per_second = section.rate(&PACE).unwrap_or(PACE.default);
    let speaker = section.text("speaker");

    let mut named = Vec::new();
    let mut apps = Vec::new();
    for (app, section) in section.sections("app", |app| format!("[{heading}.app.{app}]")) {
        plain_name(&app, "an app's name", off.faults());
        named.push(app.value.clone());
        apps.extend(ways::app(&app.value, section, off));
    }
    let customer = section.section("customer", format!("[{heading}.customer]"));
    let customer = customer.and_then(|section| ways::customer(section, off));
    let mut bots: Vec<String> = Vec::new();
    let mut aibots = Vec::new();
    for (bot, section) in section.sections("aibot", |bot| format!("[{heading}.aibot.{bot}]")) {
        plain_name(&bot, "a 智能机器人's name", off.faults());
        bots.push(bot.value.clone());
        aibots.extend(ways::aibot(&bot.value, section, off));
    }
    let archive = section.section("archive", format!("[{heading}.archive]"));
    let archive = archive.and_then(|section| ways::archive(section, off));
    let mut groups = BTreeMap::new();
    for (chat, section) in section.sections("group", |chat| format!("[{heading}.group.\"{chat}\"]")) {
        ids::check(&chat, off.faults());
        let group = group::group(section, customer.is_some(), &bots, &format!("group {}", chat.value), off);
        groups.insert(Arc::from(chat.value), group);
    }
    let speaker = speaking(speaker, &named, &section, off.faults());
    section.finish();
    Wecom {
        name: Arc::from(name.value.as_str()),
        corp_id: corp_id.map_or_else(|| Arc::from(""), |id| Arc::from(id.value.trim())),
        api_url: api_url.flatten().unwrap_or_else(|| API_URL.to_owned()),
        duty,
        bot_names,
        timeout,
        actions_per_second,
        speaker,
        apps,
        customer,
        aibots,
        archive,
        groups,
        looked_after: None, // known when the groups are
    }
}

/// Employees by userid. Whoever else is written there would get nothing: WeCom reads `@all` as the whole company and `|` as the
/// end of an id, and writes to nobody outside it.
fn employees(written: Option<Vec<Placed<String>>>, outside: &Outside<'_>) -> Vec<Arc<str>> {
    let strangers = Strangers::new(STRANGERS);
    let one = |id: Placed<String>| {
        let sound = !id.value.starts_with(['@', '＠']) && !id.value.contains(|c: char| c.is_whitespace() || c == '|');
        if !sound || strangers.has(&id.value) {
            let help = "write the userid of an employee, as 通讯录 in the console shows it: [\"zhangsan\"]";
            outside.bad::<()>(&id.at, format!("`{}` is no employee", id.value), help);
            return None;
        }
        Some(Arc::from(id.value))
    };
    written.unwrap_or_default().into_iter().filter_map(one).collect()
}

/// The app that speaks: the only one, or the one that is named.
fn speaking(
    speaker: Option<Placed<String>>,
    apps: &[String],
    section: &Section<'_>,
    faults: &Faults,
) -> Option<Arc<str>> {
    let names = apps.iter().map(String::as_str);
    match speaker {
        Some(name) if apps.contains(&name.value) => Some(Arc::from(name.value)),
        Some(name) => {
            let fault = faults.at(&name.at, format!("there is no app `{}`", name.value));
            faults.add(fault.help(did_you_mean(&name.value, names)));
            None
        }
        None if apps.len() > 1 => {
            section.missing("speaker", "there are several apps: say which one writes to employees: speaker = \"…\"");
            None
        }
        None => apps.first().map(|name| Arc::from(name.as_str())),
    }
}

/// A name that is part of an address.
fn plain_name(name: &Placed<String>, what: &str, faults: &Faults) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.value.is_empty() || name.value.len() > 64 || !name.value.chars().all(plain) {
        let fault = faults.at(&name.at, format!("`{}` cannot be {what}", name.value));
        faults.add(fault.help("it is part of an address: use letters, digits, `_` and `-`"));
    }
}

/// An address with one of these schemes.
fn address(url: Placed<String>, schemes: &[&str], outside: &Outside<'_>) -> Option<String> {
    let text = url.value.trim().trim_end_matches('/');
    let sound = reqwest::Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host());
    if !sound {
        let schemes = schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(" or ");
        let message = format!("this is no address that begins with {schemes}");
        outside.bad::<()>(&url.at, message, "write the whole address");
        return None;
    }
    Some(text.to_owned())
}

/// The path of a file that another program reads, from the folder of the file that names it.
fn path(outside: &Outside<'_>, path: &Placed<String>) -> PathBuf {
    outside.files.place(outside.faults.source(&path.at), &path.value)
}
