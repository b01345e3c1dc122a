//! The companies on WeCom of the configuration in force: their callback addresses, their ways out, and what reads on its own
//! (members, archive, long connections), replaced together.

mod aibots;
mod archive;
mod consent;
mod counted;
mod doors;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) use self::counted::Counted;

use crate::adapters::wecom::aibot::answers;
use crate::adapters::wecom::aibot::client::Client;
use crate::adapters::wecom::api::{Api, ApiError, Carrier, Endpoint};
use crate::adapters::wecom::appchat::AppChats;
use crate::adapters::wecom::archive::rooms::Rooms;
use crate::adapters::wecom::archive_http::ArchiveApi;
use crate::adapters::wecom::callback::Groups;
use crate::adapters::wecom::customer::{Customers, Patience};
use crate::adapters::wecom::inlet::Inlet;
use crate::adapters::wecom::platform::{AibotPush, GroupWays, Routes, Wecom as WecomPlatform};
use crate::adapters::wecom::roster::Called;
use crate::adapters::wecom::roster::keeper::{Hints, Keeper, Source};
use crate::adapters::wecom::token::Tokens;
use crate::app::deliver::ByName;
use crate::app::health::Health;
use crate::app::intake::Intake;
use crate::app::metrics::Metrics;
use crate::app::outbox::Pace;
use crate::config::{GroupKind, Wecom};
use crate::domain::secret::Hidden;
use crate::ports::{Clock, Platform};
use crate::web::wecom::{DoorIn, WecomState};

/// Something that runs until it is stopped.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What holds for the companies.
pub(super) struct Tenants {
    pub(super) configured: Vec<Wecom>,
    running: HashMap<Arc<str>, Tenant>,
    pub(super) doors: Arc<WecomState>,
    pub(super) around: Around,
}

/// What every company needs.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) intake: Intake,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) health: Health,
    pub(super) metrics: Arc<Metrics>,
    /// What was sent lately, by whom: another configuration does not make WeCom forget it.
    pub(super) counted: Counted,
    /// Brings calls to WeCom where they do not go over connections.
    pub(super) carrier: Option<Arc<dyn Carrier>>,
}

/// Other companies, ready to be switched to.
pub(super) struct Next {
    configured: Vec<Wecom>,
    /// Those that are new or not as they were.
    made: HashMap<Arc<str>, Tenant>,
}

/// A company at work.
struct Tenant {
    platform: Arc<dyn Platform>,
    doors: HashMap<String, DoorIn>,
    /// Long connections of our own, which an operator may ask for again.
    clients: Vec<Client>,
    /// What begins to run when it is switched to.
    tasks: Vec<Task>,
    /// What its parts say of their health under.
    parts: Vec<String>,
    /// Its 智能机器人 with a connection.
    aibots: Vec<Arc<str>>,
    /// Stops what runs when it is dropped.
    _stop: DropGuard,
}

impl Tenants {
    /// None yet.
    pub(super) fn new(doors: Arc<WecomState>, around: Around) -> Self {
        Self { configured: Vec::new(), running: HashMap::new(), doors, around }
    }

    /// Whether these are the same.
    pub(super) fn are(&self, tenants: &[Wecom]) -> bool {
        self.configured == tenants
    }

    /// Makes what other companies need, and begins nothing. Those that stay the same go on.
    pub(super) fn prepare(&self, configured: Vec<Wecom>) -> anyhow::Result<Next> {
        let mut made = HashMap::new();
        for tenant in configured.iter().filter(|tenant| !self.configured.contains(tenant)) {
            made.insert(tenant.name.clone(), tenant_of(tenant, &self.around)?);
        }
        Ok(Next { configured, made })
    }

    /// Switches to other companies.
    pub(super) fn switch(&mut self, next: Next) {
        let Next { configured, made } = next;
        let stays = |name: &Arc<str>| !made.contains_key(name) && configured.iter().any(|one| one.name == *name);
        let gone: Vec<Arc<str>> = self.running.keys().filter(|name| !stays(name)).cloned().collect();
        for name in gone {
            let Some(gone) = self.running.remove(&name) else { continue };
            for part in gone.parts {
                self.around.health.clear(&part);
                self.around.health.clear_note(&part);
            }
            let aibots: Vec<&str> = gone.aibots.iter().map(|aibot| &**aibot).collect();
            self.around.metrics.wecom().gone(&name, &aibots);
        }
        for (name, mut tenant) in made {
            std::mem::take(&mut tenant.tasks).into_iter().for_each(|task| drop(tokio::spawn(task)));
            self.running.insert(name, tenant);
        }
        self.doors.replace(self.running.values().flat_map(|tenant| tenant.doors.clone()).collect());
        self.configured = configured;
    }

