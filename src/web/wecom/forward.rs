//! Beside an existing bot: the callback address points at us, and what comes goes on to the bot as it came, query and body
//! unchanged, so that the bot checks the signature itself and notices no difference. Judging and asking happen at once.
//!
//! Here alone a failure lets things pass. When we cannot judge (no room, no disk, nothing that we can open), the bot has got it
//! all the same, its answer is relayed, and the callback is counted as unjudged. When the bot does not answer, we have judged, and
//! WeCom gets an empty 200: were it another status, WeCom would send again, to a bot that is down, what is durable here.
//!
//! When the bot does answer, its answer is relayed whatever its status. With one that is not 200 a bot asks WeCom to send again,
//! and it is to be served as if we were not there; what we have got already is a duplicate to us, and is not judged twice.
//!
//! A `GET` that verifies the address does not go on: we have token and key, and the address then works while the bot is down.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use reqwest::{Client, Url};

use super::judge::{self, Patience};
use super::{Came, Door, WecomState};
use crate::adapters::http::{self, ClientError};
use crate::app::metrics::Forwarded;

/// Connections to the bot that are kept while nothing is sent.
const KEPT: usize = 64;

/// The bot that gets what comes in at an address too.
#[derive(Clone)]
pub struct Forward {
    url: Url,
    client: Client,
    within: Duration,
    max_bytes: usize,
    told: Arc<Told>,
}

/// What the log has said and has not yet taken back: it is told when something begins and when it is over, not each time.
#[derive(Default)]
struct Told {
    silent: AtomicBool,
    unjudged: AtomicBool,
}

impl Forward {
    /// How long the bot's answer may take, counted from when the request came. WeCom waits 5 s in all.
    pub const WITHIN: Duration = Duration::from_millis(4500);
    /// How large the bot's answer may be, in bytes: a reply with ten pictures is larger than any callback.
    pub const MAX_BYTES: usize = 16 << 20;

    /// To the bot at `url`, which may take `within` to answer with at most `max_bytes`.
    ///
    /// # Errors
    /// The address is none, or for `https` the system has no certificates of authorities.
    pub fn new(url: &str, within: Duration, max_bytes: usize) -> Result<Self, ClientError> {
        let url = http::url(url)?;
        let client = http::client_keeping(&url, within, KEPT)?;
        Ok(Self { url, client, within, max_bytes, told: Arc::default() })
    }

    /// What the bot answers.
    async fn send(&self, came: &Came) -> Result<Answered, Forwarded> {
        let deadline = came.at + self.within;
        let answer = tokio::time::timeout_at(deadline, self.try_once(came)).await;
        // A connection that was kept may have been closed by the bot in this moment. Not to send again would lose what WeCom
        // would have sent again; a bot that got it twice knows it by its id, as it must anyway.
        let answer = match answer {
            Ok(Err(Forwarded::Unreachable)) => tokio::time::timeout_at(deadline, self.try_once(came)).await,
            answer => answer,
        };
        answer.unwrap_or(Err(Forwarded::Late))
    }

    async fn try_once(&self, came: &Came) -> Result<Answered, Forwarded> {
        let mut request = self.client.post(self.address(&came.query)).body(Bytes::clone(&came.body));
        if let Some(kind) = came.headers.get(CONTENT_TYPE) {
            request = request.header(CONTENT_TYPE, kind);
        }
        let failed = |error: reqwest::Error| if error.is_timeout() { Forwarded::Late } else { Forwarded::Unreachable };
        let mut answer = request.send().await.map_err(failed)?;
        let (status, kind) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if piece.len() > self.max_bytes - body.len() {
                return Err(Forwarded::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answered { status, kind, body: body.into() })
    }

    /// The bot's address with the query as it came, behind what the address has of its own.
    fn address(&self, query: &str) -> Url {
        let mut url = self.url.clone();
        let whole = match self.url.query() {
            Some(own) if !own.is_empty() => format!("{own}&{query}"),
            _ => query.to_owned(),
        };
        url.set_query(Some(&whole).filter(|whole| !whole.is_empty()).map(String::as_str));
        url
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forward(…)") // addresses may hold tokens
    }
}

/// What a bot answered.
struct Answered {
    status: StatusCode,
    kind: Option<HeaderValue>,
    body: Bytes,
}

/// Judges, and asks the bot, at once.
pub(super) async fn both(state: &WecomState, door: &Door, forward: &Forward, came: &Came) -> Response<Body> {
    let (judged, answered) = tokio::join!(judge::judge(state, door, came, Patience::None), forward.send(came));
    let of_bot = answered.as_ref().err().copied().unwrap_or(Forwarded::Answered);
    state.metrics.forwarded(&door.name, of_bot);
    let silent = of_bot != Forwarded::Answered;
    if forward.told.silent.swap(silent, Ordering::Relaxed) != silent {
        tracing::warn!(door = &*door.name, answer = ?of_bot, "whether the bot behind a callback address answers has changed");
    }
    let answered = match (answered, &judged) {
        (Ok(answered), _) => answered,
        (Err(_), Ok(())) => return Response::default(),
        (Err(_), Err(refused)) => return refused.clone().response(),
    };
    if let Err(refused) = &judged {
        state.metrics.unjudged(&door.name, refused.unjudged());
    }
    if forward.told.unjudged.swap(judged.is_err(), Ordering::Relaxed) != judged.is_err() {
        tracing::warn!(door = &*door.name, ?judged, "whether callbacks go on to the bot unjudged has changed");
    }
    relay(answered)
}

fn relay(answered: Answered) -> Response<Body> {
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() = answered.status;
    if let Some(kind) = answered.kind {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}
