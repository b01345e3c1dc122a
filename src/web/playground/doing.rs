//! What a page may do: `POST /api/WHAT` with JSON. 200 with what came of it; 409 when the platform does not let them; 400 for
//! what is not understood.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::PlaygroundState;
use super::editor::Refused;
use crate::adapters::inbound;
use crate::adapters::playground::people::Refusal;
use crate::adapters::playground::{Deed, Kind, Playground};
use crate::app::intake::{Answer, Intake};
use crate::domain::time::Timestamp;

/// Why something was not done.
#[derive(Debug)]
pub enum Trouble {
    /// The request is not understood.
    Malformed(String),
    /// The platform does not let them.
    Refused(Refusal),
    /// The daemon cannot take it now.
    Unavailable,
    /// There is nothing of this name.
    Nothing,
    /// The configuration was not changed.
    Config(Refused),
    /// The clock has nothing to go to.
    NoTimer,
}

type Done = Result<Value, Trouble>;

pub(super) async fn answer(
    State(state): State<Arc<PlaygroundState>>,
    Path(what): Path<String>,
    body: String,
) -> Response {
    let done = match &*what {
        "act" => act(&state, &body).await,
        "clock" => clock(&state, &body).await,
        "scene" => scene(&state, &body),
        "stop" => Ok(stop(&state).await),
        "reset" => reset(&state, &body).await,
        "config" => {
            state.editor.look();
            Ok(json!({ "files": state.editor.list(), "version": state.editor.version() }))
        }
        "config-read" => config_read(&state, &body),
        "config-check" => config_check(&state, &body),
        "config-save" => config_save(&state, &body).await,
        _ => Err(Trouble::Nothing),
    };
    match done {
        Ok(value) => respond(StatusCode::OK, &value),
        Err(trouble) => trouble.into_response(),
    }
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, Trouble> {
    serde_json::from_str(body).map_err(|error| Trouble::Malformed(error.to_string()))
}

async fn act(state: &PlaygroundState, body: &str) -> Done {
    let deed: Deed = read(body)?;
    let event = state.playground.act(&deed).map_err(Trouble::Refused)?;
    let id = event["id"].clone();
    hand_in(&state.intake, state.playground.kind(), state.turning.now(), &event).await?;
    Ok(json!({ "id": id }))
}

/// Hands an event in as a bridge would, and waits until it is durable.
///
/// # Errors
/// The daemon cannot take it now.
pub async fn hand_in(intake: &Intake, kind: Kind, now: Timestamp, event: &Value) -> Result<(), Trouble> {
    let platform = Arc::from(kind.name());
    let batch = inbound::read(event.to_string().as_bytes(), &platform, now, 1);
    let batch = batch.map_err(|unreadable| Trouble::Malformed(unreadable.error))?;
    let answered = intake.submit(batch.events).map_err(|_| Trouble::Unavailable)?;
    match answered.await {
        Ok(Answer::Durable { .. }) => Ok(()),
        Ok(Answer::Unavailable { .. } | Answer::Displaced) | Err(_) => Err(Trouble::Unavailable),
    }
}

/// Does what somebody does in a scene.
pub(super) async fn perform(
    playground: &Playground,
    intake: &Intake,
    now: Timestamp,
    deed: &Deed,
) -> Result<(), Trouble> {
    let event = playground.act(deed).map_err(Trouble::Refused)?;
    hand_in(intake, playground.kind(), now, &event).await
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Move {
    Seconds(u64),
    NextTimer,
}

async fn clock(state: &PlaygroundState, body: &str) -> Done {
    match read(body)? {
        Move::Seconds(seconds) => state.turning.forward(Duration::from_secs(seconds)).await,
        Move::NextTimer if state.turning.forward_to_timer().await => {}
        Move::NextTimer => return Err(Trouble::NoTimer),
    }
    Ok(json!({ "now": state.turning.now() }))
}

#[derive(Deserialize)]
struct Scene {
    name: String,
    /// The pace in milliseconds a step; what is readable when it is not said.
    pace: Option<u64>,
}

fn scene(state: &PlaygroundState, body: &str) -> Done {
    let Scene { name, pace } = read(body)?;
    let known = state.player.play(&name, pace.map(Duration::from_millis));
    if known { Ok(json!({})) } else { Err(Trouble::Nothing) }
}

async fn stop(state: &PlaygroundState) -> Value {
    state.player.stop().await;
    json!({})
}

#[derive(Deserialize)]
struct Afresh {
    /// The kind of platform from here on; the same when it is not said.
    kind: Option<Kind>,
}

async fn reset(state: &PlaygroundState, body: &str) -> Done {
    let Afresh { kind } = read(body)?;
    state.player.stop().await;
    state.player.begin_again(kind);
    Ok(json!({}))
}

#[derive(Deserialize)]
struct File {
    name: String,
    #[serde(default)]
    text: String,
}

fn config_read(state: &PlaygroundState, body: &str) -> Done {
    let File { name, .. } = read(body)?;
    let text = state.editor.read(&name).map_err(Trouble::Config)?;
    Ok(json!({ "text": text }))
}

fn config_check(state: &PlaygroundState, body: &str) -> Done {
    let File { name, text } = read(body)?;
    let faults = state.editor.check(&name, &text).map_err(Trouble::Config)?;
    Ok(json!({ "faults": faults }))
}

async fn config_save(state: &PlaygroundState, body: &str) -> Done {
    let File { name, text } = read(body)?;
    let faults = state.editor.save(&name, &text).await.map_err(Trouble::Config)?;
    Ok(json!({ "faults": faults, "version": state.editor.version() }))
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Trouble::Malformed(error) => (StatusCode::BAD_REQUEST, json!({ "code": "malformed", "error": error })),
            Trouble::Refused(refusal) => {
                let error = refusal.to_string();
                let mut body = serde_json::to_value(refusal).unwrap_or_default();
                body["error"] = json!(error);
                (StatusCode::CONFLICT, body)
            }
            Trouble::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, json!({ "code": "unavailable" })),
            Trouble::Nothing => (StatusCode::NOT_FOUND, json!({ "code": "nothing" })),
            Trouble::NoTimer => (StatusCode::CONFLICT, json!({ "code": "no_timer" })),
            Trouble::Config(refused) => (StatusCode::UNPROCESSABLE_ENTITY, refused.to_json()),
        };
        respond(status, &body)
    }
}

fn respond(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
