//! The ways in for WeCom: `GET|POST /hooks/wecom/NAME/app/APP`, `…/NAME/customer` and `…/NAME/aibot/BOT`, the callback addresses
//! of self-built apps, customer contact and smart robots (wecom.md §1).
//!
//! - `GET` verifies an address: it is answered at once and by us, whatever else is down.
//! - `POST` brings something. An empty 200 means that it is durable; what is to be said about it is said actively, later. WeCom
//!   cuts a connection off after 5 s and asks three times more, also when the status is not 200 (90238). So what cannot be made
//!   durable is tried for as long as WeCom waits, and is then answered 503. One that comes again is a duplicate, as its events
//!   have the same ids, and is answered 200.
//! - With a [`Forward`] the request goes on to another bot at the same time ([`forward`]).
//!
//! What is asked of a request, in order: a known address, one that is on, a source that is allowed, a body within its limits, a
//! query and an envelope that can be read, the signature, a time that is near, a content that is for us, room, the commit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::service::service_fn;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::adapters::wecom::aibot::answers::Answers;
use crate::adapters::wecom::callback::{Channel, Hint, Query, decoded};
use crate::adapters::wecom::crypt::{Crypt, Signed};
use crate::app::intake::Intake;
use crate::app::metrics::{Metrics, Requests, Unjudged};
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use crate::web::body::{self, NoBody};
use crate::web::hooks::Switch;
use crate::web::listen::{Caller, HttpService};

pub use forward::Forward;
pub use sources::{BadNetwork, Network, Sources};

mod forward;
mod judge;
mod sources;

/// What paths begin with.
pub const PATH: &str = "/hooks/wecom/";

/// Requests that may be held at once because they cannot be made durable yet.
const HELD: usize = 1000;

/// See [`Limits::window`]: half of the shortest time that ids are remembered, for a clock may be wrong in either direction.
const WINDOW: Duration = Duration::from_secs(30 * 60);

/// Told what should be fetched now.
pub type OnHint = Arc<dyn Fn(Hint) + Send + Sync>;

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body, in bytes. What WeCom posts has a few thousand.
    pub max_bytes: usize,
    /// How long after its head a request may take to arrive and become durable, before it is answered 503. WeCom waits 5 s.
    pub deadline: Duration,
    /// How far `timestamp` may be from our clock, in either direction; anything when there is none. WeCom names no figure, and
    /// does not say whether it signs anew what it sends again, which it does within seconds. What it must not be is as long as
    /// ids are remembered (`dedupe_hours`, an hour at least): a robot's messages have no time of their own, so one that somebody
    /// recorded would be taken for a new one.
    pub window: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 1 << 20, deadline: Duration::from_secs(4), window: Some(WINDOW) }
    }
}

/// A callback address as requests come in at it.
#[derive(Clone)]
pub struct DoorIn {
    /// The platform that its events belong to: NAME of the address.
    pub platform: Arc<str>,
    /// Any of these may have sealed a callback: the one in force, and during a change the one before.
    pub keys: Vec<Crypt>,
    /// What is posted there.
    pub channel: Channel,
    /// How much it may be.
    pub limits: Limits,
    /// Whence it must come; from anywhere when there is none.
    pub sources: Option<Sources>,
    /// The bot that gets it too.
    pub forward: Option<Forward>,
    /// Told what a callback hints at, once its events are durable.
    pub on_hint: OnHint,
    /// Where what can be answered is kept; nothing is where there is none.
    pub answers: Option<Answers>,
    /// Whether it takes anything.
    pub state: Switch,
}

/// A callback address with what its requests need at hand.
struct Door {
    name: Box<str>,
    own: DoorIn,
    requests: Requests,
    /// When a wrong signature was last told of, in milliseconds.
    told: AtomicI64,
}

/// Wrong signatures are told of so often at most: anybody can send some.
const TOLD_EVERY: i64 = 60_000;