    /// Long connections that were given up are tried again: an operator asks for it.
    pub(super) fn ask_again(&self) {
        self.running.values().flat_map(|tenant| &tenant.clients).for_each(Client::ask_again);
    }
}

impl Next {
    /// Who carries actions out.
    pub(super) fn platforms(&self, now: &Tenants) -> ByName {
        let of = |name: &Arc<str>| self.made.get(name).or_else(|| now.running.get(name));
        let named = |tenant: &Wecom| Some((tenant.name.clone(), of(&tenant.name)?.platform.clone()));
        self.configured.iter().filter_map(named).collect()
    }

    /// Those that are new or not as they were.
    pub(super) fn afresh(&self) -> impl Iterator<Item = Arc<str>> {
        self.made.keys().cloned()
    }
}

/// How fast actions go out to each.
pub(super) fn paces(tenants: &[Wecom]) -> HashMap<Arc<str>, Pace> {
    tenants.iter().map(|tenant| (tenant.name.clone(), pace(tenant))).collect()
}

/// How fast actions go out to one company.
pub fn pace(tenant: &Wecom) -> Pace {
    // WeCom drops no repeated id; what one robot, person or chat may get in a minute its platform knows itself.
    Pace { idempotent: false, per_second: tenant.actions_per_second, per_group: None, pulls: false }
}

/// One company of which nothing runs by itself, for a daemon that is turned by hand: it neither reads members nor holds connections,
/// and its calls go by `carrier`.
pub struct ByHand {
    /// Who carries its actions out.
    pub platform: Arc<dyn Platform>,
    /// Its callback addresses, for [`WecomState::replace`].
    pub doors: HashMap<String, DoorIn>,
}

impl ByHand {
    /// Makes it.
    ///
    /// # Errors
    /// Its configuration cannot be used.
    pub fn new(
        company: &Wecom,
        intake: Intake,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        carrier: Arc<dyn Carrier>,
    ) -> anyhow::Result<Self> {
        let (health, counted) = (Health::new(), Counted::default());
        let around = Around { intake, clock, health, metrics, counted, carrier: Some(carrier) };
        let Tenant { platform, doors, .. } = tenant_of(company, &around)?;
        Ok(Self { platform, doors })
    }
}

/// Everything of one company.
fn tenant_of(tenant: &Wecom, around: &Around) -> anyhow::Result<Tenant> {
    let stop = CancellationToken::new();
    let calls = Calls::of(tenant, around.clock.clone())?.counted(&tenant.name, &around.metrics);
    let calls = calls.carried_by(around.carrier.clone());
    let (hints, archive_hint) = (Hints::default(), Arc::new(Notify::new()));
    let mut parts = Vec::new();
    let mut tasks: Vec<Task> = Vec::new();

    let answers = (tenant.answers() || tenant.chats()).then(|| {
        (around.counted.answers(&tenant.corp_id, around.clock.clone()), calls.endpoint.address(answers::CALL))
    });
    let chats = answers.as_ref().map(|(answers, _)| answers);
    let aibots = aibots::made(tenant, around, (&groups_there(tenant), chats), &stop)?;
    let speaking = tenant.speaking_app();
    let api = speaking.map(|app| calls.api(&app.secret));
    let app = speaking
        .zip(api.clone())
        .map(|(app, api)| around.counted.app(&tenant.corp_id, api, app.agent_id.into(), around.clock.clone()));
    let groups = tenant.groups.iter().map(|(chat, group)| {
        let robot =
            group.robot.as_ref().map(|key| around.counted.robot(calls.endpoint.clone(), key, around.clock.clone()));
        let created = api.clone().filter(|_| group.kind == GroupKind::App);
        let aibot = group.aibot.as_ref().and_then(|name| aibots.speakers.get(name).cloned());
        let there = group.aibot_chat.clone().unwrap_or_else(|| chat.clone());
        let ways = GroupWays {
            robot,
            chat: created.map(|api| (AppChats::new(api), chat.clone())),
            aibot: aibot.map(|speaker| (speaker as Arc<dyn AibotPush>, there)),
        };
        (chat.clone(), ways)
    });
    let names = tenant.groups.iter().filter_map(|(chat, group)| Some((chat.clone(), group.name.clone()?)));
    let called = Called::new(names);
    let routes = Routes {
        groups: groups.collect(),
        app,
        duty: tenant.duty.clone(),
        strangers: tenant.strangers(),
        called: called.clone(),
        app_name: speaking.map(|app| app.name.clone()).unwrap_or_default(),
        answers: answers.clone().map(|(answers, _)| (answers, calls.endpoint.clone())),
    };

    let mut keep = |source: Source, whose: &str, refresh, hints: &Hints| {
        let part = format!("wecom.{}.{whose}", tenant.name);
        let keeper = Keeper {
            platform: tenant.name.clone(),
            source,
            refresh,
            hints: hints.clone(),
            called: called.clone(),
            inlet: inlet(around),
            clock: around.clock.clone(),
            shown: shown(&around.health, &part),
        };
        tasks.push(Box::pin(keeper.run(stop.clone())));
        parts.push(part);
    };
    if let Some(customer) = &tenant.customer {
        let customers = Customers::new(calls.api(&customer.secret), Patience::default());
        keep(Source::Customers(customers, customer.owners.clone()), "customers", customer.refresh, &hints);
    }
    let created: Vec<Arc<str>> =
        tenant.groups.iter().filter(|(_, group)| group.kind == GroupKind::App).map(|(chat, _)| chat.clone()).collect();
    if let Some((app, api)) = speaking.zip(api).filter(|_| !created.is_empty()) {
        keep(Source::App(AppChats::new(api), created), "appchats", app.refresh, &Hints::default());
    }
    if let Some(archive) = &tenant.archive {
        let rooms = Rooms::default();
        let (part, task) = archive::made(tenant, archive, around, (archive_hint.clone(), rooms.clone()), &stop)?;
        tasks.push(task);
        parts.push(part);
        let part = format!("wecom.{}.consent", tenant.name);
        let api = ArchiveApi::new(calls.api(&archive.secret));
        tasks.push(consent::watch(tenant, (api, rooms, called), around, part.clone(), &stop));
        parts.push(part);
    }
    let doors = doors::made(tenant, &hints, &archive_hint, answers)?;
    let aibots::Made { clients, tasks: connections, parts: bots, speakers } = aibots;
    let aibots = speakers.into_keys().collect();
    tasks.extend(connections);
    parts.extend(bots);
    let platform = Arc::new(WecomPlatform::new(routes));
    Ok(Tenant { platform, doors, clients, tasks, parts, aibots, _stop: stop.drop_guard() })
}

