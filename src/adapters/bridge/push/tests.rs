use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as Answer};
use axum::routing::post;

use super::*;
use crate::domain::action::{Cause, Lane, What};

const NOW: Timestamp = Timestamp(1_795_312_800_500);
const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="];
const BODY: &str = r#"{"id":"a-1","type":"send","group":"g","text":"请看群规 ❤"}"#;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn secrets() -> Vec<Secret> {
    SECRETS.iter().map(|text| Secret::parse(text).expect("a secret")).collect()
}

fn push(actions_url: &str, timeout: Duration) -> Push {
    let target = Target { actions_url: actions_url.to_owned(), secrets: secrets(), timeout };
    Push::new(target, Arc::new(Stopped)).expect("an address")
}

async fn attempt(push: &Push) -> Reply {
    let action = Action {
        id: Arc::from("a-1"),
        platform: Arc::from("example"),
        group: Arc::from("g"),
        what: What::Send { text: "请看群规 ❤".to_owned(), mentions: Vec::new() },
        time: NOW,
        offset: 28_800,
        cause: Cause::default(),
        lane: Lane::Notice,
        deadline: NOW,
        observe: false,
        notifies: Vec::new(),
        told_by: None,
        inverse: None,
    };
    push.perform(Arc::new(action), Arc::from(BODY)).await
}

/// A bot: answers `/STATUS` with the rest of its path, and keeps what it was sent.
#[derive(Clone, Default)]
struct Bot {
    seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    retry_after: &'static str,
    body: &'static str,
}

async fn answer(State(bot): State<Bot>, Path(status): Path<u16>, headers: HeaderMap, body: Bytes) -> Answer {
    bot.seen.lock().expect("no panic").push((headers, body));
    let status = StatusCode::from_u16(status).expect("a status");
    let mut answer = (status, [("location", "/200")], bot.body).into_response();
    if !bot.retry_after.is_empty() {
        answer.headers_mut().insert(RETRY_AFTER, bot.retry_after.parse().expect("ASCII"));
    }
    answer
}

