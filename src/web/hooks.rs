//! The way in for bridges: `POST /hooks/bridge/NAME` (interfaces.md §4). An answer of 200 means that every event of the
//! request is durable.
//!
//! What is asked of a request, in order: a known name, a bridge that is on, a body within its limits, the rate, the
//! signature, events that can be read, room in the queue, the commit. What bots fetch goes out by `pull`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use hyper::service::{Service, service_fn};
use hyper_util::service::TowerToHyperService;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::adapters::bridge::sign::{self, Rejected, Secret};
use crate::adapters::inbound::{self, Batch, Unreadable};
use crate::app::deliver::SharedOutbox;
use crate::app::intake::{Answer, Full, Inbound, Intake};
use crate::app::metrics::{EventOutcome, Metrics, Requests, Shed};
use crate::domain::secret::Token;
use crate::ports::Clock;
use crate::web::HttpService;
use crate::web::body::{self, NoBody};

mod pull;
mod rate;

pub use pull::{Asked, shows_one_of};
use rate::Limiter;
pub use rate::Rate;

/// How long a sender should wait when nothing better is known, in seconds.
const WAIT: u64 = 1;
/// How long a sender should wait when a bridge is off or the store fails, in seconds.
const WAIT_LONG: u64 = 10;

/// How much one request may bring.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body, in bytes.
    pub max_bytes: usize,
    /// The most events.
    pub max_events: usize,
    /// How long the body may take to arrive.
    pub body_timeout: std::time::Duration,
    /// How many requests a minute, if limited.
    pub rate: Option<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        let body_timeout = std::time::Duration::from_secs(10);
        Self { max_bytes: 1 << 20, max_events: 1000, body_timeout, rate: None }
    }
}

/// Whether a bridge takes events.
#[derive(Clone, Debug)]
pub enum Switch {
    /// It does.
    On,
    /// It does not, and this is why, e.g. `QUNWEI_EXAMPLE_SECRET is not set`.
    Off(String),
}

/// A bridge as events come in from it.
#[derive(Clone, Debug)]
pub struct BridgeIn {
    /// Any of these may sign.
    pub secrets: Vec<Secret>,
    /// Whoever shows any of these may fetch its actions; `None` where they are sent.
    pub tokens: Option<Vec<Token>>,
    /// How much it may bring.
    pub limits: Limits,
    /// Whether it takes events.
    pub state: Switch,
}

/// A bridge with what its requests need at hand.
struct Door {
    name: Arc<str>,
    bridge: BridgeIn,
    limiter: Option<Arc<Limiter>>,
    requests: Requests,
    /// Room for those that wait for actions.
    polls: Semaphore,
    /// Another door has taken its place: who waits here is answered, and asks there.
    gone: CancellationToken,
}

/// What the hooks need. Shared in an `Arc`, so that a new configuration can replace its bridges while requests come in.
pub struct HooksState {
    intake: Intake,
    outbox: SharedOutbox,
    doors: ArcSwap<HashMap<String, Arc<Door>>>,
    /// Whether any bot fetches its actions.
    fetching: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Whoever waits is answered: the daemon stops.
    stop: CancellationToken,
}

impl HooksState {
    /// Without a bridge ([`HooksState::replace`]): where events go, and where actions come from.
    pub fn new(
        intake: Intake,
        outbox: SharedOutbox,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (doors, fetching) = Default::default();
        Arc::new(Self { intake, outbox, doors, fetching, clock, metrics, stop })
    }

    /// Whether it is worth looking whether clients are still there.
    pub fn watched(&self) -> Arc<AtomicBool> {
        self.fetching.clone()
    }

