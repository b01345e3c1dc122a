//! The way out for bots that cannot be sent to (interfaces.md §4): `GET /hooks/bridge/NAME/actions` fetches actions, waiting
//! for some if there are none; `POST …/actions/ack` says what came of them. An answer of 200 to that means that it is durable.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::time::Instant;

use super::{Door, HooksState, Refused, Switch, body, error, json};
use crate::adapters::bridge::acks::{self, Ack};
use crate::adapters::inbound::Unreadable;
use crate::app::intake::LateAcks;
use crate::app::outbox::{Acked, Leased};
use crate::domain::action::{ActionId, Outcome};
use crate::domain::secret::Token;
use crate::ports::Reply;
use crate::web::listen::Line;

/// Polls of one bridge that may be open at once.
pub(super) const POLLS: usize = 8;
/// The longest that a poll waits, in seconds, and how long it waits where it does not say.
const LONGEST_WAIT: u64 = 60;
const USUAL_WAIT: u64 = 30;
/// The most actions of one answer, and how many it has where the poll does not say.
const MOST: u64 = 100;
const USUAL_MOST: u64 = 50;
/// How long it may take to record that actions are about to be tried, before those that need it are left for the next poll.
const RECORDING: Duration = Duration::from_secs(1);
/// How long it may take to record what came of actions, before the bot is asked to say it again.
const DURABLE: Duration = Duration::from_secs(5);

type Named = Result<Path<String>, PathRejection>;

pub(super) async fn actions(State(state): State<Arc<HooksState>>, name: Named, request: Request) -> Response {
    let Some(door) = door(&state, name) else { return unknown() };
    let (parts, _) = request.into_parts();
    let response = match parts.method {
        Method::GET => fetch(&state, &door, &parts).await.unwrap_or_else(IntoResponse::into_response),
        _ => only("GET", "actions are fetched by GET"),
    };
    door.requests.answered(response.status().as_u16());
    response
}

pub(super) async fn ack(State(state): State<Arc<HooksState>>, name: Named, request: Request) -> Response {
    let Some(door) = door(&state, name) else { return unknown() };
    let response = match *request.method() {
        Method::POST => take_acks(&state, &door, request).await.unwrap_or_else(IntoResponse::into_response),
        _ => only("POST", "what came of actions is said by POST"),
    };
    door.requests.answered(response.status().as_u16());
    response
}

fn door(state: &HooksState, name: Named) -> Option<Arc<Door>> {
    name.ok().and_then(|Path(name)| state.doors.load().get(&name).cloned())
}

fn unknown() -> Response {
    error(StatusCode::NOT_FOUND, "no bridge of this name is configured")
}

fn only(method: &'static str, what: &str) -> Response {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, what);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    response
}

/// Lets in whoever shows the token of a bridge whose bot fetches its actions.
fn let_in(door: &Door, headers: &HeaderMap) -> Result<(), Refused> {
    if let Switch::Off(why) = &door.bridge.state {
        return Err(Refused::Off(why.clone()));
    }
    let tokens = door.bridge.tokens.as_deref().ok_or(Refused::Sent)?;
    if shows_one_of(tokens, headers) { Ok(()) } else { Err(Refused::Token) }
}

/// Whether a request shows one of these tokens; in a time that says nothing of them, not even of their lengths.
pub fn shows_one_of(tokens: &[Token], headers: &HeaderMap) -> bool {
    let shown = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let (scheme, shown) = shown.split_at_checked(7).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return false;
    }
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let shown = digest(shown.trim_ascii());
    let any = tokens.iter().fold(Choice::from(0), |any, token| any | digest(token.bytes()).ct_eq(&shown));
    any.into()
}

/// How long a poll waits, and how many actions it takes.
pub struct Asked {
    /// At most a minute.
    pub wait: Duration,
    /// From 1 to 100.
    pub most: usize,
}

