use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::json;

use super::*;
use crate::domain::secret::Hidden;
use crate::domain::time::Timestamp;
use crate::ports::Clock;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_395_600_000)
    }
}

/// Gives tokens `t1`, `t2` …, and answers everything else as it was told, the last answer first.
#[derive(Default)]
struct Server {
    seen: Mutex<Vec<(String, String)>>,
    answers: Mutex<Vec<(u16, String)>>,
    tokens: Mutex<usize>,
}

async fn answer(State(server): State<Arc<Server>>, uri: Uri, body: Bytes) -> impl IntoResponse {
    if uri.path().ends_with("/gettoken") {
        let mut tokens = server.tokens.lock().unwrap();
        *tokens += 1;
        return (StatusCode::OK, json!({"errcode": 0, "access_token": format!("t{tokens}")}).to_string());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    server.seen.lock().unwrap().push((uri.to_string(), body));
    let (status, text) = server.answers.lock().unwrap().pop().unwrap_or((200, r#"{"errcode":0}"#.to_owned()));
    (StatusCode::from_u16(status).unwrap(), text)
}

async fn scene(path: &str) -> (Arc<Server>, Api) {
    let server = Arc::new(Server::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let endpoint = Endpoint::new(&url, Duration::from_secs(2)).unwrap();
    let tokens = Tokens::new(endpoint.clone(), "ww1", Hidden::new("s"), Arc::new(Stopped));
    (server, Api::new(endpoint, Arc::new(tokens)))
}

#[tokio::test]
async fn the_code_of_the_body_decides() {
    let (server, api) = scene("").await;
    let busy = Reply::Retry { after: None, error: "errcode -1: WeCom is busy".to_owned() };
    let rows: [(u16, &str, Reply); 9] = [
        (200, r#"{"errcode":-1,"errmsg":"system busy"}"#, busy.clone()),
        (500, r#"{"errcode":-1}"#, busy),
        (
            200,
            r#"{"errcode":45009}"#,
            Reply::Retry {
                after: Some(Duration::from_secs(60)),
                error: "errcode 45009: too many calls in a minute".to_owned(),
            },
        ),
        (
            200,
            r#"{"errcode":40058,"errmsg":"text.content exceed max length, hint: [123] from ip: 1.2.3.4"}"#,
            Reply::Refused { error: "errcode 40058: a parameter is wrong (text.content exceed max length)".to_owned() },
        ),
        (
            200,
            r#"{"errcode":999999,"errmsg":"new thing"}"#,
            Reply::Retry { after: None, error: "errcode 999999 (new thing)".to_owned() },
        ),
        (200, "<html>", Reply::Unknown { error: "the answer is not WeCom's".to_owned() }),
        (502, "", Reply::Unknown { error: "HTTP 502".to_owned() }),
        (503, "", Reply::Retry { after: None, error: "HTTP 503".to_owned() }),
        (404, "", Reply::Broken { error: "HTTP 404".to_owned() }),
    ];
    for (status, body, expected) in rows {
        server.answers.lock().unwrap().push((status, body.to_owned()));
        let error = api.post::<Value>("message/send", &json!({})).await.unwrap_err();
        assert_eq!(error.reply(false), expected, "{status} {body}");
        if let Reply::Unknown { error: why } = expected {
            assert_eq!(error.reply(true), Reply::Retry { after: None, error: why });
        }
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_call_made_once_more() {
    let (server, api) = scene("/proxy/").await;
    server.answers.lock().unwrap().push((200, r#"{"errcode":42001,"errmsg":"expired t1"}"#.to_owned()));
    let answer: Value = api.get("appchat/get", &[("chatid", "a b")]).await.unwrap();
    assert_eq!(answer, json!({"errcode": 0}));
    let seen: Vec<String> = server.seen.lock().unwrap().iter().map(|(uri, _)| uri.clone()).collect();
    let call = |token| format!("/proxy/cgi-bin/appchat/get?access_token={token}&chatid=a+b");
    assert_eq!(seen, [call("t1"), call("t2")]);
    let refused = (200, r#"{"errcode":40014,"errmsg":"still"}"#.to_owned());
    server.answers.lock().unwrap().extend([refused.clone(), refused]);
    let error = api.post::<Value>("x", &json!({})).await.unwrap_err();
    assert_eq!(error.code(), Some(40014));
    assert!(matches!(error.reply(false), Reply::Retry { .. }) && server.seen.lock().unwrap().len() == 4);
}

#[tokio::test]
async fn what_was_not_sent_is_told_from_what_was_not_answered() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endpoint = Endpoint::new(&url, Duration::from_millis(200)).unwrap();
    let asked = endpoint.send(endpoint.get("x", &[("key", "s3cret")]), &[]).await.unwrap_err();
    assert_eq!(asked, ApiError::Unanswered("no answer within 0.2 s".to_owned()));
    drop(listener);
    let asked = endpoint.send(endpoint.get("x", &[("key", "s3cret")]), &[]).await.unwrap_err();
    assert!(matches!(&asked, ApiError::NotSent(why) if why.contains("refused")), "{asked}");
    assert!(!format!("{asked} {asked:?}").contains("s3cret"));
    let tokens = Tokens::new(endpoint.clone(), "ww1", Hidden::new("s"), Arc::new(Stopped));
    let error = Api::new(endpoint, Arc::new(tokens)).post::<Value>("x", &json!({})).await.unwrap_err();
    let expected = Some(Duration::from_secs(1));
    assert!(matches!(error.reply(false), Reply::Retry { after, .. } if after == expected), "{error}");
}

#[test]
fn secrets_are_not_repeated() {
    assert_eq!(repeatable_words(999, "token abc is bad", &["abc"]), "");
    assert_eq!(repeatable_words(999, "token a\u{0}bc is bad", &["abc"]), "");
    assert_eq!(repeatable_words(999, "a\u{7} b, hint: [1]", &["", "abc"]), "a b");
    assert_eq!(format!("{:?}", Hidden::new("abc")), "Hidden(…)");
}
