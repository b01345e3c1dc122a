//! A bot that does everything at once and remembers when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

type Came = Arc<Mutex<HashMap<(String, String), Instant>>>;

/// The bot.
pub struct Sink {
    pub url: String,
    came: Came,
}

impl Sink {
    pub async fn start() -> Self {
        let came = Came::default();
        let router = Router::new().route("/actions", post(take)).with_state(came.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/actions", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, came }
    }

    /// When the first action of a type came that this event caused.
    pub fn came(&self, event: &str, kind: &str) -> Option<Instant> {
        self.came.lock().unwrap().get(&(event.to_owned(), kind.to_owned())).copied()
    }
}

async fn take(State(came): State<Came>, body: Bytes) -> &'static str {
    let action: Value = serde_json::from_slice(&body).unwrap();
    let event = action["cause"]["event"].as_str().unwrap_or_default().to_owned();
    let kind = action["type"].as_str().unwrap_or_default().to_owned();
    came.lock().unwrap().entry((event, kind)).or_insert_with(Instant::now);
    "{}"
}

/// An address where connections are taken in and nothing is ever answered.
pub async fn black_hole() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/actions", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    url
}

/// The middle one, and the one that only one in twenty exceeds.
pub fn percentiles(mut times: Vec<std::time::Duration>) -> (std::time::Duration, std::time::Duration) {
    times.sort_unstable();
    let at =
        |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or_default();
    (at(0.5), at(0.95))
}
