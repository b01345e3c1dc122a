//! Keeps the rosters of a tenant's groups true: reads all of them on a schedule and one as soon as something hints at it, and
//! hands in what has changed. The roster is written with the events that were made of it, so that none is missed or told twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Called, Roster};
use crate::adapters::inbound;
use crate::adapters::wecom::api::ApiError;
use crate::adapters::wecom::appchat::AppChats;
use crate::adapters::wecom::backoff::Backoff;
use crate::adapters::wecom::customer::Customers;
use crate::adapters::wecom::inlet::Inlet;
use crate::ports::{Clock, Mark};

/// How long nothing is done between two looks at the clock: a hand-turned one is noticed within it.
const LOOK: Duration = Duration::from_millis(50);
/// Between two groups at least this long: a thousand groups in a minute and a half, far from any limit.
const BETWEEN: Duration = Duration::from_millis(100);

/// Where the members of groups are read.
pub enum Source {
    /// 客户群 of these owners, or all that may be seen.
    Customers(Customers, Vec<Arc<str>>),
    /// Groups that an app created, by chat id.
    App(AppChats, Vec<Arc<str>>),
}

/// Groups, each at the version of its members that was told, or none.
type Asked = BTreeSet<(Arc<str>, String)>;

/// Groups that are to be read now. Clones share it.
#[derive(Clone, Default)]
pub struct Hints {
    asked: Arc<Mutex<Asked>>,
    some: Arc<Notify>,
}

impl Hints {
    /// Reads a group soon; at this version of its members, if one was told.
    pub fn read(&self, chat: &str, version: &str) {
        self.lock().insert((chat.into(), version.to_owned()));
        self.some.notify_one();
    }

    fn take(&self) -> Asked {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What went wrong last, or nothing: for whoever shows it.
pub type Shown = Arc<dyn Fn(Option<String>) + Send + Sync>;

/// Keeps rosters.
pub struct Keeper {
    /// The platform of events.
    pub platform: Arc<str>,
    /// Where members are read.
    pub source: Source,
    /// How often all groups are read.
    pub refresh: Duration,
    /// Groups to be read before that.
    pub hints: Hints,
    /// Where events go.
    pub inlet: Arc<dyn Inlet>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Told what groups are called.
    pub called: Called,
    /// Told after each round.
    pub shown: Shown,
}

impl Keeper {
    /// Runs until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep() => {}
        }
    }

    async fn keep(&self) {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let mut due = self.clock.now();
        loop {
            let mut wrong = None;
            for (chat, version) in self.hints.take() {
                if let Err(error) = self.read(&chat, &version).await {
                    self.hints.lock().insert((chat, version));
                    wrong = Some(error);
                }
            }
            if self.clock.now() >= due {
                match self.round().await {
                    Ok(()) => due = self.clock.now().plus(self.refresh),
                    Err(error) => wrong = Some(error),
                }
            }
            (self.shown)(wrong.clone());
            if let Some(error) = wrong {
                tracing::warn!(
                    platform = &*self.platform,
                    error,
                    "members of groups cannot be read; it is tried again"
                );
                tokio::time::sleep(backoff.pause()).await;
                continue;
            }
            backoff.reset();
            self.rest(due).await;
        }
    }

    /// Waits until the next round is due or something is hinted at.
    async fn rest(&self, due: crate::domain::time::Timestamp) {
        while self.clock.now() < due {
            if tokio::time::timeout(LOOK, self.hints.some.notified()).await.is_ok() {
                return;
            }
        }
    }

    /// All groups once. One that cannot be read does not keep the others from it.
    async fn round(&self) -> Result<(), String> {
        let chats: Vec<Arc<str>> = match &self.source {
            Source::Customers(customers, owners) => {
                let listed = customers.groups(owners).await.map_err(|error| error.to_string())?;
                listed.into_iter().map(|group| group.chat_id).collect()
            }
            Source::App(_, chats) => chats.clone(),
        };
        for chat in chats {
            if self.read(&chat, "").await.is_err() {
                self.hints.lock().insert((chat, String::new())); // it is read again by itself, and its trouble told then
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(())
    }

    /// One group: what has changed in it is handed in.
    async fn read(&self, chat: &Arc<str>, version: &str) -> Result<(), String> {
        let roster = match self.roster(chat, version).await {
            Ok(roster) => roster,
            // Dissolved, or none of ours any more: there is nothing to be read again and again.
            Err(error) if error.code().is_some_and(is_gone) => {
                tracing::warn!(platform = &*self.platform, %chat, %error, "a group is not there for us any more");
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        if roster.members.is_empty() {
            return Err(format!("the group {chat} is told to have no members, which cannot be"));
        }
        self.called.was_read(chat, &roster.name);
        let source: Arc<str> = format!("wecom/{}/group/{chat}", self.platform).into();
        let kept = self.inlet.mark(&source).await.map_err(|error| error.to_string())?;
        let before: Option<Roster> = kept.as_deref().and_then(|kept| serde_json::from_str(kept).ok());
        let now = self.clock.now();
        let mut events = Vec::new();
        for json in roster.events_since(before.as_ref(), chat, now) {
            let event = inbound::one(&json, &self.platform, now).map_err(|error| error.error)?;
            events.push(event);
        }
        let value = serde_json::to_string(&roster).map_err(|error| error.to_string())?;
        if kept.as_deref() == Some(value.as_str()) {
            return Ok(());
        }
        self.inlet.submit(events, Some(Mark { source, value })).await.map_err(|error| error.to_string())?;
        Ok(())
    }

    async fn roster(&self, chat: &str, version: &str) -> Result<Roster, ApiError> {
        match &self.source {
            Source::Customers(customers, _) if version.is_empty() => {
                Ok(Roster::of_customers(&customers.group(chat).await?))
            }
            Source::Customers(customers, _) => Ok(Roster::of_customers(&customers.group_at(chat, version).await?)),
            Source::App(chats, _) => Ok(Roster::of_app(&chats.get(chat).await?)),
        }
    }
}

/// 90501: no customer group (document 92122); 40050: no chat of this app (document 90245).
fn is_gone(code: i64) -> bool {
    matches!(code, 90501 | 40050)
}
