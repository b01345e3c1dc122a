//! Actions posted to a bridge's `actions_url`, one request each, and what its answers mean (interfaces.md §4).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use serde::Deserialize;

use super::sign::{self, Secret};
use crate::adapters::http::{self, ClientError};
use crate::domain::action::Action;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Platform, Reply};

/// How long one attempt may take where the configuration does not say.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How much of an answer is read: it holds one id.
const ANSWER_LIMIT: usize = 4096;

/// Where a bridge's actions go, and how.
#[derive(Clone)]
pub struct Target {
    /// The address; never shown, for it may hold a token: hence no `Debug`.
    pub actions_url: String,
    /// Each signs, so that a bot that knows any of them is content during a rotation.
    pub secrets: Vec<Secret>,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// Posts actions to one bridge.
#[derive(Clone)]
pub struct Push {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    url: Url,
    secrets: Vec<Secret>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl Push {
    /// Gets ready; sends nothing.
    ///
    /// # Errors
    /// The address is none, or there are no certificates for it.
    pub fn new(target: Target, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        let url = http::url(&target.actions_url)?;
        let client = http::client(&url, target.timeout)?;
        let Target { secrets, timeout, .. } = target;
        Ok(Self { shared: Arc::new(Shared { client, url, secrets, timeout, clock }) })
    }
}

impl Platform for Push {
    fn perform(&self, action: Arc<Action>, body: Arc<str>) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        let shared = self.shared.clone();
        Box::pin(async move { shared.post(&action.id, &body).await })
    }
}

impl Shared {
    async fn post(&self, id: &str, body: &str) -> Reply {
        let now = self.clock.now();
        let signatures: Vec<String> =
            self.secrets.iter().map(|secret| sign::sign(secret, id, now, body.as_bytes())).collect();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", sign::header_seconds(now))
            .header("webhook-signature", signatures.join(" "))
            .body(body.to_owned());
        match request.send().await {
            Ok(response) => self.reply(response).await,
            Err(error) => self.unanswered(&error),
        }
    }

    async fn reply(&self, response: Response) -> Reply {
        let status = response.status().as_u16();
        let error = format!("HTTP {status}");
        match status {
            200..=299 => Reply::Done { message: message(response).await },
            408 | 425 | 429 | 500..=599 => {
                Reply::Retry { after: retry_after(response.headers(), self.clock.now()), error }
            }
            400 | 413 | 422 => Reply::Refused { error },
            410 => Reply::Disabled,
            _ => Reply::Broken { error },
        }
    }

    /// Without a connection nothing was sent. Afterwards, nobody knows.
    fn unanswered(&self, error: &reqwest::Error) -> Reply {
        if error.is_builder() {
            return Reply::Broken { error: "the request cannot be made".to_owned() };
        }
        if error.is_connect() {
            return Reply::Retry { after: None, error: format!("no connection: {}", http::root_cause(error)) };
        }
        if error.is_timeout() {
            return Reply::Unknown { error: format!("no answer within {} s", self.timeout.as_secs_f32()) };
        }
        Reply::Unknown { error: "the connection broke before the answer".to_owned() }
    }
}

/// The message that the action became, when the answer names one. The action is done whatever else the answer holds, and
/// even when it never ends.
async fn message(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT {
            return None;
        }
    }
    message_in(&body)
}

/// The id that an answer names: a text, or a whole number.
pub fn message_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Whole(i64),
    }
    #[derive(Deserialize)]
    struct Answer {
        message: Id,
    }
    match serde_json::from_slice(body).ok()? {
        Answer { message: Id::Text(id) } => Some(id).filter(|id| !id.is_empty()),
        Answer { message: Id::Whole(id) } => Some(id.to_string()),
    }
}

/// `Retry-After`: seconds, or a date; how long that is from now.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Timestamp(date.as_millisecond()).since(now))
}

#[cfg(test)]
mod tests;