impl Asked {
    /// From the query of its address; what is not said there is as usual, and what nobody knows is passed over.
    ///
    /// # Errors
    /// What is said is no number, or out of its bounds.
    pub fn read(query: &str) -> Result<Self, Unreadable> {
        let mut asked = [("wait", 0, LONGEST_WAIT, USUAL_WAIT), ("max", 1, MOST, USUAL_MOST)];
        for (key, text) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let Some((field, from, to, value)) = asked.iter_mut().find(|(field, ..)| *field == key) else { continue };
            let given = text.parse().ok().filter(|given| (*from..=*to).contains(given));
            *value = given.ok_or_else(|| Unreadable {
                error: format!("`{field}` must be a whole number from {from} to {to}"),
                field: Some((*field).to_owned()),
                index: None,
            })?;
        }
        let [(.., wait), (.., most)] = asked;
        Ok(Self { wait: Duration::from_secs(wait), most: usize::try_from(most).unwrap_or(1) })
    }
}

async fn fetch(state: &HooksState, door: &Door, request: &Parts) -> Result<Response, Refused> {
    let_in(door, &request.headers)?;
    let asked = Asked::read(request.uri.query().unwrap_or_default()).map_err(Refused::Unreadable)?;
    let _open = door.polls.try_acquire().map_err(|_| Refused::Polls)?;
    let line = request.extensions.get::<Line>();
    // Where it cannot be seen whether the bot is still there, it is not made to wait: what it no longer hears would be lost
    // to it until the lease is over. Its next connection can be seen.
    let wait = if line.is_some() { asked.wait } else { Duration::ZERO };
    let gone = async {
        match line {
            Some(line) => line.gone().await,
            None => std::future::pending().await,
        }
    };
    let mut gone = std::pin::pin!(gone);
    let mut hand = Hand { state, leased: Vec::new() };
    let end = Instant::now() + wait;
    let (mut recording, mut recorded_by) = (Vec::new(), end);
    loop {
        let mut news = std::pin::pin!(state.outbox.news());
        news.as_mut().enable();
        if hand.fill(&door.name, asked.most, &mut recording) {
            recorded_by = Instant::now() + RECORDING;
        }
        if !hand.leased.is_empty() && recording.is_empty() {
            break;
        }
        let until = match (recording.is_empty(), hand.leased.is_empty()) {
            (true, _) => end,
            (false, true) => end.max(recorded_by),
            (false, false) => recorded_by,
        };
        tokio::select! {
            biased;
            () = &mut gone => return Ok(json(StatusCode::OK, Body::empty())), // nobody reads it; what is in the hand goes back
            () = door.gone.cancelled() => break,
            () = state.stop.cancelled() => break,
            () = news => {}
            () = tokio::time::sleep_until(until) => break,
        }
    }
    if gone.now_or_never().is_some() {
        return Ok(json(StatusCode::OK, Body::empty()));
    }
    let mut response = json(StatusCode::OK, Body::from(hand.out()));
    if line.is_none() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// What was taken for one answer. Whatever is still in it at the end did not reach the bot and goes back.
struct Hand<'a> {
    state: &'a HooksState,
    leased: Vec<Leased>,
}

impl Hand<'_> {
    /// Takes what there is, up to `most` in all; `recording` are those that can be had once the engine has recorded that
    /// they are about to be tried. Says whether there are new ones among those.
    fn fill(&mut self, bridge: &str, most: usize, recording: &mut Vec<ActionId>) -> bool {
        let before = recording.len();
        let jobs = {
            let mut outbox = self.state.outbox.lock();
            let now = self.state.clock.now();
            let (leased, mut jobs) = outbox.lease(bridge, most.saturating_sub(self.leased.len()), now);
            for mut one in leased {
                match self.state.outbox.complete(one.action.clone(), one.body.clone()) {
                    Ok((_, body)) => {
                        one.body = body;
                        self.leased.push(one);
                    }
                    Err(error) => {
                        tracing::warn!(id = &*one.action.id, platform = bridge, error, "an action cannot be done");
                        jobs.extend(outbox.replied(&one.action.id, Reply::Refused { error: error.to_owned() }, now));
                    }
                }
            }
            recording.extend(jobs.iter().filter_map(|job| Some(job.action()?.id.clone())));
            recording.retain(|id| outbox.is_recording(id));
            jobs
        };
        jobs.into_iter().for_each(|job| self.state.intake.tell(job));
        recording.len() > before
    }

    /// The answer. It is the bot's from here on.
    fn out(mut self) -> String {
        Leased::sort(&mut self.leased);
        let bodies: Vec<&str> = self.leased.iter().map(|leased| &*leased.body).collect();
        let answer = format!(r#"{{"actions":[{}]}}"#, bodies.join(","));
        self.leased.clear();
        answer
    }
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        if !self.leased.is_empty() {
            let jobs = self.state.outbox.lock().give_back(&self.leased, self.state.clock.now());
            jobs.into_iter().for_each(|job| self.state.intake.tell(job));
            self.state.outbox.changed();
        }
    }
}

