//! The loop: asks for what is behind the position, hands it in together with the position that it reaches, and asks for more
//! only when that is durable. So a crash at any point loses nothing; what is handed in twice is known by its id.
//!
//! - A message that cannot be opened or read is kept sealed or raw and does not hold up those behind it.
//! - A message whose private key is missing does: whatever is passed over is lost, because nobody looks back. It waits, with
//!   an alarm, until the key is there.
//! - An event that the store refuses alone (while it takes a position without events) is replaced by one that says so.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::keys::Keys;
use super::page::{Opened, Page};
use super::read::{Read, Reader, unread};
use super::state::{DAY, State, Trouble, WINDOW};
use super::worker::Worker;
use crate::adapters::inbound::{self, Inbound};
use crate::adapters::wecom::backoff::Backoff;
use crate::adapters::wecom::inlet::{Inlet, Mark, Refused};
use crate::domain::time::Timestamp;
use crate::ports::Clock;

/// So many messages are handed in at once: the other ways in get their turn between them.
const AT_ONCE: usize = 200;
/// Between two pages at least this long, so that 600 calls a minute, the least that WeCom ever allowed, are not exceeded.
const BETWEEN_PAGES: Duration = Duration::from_millis(100);
/// That nothing new came is recorded so often.
const REST: Duration = Duration::from_secs(600);
/// Events that the store refuses so often, while it takes a position without events, are to blame themselves.
const PATIENCE: u32 = 3;

/// How often, and from when on, messages are read.
#[derive(Clone, Debug)]
pub struct Pace {
    /// How long to wait when there was nothing more; hints shorten it.
    pub interval: Duration,
    /// The first wait after a failure.
    pub first_wait: Duration,
    /// The longest wait after failures.
    pub longest_wait: Duration,
    /// At the very first start, messages from before it are judged too; else they are passed over.
    pub from_the_beginning: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            from_the_beginning: false,
        }
    }
}

/// What the loop is made of.
pub struct Parts {
    /// The platform's name in events.
    pub platform: Arc<str>,
    /// Whose position is kept, `wecom/NAME/archive`.
    pub source: Arc<str>,
    /// The thread that asks WeCom.
    pub worker: Worker,
    /// The corp's private keys; a reload puts others here and gives a hint.
    pub keys: Arc<ArcSwap<Keys>>,
    /// How messages are read.
    pub reader: Reader,
    /// Where events go.
    pub inlet: Arc<dyn Inlet>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Waking it asks at once (`msgaudit_notify`, other keys).
    pub hint: Arc<Notify>,
    /// Told after each change of the state.
    pub shown: Arc<dyn Fn(&State) + Send + Sync>,
    /// How often.
    pub pace: Pace,
}

/// The position as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Everything up to here is durable.
    seq: u64,
    /// Everything said before this time was read.
    #[serde(default)]
    read_up_to: Option<Timestamp>,
    /// Messages from before this time are passed over.
    #[serde(default)]
    from: Option<Timestamp>,
}

/// The loop.
pub struct Poller {
    parts: Parts,
    state: State,
    /// Where the loop is.
    position: Position,
    /// What of it is durable.
    durable: Position,
    /// When that was written.
    written: Option<Timestamp>,
    backoff: Backoff,
    alarmed: u64,
}

/// What to do after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// More is waiting.
    More,
    /// There was nothing more.
    Rest,
    /// Something is in the way.
    Wait,
}

impl Poller {
    /// Ready to run.
    pub fn new(parts: Parts) -> Self {
        let backoff = Backoff::new(parts.pace.first_wait, parts.pace.longest_wait);
        Self {
            parts,
            state: State::default(),
            position: Position::default(),
            durable: Position::default(),
            written: None,
            backoff,
            alarmed: 0,
        }
    }

