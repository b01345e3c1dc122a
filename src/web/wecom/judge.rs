//! Opens what came and makes it durable.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use tokio::time::Instant;

use super::{Came, Door, Query, Refused, Signed, Switch, WecomState};
use crate::adapters::inbound;
use crate::adapters::wecom::callback::{Reading, envelope};
use crate::adapters::wecom::crypt::{Rejected, Why};
use crate::app::intake::{Answer, Full, Inbound};
use crate::app::metrics::{EventOutcome, Shed};
use crate::domain::time::Timestamp;

/// How long until what could not be made durable is tried for the second time; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What is done when something cannot be made durable at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is tried for as long as WeCom waits: how soon it asks again, and whether after the third time, is not known.
    Holds,
    /// It is said at once: somebody waits for the answer of another.
    None,
}

/// Verifies an address: what is in `echostr`, bare (90238).
pub(super) fn echo(state: &WecomState, door: &Door, query: &str) -> Result<Response<Body>, Refused> {
    is_on(door)?;
    let query = parse(query)?;
    let echostr =
        query.echostr.as_deref().ok_or_else(|| Refused::Unreadable("the query has no `echostr`".to_owned()))?;
    let plain = open(state, door, &query, echostr).inspect_err(|refused| {
        // Somebody is at the page of the callback address this moment, and wants to know why it does not work.
        tracing::warn!(door = &*door.name, ?refused, "a callback address could not be verified");
    })?;
    let mut response = Response::new(Body::from(plain));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// Takes a callback in. When it returns, it is durable.
pub(super) async fn judge(state: &WecomState, door: &Door, came: &Came, patience: Patience) -> Result<(), Refused> {
    is_on(door)?;
    let query = parse(&came.query)?;
    let (_, encrypted) = envelope(&came.body).map_err(|bad| Refused::Unreadable(bad.to_string()))?;
    let plain = open(state, door, &query, &encrypted)?;
    let Reading { events, hints, reply_to } = door.own.channel.read(&plain);
    if let (Some(answers), Some(to)) = (&door.own.answers, &reply_to) {
        answers.offer(to);
    }
    if !events.is_empty() {
        let take = || incoming(state, door, &plain, &events);
        durable(state, take, came.at + door.own.limits.deadline, patience).await?;
    }
    hints.into_iter().for_each(|hint| (door.own.on_hint)(hint));
    Ok(())
}

fn is_on(door: &Door) -> Result<(), Refused> {
    match &door.own.state {
        Switch::On => Ok(()),
        Switch::Off(why) => Err(Refused::Off(why.clone())),
    }
}

fn parse(query: &str) -> Result<Query<'_>, Refused> {
    Query::parse(query).map_err(|bad| Refused::Unreadable(bad.to_string()))
}

/// What is in it, by the first key that opens it.
fn open(state: &WecomState, door: &Door, query: &Query<'_>, encrypted: &str) -> Result<Vec<u8>, Refused> {
    let (signature, timestamp, nonce) = (&*query.signature, &*query.timestamp, &*query.nonce);
    let signed = Signed { signature, timestamp, nonce, encrypted };
    let mut wrong: Option<Why> = None;
    for key in &door.own.keys {
        match key.open(signed) {
            Ok(plain) => {
                let near = door.own.limits.window.is_none_or(|window| is_near(timestamp, state.clock.now(), window));
                return if near { Ok(plain) } else { Err(Refused::Time) };
            }
            Err(Rejected::Signature) => {}
            Err(Rejected::Content(why)) => wrong = Some(why),
        }
    }
    let Some(why) = wrong else {
        if door.says_wrong_signature(state.clock.now()) {
            tracing::warn!(
                door = &*door.name,
                "callbacks come with a wrong signature: compare the token with the console's"
            );
        }
        return Err(Refused::Signature);
    };
    tracing::warn!(door = &*door.name, why = why.words(), "a callback is signed with our token and cannot be opened");
    Err(Refused::Content)
}

/// Whether a time, in seconds since 1970, is near enough to another.
fn is_near(seconds: &str, now: Timestamp, window: Duration) -> bool {
    let told = seconds.parse::<i64>().ok().map(|seconds| Timestamp(seconds.saturating_mul(1000)));
    told.is_some_and(|told| now.since(told) <= window && told.since(now) <= window)
}

/// The events as the daemon takes them. One that its reader does not take is kept whole in another.
fn incoming(state: &WecomState, door: &Door, plain: &[u8], events: &[String]) -> Vec<Inbound> {
    let now = state.clock.now();
    let read = |json: &String| {
        let own = inbound::one(json, &door.own.platform, now);
        own.or_else(|_| inbound::one(&door.own.channel.unread(plain), &door.own.platform, now))
    };
    let mut taken = Vec::with_capacity(events.len());
    for event in events {
        match read(event) {
            Ok(event) => taken.push(event),
            Err(why) => {
                tracing::error!(
                    door = &*door.name,
                    why = why.error,
                    "a callback became no event; this is a fault of the program"
                );
                state.metrics.event(&door.own.platform, EventOutcome::Rejected);
            }
        }
    }
    taken
}

/// Has events made durable, by `deadline`.
async fn durable(
    state: &WecomState,
    take: impl Fn() -> Vec<Inbound>,
    deadline: Instant,
    patience: Patience,
) -> Result<(), Refused> {
    let first = once(state, take(), deadline).await;
    let Err(refused @ (Refused::Full | Refused::Unavailable)) = first else { return first };
    // Those that are held take memory, so they are bounded.
    let (Patience::Holds, Ok(_held)) = (patience, state.held.try_acquire()) else { return Err(refused) };
    let (mut last, mut pause) = (refused, FIRST_PAUSE);
    while Instant::now() + pause < deadline && !state.stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.stop.cancelled() => break,
        }
        pause *= 2;
        match once(state, take(), deadline).await {
            Err(refused @ (Refused::Full | Refused::Unavailable)) => last = refused,
            other => return other,
        }
    }
    Err(last)
}

async fn once(state: &WecomState, events: Vec<Inbound>, deadline: Instant) -> Result<(), Refused> {
    let answered = state.intake.submit(events).map_err(|Full| {
        state.metrics.shed(Shed::Intake);
        Refused::Full
    })?;
    match tokio::time::timeout_at(deadline, answered).await {
        // It may become durable yet; then the next try is a duplicate.
        Err(_) => Err(Refused::Late),
        Ok(Ok(Answer::Durable { .. })) => Ok(()),
        Ok(Ok(Answer::Displaced)) => {
            state.metrics.shed(Shed::Intake);
            Err(Refused::Full)
        }
        Ok(Ok(Answer::Unavailable { .. }) | Err(_)) => Err(Refused::Unavailable),
    }
}