async fn take_acks(state: &HooksState, door: &Door, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let_in(door, &parts.headers)?;
    let body = read(body, &parts.headers, door).await?;
    let acks = acks::read(&body).map_err(Refused::Unreadable)?;
    let mut said = Said::default();
    for Ack { id, reply } in acks {
        said.take(state, door, id, reply);
    }
    let Said { mut accepted, mut ended, waiting, late, unknown } = said;
    let mut unknown_in_all = unknown;
    let late = (!late.is_empty()).then(|| state.intake.late(door.name.clone(), late)).transpose();
    let late = late.map_err(|_| Refused::Full)?;
    state.outbox.changed();
    let durable = async {
        if let Some(answered) = late {
            let LateAcks { accepted: more, ended: before, unknown } = answered.await.ok().flatten()?;
            accepted += more;
            ended += before;
            unknown_in_all += unknown;
        }
        state.recorded(&waiting).await;
        Some(())
    };
    match tokio::time::timeout(DURABLE, durable).await {
        Ok(Some(())) => {}
        Ok(None) | Err(_) => return Err(Refused::Unrecorded),
    }
    let answer = format!(r#"{{"accepted":{accepted},"ended":{ended},"unknown":{unknown_in_all}}}"#);
    Ok(json(StatusCode::OK, Body::from(answer)))
}

async fn read(
    body: impl HttpBody<Data = axum::body::Bytes> + Unpin,
    headers: &HeaderMap,
    door: &Door,
) -> Result<body::Whole, Refused> {
    let limits = &door.bridge.limits;
    Ok(body::read(body, headers, limits.max_bytes, limits.body_timeout).await?)
}

/// What a bot's words come to.
#[derive(Default)]
struct Said {
    /// Those that count.
    accepted: usize,
    /// Those of actions that had come to an end before.
    ended: usize,
    unknown: usize,
    /// Actions whose end is being recorded.
    waiting: Vec<ActionId>,
    /// What the store must be asked about.
    late: Vec<(ActionId, Option<Outcome>)>,
}

impl Said {
    fn take(&mut self, state: &HooksState, door: &Door, id: ActionId, reply: Reply) {
        let (acked, again) = {
            let mut outbox = state.outbox.lock();
            let again = outbox.attempts(&id) > 0;
            (outbox.acked(&door.name, &id, reply.clone(), state.clock.now()), again)
        };
        match acked {
            Acked::Taken(job) => {
                state.metrics.attempt(&door.name, &reply, again);
                self.accepted += 1;
                if let Some(job) = job {
                    // Never what the bot says of it: that may quote a message.
                    tracing::debug!(%id, platform = &*door.name, "a bot has said what came of an action");
                    state.intake.tell(*job);
                    self.waiting.push(id);
                }
            }
            Acked::Ending => {
                self.ended += 1;
                self.waiting.push(id);
            }
            Acked::NotHere => self.late.push((id, outcome(reply))),
        }
    }
}

/// The end that a bot's word means, if it is one.
fn outcome(reply: Reply) -> Option<Outcome> {
    match reply {
        Reply::Done { message } => Some(Outcome::Done { message }),
        Reply::Refused { error } => Some(Outcome::Failed { error }),
        Reply::Retry { .. } | Reply::Unknown { .. } | Reply::Broken { .. } | Reply::Disabled => None,
    }
}

impl HooksState {
    /// Waits until the ends of all of these are recorded.
    async fn recorded(&self, ids: &[ActionId]) {
        loop {
            let mut news = std::pin::pin!(self.outbox.news());
            news.as_mut().enable();
            let ending = {
                let outbox = self.outbox.lock();
                ids.iter().any(|id| outbox.is_ending(id))
            };
            if !ending {
                return;
            }
            news.await;
        }
    }
}

/// What asks for a token.
pub(super) fn asks_for_a_token(mut response: Response) -> Response {
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
