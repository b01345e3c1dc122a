//! Answers of bots. Without a long connection there comes an address with each message, `response_url`, at which one thing can be
//! said in answer, once and within an hour (doc 101138); in a group it quotes the message. Who writes to a bot of ours alone that has
//! a connection is answered over it, as often as something is to be said.
//!
//! Whoever has such an address can speak as the bot, so it is a secret: kept in memory alone, never shown, and never asked but
//! below the address that the configuration names. A restart forgets them; what was to be said then fails, and says why.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use reqwest::Url;
use serde_json::json;

use crate::adapters::wecom::api::{ApiError, Endpoint};
use crate::adapters::wecom::callback::ReplyTo;
use crate::adapters::wecom::errcode::{self, Class};
use crate::adapters::wecom::platform::AibotPush;
use crate::adapters::wecom::text;
use crate::domain::secret::Hidden;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Reply};

/// The call that an address is, below `/cgi-bin/`.
pub const CALL: &str = "aibot/response";
/// What its query names.
const CODE: &str = "response_code";
/// The longest code that is taken, in bytes. WeCom names no figure.
const LONGEST_CODE: usize = 2048;
/// An address is good for an hour, which began before it came here.
const GOOD_FOR: Duration = Duration::from_secs(59 * 60);
/// Messages that can be answered; the oldest are forgotten first.
const MOST: NonZeroUsize = NonZeroUsize::new(8192).expect("more than none");
/// The longest Markdown, in bytes (101138).
const LIMIT: usize = 20_480;

/// What can be answered. Clones share it.
#[derive(Clone)]
pub struct Answers(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    /// By the id of the message's event.
    places: Mutex<LruCache<Box<str>, Place>>,
}

/// Where one message can be answered.
struct Place {
    at: At,
    until: Timestamp,
    /// Who wrote it to the bot alone; `None` in a group.
    alone: Option<Box<str>>,
}

enum At {
    Address(Hidden),
    /// It was used, and what came of it does not matter.
    Used,
    /// In the chat of this person with a bot.
    Chat(Arc<str>, Arc<dyn AibotPush>),
}

/// Why a message cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// No message is answered, or no bot can answer there.
    #[error("it answers nothing that was said to a bot there")]
    Unasked,
    /// It brought no address, or the daemon was started anew since.
    #[error("the address at which it could be answered is not known (any more): a restart forgets them")]
    Unknown,
    /// Something was said at its address.
    #[error("it was answered already, and WeCom lets it be answered once")]
    Used,
    /// An hour is over.
    #[error("it came an hour ago, and WeCom does not let it be answered any more")]
    Late,
}

