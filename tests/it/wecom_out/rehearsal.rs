//! The fake by its control interface, as a person uses it who rehearses.

use std::sync::Mutex;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::post;
use serde_json::{Value, json};

use super::*;
use crate::support::fake_wecom::{api_query, callbacks};
use crate::support::until;

const TOKEN: &str = "QDG6eK";
const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

type Heard = Arc<Mutex<Vec<String>>>;

/// Opens what comes in and keeps it.
async fn hear(State((heard, corp)): State<(Heard, String)>, RawQuery(query): RawQuery, body: String) {
    let query = api_query(&query.unwrap_or_default());
    let sealed = body.split("<Encrypt><![CDATA[").nth(1).and_then(|rest| rest.split("]]>").next()).unwrap();
    assert_eq!(callbacks::sign(TOKEN, &query["timestamp"], &query["nonce"], sealed), query["msg_signature"]);
    heard.lock().unwrap().push(callbacks::decrypt(AES_KEY, &corp, sealed).unwrap());
}

struct Person {
    client: reqwest::Client,
    url: String,
}

impl Person {
    async fn does(&self, what: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(format!("{}/fake/{what}", self.url)).body(body.to_string());
        Self::answer(request).await
    }

    async fn looks(&self, at: &str) -> Value {
        Self::answer(self.client.get(format!("{}/fake/{at}", self.url))).await.1
    }

    async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_plays_the_members_and_sees_what_is_answered() {
    let stage = Stage::new().await;
    let (heard, corp) = (Heard::default(), stage.fake.model().corp.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hook = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(hear)).with_state((heard.clone(), corp));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let person = Person { client: reqwest::Client::builder().no_proxy().build().unwrap(), url: stage.fake.url() };

    let join = json!({"group": "wr1", "user": "wmNEW", "name": "新人", "scene": 3, "state": "shop-3"});
    assert_eq!(person.does("join", join.clone()).await.0, 200);
    assert_eq!(person.does("join", join).await, (400, json!({"error": "he is in it already"})));
    for to in ["customer".to_owned(), format!("app:{AGENT}")] {
        let hook = json!({"to": to, "url": hook, "token": TOKEN, "aes_key": AES_KEY});
        assert_eq!(person.does("hook", hook).await.0, 200);
    }
    assert_eq!(person.does("leave", json!({"group": "wr1", "user": "wmNEW", "removed": true})).await.0, 200);
    assert_eq!(person.does("write", json!({"agent": AGENT, "user": "lisi", "text": "/状态"})).await.0, 200);
    let platform = stage.platform();
    perform(&platform, "a-1", "wr1", task("请处理", &["lisi"], &[("handled", "已处理")])).await;
    assert_eq!(person.does("press", json!({"task": "a-1", "user": "lisi", "key": "handled"})).await.0, 200);
    assert_eq!(person.does("press", json!({"task": "a-1", "user": "lisi", "key": "other"})).await.0, 400);
    until("all callbacks are made", || (stage.fake.hooks().made.len() == 4).then_some(())).await;
    let heard = heard.lock().unwrap().clone();
    for (at, what) in
        ["add_member", "<QuitScene>1</QuitScene>", "/状态", "<EventKey><![CDATA[handled]]>"].iter().enumerate()
    {
        assert!(heard[at].contains(what), "{what}: {}", heard[at]);
    }

    assert_eq!(person.does("fault", json!({"path": "webhook/send", "wrong": "code", "value": 93004})).await.0, 200);
    assert!(matches!(perform(&platform, "a-2", "wr1", send("好", &[])).await, Reply::Broken { .. }));
    perform(&platform, "a-3", "wr1", send("请看群规", &["lisi"])).await;
    let sent = person.looks("sent?after=1").await;
    assert_eq!((&sent["total"], &sent["sent"][0]["text"]), (&json!(2), &json!("请看群规")));
    assert!(!sent.to_string().contains("key-1"), "a key is a secret here too");
    assert_eq!(person.looks("cards").await[0]["users"], json!(["lisi"]));
    assert_eq!(person.looks("unexpected").await, json!([]));
    assert!(person.looks("help").await.as_array().unwrap().len() > 15);
    assert_eq!(person.looks("callbacks").await.as_array().map(Vec::len), Some(4));
    for what in ["nonsense", "join", "fault", "hook", "group"] {
        assert_eq!(person.does(what, json!({})).await.0, 400, "{what}");
    }
    stage.finish();
}
