//! Erasing a person on request: asked for by `qunwei member erase`.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::{AdminState, operator};
use crate::app::intake::Job;
use crate::ports::{Erasure, Person};
use crate::web::listen::Caller;

#[derive(Deserialize)]
struct Asked {
    platform: String,
    user: String,
}

/// Begins to erase a person; 200 and how far that has come, which [`erasure`] says from then on.
pub(super) async fn erase(
    State(state): State<AdminState>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let by = match operator(caller.as_deref(), &headers, "qunwei member erase") {
        Ok(by) => by,
        Err(why) => return (StatusCode::FORBIDDEN, why),
    };
    let asked = serde_json::from_slice::<Asked>(&body).ok();
    let Some(Asked { platform, user }) = asked.filter(|asked| !asked.platform.is_empty() && !asked.user.is_empty())
    else {
        let wanted = r#"{"platform": "NAME", "user": "ID"}"#;
        return (StatusCode::BAD_REQUEST, format!("the body is not {wanted}\n"));
    };
    let person = Person { platform: platform.into(), user: user.into() };
    let (answer, answered) = oneshot::channel();
    state.intake.tell(Job::Erase { person, by, answer });
    match answered.await {
        Ok(Ok(erasure)) => (StatusCode::OK, shown(&erasure)),
        Ok(Err(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("nothing was erased: {why}\n")),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping; ask again when it runs\n".to_owned()),
    }
}

/// How far an erasure has come.
pub(super) async fn erasure(State(state): State<AdminState>, Path(no): Path<u64>) -> (StatusCode, String) {
    let (answer, answered) = oneshot::channel();
    state.intake.tell(Job::Erasure { no, answer });
    match answered.await {
        Ok(Some(erasure)) => (StatusCode::OK, shown(&erasure)),
        Ok(None) | Err(_) => (StatusCode::NOT_FOUND, format!("there is no erasure {no}\n")),
    }
}

/// Numbers alone: who it was is not in it.
fn shown(erasure: &Erasure) -> String {
    serde_json::to_string(erasure).unwrap_or_default() + "\n"
}
