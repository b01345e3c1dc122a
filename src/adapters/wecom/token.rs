//! The access token of one secret: fetched once for all who ask, renewed before it expires, dropped when WeCom refuses it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;

use super::api::{ApiError, Endpoint};
use crate::domain::secret::Hidden;
use crate::domain::time::Timestamp;
use crate::ports::Clock;

/// How long before its end a token is renewed (91039: it may end early; two are valid for a moment).
const EARLY: Duration = Duration::from_secs(300);
/// How long a token holds where the answer does not say.
const USUAL: u64 = 7200;
/// The first wait after a token could not be fetched; it doubles each time …
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest token that is taken, in bytes; the documentation asks for 512.
const LONGEST_TOKEN: usize = 4096;

/// One secret's access token.
pub struct Tokens {
    endpoint: Endpoint,
    corp_id: Arc<str>,
    secret: Hidden,
    clock: Arc<dyn Clock>,
    /// Held while a token is fetched, so that all others wait for that one request.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failed: Option<Failed>,
}

struct Held {
    token: Hidden,
    renew: Timestamp,
    ends: Timestamp,
}

struct Failed {
    why: ApiError,
    times: u32,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Tokens {
    /// For one secret of a corp; fetches nothing yet.
    pub fn new(endpoint: Endpoint, corp_id: &str, secret: Hidden, clock: Arc<dyn Clock>) -> Self {
        Self { endpoint, corp_id: corp_id.into(), secret, clock, state: Mutex::default() }
    }

    /// The token. Whoever asks while it is being fetched waits for the same request.
    ///
    /// # Errors
    /// It cannot be had; and it was not asked for again if that is so since a moment ago.
    pub async fn get(&self) -> Result<Hidden, ApiError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(held) = state.held.as_ref().filter(|held| now < held.renew) {
            return Ok(held.token.clone());
        }
        // Until it has ended, the old one serves while a new one cannot be had.
        let old = state.held.as_ref().filter(|held| now < held.ends).map(|held| held.token.clone());
        if let Some(failed) = state.failed.as_ref().filter(|failed| now < failed.until) {
            let after = failed.until.since(now).min(LONGEST_WAIT);
            return old.ok_or_else(|| ApiError::NoToken { why: Box::new(failed.why.clone()), after });
        }
        match self.fetch().await {
            Ok(held) => {
                let token = held.token.clone();
                *state = State { held: Some(held), failed: None };
                Ok(token)
            }
            Err(why) => {
                let times = state.failed.as_ref().map_or(0, |failed| failed.times).saturating_add(1);
                let wait = FIRST_WAIT.saturating_mul(1 << (times - 1).min(16)).min(LONGEST_WAIT);
                let until = self.clock.now().plus(wait);
                state.failed = Some(Failed { why: why.clone(), times, until });
                old.ok_or_else(|| ApiError::NoToken { why: Box::new(why), after: wait })
            }
        }
    }

    /// WeCom refused this token. Another one is fetched for the next who asks, unless that has happened already.
    pub async fn useless(&self, token: &Hidden) {
        let mut state = self.state.lock().await;
        if state.held.as_ref().is_some_and(|held| held.token == *token) {
            state.held = None;
        }
    }

    async fn fetch(&self) -> Result<Held, ApiError> {
        let secret = self.secret.reveal().trim();
        let request = self.endpoint.get("gettoken", &[("corpid", &self.corp_id), ("corpsecret", secret)]);
        let answer = self.endpoint.send(request, &[secret]).await?;
        let unread = || ApiError::Unanswered("the answer holds no access token".to_owned());
        let answer: Answer = serde_json::from_value(answer).map_err(|_| unread())?;
        let sound =
            |token: &str| !token.is_empty() && token.len() <= LONGEST_TOKEN && !token.contains(char::is_whitespace);
        if !sound(&answer.access_token) {
            return Err(unread());
        }
        let now = self.clock.now();
        let lasts = Duration::from_secs(answer.expires_in.unwrap_or(USUAL));
        let early = EARLY.min(lasts / 2);
        Ok(Held { token: Hidden::new(&answer.access_token), renew: now.plus(lasts - early), ends: now.plus(lasts) })
    }
}

#[cfg(test)]
mod tests;
