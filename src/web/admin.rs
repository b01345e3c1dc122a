//! What operators ask (interfaces.md §5). Never message text, never secrets.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::sync::oneshot;

use crate::app::health::Health;
use crate::app::intake::{Intake, Job};
use crate::app::metrics::{self, Metrics};
use crate::app::recent_log::RecentLog;
use crate::domain::case::ByWhom;
use crate::ports::Clock;

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
/// cannot send it to another origin unasked, so no foreign page can stop the daemon.
pub const OPERATOR: &str = "x-qunwei-operator";

/// `/healthz`, `/readyz`, `/metrics` and `/log` to be read; `/pause`, `/resume` and `/erase` to be posted to.
pub fn router(state: AdminState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .route("/log", get(|State(state): State<AdminState>| async move { state.log.text() }))
        .route("/pause", post(|state, headers| pause(state, headers, true)))
        .route("/resume", post(|state, headers| pause(state, headers, false)))
        .route("/erase", post(erase::erase))
        .route("/erase/{no}", get(erase::erasure))
        .with_state(state)
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

/// Everything only observes, or acts again; 200 when that is durable.
async fn pause(State(state): State<AdminState>, headers: HeaderMap, on: bool) -> (StatusCode, String) {
    let Some(by) = headers.get(OPERATOR) else {
        return (StatusCode::FORBIDDEN, format!("the header `{OPERATOR}` is missing; use `qunwei pause`\n"));
    };
    let name = by.to_str().ok().filter(|name| !name.is_empty()).unwrap_or("operator");
    let name: String = name.chars().take(64).collect();
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