/// How a company's interface is called with different secrets.
pub struct Calls {
    endpoint: Endpoint,
    corp_id: Arc<str>,
    clock: Arc<dyn Clock>,
}

impl Calls {
    /// Gets ready; calls nothing.
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn of(tenant: &Wecom, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let endpoint = Endpoint::new(&tenant.api_url, tenant.timeout);
        let endpoint = endpoint.with_context(|| format!("wecom {}: api_url", tenant.name))?;
        Ok(Self { endpoint, corp_id: tenant.corp_id.clone(), clock })
    }

    /// The same, and what is answered is counted.
    fn counted(mut self, platform: &Arc<str>, metrics: &Arc<Metrics>) -> Self {
        let (platform, metrics) = (platform.clone(), metrics.clone());
        self.endpoint = self.endpoint.telling(Arc::new(move |call, result| {
            if call == "gettoken" {
                metrics.wecom().token(&platform, result.is_ok());
            }
            if let Some(code) = result.err().and_then(ApiError::code) {
                metrics.wecom().error(&platform, code);
            }
        }));
        self
    }

    /// The same, by this carrier if there is one.
    fn carried_by(self, carrier: Option<Arc<dyn Carrier>>) -> Self {
        match carrier {
            Some(carrier) => Self { endpoint: self.endpoint.carried_by(carrier), ..self },
            None => self,
        }
    }

    /// Calls with this secret.
    pub fn api(&self, secret: &Hidden) -> Api {
        let tokens = Tokens::new(self.endpoint.clone(), &self.corp_id, secret.clone(), self.clock.clone());
        Api::new(self.endpoint.clone(), Arc::new(tokens))
    }
}

/// Groups that 智能机器人 know by other ids: our id by theirs.
fn groups_there(tenant: &Wecom) -> Groups {
    let other = tenant.groups.iter().filter_map(|(chat, group)| Some((group.aibot_chat.as_deref()?, &**chat)));
    other.map(|(there, here)| (there.into(), here.into())).collect()
}

fn inlet(around: &Around) -> Arc<dyn Inlet> {
    Arc::new(around.intake.clone())
}

/// Says under `part` what is wrong, or that nothing is.
fn shown(health: &Health, part: &str) -> Arc<dyn Fn(Option<String>) + Send + Sync> {
    let (health, part) = (health.clone(), part.to_owned());
    Arc::new(move |wrong| match wrong {
        Some(why) => health.set(&part, why),
        None => health.clear(&part),
    })
}
