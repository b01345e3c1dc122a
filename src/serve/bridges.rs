//! The bridges of the configuration in force: their doors, their platforms, their paces and how they are shown, replaced
//! together.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::Context;

use super::Guest;
use super::wecom::{self, Tenants};
use crate::adapters::bridge::push::{Push, Target};
use crate::adapters::bridge::sign::Secret;
use crate::app::deliver::{ByName, Platforms, SharedOutbox};
use crate::app::health::{self, Health};
use crate::app::metrics::{BridgeState, Metrics};
use crate::app::outbox::Pace;
use crate::config::{Actions, Bridge, State, Wecom};
use crate::domain::policy::{Capability, Settings};
use crate::ports::{Clock, Platform};
use crate::web::hooks::{BridgeIn, HooksState, Limits, Rate, Switch};

/// What holds for the bridges.
pub(super) struct Bridges {
    pub(super) configured: Vec<Bridge>,
    pub(super) guests: Vec<Guest>,
    pub(super) tenants: Tenants,
    pub(super) platforms: Platforms,
    pub(super) outbox: SharedOutbox,
    pub(super) hooks: Arc<HooksState>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Health,
    pub(super) clock: Arc<dyn Clock>,
}

/// Other bridges, ready to be switched to.
pub(super) struct Next {
    configured: Vec<Bridge>,
    tenants: wecom::Next,
    platforms: ByName,
    paces: HashMap<Arc<str>, Pace>,
    /// Those that are new or not as they were.
    afresh: HashSet<Arc<str>>,
}

impl Bridges {
    /// Those that wanted no more are asked again.
    pub(super) fn enable(&self) {
        self.tenants.ask_again();
        for name in self.outbox.enable() {
            self.health.clear(&health::bridge(&name));
            self.metrics.bridge_state(&name, BridgeState::On);
            tracing::info!(platform = &*name, "the bridge that was disabled is asked again");
        }
    }

    /// The bridges as they are configured now.
    pub(super) fn configured(&self) -> &[Bridge] {
        &self.configured
    }

    /// Whether these are the same.
    pub(super) fn are(&self, bridges: &[Bridge], tenants: &[Wecom]) -> bool {
        self.configured == bridges && self.tenants.are(tenants)
    }

    /// Makes what other bridges need. Those that stay the same keep what they have.
    pub(super) fn prepare(
        &self,
        configured: Vec<Bridge>,
        tenants: Vec<Wecom>,
        settings: &Settings,
    ) -> anyhow::Result<Next> {
        let (mut platforms, mut afresh) = (ByName::new(), HashSet::new());
        for bridge in &configured {
            let same = self.configured.contains(bridge);
            if !same {
                afresh.insert(bridge.name.clone());
            }
            if let (State::On, Some(Actions::Sent(url))) = (&bridge.state, &bridge.actions) {
                let kept = if same { self.platforms.get(&bridge.name) } else { None };
                let platform = kept.map_or_else(|| push(bridge, url, self.clock.clone()), Ok)?;
                platforms.insert(bridge.name.clone(), platform);
            }
        }
        let guests = self.guests.iter().map(|guest| (guest.name.clone(), guest.platform.clone()));
        platforms.extend(guests);
        let mut paces = paces(&configured, &self.guests, settings);
        paces.extend(wecom::paces(&tenants));
        let tenants = self.tenants.prepare(tenants)?;
        platforms.extend(tenants.platforms(&self.tenants));
        afresh.extend(tenants.afresh());
        Ok(Next { configured, tenants, platforms, paces, afresh })
    }

    /// Forgets a platform that is not configured any more. Its bot is turned away from now on: that may be a slip.
    fn take_out(&self, name: &str) {
        self.health.clear(&health::bridge(name));
        self.metrics.bridge_gone(name);
        tracing::warn!(platform = name, "it was taken out of the configuration: what is delivered by it is refused");
    }

