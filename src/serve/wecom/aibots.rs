//! The 智能机器人 of a company: their long connections, and what each needs to understand what it is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::{Around, Task, inlet};
use crate::adapters::wecom::aibot::answers::Answers;
use crate::adapters::wecom::aibot::client::{Client, Link, Settings};
use crate::adapters::wecom::aibot::feed::{Feed, Hearing, Shown};
use crate::adapters::wecom::aibot::middle::{self, Middle};
use crate::adapters::wecom::aibot::speaker::{Limits, Speaker};
use crate::adapters::wecom::callback::Groups;
use crate::adapters::wecom::callback::robot::Robot;
use crate::app::health::Health;
use crate::config::{Aibot, AibotWay, BOT_USER, Wecom};

/// How long until a port that is taken is tried again: the connection of before may still hold it.
const AGAIN: Duration = Duration::from_secs(1);

/// Those of a company that have a connection.
#[derive(Default)]
pub(super) struct Made {
    pub(super) speakers: HashMap<Arc<str>, Arc<Speaker>>,
    pub(super) clients: Vec<Client>,
    pub(super) tasks: Vec<Task>,
    pub(super) parts: Vec<String>,
}

/// What must be known of a bot to understand what it is told.
pub(super) fn robot(tenant: &Wecom, groups: &Groups) -> Robot {
    let name = tenant.bot_names.first().map(|name| Box::from(&**name));
    let archived = tenant.archive.is_some();
    Robot { name, user: Some(BOT_USER.into()), groups: groups.clone(), archived, answered_at: None, connected: false }
}

/// Makes the connections ready. Who writes to a bot alone is noted in `answers`.
pub(super) fn made(
    tenant: &Wecom,
    around: &Around,
    (groups, answers): (&Groups, Option<&Answers>),
    stop: &CancellationToken,
) -> anyhow::Result<Made> {
    let mut made = Made::default();
    for aibot in &tenant.aibots {
        let part = format!("wecom.{}.aibot.{}", tenant.name, aibot.name);
        let limits =
            Limits { a_minute: aibot.per_minute as usize, an_hour: aibot.per_hour as usize, ..Limits::default() };
        let speaker = around.counted.speaker(&aibot.bot_id, limits, around.clock.clone());
        let (metrics, of) = (around.metrics.clone(), (tenant.name.clone(), aibot.name.clone()));
        speaker.telling(Box::new(move || metrics.wecom().unacknowledged(&of.0, &of.1)));
        let feed = || {
            // Behind another program's bot its answers are its own.
            let own = matches!(aibot.way, AibotWay::Connected { .. });
            let hearing = Hearing {
                platform: tenant.name.clone(),
                robot: Robot { connected: own, ..robot(tenant, groups) },
                answers: answers.filter(|_| own).map(|answers| (answers.clone(), Arc::new(speaker.clone()) as _)),
                inlet: inlet(around),
                clock: around.clock.clone(),
                shown: heard(&around.health, &part),
            };
            Feed::start(hearing, stop.clone())
        };
        match &aibot.way {
            AibotWay::Callback(_) => continue,
            AibotWay::Connected { secret, ws_url } => {
                let settings = Settings::new(ws_url, &aibot.bot_id, secret.reveal());
                let client = connected(settings, &speaker, feed(), around, (&tenant.name, &aibot.name), &part);
                let client = client.map_err(anyhow::Error::msg).with_context(|| part.clone())?;
                made.tasks.push(Box::pin(client.clone().run(stop.clone())));
                made.clients.push(client);
            }
            AibotWay::Middle { listen, ws_url } => {
                let patience = Settings::new("", "", "").patience;
                let settings = middle::Settings { listen: *listen, url: ws_url.clone(), patience };
                let shown = through(around, (&tenant.name, &aibot.name), &part);
                let middle = Middle::new(settings, speaker.clone(), feed(), shown.clone());
                let middle = middle.map_err(anyhow::Error::msg).with_context(|| part.clone())?;
                let task = between(middle, aibot, around.health.clone(), part.clone(), stop.clone());
                made.tasks.push(Box::pin(async move {
                    shown(false); // only now: what the company had before was taken out meanwhile
                    task.await;
                }));
            }
        }
        made.speakers.insert(aibot.name.clone(), Arc::new(speaker));
        made.parts.extend([heard_part(&part), part]);
    }
    Ok(made)
}

/// What stands for what a bot hears, beside its connection.
fn heard_part(part: &str) -> String {
    format!("{part}.heard")
}

/// That nothing can be recorded is a reason not to be ready; what was lost is a note, because nobody can bring it back.
fn heard(health: &Health, part: &str) -> Shown {
    let (health, part) = (health.clone(), heard_part(part));
    Arc::new(move |counts| {
        match counts.trouble() {
            Some(why) => {
                health.set(&part, format!("what the bot is told cannot be recorded, and nobody tells it again: {why}"))
            }
            None => health.clear(&part),
        }
        if counts.lost() > 0 {
            health.note(&part, format!("{} messages to the bot could not be recorded and are lost", counts.lost()));
        }
    })
}

fn connected(
    settings: Settings,
    speaker: &Speaker,
    feed: Feed,
    around: &Around,
    (platform, aibot): (&Arc<str>, &Arc<str>),
    part: &str,
) -> Result<Client, String> {
    let (around, part) = (around.clone(), part.to_owned());
    let (platform, aibot) = (platform.clone(), aibot.clone());
    let shown = Arc::new(move |link: &Link| {
        let wecom = around.metrics.wecom();
        wecom.connected(&platform, &aibot, *link == Link::Up);
        if let Link::Refused { code, .. } = link {
            wecom.error(&platform, *code);
        }
        match link.trouble() {
            Some(why) => around.health.set(&part, why),
            None => around.health.clear(&part),
        }
    });
    Client::new(settings, speaker.clone(), feed, shown)
}

/// That no bot is connected is that bot's affair, and a note; there is none of it while the port is not free.
fn through(around: &Around, (platform, aibot): (&Arc<str>, &Arc<str>), part: &str) -> middle::Shown {
    let (metrics, health, part) = (around.metrics.clone(), around.health.clone(), part.to_owned());
    let (platform, aibot) = (platform.clone(), aibot.clone());
    Arc::new(move |connected| {
        metrics.wecom().connected(&platform, &aibot, connected);
        match connected {
            true => health.clear_note(&part),
            false => health
                .note(&part, "the bot that is there already is not connected through: what it is told is not heard"),
        }
    })
}

/// Listens for the bot that is there already, as soon as the port is free.
fn between(middle: Middle, aibot: &Aibot, health: Health, part: String, stop: CancellationToken) -> Task {
    let name = aibot.name.clone();
    Box::pin(async move {
        loop {
            match middle.bind().await {
                Ok((listener, address)) => {
                    health.clear(&part);
                    tracing::info!(aibot = &*name, %address, "the bot that is there already can connect");
                    return middle.run(listener, stop).await;
                }
                Err(error) => health.set(&part, format!("cannot listen for the bot that is there already: {error}")),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    })
}
