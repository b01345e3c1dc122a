//! What happens, as server-sent events: each carries an item of the board, its id is `epoch.seq`, and who was cut off goes on
//! from there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, StreamExt};
use serde_json::json;
use tokio::sync::watch;

use super::PlaygroundState;
use crate::adapters::playground::News;

/// Proxies and phones drop silent connections.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn feed(State(state): State<Arc<PlaygroundState>>, headers: HeaderMap) -> impl IntoResponse {
    let seen = headers.get("last-event-id").and_then(|id| parse(id.to_str().ok()?)).unwrap_or((0, 0));
    let stop = state.stop.clone();
    let items = stream::unfold(Reader::new(state, seen), Reader::next).flat_map(stream::iter);
    Sse::new(items.map(Ok::<_, Infallible>).take_until(stop.cancelled_owned()))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn parse(id: &str) -> Option<(u64, u64)> {
    let (epoch, seq) = id.split_once('.')?;
    Some((epoch.parse().ok()?, seq.parse().ok()?))
}

struct Reader {
    state: Arc<PlaygroundState>,
    changed: watch::Receiver<u64>,
    epoch: u64,
    seq: u64,
    greeted: bool,
}

impl Reader {
    fn new(state: Arc<PlaygroundState>, (epoch, seq): (u64, u64)) -> Self {
        let changed = state.playground.watch();
        Self { state, changed, epoch, seq, greeted: false }
    }

    /// What is new, when something is.
    async fn next(mut self) -> Option<(Vec<Event>, Self)> {
        loop {
            self.changed.borrow_and_update();
            let News { epoch, items } = self.state.playground.news(self.epoch, self.seq);
            let mut events = Vec::new();
            if epoch != self.epoch || !self.greeted {
                // Who knew another epoch forgets what they had.
                let fresh = epoch != self.epoch;
                let (now, ahead) = (self.state.turning.now(), self.state.turning.ahead().as_millis());
                let hello = json!({ "now": now, "ahead": ahead, "zone": self.state.zone, "fresh": fresh });
                events.push(Event::default().event("hello").data(hello.to_string()));
                (self.epoch, self.greeted) = (epoch, true);
            }
            for item in items {
                self.seq = item.seq;
                events.push(Event::default().id(format!("{epoch}.{}", item.seq)).data(&*item.json));
            }
            if !events.is_empty() {
                return Some((events, self));
            }
            self.changed.changed().await.ok()?;
        }
    }
}