impl Door {
    /// Whether a wrong signature is to be told of.
    fn says_wrong_signature(&self, now: Timestamp) -> bool {
        let last = self.told.load(Ordering::Relaxed);
        let due = now.0.saturating_sub(last) >= TOLD_EVERY || now.0 < last;
        due && self.told.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// What the callback addresses need. Shared in an `Arc`, so that a new configuration can replace them while requests come in.
pub struct WecomState {
    intake: Intake,
    doors: ArcSwap<HashMap<String, Arc<Door>>>,
    /// Whether any of them asks whence its requests come.
    asking: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    held: Semaphore,
    /// Nothing is held any more: the daemon stops.
    stop: CancellationToken,
}

impl WecomState {
    /// Without an address ([`WecomState::replace`]).
    pub fn new(intake: Intake, clock: Arc<dyn Clock>, metrics: Arc<Metrics>, stop: CancellationToken) -> Arc<Self> {
        let (doors, asking, held) = (ArcSwap::default(), Arc::default(), Semaphore::new(HELD));
        Arc::new(Self { intake, doors, asking, clock, metrics, held, stop })
    }

    /// Other addresses from now on, by what follows [`PATH`], e.g. `corp/app/guard`. Requests that are being read keep theirs.
    pub fn replace(&self, doors: HashMap<String, DoorIn>) {
        self.asking.store(doors.values().any(|door| door.sources.is_some()), Ordering::Relaxed);
        let door = |(name, own): (String, DoorIn)| {
            let requests = self.metrics.requests(&name);
            let door = Door { name: name.as_str().into(), own, requests, told: AtomicI64::new(0) };
            (name, Arc::new(door))
        };
        self.doors.store(Arc::new(doors.into_iter().map(door).collect()));
    }

    /// Whether requests must carry whence they come ([`crate::web::Looks::callers`]).
    pub fn asking(&self) -> Arc<AtomicBool> {
        self.asking.clone()
    }

    /// The address of this path behind [`PATH`], written plainly or percent-encoded.
    fn door(&self, name: &str) -> Option<Arc<Door>> {
        let doors = self.doors.load();
        doors.get(name).or_else(|| doors.get(&*decoded(name)?)).cloned()
    }
}

/// Answers requests below [`PATH`], and has `others` answer the rest.
pub fn beside(state: Arc<WecomState>, others: impl HttpService) -> impl HttpService {
    service_fn(move |request: Request<_>| {
        let (state, others) = (state.clone(), others.clone());
        async move {
            match request.uri().path().starts_with(PATH) {
                false => others.call(request).await,
                true => Ok(answer(&state, request).await),
            }
        }
    })
}

/// Answers a request below [`PATH`].
pub async fn answer(state: &WecomState, request: Request<impl HttpBody<Data = Bytes> + Unpin>) -> Response<Body> {
    let door = request.uri().path().strip_prefix(PATH).and_then(|name| state.door(name));
    let Some(door) = door else {
        return error(StatusCode::NOT_FOUND, "no callback address of this name is configured");
    };
    let response = receive(state, &door, request).await;
    door.requests.answered(response.status().as_u16());
    response
}

/// A callback as it came.
struct Came {
    query: String,
    headers: HeaderMap,
    body: body::Whole,
    /// When its head was there.
    at: Instant,
}

async fn receive(
    state: &WecomState,
    door: &Door,
    request: Request<impl HttpBody<Data = Bytes> + Unpin>,
) -> Response<Body> {
    let at = Instant::now();
    let (Parts { headers, method, uri, extensions, .. }, body) = request.into_parts();
    let query = uri.query().unwrap_or_default().to_owned();
    if let Some(sources) = &door.own.sources {
        match sources.of(extensions.get::<Caller>().map(|caller| caller.0), &headers) {
            Some(source) if sources.allow(source) => {}
            Some(source) => return stranger(door, source),
            None => return again(),
        }
    }
    match method {
        Method::GET => judge::echo(state, door, &query).unwrap_or_else(Refused::response),
        Method::POST => {
            let limits = &door.own.limits;
            match body::read(body, &headers, limits.max_bytes, limits.deadline).await {
                Ok(body) => take(state, door, Came { query, headers, body, at }).await,
                Err(none) => Refused::Body(none).response(),
            }
        }
        _ => {
            let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "callbacks come by GET and POST");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            response
        }
    }
}

async fn take(state: &WecomState, door: &Door, came: Came) -> Response<Body> {
    match &door.own.forward {
        None => match judge::judge(state, door, &came, judge::Patience::Holds).await {
            Ok(()) => Response::default(),
            Err(refused) => refused.response(),
        },
        Some(forward) => forward::both(state, door, forward, &came).await,
    }
}

/// Why a callback is not answered with 200.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    Off(String),
    Body(NoBody),
    Unreadable(String),
    Signature,
    Time,
    Content,
    Full,
    Unavailable,
    Late,
}

impl Refused {
    fn response(self) -> Response<Body> {
        match self {
            Refused::Off(why) => {
                error(StatusCode::SERVICE_UNAVAILABLE, &format!("this callback address is off: {why}"))
            }
            Refused::Body(none) => error(none.status(), &none.to_string()),
            Refused::Unreadable(why) => error(StatusCode::BAD_REQUEST, &why),
            Refused::Signature => error(StatusCode::UNAUTHORIZED, "`msg_signature` is wrong"),
            Refused::Time => error(StatusCode::UNAUTHORIZED, "`timestamp` is too far from our clock"),
            // One answer to all that can be wrong with a content: who could tell would learn what is in others'.
            Refused::Content => error(StatusCode::FORBIDDEN, "`Encrypt` is not for this callback address"),
            Refused::Full => error(StatusCode::SERVICE_UNAVAILABLE, "too many events are waiting"),
            Refused::Unavailable | Refused::Late => {
                error(StatusCode::SERVICE_UNAVAILABLE, "it could not be made durable yet; send it again")
            }
        }
    }

    /// The word for a callback that the bot behind us got and we could not judge.
    fn unjudged(&self) -> Unjudged {
        match self {
            Refused::Off(_) => Unjudged::Off,
            Refused::Signature | Refused::Time => Unjudged::Signature,
            Refused::Body(_) | Refused::Unreadable(_) | Refused::Content => Unjudged::Unreadable,
            Refused::Full => Unjudged::Queue,
            Refused::Unavailable => Unjudged::Store,
            Refused::Late => Unjudged::Late,
        }
    }
}

fn stranger(door: &Door, source: IpAddr) -> Response<Body> {
    tracing::debug!(door = &*door.name, %source, "a callback from an address that is not allowed");
    error(StatusCode::FORBIDDEN, "callbacks from this address are not allowed")
}

/// The connection is older than the wish to know whence its requests come: it must be made anew.
fn again() -> Response<Body> {
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "connect again");
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn error(status: StatusCode, what: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(serde_json::json!({ "error": what }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