    /// Runs until it is told to stop. What is under way then was or was not durable, and the next start knows which.
    pub async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.go_on() => {}
        }
    }

    async fn go_on(&mut self) {
        self.begin().await;
        loop {
            let pause = match self.turn().await {
                Next::More => {
                    self.backoff.reset();
                    tokio::time::sleep(BETWEEN_PAGES).await;
                    continue;
                }
                Next::Rest => {
                    self.backoff.reset();
                    self.parts.pace.interval
                }
                Next::Wait => self.backoff.next_wait(),
            };
            // A hint that came meanwhile is kept by the `Notify` and ends the pause at once.
            let hint = self.parts.hint.clone();
            tokio::time::timeout(pause, hint.notified()).await.ok();
        }
    }

    /// Finds the position.
    async fn begin(&mut self) {
        let kept = loop {
            match self.parts.inlet.mark(&self.parts.source).await {
                Ok(kept) => break kept,
                Err(refused) => self.in_the_way(Trouble::Store(refused.to_string())).await,
            }
        };
        self.backoff.reset();
        self.state.trouble = None;
        let now = self.parts.clock.now();
        let first = kept.is_none();
        match kept.map(|kept| serde_json::from_str::<Position>(&kept)) {
            Some(Ok(position)) => self.position = position,
            Some(Err(_)) => {
                // Nothing of ours; reading again from 0 does no harm, because every message is known by its id.
                tracing::error!(source = %self.parts.source, "the kept position cannot be read; the archive is read anew");
            }
            None if self.parts.pace.from_the_beginning => {}
            None => self.position.from = Some(now),
        }
        self.durable = self.position.clone();
        self.state.seq = self.position.seq;
        if first {
            self.hand_in(Vec::new()).await; // a second start must not take itself for the first
        }
        if let Some(read_up_to) = self.position.read_up_to
            && now.since(read_up_to) > WINDOW
        {
            let gap = (read_up_to, now.minus(WINDOW));
            self.state.gap = Some(gap);
            tracing::error!(
                source = %self.parts.source, from = %gap.0, to = %gap.1,
                "messages of this time are lost: WeCom gives them out for 5 days, and nobody read them"
            );
        }
        self.show();
    }

    /// Asks once and hands in what came.
    async fn turn(&mut self) -> Next {
        let asked = self.parts.clock.now();
        self.state.polled = Some(asked);
        let page = match self.parts.worker.page(self.position.seq, self.parts.keys.load_full()).await {
            Ok(page) => page,
            Err(trouble) => {
                self.note(trouble);
                return Next::Wait;
            }
        };
        let Page { messages, more, stopped, placeless } = page;
        self.state.lost += placeless;
        if placeless > 0 {
            tracing::error!(source = %self.parts.source, placeless, "messages without a place cannot be taken");
        }
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let piece: Vec<Opened> = messages.by_ref().take(AT_ONCE).collect();
            let last = messages.peek().is_none() && !more && stopped.is_none();
            self.take(piece, last.then_some(asked)).await;
        }
        if let Some(trouble) = stopped {
            self.note(trouble);
            return Next::Wait;
        }
        self.state.trouble = None;
        if !more {
            self.position.read_up_to = self.position.read_up_to.max(Some(asked));
            if self.written.is_none_or(|written| asked.since(written) >= REST) {
                self.hand_in(Vec::new()).await;
            }
        }
        self.show();
        if more { Next::More } else { Next::Rest }
    }

    /// Hands in messages, with the position behind them.
    async fn take(&mut self, messages: Vec<Opened>, caught_up: Option<Timestamp>) {
        let now = self.parts.clock.now();
        let mut events = Vec::with_capacity(messages.len());
        for opened in &messages {
            self.position.seq = opened.seq;
            let (event, time) = self.event(opened, now);
            events.extend(event);
            // A time ahead of our clock says nothing about how far the archive was read.
            self.position.read_up_to = self.position.read_up_to.max(time.filter(|time| *time <= now));
        }
        self.position.read_up_to = self.position.read_up_to.max(caught_up);
        self.hand_in(events).await;
        self.show();
    }

    /// A message as an event, and when it was said; no event when it is passed over.
    fn event(&mut self, opened: &Opened, now: Timestamp) -> (Option<Inbound>, Option<Timestamp>) {
        let (json, time, raw) = match self.parts.reader.read(opened) {
            Read::Private => {
                self.state.private += 1;
                return (None, None);
            }
            Read::Event { json, time, raw } => (json, time, raw),
        };
        if self.position.from.is_some_and(|from| time.is_some_and(|time| time < from)) {
            self.state.earlier += 1;
            return (None, time);
        }
        let read = inbound::one(&json, &self.parts.platform, now);
        if raw || read.is_err() {
            self.state.unreadable += 1;
            let (seq, source) = (opened.seq, &self.parts.source);
            tracing::warn!(%source, seq, "a message of the archive cannot be read; it is kept as it came");
        }
        let event = read.ok().or_else(|| {
            let kept = unread("", opened.seq, "it makes no event", &json);
            let Read::Event { json, .. } = kept else { return None };
            inbound::one(&json, &self.parts.platform, now).ok()
        });
        if event.is_none() {
            self.state.lost += 1;
        }
        (event, time)
    }

    /// Makes events and the position durable, however long that takes.
    async fn hand_in(&mut self, events: Vec<Inbound>) {
        let mut rows = vec![events];
        while let Some(events) = rows.pop() {
            // Until the last row is durable the position stays where it was: all of it is handed in again after a crash.
            let position = if rows.is_empty() { self.position.clone() } else { self.durable.clone() };
            let mut blamed = 0;
            loop {
                match self.parts.inlet.submit(events.clone(), Some(self.mark(&position))).await {
                    Ok(taken) => {
                        self.state.messages += taken.accepted as u64;
                        self.is_durable(position);
                        break;
                    }
                    Err(refused) => {
                        let tried = matches!(refused, Refused::Unwritten(_));
                        self.in_the_way(Trouble::Store(refused.to_string())).await;
                        blamed += u32::from(tried && !events.is_empty() && self.store_is_well().await);
                    }
                }
                if blamed >= PATIENCE {
                    rows.extend(self.without_the_one_to_blame(events));
                    break;
                }
            }
        }
    }

    fn is_durable(&mut self, position: Position) {
        self.written = Some(self.parts.clock.now());
        self.state.seq = position.seq;
        self.durable = position;
        self.backoff.reset();
        if matches!(self.state.trouble, Some(Trouble::Store(_))) {
            self.state.trouble = None;
        }
    }

    /// Whether the store takes something else: the position that it has already.
    async fn store_is_well(&self) -> bool {
        self.parts.inlet.submit(Vec::new(), Some(self.mark(&self.durable))).await.is_ok()
    }

    /// The halves of what was refused, to be handed in one behind the other; of a single event, one that says that it was
    /// refused.
    fn without_the_one_to_blame(&mut self, mut events: Vec<Inbound>) -> Vec<Vec<Inbound>> {
        if events.len() > 1 {
            let second = events.split_off(events.len() / 2);
            return vec![second, events];
        }
        let Some(refused) = events.pop() else { return vec![Vec::new()] };
        self.state.lost += 1;
        tracing::error!(source = %self.parts.source, seq = self.position.seq, "a message cannot be recorded; it is passed over");
        let stands_for_it =
            matches!(&refused.event.kind, crate::domain::event::Kind::Other(kind) if &**kind == REFUSED);
        if stands_for_it {
            return vec![Vec::new()]; // not even that
        }
        let json = serde_json::json!({"id": format!("refused:{}", refused.event.id), "type": REFUSED}).to_string();
        let event = inbound::one(&json, &self.parts.platform, self.parts.clock.now()).ok();
        vec![event.into_iter().collect()]
    }

    fn mark(&self, position: &Position) -> Mark {
        // A position is three numbers: nothing in it can fail to be written.
        let value = serde_json::to_string(position).unwrap_or_default();
        Mark { source: self.parts.source.clone(), value }
    }

    async fn in_the_way(&mut self, trouble: Trouble) {
        self.note(trouble);
        tokio::time::sleep(self.backoff.next_wait()).await;
    }

    fn note(&mut self, trouble: Trouble) {
        if self.state.trouble.as_ref() != Some(&trouble) {
            tracing::error!(source = %self.parts.source, %trouble, "the archive is not read");
        }
        self.state.trouble = Some(trouble);
        self.show();
    }

    fn show(&mut self) {
        let now = self.parts.clock.now();
        let since = self.position.read_up_to.or(self.position.from);
        self.state.read_up_to = self.position.read_up_to;
        self.state.behind = since.map(|since| now.since(since)).unwrap_or_default();
        self.state.days_behind = self.state.behind.as_secs() / DAY.as_secs();
        if self.state.days_behind > self.alarmed {
            let (source, days) = (&self.parts.source, self.state.days_behind);
            tracing::error!(%source, days, "the archive was not read for days; after 5 days messages are lost for ever");
        }
        self.alarmed = self.state.days_behind;
        (self.parts.shown)(&self.state);
    }
}

/// The type of the event that stands for one that the store refused.
const REFUSED: &str = "wecom.refused";