    /// Other bridges from now on; requests that are being read keep theirs. A rate that stays the same goes on as it was.
    pub fn replace(&self, bridges: HashMap<String, BridgeIn>) {
        let before = self.doors.load();
        let door = |(name, bridge): (String, BridgeIn)| {
            let old = before.get(&name).filter(|door| door.bridge.limits.rate == bridge.limits.rate);
            let limiter = old
                .and_then(|door| door.limiter.clone())
                .or_else(|| bridge.limits.rate.map(|rate| Arc::new(Limiter::new(rate, self.clock.clone()))));
            let requests = self.metrics.requests(&name);
            let (polls, gone) = (Semaphore::new(pull::POLLS), CancellationToken::new());
            let door = Door { name: Arc::from(&*name), bridge, limiter, requests, polls, gone };
            (name, Arc::new(door))
        };
        self.fetching.store(bridges.values().any(|bridge| bridge.tokens.is_some()), Ordering::Relaxed);
        self.doors.store(Arc::new(bridges.into_iter().map(door).collect()));
        before.values().for_each(|door| door.gone.cancel());
    }
}

const PATH: &str = "/hooks/bridge/";

/// `POST /hooks/bridge/NAME`.
///
/// Nearly every request is one for a bridge that there is, and takes the short way; what is left goes through a router.
pub fn service(state: Arc<HooksState>) -> impl HttpService {
    let router = TowerToHyperService::new(router(state.clone()));
    service_fn(move |request: Request<_>| {
        let plain = (request.method() == Method::POST).then(|| request.uri().path().strip_prefix(PATH)).flatten();
        let door = plain.and_then(|name| state.doors.load().get(name).cloned());
        let (state, router) = (state.clone(), router.clone());
        async move {
            match door {
                Some(door) => Ok(receive(&state, &door, request).await),
                None => router.call(request).await,
            }
        }
    })
}

/// The same for any request, however its path is written and its body arrives.
pub fn router(state: Arc<HooksState>) -> Router {
    Router::new()
        .route("/hooks/bridge/{name}", post(named).fallback(other_method))
        .route("/hooks/bridge/{name}/actions", any(pull::actions))
        .route("/hooks/bridge/{name}/actions/ack", any(pull::ack))
        .with_state(state)
}

async fn other_method() -> Response {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "events are sent by POST");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// A name that is written in other ways than plainly, or that there is not.
async fn named(
    State(state): State<Arc<HooksState>>,
    name: Result<Path<String>, PathRejection>,
    request: axum::extract::Request,
) -> Response {
    let door = name.ok().and_then(|Path(name)| state.doors.load().get(&name).cloned());
    match door {
        Some(door) => receive(&state, &door, request).await,
        None => error(StatusCode::NOT_FOUND, "no bridge of this name is configured"),
    }
}

async fn receive(state: &HooksState, door: &Door, request: Request<impl HttpBody<Data = Bytes> + Unpin>) -> Response {
    let (Parts { headers, .. }, body) = request.into_parts();
    let response = match take(state, door, headers, body).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    };
    door.requests.answered(response.status().as_u16());
    response
}

async fn take(
    state: &HooksState,
    door: &Door,
    headers: HeaderMap,
    body: impl HttpBody<Data = Bytes> + Unpin,
) -> Result<Response, Refused> {
    let bridge = &door.bridge;
    if let Switch::Off(why) = &bridge.state {
        return Err(Refused::Off(why.clone()));
    }
    let body = body::read(body, &headers, bridge.limits.max_bytes, bridge.limits.body_timeout).await?;
    let now = state.clock.now();
    sign::verify(&bridge.secrets, signed(&headers), &body, now, sign::TOLERANCE).map_err(Refused::Signature)?;
    // After the signature: who cannot sign must not use up what the bot may send.
    if let Some(Err(seconds)) = door.limiter.as_ref().map(|limiter| limiter.check()) {
        state.metrics.shed(Shed::Rate);
        return Err(Refused::Rate { seconds });
    }
    let batch = inbound::read(&body, &door.name, now, bridge.limits.max_events).map_err(|unreadable| {
        state.metrics.event(&door.name, EventOutcome::Rejected);
        Refused::Unreadable(unreadable)
    })?;
    // What is needed of them is in the batch. They are parts of what was read from the connection, and that memory is used
    // again for the next request when nobody holds any of it.
    drop((body, headers));
    let answered = state.intake.submit(incoming(batch, &state.metrics)).map_err(|Full| {
        state.metrics.shed(Shed::Intake);
        Refused::Full
    })?;
    match answered.await {
        Ok(Answer::Durable { accepted, duplicates }) => Ok(durable(accepted, duplicates)),
        Ok(Answer::Displaced) => {
            state.metrics.shed(Shed::Intake);
            Err(Refused::Full)
        }
        Ok(Answer::Unavailable { .. }) | Err(_) => Err(Refused::Unavailable),
    }
}