async fn start(bot: &Bot) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = Router::new().route("/{status}", post(answer)).with_state(bot.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn http(status: u16) -> String {
    format!("HTTP {status}")
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    let bot = Bot { body: "我们的文字", ..Bot::default() };
    let base = start(&bot).await;
    let done = || Reply::Done { message: None };
    type Row = (&'static [u16], fn(u16) -> Reply);
    let rows: [Row; 5] = [
        (&[200, 201, 202, 204, 299], |_| Reply::Done { message: None }),
        (&[408, 425, 429, 500, 502, 503, 504, 599], |status| Reply::Retry { after: None, error: http(status) }),
        (&[400, 413, 422], |status| Reply::Refused { error: http(status) }),
        (&[410], |_| Reply::Disabled),
        (&[300, 301, 302, 303, 307, 308, 401, 403, 404, 405, 409, 418, 451, 600, 999], |status| Reply::Broken {
            error: http(status),
        }),
    ];
    let mut asked = 0;
    for (statuses, expected) in rows {
        for status in statuses {
            let push = push(&format!("{base}/{status}"), Duration::from_secs(5));
            assert_eq!(attempt(&push).await, expected(*status), "{status}");
            asked += 1;
        }
    }
    assert_eq!(bot.seen.lock().expect("no panic").len(), asked, "a redirect was followed or a request repeated");
    assert_eq!(attempt(&push(&format!("{base}/200?token=x"), Duration::from_secs(5))).await, done());
}

#[tokio::test]
async fn a_request_is_signed_by_every_secret_and_carries_the_same_bytes() {
    let bot = Bot::default();
    let push = push(&format!("{}/503", start(&bot).await), Duration::from_secs(5));
    for _ in 0..2 {
        attempt(&push).await;
    }
    let seen = bot.seen.lock().expect("no panic");
    assert_eq!(seen.len(), 2);
    for (headers, body) in &*seen {
        let text = |name: &str| headers.get(name).expect(name).to_str().expect("ASCII").to_owned();
        assert_eq!(body, BODY);
        assert_eq!(text("content-type"), "application/json");
        assert_eq!((text("webhook-id"), text("webhook-timestamp")), ("a-1".to_owned(), "1795312800".to_owned()));
        let given = sign::Headers {
            id: Some(b"a-1"),
            timestamp: Some(b"1795312800"),
            signature: headers.get("webhook-signature").map(|value| value.as_bytes()),
        };
        for secret in secrets() {
            assert_eq!(sign::verify(&[secret], given, body, NOW, sign::TOLERANCE), Ok(()));
        }
    }
}

#[tokio::test]
async fn the_message_it_became_is_read_and_anything_else_forgiven() {
    let long = "x".repeat(10_000);
    let long: &'static str = Box::leak(format!(r#"{{"message":"m","x":"{long}"}}"#).into_boxed_str());
    let rows = [
        (r#"{"message":"m-77"}"#, Some("m-77")),
        (r#"{"message":77,"more":[1]}"#, Some("77")),
        (r#"{"message":""}"#, None),
        (r#"{"message":{"id":"m"}}"#, None),
        (r#"{"other":1}"#, None),
        ("ok", None),
        ("", None),
        (long, None),
    ];
    for (body, expected) in rows {
        let bot = Bot { body, ..Bot::default() };
        let push = push(&format!("{}/200", start(&bot).await), Duration::from_secs(5));
        let message = expected.map(str::to_owned);
        assert_eq!(attempt(&push).await, Reply::Done { message }, "{}", body.chars().take(40).collect::<String>());
    }
}

#[tokio::test]
async fn retry_after_is_honoured_as_seconds_or_date() {
    let rows = [
        ("7", Some(Duration::from_secs(7))),
        ("0", Some(Duration::ZERO)),
        ("Sun, 22 Nov 2026 02:01:00 GMT", Some(Duration::from_millis(59_500))),
        ("Sun, 22 Nov 2026 01:00:00 GMT", Some(Duration::ZERO)),
        ("soon", None),
        ("-5", None),
    ];
    for (retry_after, after) in rows {
        let bot = Bot { retry_after, ..Bot::default() };
        let push = push(&format!("{}/429", start(&bot).await), Duration::from_secs(5));
        assert_eq!(attempt(&push).await, Reply::Retry { after, error: http(429) }, "{retry_after}");
    }
}

/// Takes one connection, reads the request and does what `then` does with the rest.
fn once(then: impl FnOnce(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while !request.ends_with(BODY.as_bytes()) {
            let read = stream.read(&mut piece).expect("a request");
            request.extend_from_slice(piece.get(..read).expect("what was read"));
        }
        then(stream);
    });
    url
}

#[tokio::test]
async fn what_may_have_been_sent_is_unknown() {
    let broken = || Reply::Unknown { error: "the connection broke before the answer".to_owned() };
    let closed = once(drop);
    assert_eq!(attempt(&push(&closed, Duration::from_secs(5))).await, broken());
    let torn = once(|mut stream| stream.write_all(b"HTTP/1.1 200 O").expect("it listens"));
    assert_eq!(attempt(&push(&torn, Duration::from_secs(5))).await, broken());
    let nonsense = once(|mut stream| stream.write_all(b"hello\r\n\r\n").expect("it listens"));
    assert_eq!(attempt(&push(&nonsense, Duration::from_secs(5))).await, broken());
    let (keep, kept) = std::sync::mpsc::channel();
    let silent = once(move |stream| keep.send(stream).expect("the test waits"));
    let late = Reply::Unknown { error: "no answer within 0.2 s".to_owned() };
    assert_eq!(attempt(&push(&silent, Duration::from_millis(200))).await, late);
    drop(kept);
}

#[tokio::test]
async fn a_status_is_enough_when_the_rest_never_comes() {
    let url = once(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"message\"").expect("it listens");
    });
    assert_eq!(attempt(&push(&url, Duration::from_secs(5))).await, Reply::Done { message: None });
}

#[tokio::test]
async fn what_was_never_sent_is_retried() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let refused = format!("http://{}/?token=geheim", listener.local_addr().expect("it is bound"));
    drop(listener);
    for url in [&*refused, "http://no-such-host.invalid/?token=geheim"] {
        let reply = attempt(&push(url, Duration::from_secs(5))).await;
        let Reply::Retry { after: None, error } = reply else { panic!("{url}: {reply:?}") };
        assert!(error.starts_with("no connection: ") && !error.contains("geheim"), "{error}");
    }
}

#[test]
fn an_address_that_is_none_is_said_without_repeating_it() {
    for url in ["", "example.com/geheim", "ftp://example.com/geheim", "http://"] {
        let target = Target { actions_url: url.to_owned(), secrets: secrets(), timeout: TIMEOUT };
        let error = Push::new(target, Arc::new(Stopped)).err().expect(url).to_string();
        assert!(error.contains("http://") && !error.contains("geheim"), "{error}");
    }
}
