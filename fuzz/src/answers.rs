//! What is answered to us: by WeCom or who answers for it, and by bots that were sent actions.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use qunwei::adapters::bridge::push;
use qunwei::adapters::inbound;
use qunwei::adapters::wecom::api::{Api, ApiError, Carried, Carrier, Endpoint};
use qunwei::adapters::wecom::appchat::AppChats;
use qunwei::adapters::wecom::archive_http::ArchiveApi;
use qunwei::adapters::wecom::customer::{Customers, Patience};
use qunwei::adapters::wecom::roster::Roster;
use qunwei::adapters::wecom::token::Tokens;
use qunwei::domain::secret::Hidden;
use qunwei::domain::time::Timestamp;
use qunwei::ports::Clock;

use super::NOW;

/// What no error may repeat of what it was asked with.
const SECRET: &str = "Secret-of-an-app-0123456789";
const TOKEN: &str = "Token-of-an-app-0123456789";

static ENDPOINT: LazyLock<Endpoint> =
    LazyLock::new(|| Endpoint::new("http://127.0.0.1:9", Duration::from_secs(1)).expect("an address"));

/// It is always the same time.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Answers every call with the same; a token only if that is so as well.
struct Answered {
    status: u16,
    body: Vec<u8>,
    gives_token: bool,
}

impl Carrier for Answered {
    fn carry(&self, request: reqwest::Request) -> Carried {
        let answer = match self.gives_token && request.url().path().ends_with("/gettoken") {
            true => (200, format!(r#"{{"errcode":0,"access_token":"{TOKEN}"}}"#).into_bytes()),
            false => (self.status, self.body.clone()),
        };
        Box::pin(async move { Ok(answer) })
    }
}

fn api(status: u16, body: &[u8], gives_token: bool) -> Api {
    let endpoint = ENDPOINT.clone().carried_by(Arc::new(Answered { status, body: body.to_vec(), gives_token }));
    let tokens = Tokens::new(endpoint.clone(), "ww5823bf96d3bd56c7", Hidden::new(SECRET), Arc::new(Still));
    Api::new(endpoint, Arc::new(tokens))
}

/// What WeCom answers to whatever is asked: an error tells no secret, and what is read of a group can be told as events.
pub fn answers(data: &[u8]) {
    let patience = Patience { tries: 1, first: Duration::ZERO };
    for (status, gives_token) in [(200, true), (429, true), (200, false)] {
        let api = api(status, data, gives_token);
        let (customers, chats) = (Customers::new(api.clone(), patience), AppChats::new(api.clone()));
        let archive = ArchiveApi::new(api.clone());
        let sent = if gives_token { TOKEN } else { SECRET };
        told(at_once(customers.groups(&[])), sent);
        let group = told(at_once(customers.group("wr1")), sent);
        let chat = told(at_once(chats.get("wr1")), sent);
        told(at_once(customers.join_way("way")), sent);
        told(at_once(customers.welcome("template")), sent);
        told(at_once(customers.mass_result("m1", "zhangsan")), sent);
        told(at_once(archive.permitted_users(None)), sent);
        told(at_once(archive.room_consent("wr1")), sent);
        told(at_once(archive.room("wr1")), sent);
        told(at_once(api.upload_image("image.png", b"png")), sent);
        let rosters = group.map(|group| Roster::of_customers(&group)).into_iter();
        for roster in rosters.chain(chat.map(|chat| Roster::of_app(&chat))) {
            events(&roster);
        }
    }
}

/// What was there, or the words that are logged and shown of why not, which have nothing of what was sent secretly.
fn told<T>(result: Result<T, ApiError>, sent: &str) -> Option<T> {
    let error = match result {
        Ok(found) => return Some(found),
        Err(error) => error,
    };
    let words = error.to_string();
    assert!(!words.contains(sent), "{words}");
    assert!(!words.contains(char::is_control) && words.len() < 4096, "{words:?}");
    let _ = (error.reply(true), error.reply(false), error.may_pass(), error.needs_operator());
    None
}

/// What is told of a group that is seen for the first time, that everybody has come to, and that everybody has left.
fn events(roster: &Roster) {
    let platform = Arc::from("corp");
    let kept = serde_json::to_string(roster).expect("a roster is JSON");
    let again: Roster = serde_json::from_str(&kept).expect("what was written is read");
    let nobody = Roster::default();
    let all = [
        roster.events_since(None, "wr1", NOW),
        roster.events_since(Some(&nobody), "wr1", NOW),
        nobody.events_since(Some(&again), "wr1", NOW),
    ];
    for event in all.iter().flatten() {
        let read = inbound::one(event, &platform, NOW);
        assert!(read.is_ok(), "{read:?}: {event}");
    }
    assert_eq!(roster.events_since(Some(&again), "wr1", NOW), Vec::<String>::new(), "nothing has happened since");
}

/// What a bot answers to an action: `Retry-After` in the first line, then the body.
pub fn reply(data: &[u8]) {
    let (head, body) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    if let Ok(value) = HeaderValue::from_bytes(head) {
        let headers = HeaderMap::from_iter([(axum::http::header::RETRY_AFTER, value)]);
        if let Some(wait) = push::retry_after(&headers, NOW) {
            assert!(NOW.plus(wait) >= NOW, "it is not tried before now");
        }
    }
    assert!(push::message_in(body).is_none_or(|id| !id.is_empty()));
}

/// What comes at once: nothing here waits for anybody.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("somebody is waited for"),
    }
}
