//! A fake WeCom on loopback: a corp with its own state behind the server interface, and a control interface for people and
//! tests. It fails whoever calls what WeCom does not have: that is noted in `unexpected`.

#![allow(dead_code, reason = "the tests and the command each use a part")]
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a fake that panics has failed the test, as it should"
)]
#![allow(missing_docs, unreachable_pub, reason = "nothing here is read from outside")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[path = "aibot.rs"]
pub mod aibot;
#[path = "api.rs"]
pub mod api;
#[path = "callbacks.rs"]
pub mod callbacks;
#[path = "contact.rs"]
pub mod contact;
#[path = "control.rs"]
pub mod control;
#[path = "faults.rs"]
pub mod faults;
#[path = "hooks.rs"]
pub mod hooks;
#[path = "model.rs"]
pub mod model;
#[path = "vault.rs"]
pub mod vault;

use self::api::Call;
use self::callbacks::Manner;
use self::faults::Wrong;
use self::hooks::Hooks;
use self::model::{Model, Now};

/// The largest body that is read.
const BODY: usize = 32 << 20;

/// The fake. Clones are the same corp.
#[derive(Clone)]
pub struct Fake {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    model: Mutex<Model>,
    hooks: Mutex<Hooks>,
}

impl Fake {
    /// Starts it on an address; port 0 is a free one.
    pub async fn start(listen: SocketAddr, now: Now) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let (hooks, work) = Hooks::new();
        let shared = Arc::new(Shared { model: Mutex::new(Model::new(now)), hooks: Mutex::new(hooks) });
        let fake = Self { shared, address: listener.local_addr()? };
        fake.model().url = fake.url();
        tokio::spawn(hooks::run(fake.clone(), Manner::default(), work));
        tokio::spawn(fake.clone().serve(listener));
        Ok(fake)
    }

    /// What is configured as `api_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A robot's webhook address.
    pub fn webhook(&self, key: &str) -> String {
        format!("{}/cgi-bin/webhook/send?key={key}", self.url())
    }

    /// The corp.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.shared.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where its callbacks go, and what came of them.
    pub fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.shared.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let fake = self.clone();
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let fake = fake.clone();
                    // Without an answer the connection is cut.
                    async move { fake.answer(request.map(Body::new)).await.ok_or("cut on purpose") }
                });
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
            });
        }
    }

    async fn answer(&self, request: Request<Body>) -> Option<Response<Body>> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY).await.ok()?.to_vec();
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        if let Some(path) = path.strip_prefix("/fake/") {
            let answer = control::answer(self, parts.method.as_str(), path, &query, &body);
            self.make_callbacks();
            let (status, answer) = answer.map_or_else(|why| (400, json!({"error": why})), |answer| (200, answer));
            return Some(respond(status, answer.to_string()));
        }
        let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let call = Call {
            method: parts.method.to_string(),
            path: path.trim_start_matches("/cgi-bin/").to_owned(),
            query: api_query(&query),
            kind: kind.to_owned(),
            body,
        };
        self.call(call).await
    }

    async fn call(&self, call: Call) -> Option<Response<Body>> {
        let (wrong, done) = {
            let mut model = self.model();
            model.calls.push(format!("{} {}", call.method, call.path));
            let wrong = faults::take(&mut model.faults, &call.path);
            if wrong == Some(Wrong::Revoke) {
                model.revoke();
            }
            let done = match wrong {
                Some(Wrong::Status(_) | Wrong::Code(_) | Wrong::Cut) => Value::Null,
                _ => api::answer(&mut model, &call),
            };
            (wrong, done)
        };
        Some(match wrong {
            None | Some(Wrong::Revoke) => respond(200, done.to_string()),
            Some(Wrong::Slow(time)) => {
                tokio::time::sleep(time).await;
                respond(200, done.to_string())
            }
            Some(Wrong::Status(status) | Wrong::DoneStatus(status)) => respond(status, "<html>".to_owned()),
            Some(Wrong::Code(code)) => respond(200, json!({"errcode": code, "errmsg": "as it was told"}).to_string()),
            Some(Wrong::Says(text)) => respond(200, text),
            Some(Wrong::Cut | Wrong::DoneCut) => return None,
        })
    }
}

fn respond(status: u16, body: String) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", "application/json; charset=UTF-8");
    response.body(Body::from(body)).unwrap_or_default()
}

/// A query by its names, decoded.
pub fn api_query(query: &str) -> std::collections::BTreeMap<String, String> {
    reqwest::Url::parse(&format!("http://fake/?{query}"))
        .map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default()
}

/// The machine's clock.
pub fn machine() -> Now {
    Arc::new(|| jiff::Timestamp::now().as_millisecond())
}

/// What was said, as the control interface shows it.
pub fn shown(said: &model::Said) -> Value {
    let by = match &said.by {
        model::By::Robot(_) => json!({"robot": true}), // the key is a secret, here too
        model::By::App(agent) => json!({"app": agent}),
        model::By::Aibot(bot) => json!({"aibot": bot}),
        model::By::Person(user) => json!({"person": user}),
    };
    let to = match &said.to {
        model::To::Group(chat) => json!({"group": chat}),
        model::To::People(users) => json!({"people": users}),
    };
    json!({"at": said.at, "by": by, "to": to, "kind": said.kind, "text": said.text, "mentions": said.mentions,
           "msgid": said.msgid, "recalled": said.recalled, "quotes": said.quotes})
}