    /// Switches to other bridges.
    pub(super) fn switch(&mut self, next: Next) {
        let Next { configured, tenants, platforms, paces, afresh } = next;
        self.outbox.configure(&paces, &afresh);
        self.platforms.replace(platforms);
        self.hooks.replace(configured.iter().map(inbound).collect());
        for gone in self.tenants.configured.iter().filter(|old| !paces.contains_key(&old.name)) {
            self.take_out(&gone.name);
        }
        self.tenants.switch(tenants);
        for tenant in self.tenants.configured.iter().filter(|tenant| afresh.contains(&tenant.name)) {
            self.health.clear(&health::bridge(&tenant.name));
            self.metrics.bridge_state(&tenant.name, BridgeState::On);
        }
        for gone in self.configured.iter().filter(|old| configured.iter().all(|new| new.name != old.name)) {
            self.take_out(&gone.name);
        }
        for bridge in configured.iter().filter(|bridge| afresh.contains(&bridge.name)) {
            self.health.clear(&health::bridge(&bridge.name));
            self.metrics.bridge_state(&bridge.name, shown(bridge));
        }
        self.configured = configured;
    }
}

/// How a bridge is shown before it has answered anything.
pub(super) fn shown(bridge: &Bridge) -> BridgeState {
    if bridge.state == State::On { BridgeState::On } else { BridgeState::Off }
}

/// Tells the core of the platforms that no file names.
pub(super) fn announce(guests: &[Guest], settings: &mut Arc<Settings>) -> anyhow::Result<()> {
    if guests.is_empty() {
        return Ok(());
    }
    let settings = Arc::get_mut(settings).context("the configuration is in use before it is in force")?;
    settings.platforms.extend(guests.iter().map(|guest| (guest.name.clone(), guest.known.clone())));
    Ok(())
}

/// The paces of the bridges that are on, and of the guests.
pub(super) fn paces(bridges: &[Bridge], guests: &[Guest], settings: &Settings) -> HashMap<Arc<str>, Pace> {
    let pace = |bridge: &Bridge| Pace {
        idempotent: settings.capabilities(&bridge.name, "").has(Capability::Idempotent),
        per_second: bridge.actions_per_second,
        per_group: bridge.group_actions_per_minute.and_then(NonZeroU32::new),
        pulls: matches!(bridge.actions, Some(Actions::Fetched(_))),
    };
    let on = bridges.iter().filter(|bridge| bridge.state == State::On);
    let guests = guests.iter().map(|guest| (guest.name.clone(), guest.pace));
    on.map(|bridge| (bridge.name.clone(), pace(bridge))).chain(guests).collect()
}

/// Who sends the actions of a bridge to its address.
pub(super) fn push(bridge: &Bridge, url: &str, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Platform>> {
    let target = Target { actions_url: url.to_owned(), secrets: secrets(bridge), timeout: bridge.timeout };
    Ok(Arc::new(Push::new(target, clock).with_context(|| format!("bridge {}", bridge.name))?))
}

/// A bridge as events come in from it.
pub(super) fn inbound(bridge: &Bridge) -> (String, BridgeIn) {
    let limits = Limits {
        max_bytes: bridge.max_body,
        max_events: bridge.max_events,
        rate: bridge.requests_per_minute.and_then(NonZeroU32::new).map(|per_minute| Rate { per_minute }),
        ..Limits::default()
    };
    let state = match &bridge.state {
        State::On => Switch::On,
        State::Off { why } => Switch::Off(why.clone()),
    };
    let tokens = match &bridge.actions {
        Some(Actions::Fetched(tokens)) => Some(tokens.clone()),
        Some(Actions::Sent(_)) | None => None,
    };
    (bridge.name.to_string(), BridgeIn { secrets: secrets(bridge), tokens, limits, state })
}

fn secrets(bridge: &Bridge) -> Vec<Secret> {
    bridge.secrets.iter().map(|secret| Secret::from_bytes(secret.bytes())).collect()
}
