//! The callback addresses of a company.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Notify;

use super::aibots::robot;
use super::groups_there;
use crate::adapters::wecom::aibot::answers::Answers;
use crate::adapters::wecom::callback::robot::Robot;
use crate::adapters::wecom::callback::{Channel, Hint};
use crate::adapters::wecom::crypt::Crypt;
use crate::adapters::wecom::roster::keeper::Hints;
use crate::config::{AibotWay, Callback, Wecom};
use crate::web::hooks::Switch;
use crate::web::wecom::{DoorIn, Forward, Limits, Network, OnHint, Sources};

/// All of them, by what follows `/hooks/wecom/`. What bots hear can be answered at addresses like the one beside `answers`.
pub(super) fn made(
    tenant: &Wecom,
    hints: &Hints,
    archive: &Arc<Notify>,
    answers: Option<(Answers, String)>,
) -> anyhow::Result<HashMap<String, DoorIn>> {
    let name = &tenant.name;
    let on_hint = on_hint(hints, archive);
    let mut doors = HashMap::new();
    let mut add = |path: String, callback: &Callback, channel: Channel, receiveid: &str| {
        let door = door(tenant, callback, channel, receiveid, &on_hint).with_context(|| format!("/hooks/wecom/{path}"));
        door.map(|door| {
            let answers = answers.as_ref().map(|(answers, _)| answers.clone());
            doors.insert(path, DoorIn { answers, ..door });
        })
    };
    for app in &tenant.apps {
        if let Some(callback) = &app.callback {
            add(format!("{name}/app/{}", app.name), callback, Channel::App, &tenant.corp_id)?;
        }
    }
    if let Some(callback) = tenant.customer.as_ref().and_then(|customer| customer.callback.as_ref()) {
        add(format!("{name}/customer"), callback, Channel::Customer, &tenant.corp_id)?;
    }
    for aibot in &tenant.aibots {
        if let AibotWay::Callback(callback) = &aibot.way {
            // Callbacks of the corp's own bots name nobody as their receiver (document 101033).
            // Where a bot was before, each answer is its own: an address is good for one.
            let own = answers.as_ref().filter(|_| callback.forward.is_none());
            let answered_at = own.map(|(_, under)| Box::from(&**under));
            let channel = Channel::Robot(Robot { answered_at, ..robot(tenant, &groups_there(tenant)) });
            add(format!("{name}/aibot/{}", aibot.name), callback, channel, "")?;
        }
    }
    Ok(doors)
}

fn door(
    tenant: &Wecom,
    callback: &Callback,
    channel: Channel,
    receiveid: &str,
    on_hint: &OnHint,
) -> anyhow::Result<DoorIn> {
    let now = (callback.token.clone(), callback.aes_key.clone());
    let pairs = std::iter::once(&now).chain(&callback.previous);
    let keys = pairs.map(|(token, key)| Crypt::new(token.reveal(), key.reveal(), receiveid));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let forward =
        callback.forward.as_ref().map(|to| Forward::new(&to.url, to.timeout, Forward::MAX_BYTES)).transpose()?;
    let networks = callback.allow_ips.iter().map(|ip| Network::parse(ip)).collect::<Result<Vec<_>, _>>()?;
    let header = callback.proxy_header.as_deref().map(str::parse).transpose()?;
    Ok(DoorIn {
        platform: tenant.name.clone(),
        keys,
        channel,
        limits: Limits { window: callback.window, ..Limits::default() },
        sources: (!networks.is_empty()).then_some(Sources { networks, header }),
        forward,
        on_hint: on_hint.clone(),
        answers: None,
        state: Switch::On,
    })
}

fn on_hint(hints: &Hints, archive: &Arc<Notify>) -> OnHint {
    let (hints, archive) = (hints.clone(), archive.clone());
    Arc::new(move |hint| match hint {
        Hint::Group { chat, cur, .. } => hints.read(&chat, cur.as_deref().unwrap_or_default()),
        Hint::Archive => archive.notify_one(),
    })
}
