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
use crate::domain::case::ByWhom;
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

/// Who does something: an operator on the daemon's own machine, and no page in a browser. `command` is what they use.
fn by_whom(caller: Option<&Caller>, headers: &HeaderMap, command: &str) -> Result<String, (StatusCode, String)> {
    let refused = |why: String| Err((StatusCode::FORBIDDEN, why));
    if !is_from_here(caller) {
        return refused("this is only done from the daemon's own machine\n".to_owned());
    }
    if headers.contains_key(ORIGIN) {
        return refused("no page in a browser does this\n".to_owned());
    }
    let Some(by) = headers.get(OPERATOR) else {
        return refused(format!("the header `{OPERATOR}` is missing; use `{command}`\n"));
    };
    let name = by.to_str().ok().filter(|name| !name.is_empty()).unwrap_or("operator");
    Ok(name.chars().take(64).collect())
}

/// The last lines of the log, on the daemon's own machine.
async fn log(State(state): State<AdminState>, caller: Option<Extension<Caller>>) -> (StatusCode, String) {
    if is_from_here(caller.as_deref()) {
        (StatusCode::OK, state.log.text())
    } else {
        (StatusCode::FORBIDDEN, "this is only shown on the daemon's own machine\n".to_owned())
    }
}

/// Everything only observes, or acts again; 200 when that is durable.
async fn pause(
    State(state): State<AdminState>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    on: bool,
) -> (StatusCode, String) {
    let name = match by_whom(caller.as_deref(), &headers, "qunwei pause") {
        Ok(name) => name,
        Err(refused) => return refused,
    };
    let pause = on.then(|| ByWhom { by: "operator".into(), name, at: state.clock.now() });
    let (answer, answered) = oneshot::channel();
    state.intake.tell(Job::Pause { pause, answer });
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