fn incoming(batch: Batch, metrics: &Metrics) -> Vec<Inbound> {
    let given = batch.events.iter().filter(|event| event.given_time.is_some()).count();
    metrics.times_given(batch.ahead, given.saturating_sub(batch.ahead));
    batch.events
}

fn signed(headers: &HeaderMap) -> sign::Headers<'_> {
    let value = |name| headers.get(name).map(HeaderValue::as_bytes);
    sign::Headers {
        id: value("webhook-id"),
        timestamp: value("webhook-timestamp"),
        signature: value("webhook-signature"),
    }
}

/// The answer of nearly every request is one of two, which need no memory.
fn durable(accepted: usize, duplicates: usize) -> Response {
    let body = match (accepted, duplicates) {
        (1, 0) => Bytes::from_static(br#"{"accepted":1,"duplicates":0}"#),
        (0, 1) => Bytes::from_static(br#"{"accepted":0,"duplicates":1}"#),
        _ => Bytes::from(format!(r#"{{"accepted":{accepted},"duplicates":{duplicates}}}"#)),
    };
    json(StatusCode::OK, Body::from(body))
}

/// Why a request is not answered with 200.
#[derive(Debug)]
enum Refused {
    Off(String),
    Body(NoBody),
    Rate { seconds: u64 },
    Signature(Rejected),
    Unreadable(Unreadable),
    Full,
    Unavailable,
    Sent,
    Token,
    Polls,
    Unrecorded,
}

impl From<NoBody> for Refused {
    fn from(none: NoBody) -> Self {
        Refused::Body(none)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Refused::Off(why) => {
                later(StatusCode::SERVICE_UNAVAILABLE, WAIT_LONG, &format!("this bridge is off: {why}"))
            }
            Refused::Body(none @ NoBody::NoRoom) => later(none.status(), WAIT, &none.to_string()),
            Refused::Body(none) => error(none.status(), &none.to_string()),
            Refused::Rate { seconds } => later(StatusCode::TOO_MANY_REQUESTS, seconds, "too many requests"),
            Refused::Signature(rejected) => error(StatusCode::UNAUTHORIZED, &rejected.to_string()),
            Refused::Unreadable(unreadable) => refusal(StatusCode::BAD_REQUEST, &unreadable),
            Refused::Full => later(StatusCode::SERVICE_UNAVAILABLE, WAIT, "too many events are waiting"),
            Refused::Unavailable => {
                later(StatusCode::SERVICE_UNAVAILABLE, WAIT_LONG, "the events could not be made durable")
            }
            Refused::Sent => {
                let why = "this bridge's actions are sent to its address; to fetch them, configure token_env instead";
                error(StatusCode::CONFLICT, why)
            }
            Refused::Token => {
                let why = "the header `authorization` must be `Bearer` and this bridge's token";
                pull::asks_for_a_token(error(StatusCode::UNAUTHORIZED, why))
            }
            Refused::Polls => later(StatusCode::TOO_MANY_REQUESTS, WAIT, "too many wait for this bridge's actions"),
            Refused::Unrecorded => {
                let why = "it could not be made durable yet; say the same again";
                later(StatusCode::SERVICE_UNAVAILABLE, WAIT_LONG, why)
            }
        }
    }
}

fn later(status: StatusCode, seconds: u64, what: &str) -> Response {
    let mut response = error(status, what);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn error(status: StatusCode, what: &str) -> Response {
    refusal(status, &Unreadable { error: what.to_owned(), ..Unreadable::default() })
}

fn refusal(status: StatusCode, error: &Unreadable) -> Response {
    // Strings and a number cannot fail to be written.
    json(status, Body::from(serde_json::to_vec(error).unwrap_or_default()))
}

fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
