use std::sync::Mutex as Plain;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use tokio::sync::Notify;

use super::*;

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Hand {
    fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

/// What answers `gettoken`: the answers it was told, then tokens `t1`, `t2` …; and it may wait for a word first.
#[derive(Default)]
struct Server {
    asked: Plain<Vec<String>>,
    answers: Plain<Vec<String>>,
    gate: Plain<Option<Arc<Notify>>>,
}

async fn answer(State(server): State<Arc<Server>>, RawQuery(query): RawQuery) -> String {
    let count = {
        let mut asked = server.asked.lock().unwrap();
        asked.push(query.unwrap_or_default());
        asked.len()
    };
    let gate = server.gate.lock().unwrap().clone();
    if let Some(gate) = gate {
        gate.notified().await;
    }
    let told = server.answers.lock().unwrap().pop();
    told.unwrap_or_else(|| format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"t{count}","expires_in":7200}}"#))
}

async fn scene() -> (Arc<Server>, Arc<Hand>, Arc<Tokens>) {
    let server = Arc::new(Server::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/cgi-bin/gettoken", get(answer)).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let clock = Arc::new(Hand(AtomicI64::new(1_795_395_600_000)));
    let endpoint = Endpoint::new(&url, Duration::from_secs(10)).unwrap();
    let tokens = Tokens::new(endpoint, "ww1", Hidden::new(" s3cret\n"), clock.clone());
    (server, clock, Arc::new(tokens))
}

fn asked(server: &Server) -> usize {
    server.asked.lock().unwrap().len()
}

#[tokio::test]
async fn all_who_ask_at_once_wait_for_one_request() {
    let (server, _, tokens) = scene().await;
    let gate = Arc::new(Notify::new());
    *server.gate.lock().unwrap() = Some(gate.clone());
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.get().await })
        })
        .collect();
    gate.notify_one(); // kept until somebody waits for it
    for asker in askers {
        assert_eq!(asker.await.unwrap().unwrap().reveal(), "t1");
    }
    assert_eq!(*server.asked.lock().unwrap(), ["corpid=ww1&corpsecret=s3cret"]);
}

#[tokio::test]
async fn it_is_renewed_before_its_end_and_serves_until_then() {
    let (server, clock, tokens) = scene().await;
    assert_eq!(tokens.get().await.unwrap().reveal(), "t1");
    clock.turn(6899);
    assert_eq!(tokens.get().await.unwrap().reveal(), "t1");
    clock.turn(1);
    assert_eq!(tokens.get().await.unwrap().reveal(), "t2");
    clock.turn(6900);
    server.answers.lock().unwrap().push(r#"{"errcode":-1,"errmsg":"busy"}"#.to_owned());
    assert_eq!(tokens.get().await.unwrap().reveal(), "t2", "a new one cannot be had, and the old one still serves");
    assert_eq!((tokens.get().await.unwrap().reveal(), asked(&server)), ("t2", 3));
    clock.turn(1);
    assert_eq!(tokens.get().await.unwrap().reveal(), "t4");
}

#[tokio::test]
async fn only_the_token_that_was_refused_is_dropped() {
    let (server, _, tokens) = scene().await;
    let first = tokens.get().await.unwrap();
    tokens.useless(&first).await;
    assert_eq!(tokens.get().await.unwrap().reveal(), "t2");
    tokens.useless(&first).await; // somebody else's call failed with the old one
    assert_eq!((tokens.get().await.unwrap().reveal(), asked(&server)), ("t2", 2));
}

#[tokio::test]
async fn a_failure_is_not_asked_about_again_at_once_and_says_no_secret() {
    let (server, clock, tokens) = scene().await;
    let no = r#"{"errcode":40001,"errmsg":"invalid credential s3cret"}"#.to_owned();
    server.answers.lock().unwrap().extend([no.clone(), no]);
    let expect = |after| ApiError::NoToken {
        why: Box::new(ApiError::Code { code: 40001, said: String::new() }),
        after: Duration::from_secs(after),
    };
    assert_eq!(tokens.get().await.unwrap_err(), expect(1));
    assert_eq!((tokens.get().await.unwrap_err(), asked(&server)), (expect(1), 1));
    clock.turn(1);
    let error = tokens.get().await.unwrap_err();
    assert_eq!((&error, asked(&server)), (&expect(2), 2));
    let shown = format!("{error} {error:?} {:?}", Hidden::new("s3cret"));
    assert!(!shown.contains("s3cret") && shown.contains("40001"), "{shown}");
    clock.turn(2);
    assert_eq!(tokens.get().await.unwrap().reveal(), "t3");
}

#[tokio::test]
async fn an_answer_without_a_token_is_none() {
    let (server, clock, tokens) = scene().await;
    for answer in ["{}", "[]", "<html>", r#"{"errcode":0,"access_token":""}"#, r#"{"errcode":0,"access_token":"a b"}"#]
    {
        server.answers.lock().unwrap().push(answer.to_owned());
        assert!(matches!(tokens.get().await, Err(ApiError::NoToken { .. })), "{answer}");
        clock.turn(60);
    }
    server.answers.lock().unwrap().push(r#"{"access_token":"brief","expires_in":100}"#.to_owned());
    assert_eq!(tokens.get().await.unwrap().reveal(), "brief");
    clock.turn(50);
    assert_eq!(tokens.get().await.unwrap().reveal(), "t7");
}
