//! The session archive of a company: its library, its keys, and the loop that reads it.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Around, Task, inlet};
use crate::adapters::wecom::archive::keys::Keys;
use crate::adapters::wecom::archive::library::{Access, Library, MOST_MESSAGES, Sdk};
use crate::adapters::wecom::archive::page;
use crate::adapters::wecom::archive::poll::{Pace, Parts, Poller};
use crate::adapters::wecom::archive::read::{Private, Reader};
use crate::adapters::wecom::archive::rooms::Rooms;
use crate::adapters::wecom::archive::state::State;
use crate::adapters::wecom::archive::worker::Worker;
use crate::adapters::wecom::mention::Names;
use crate::app::metrics::Reading;
use crate::config::{Archive, BOT_USER, Wecom};

/// Makes the loop ready: under what name its health is told, and what to run. `rooms` is told of the groups it hears.
pub(super) fn made(
    tenant: &Wecom,
    archive: &Archive,
    around: &Around,
    (hint, rooms): (Arc<Notify>, Rooms),
    stop: &CancellationToken,
) -> anyhow::Result<(String, Task)> {
    let mut keys = Keys::default();
    for (version, pem) in &archive.keys {
        keys.add((*version).into(), pem.reveal())
            .with_context(|| format!("wecom {}: the archive's private key {version}", tenant.name))?;
    }
    let part = format!("wecom.{}.archive", tenant.name);
    let password = archive.proxy.as_ref().and_then(|(_, password)| password.as_ref());
    let (metrics, platform) = (around.metrics.clone(), tenant.name.clone());
    let access = Access {
        told: Some(Arc::new(move |code| metrics.wecom().library(&platform, code.number().into()))),
        corp: tenant.corp_id.to_string(),
        secret: archive.secret.reveal().to_owned(),
        proxy: archive.proxy.as_ref().map(|(address, _)| address.clone()).unwrap_or_default(),
        proxy_password: password.map(|password| password.reveal().to_owned()).unwrap_or_default(),
        timeout: tenant.timeout,
    };
    let path = archive.library.clone();
    let open = move || Ok(page::Archive::new(Sdk::init(Library::open(&path)?, &access)?, MOST_MESSAGES));
    let names = tenant.bot_names.iter().map(|name| (name.to_string(), BOT_USER.to_owned()));
    let private = if archive.private { Private::Keep } else { Private::Ignore };
    let parts = Parts {
        platform: tenant.name.clone(),
        source: part.replace('.', "/").into(),
        worker: Worker::start(&tenant.name, open)?,
        keys: Arc::new(ArcSwap::from_pointee(keys)),
        reader: Reader { names: Names::new(names), heard: heard(tenant), private, rooms, ..Reader::default() },
        inlet: inlet(around),
        clock: around.clock.clone(),
        hint,
        shown: shown(around, &tenant.name, &part),
        pace: Pace { interval: archive.poll, from_the_beginning: archive.from_the_beginning, ..Pace::default() },
    };
    let poller = Poller::new(parts);
    Ok((part, Box::pin(poller.run(stop.clone()))))
}

/// Groups with a 智能机器人 of ours in them.
fn heard(tenant: &Wecom) -> HashSet<Box<str>> {
    let there = |name: &Arc<str>| tenant.aibots.iter().any(|bot| bot.name == *name);
    let groups = tenant.groups.iter().filter(|(_, group)| group.aibot.as_ref().is_some_and(there));
    groups.map(|(chat, _)| Box::from(&**chat)).collect()
}

/// What keeps messages from being read is a reason not to be ready; how far it has come is a note.
fn shown(around: &Around, platform: &Arc<str>, part: &str) -> Arc<dyn Fn(&State) + Send + Sync> {
    let (metrics, platform) = (around.metrics.clone(), platform.clone());
    let (health, part) = (around.health.clone(), part.to_owned());
    Arc::new(move |state| {
        let reading = Reading { behind: state.behind, position: state.seq, polled: state.polled };
        metrics.wecom().archive(&platform, reading);
        match wrong(state) {
            Some(why) => health.set(&part, why),
            None => health.clear(&part),
        }
        health.note(&part, told(state));
    })
}

/// How far it has come, and what nobody will read any more.
fn told(state: &State) -> String {
    let mut told = match state.read_up_to {
        Some(time) => format!("read up to {time}, seq {}", state.seq),
        None => "nothing was read yet".to_owned(),
    };
    if let Some((from, to)) = state.gap {
        told.push_str(&format!("; messages from {from} to {to} are lost: WeCom keeps them for 5 days"));
    }
    if state.unreadable + state.lost > 0 {
        let (kept, lost) = (state.unreadable, state.lost);
        told.push_str(&format!(
            "; since the start {kept} messages could not be read and are kept raw, {lost} are lost"
        ));
    }
    told
}

fn wrong(state: &State) -> Option<String> {
    if let Some(trouble) = &state.trouble {
        return Some(trouble.to_string());
    }
    (state.days_behind > 0).then(|| {
        format!(
            "it is {} days behind; WeCom keeps messages for 5 days, older ones cannot be read any more",
            state.days_behind
        )
    })
}
