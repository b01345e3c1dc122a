//! A bot that only writes down what it gets, and what must never happen to it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use qunwei::adapters::bridge::sign::{Headers, Secret, verify};
use qunwei::ports::Clock;
use qunwei::serve::SystemClock;
use serde_json::Value;

use crate::support::SECRET;
use crate::support::dice::Dice;

/// A bot that only writes down what it gets.
pub struct Sink {
    pub url: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
pub struct Log {
    pub attempts: u64,
    /// The body of each id's first attempt.
    pub tried: HashMap<String, Bytes>,
    /// Ids by what must have one id only.
    pub causes: HashMap<String, HashSet<String>>,
    /// What the store had recorded as done when the daemon was last down.
    pub confirmed: HashSet<String>,
    /// What was done, where doing it again would be seen; an unmute may be repeated.
    pub once: bool,
    pub answered: HashSet<String>,
    pub faults: Vec<String>,
    dice: Option<Dice>,
}

impl Sink {
    pub async fn start(seed: u64) -> Self {
        let log = Arc::new(Mutex::new(Log { dice: Some(Dice::new(seed ^ 1)), ..Log::default() }));
        let router = Router::new().route("/actions", post(take)).with_state(log.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/actions", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, log }
    }

    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }
}

async fn take(State(log): State<Arc<Mutex<Log>>>, headers: HeaderMap, body: Bytes) -> Response {
    let (wait, status) = log.lock().unwrap().take(&headers, body);
    tokio::time::sleep(Duration::from_millis(wait)).await; // a bot needs its time, and is killed into it
    (status, r#"{"message":"m"}"#).into_response()
}

impl Log {
    fn take(&mut self, headers: &HeaderMap, body: Bytes) -> (u64, StatusCode) {
        let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
        let (id, timestamp, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let secret = Secret::parse(SECRET).unwrap();
        let signed = Headers { id, timestamp, signature };
        if let Err(error) = verify(&[secret], signed, &body, SystemClock.now(), Duration::from_secs(300)) {
            self.faults.push(format!("signature: {error:?}"));
        }
        let action: Value = serde_json::from_slice(&body).unwrap();
        let id = text(&action["id"]);
        self.attempts += 1;
        if self.confirmed.contains(&id) {
            self.faults.push(format!("{id} came again after the store had recorded it as done"));
        }
        let first = self.tried.entry(id.clone()).or_insert_with(|| body.clone());
        if *first != body {
            self.faults.push(format!("the body of {id} changed"));
        }
        if action["cause"]["event"].is_string() {
            let cause = format!("{} {} {}", action["type"], action["user"], action["cause"]);
            self.causes.entry(cause).or_default().insert(id.clone());
        }
        if self.once && action["type"] != "unmute" && self.answered.contains(&id) {
            self.faults.push(format!("{id} came again after it was done"));
        }
        let dice = self.dice.as_mut().unwrap();
        let wait = if dice.percent(20) { dice.below(60) } else { 0 };
        let status = if dice.percent(5) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        if status == StatusCode::OK {
            self.answered.insert(id);
        }
        (wait, status)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