impl Answers {
    /// None yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { clock, places: Mutex::new(LruCache::new(MOST)) }))
    }

    /// A message came that can be answered. The same again: WeCom had not heard that it was taken. What was used stays used.
    pub fn offer(&self, to: &ReplyTo) {
        let until = self.0.clock.now().plus(GOOD_FOR);
        let mut places = self.places();
        if !matches!(places.get(&to.event), Some(Place { at: At::Used, .. })) {
            let at = At::Address(to.code.clone());
            places.put(to.event.clone(), Place { at, until, alone: to.alone.clone() });
        }
    }

    /// Somebody wrote to a bot alone that has a connection.
    pub fn offer_chat(&self, event: &str, user: &str, bot: Arc<dyn AibotPush>) {
        let until = self.0.clock.now().plus(GOOD_FOR);
        let at = At::Chat(user.into(), bot);
        self.places().put(event.into(), Place { at, until, alone: Some(user.into()) });
    }

    /// Says Markdown in answer to the message of an event: in its group, or to who wrote it `alone`.
    ///
    /// # Errors
    /// It cannot be answered so: nothing was tried.
    pub async fn say(
        &self,
        endpoint: &Endpoint,
        event: &str,
        alone: Option<&str>,
        markdown: &str,
    ) -> Result<Reply, Unanswerable> {
        let content = text::shorten(&text::neutral_markdown(markdown), LIMIT);
        let code = match self.take(event, alone)? {
            At::Address(code) => code,
            At::Chat(user, bot) => return Ok(bot.push(user, content).await),
            At::Used => return Err(Unanswerable::Used),
        };
        let body = json!({"msgtype": "markdown", "markdown": {"content": content}});
        let request = endpoint.post(CALL, &[(CODE, code.reveal())], &body);
        let error = match endpoint.send(request, &[code.reveal()]).await {
            Ok(_) => return Ok(Reply::Done { message: None }),
            Err(error) => error,
        };
        if was_not_used(&error)
            && let Some(place) = self.places().get_mut(event)
        {
            place.at = At::Address(code);
            return Ok(error.reply(false));
        }
        Ok(match error.reply(false) {
            Reply::Unknown { error } => Reply::Unknown { error },
            // Nobody knows whether an address that was refused is good once more, so it is not tried.
            _ => Reply::Refused { error: error.to_string() },
        })
    }

    /// Where it can be answered; an address is used by that.
    fn take(&self, event: &str, alone: Option<&str>) -> Result<At, Unanswerable> {
        let now = self.0.clock.now();
        let mut places = self.places();
        let place = places.get_mut(event).filter(|place| place.alone.as_deref() == alone);
        let place = place.ok_or(Unanswerable::Unknown)?;
        if place.until <= now && !matches!(place.at, At::Used) {
            return Err(Unanswerable::Late);
        }
        Ok(match &place.at {
            At::Chat(user, bot) => At::Chat(user.clone(), bot.clone()),
            At::Address(_) | At::Used => std::mem::replace(&mut place.at, At::Used),
        })
    }

    fn places(&self) -> MutexGuard<'_, LruCache<Box<str>, Place>> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an address is surely as good as before: no connection, or WeCom says itself that it is busy or asked too often.
fn was_not_used(error: &ApiError) -> bool {
    match error {
        ApiError::NotSent(_) | ApiError::TooSoon(_) | ApiError::Status(429 | 503) => true,
        ApiError::Code { code, .. } => {
            errcode::row(*code).is_some_and(|row| matches!(row.class, Class::Retry | Class::Pace))
        }
        ApiError::Unanswered(_) | ApiError::Status(_) | ApiError::NoToken { .. } => false,
    }
}

/// The code of an address, if it is one of those below `under`, which is where such calls go. Whatever else it names is not
/// called: who can forge a callback must not choose where the daemon turns to.
pub fn code(url: &str, under: &str) -> Option<Hidden> {
    let query = url.strip_prefix(under)?.strip_prefix('?')?;
    let parsed = Url::parse(&format!("http://query/?{query}")).ok()?;
    let code = parsed.query_pairs().find(|(name, _)| name == CODE)?.1.into_owned();
    let sound = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    sound.then(|| Hidden::new(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_below_our_own_are_read() {
        let under = "https://qyapi.weixin.qq.com/cgi-bin/aibot/response";
        let read = |url: &str| code(url, under).map(|code| code.reveal().to_owned());
        assert_eq!(read(&format!("{under}?response_code=a-B_1")), Some("a-B_1".to_owned()));
        assert_eq!(read(&format!("{under}?x=1&response_code=a%2Bb%3D")), Some("a+b=".to_owned()));
        for forged in [
            "",
            "https://evil.example/cgi-bin/aibot/response?response_code=a",
            "http://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=a",
            "https://qyapi.weixin.qq.com@evil.example/cgi-bin/aibot/response?response_code=a",
            "https://qyapi.weixin.qq.com.evil.example/cgi-bin/aibot/response?response_code=a",
            "https://qyapi.weixin.qq.com:8443/cgi-bin/aibot/response?response_code=a",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response/../../message/send?response_code=a",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/responses?response_code=a",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=a%0Ab",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?other=a",
        ] {
            assert_eq!(read(forged), None, "{forged}");
        }
        assert_eq!(read(&format!("{under}?response_code={}", "a".repeat(LONGEST_CODE + 1))), None);
    }
}
