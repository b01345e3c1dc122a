//! What operators ask (interfaces.md §5). Never message text, never secrets.
//!
//! Who may read: whoever reaches the port, but no page of a foreign site in a browser on this machine. Who may stop and resume:
//! programs on this machine, and no browser.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::sync::oneshot;

use crate::app::health::Health;
use crate::app::intake::{Intake, Job};
use crate::app::metrics::{self, Metrics};
use crate::app::recent_log::RecentLog;
use crate::domain::case::{ByWhom, Halt};
use crate::ports::Clock;
use crate::web::host;
use crate::web::listen::Caller;

/// What is shown.
#[derive(Clone)]
pub struct AdminState {
    /// Whether the daemon is ready.
    pub health: Health,
    /// What it counted.
    pub metrics: Arc<Metrics>,
    /// Where an operator's word goes.
    pub intake: Intake,
    /// When it was said.
    pub clock: Arc<dyn Clock>,
    /// The last lines of the log, which has neither text nor secrets either.
    pub log: RecentLog,
}

/// The header that says who stops or resumes. It must be there, though it may be empty: a page in an operator's browser
/// cannot send it to another origin unasked.
pub const OPERATOR: &str = "x-qunwei-operator";

/// `/healthz`, `/readyz`, `/metrics` and `/log` to be read; `/pause`, `/resume` and `/erase` to be posted to.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .route("/log", get(log))
        .route("/pause", post(|state, caller, headers| pause(state, caller, headers, true)))
        .route("/resume", post(|state, caller, headers| pause(state, caller, headers, false)))
        .route("/erase", post(erase::erase))
        .route("/erase/{no}", get(erase::erasure))
        .layer(from_fn(keep_out))
        .with_state(state)
}

/// A browser on this machine may show a page whose own name was turned to lead here: it is told by that name.
async fn keep_out(request: Request, next: Next) -> Response {
    if is_from_here(request.extensions().get()) && !host::is_no_site(request.headers()) {
        return (StatusCode::FORBIDDEN, "ask by an address or by `localhost`\n").into_response();
    }
    next.run(request).await
}

fn is_from_here(caller: Option<&Caller>) -> bool {
    caller.is_some_and(|caller| caller.0.is_loopback())
}

/// 200, or 503 and one reason a line; then one line each for what should be looked at all the same.
async fn ready(State(state): State<AdminState>) -> (StatusCode, String) {
    let (status, mut lines) = match state.health.ready() {
        Ok(()) => (StatusCode::OK, vec!["ready".to_owned()]),
        Err(reasons) => (StatusCode::SERVICE_UNAVAILABLE, reasons),
    };
    lines.extend(state.health.notes().into_iter().map(|note| format!("note: {note}")));
    (status, lines.join("\n") + "\n")
}

/// The last lines of the log; they name groups and people, so only this machine is shown them.
async fn log(State(state): State<AdminState>, caller: Option<Extension<Caller>>) -> (StatusCode, String) {
    match is_from_here(caller.as_deref()) {
        true => (StatusCode::OK, state.log.text()),
        false => (StatusCode::FORBIDDEN, ONLY_HERE.to_owned()),
    }
}

const ONLY_HERE: &str = "this is only done from the daemon's own machine\n";

/// Who asks for something to be done; or why it is not done. `command` does it as it should be done.
fn operator(caller: Option<&Caller>, headers: &HeaderMap, command: &str) -> Result<String, String> {
    if !is_from_here(caller) {
        return Err(ONLY_HERE.to_owned());
    }
    if headers.contains_key(ORIGIN) {
        return Err("no page in a browser does this\n".to_owned());
    }
    let by = headers.get(OPERATOR).ok_or_else(|| format!("the header `{OPERATOR}` is missing; use `{command}`\n"))?;
    let name = by.to_str().ok().filter(|name| !name.is_empty()).unwrap_or("operator");
    Ok(name.chars().take(64).collect())
}

/// Everything only observes, or acts again; 200 when that is durable.
async fn pause(
    State(state): State<AdminState>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    on: bool,
) -> (StatusCode, String) {
    let name = match operator(caller.as_deref(), &headers, "qunwei pause") {
        Ok(name) => name,
        Err(why) => return (StatusCode::FORBIDDEN, why),
    };
    let by = ByWhom { by: "operator".into(), name, at: state.clock.now() };
    let (answer, answered) = oneshot::channel();
    state.intake.tell(Job::Pause { halt: Halt::Said { stop: on, by }, answer });
    match answered.await {
        Ok(true) if on => (StatusCode::OK, "paused: everything is judged and recorded, nothing is done\n".to_owned()),
        Ok(true) => (StatusCode::OK, "resumed: rules are acted on again\n".to_owned()),
        Ok(false) | Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "it could not be recorded; see /readyz, and try again\n".to_owned())
        }
    }
}

async fn numbers(State(state): State<AdminState>) -> impl IntoResponse {
    state.metrics.ready(state.health.ready().is_ok());
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], state.metrics.text())
}

mod erase;
#[cfg(test)]
mod tests;
