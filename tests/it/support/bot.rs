//! A fake bridge bot with a group of its own: it takes actions over HTTP, checks their signatures, keeps what they did to
//! the group, and can be told to answer badly.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
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
use serde_json::Value;

use super::clock::HandClock;

/// How the bot answers one attempt.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Does it and says so.
    Do,
    /// Does it, but the answer never arrives: the connection is cut after this long.
    DoAndHang(Duration),
    /// Does nothing and answers this status, with these headers.
    Status(u16, Vec<(&'static str, String)>),
}

/// The bot.
pub struct Bot {
    state: Arc<Mutex<Model>>,
    address: std::net::SocketAddr,
}

/// What the bot knows.
#[derive(Default)]
pub struct Model {
    /// Every action it carried out, in order, each id once.
    pub done: Vec<Value>,
    /// How often each id was tried, and the body of the first attempt.
    pub attempts: HashMap<String, (usize, Vec<u8>)>,
    /// (group, user) who may not speak.
    pub muted: BTreeSet<(String, String)>,
    /// (group, user) who were removed.
    pub removed: BTreeSet<(String, String)>,
    /// Messages that were deleted.
    pub deleted: BTreeSet<String>,
    /// How often each type was carried out.
    pub counts: BTreeMap<String, usize>,
    answers: VecDeque<Answer>,
    always: Option<Answer>,
    faults: Vec<String>,
    read: usize,
}

struct Shared {
    state: Arc<Mutex<Model>>,
    secrets: Vec<Secret>,
    clock: Arc<HandClock>,
}

impl Bot {
    /// Starts it on a port of its own.
    pub async fn start(secret: &str, clock: Arc<HandClock>) -> Self {
        let state = Arc::<Mutex<Model>>::default();
        let secrets = vec![Secret::parse(secret).expect("a sound secret")];
        let shared = Arc::new(Shared { state: state.clone(), secrets, clock });
        let router = Router::new().route("/actions", post(take)).with_state(shared);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { state, address }
    }

    /// Where it takes actions.
    pub fn url(&self) -> String {
        format!("http://{}/actions", self.address)
    }

    /// What it knows.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.state.lock().expect("no test panics while it looks")
    }

    /// The next attempts are answered so, one each.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.model().answers.extend(answers);
    }

    /// Every attempt is answered so, until told otherwise.
    pub fn always(&self, answer: Option<Answer>) {
        self.model().always = answer;
    }

    /// The next action that was carried out and not read.
    pub fn read(&self) -> Option<Value> {
        let mut model = self.model();
        let action = model.done.get(model.read).cloned()?;
        model.read += 1;
        Some(action)
    }

    /// What was wrong with what it got.
    pub fn faults(&self) -> Vec<String> {
        self.model().faults.clone()
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let (status, extra, hang, body) = judge(&shared, &headers, &body);
    if let Some(wait) = hang {
        tokio::time::sleep(wait).await;
    }
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    for (name, value) in extra {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}

/// The id of the message that an action became.
pub fn message_of(action: &Value) -> String {
    format!("n-{}", action["id"].as_str().expect("an action has an id"))
}

type Extra = Vec<(&'static str, String)>;

/// Status, headers, how long it hangs, and a body that names the message an action became.
fn judge(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> (u16, Extra, Option<Duration>, String) {
    let mut model = shared.state.lock().expect("no test panics while it looks");
    let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
    let signed = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    if let Err(error) = verify(&shared.secrets, signed, body, shared.clock.now(), Duration::from_secs(300)) {
        model.faults.push(format!("signature: {error:?}"));
        return (401, Vec::new(), None, String::new());
    }
    let action: Value = serde_json::from_slice(body).expect("an action is JSON");
    let id = action["id"].as_str().expect("an action has an id").to_owned();
    if header("webhook-id") != Some(id.as_bytes()) {
        model.faults.push(format!("webhook-id is not the action's id {id}"));
    }
    let (tried, first) = model.attempts.entry(id.clone()).or_insert_with(|| (0, body.to_vec()));
    *tried += 1;
    if first != body {
        model.faults.push(format!("the body of {id} changed"));
    }
    let became = if matches!(action["type"].as_str(), Some("send" | "private" | "task")) {
        serde_json::json!({ "message": message_of(&action) }).to_string()
    } else {
        "{}".to_owned()
    };
    let answer = model.answers.pop_front().or_else(|| model.always.clone()).unwrap_or(Answer::Do);
    match answer {
        Answer::Do => {
            model.carry_out(action);
            (200, Vec::new(), None, became)
        }
        Answer::DoAndHang(wait) => {
            model.carry_out(action);
            (200, Vec::new(), Some(wait), became)
        }
        Answer::Status(status, extra) => (status, extra, None, "{}".to_owned()),
    }
}

impl Model {
    /// Drops a repeated id, as an idempotent platform does.
    fn carry_out(&mut self, action: Value) {
        if self.done.iter().any(|done| done["id"] == action["id"]) {
            return;
        }
        let text = |key: &str| action[key].as_str().unwrap_or_default().to_owned();
        let member = (text("group"), text("user"));
        match text("type").as_str() {
            "mute" => drop(self.muted.insert(member)),
            "unmute" => drop(self.muted.remove(&member)),
            "remove" => drop(self.removed.insert(member)),
            "delete" => drop(self.deleted.insert(text("message"))),
            "send" | "private" | "task" | "task_done" | "announce" | "image" => {}
            other => self.faults.push(format!("an action of type {other}")),
        }
        *self.counts.entry(text("type")).or_default() += 1;
        self.done.push(action);
    }
}
