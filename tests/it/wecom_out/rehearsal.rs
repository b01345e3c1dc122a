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
    assert_eq!(person.does("press", json!({"task": "a-1@wr1", "user": "lisi", "key": "handled"})).await.0, 200);
    assert_eq!(person.does("press", json!({"task": "a-1@wr1", "user": "lisi", "key": "other"})).await.0, 400);
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
    person.client.get(format!("{}/cgi-bin/nonsense", person.url)).send().await.unwrap();
    assert_eq!(person.looks("unexpected").await, json!(["GET nonsense"]));
    stage.fake.model().unexpected.clear();
    assert!(person.looks("help").await.as_array().unwrap().len() > 15);
    assert_eq!(person.looks("callbacks").await.as_array().map(Vec::len), Some(4));
    for what in ["nonsense", "join", "fault", "hook", "group"] {
        assert_eq!(person.does(what, json!({})).await.0, 400, "{what}");
    }
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_say_is_in_the_archive_and_reaches_a_bot_that_is_connected() {
    use futures_util::{SinkExt, StreamExt};
    use qunwei::adapters::wecom::archive::keys::Keys;
    use qunwei::adapters::wecom::archive::library::{Access, Library, Sdk};
    use qunwei::adapters::wecom::archive::page::{Archive, Source};
    use tokio_tungstenite::tungstenite::Message;

    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let vault = crate::support::fake_wecom::vault::Vault::make(folder.path()).unwrap();
    let (secret, library, key) = (vault.secret(), vault.library(), vault.private_key());
    let openws = crate::support::fake_wecom::aibot::Openws::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    openws.model().bots.insert("aibFAKE".to_owned(), "s3cret".to_owned());
    let (mut socket, _) = tokio_tungstenite::connect_async(openws.url()).await.unwrap();
    let hello = json!({"cmd": "aibot_subscribe", "headers": {"req_id": "r1"},
                       "body": {"bot_id": "aibFAKE", "secret": "s3cret"}});
    socket.send(Message::text(hello.to_string())).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().to_text().unwrap().contains("\"errcode\":0"));
    stage.fake.hooks().vault = Some(vault);
    stage.fake.hooks().openws = Some(openws);

    let person = Person { client: reqwest::Client::builder().no_proxy().build().unwrap(), url: stage.fake.url() };
    let said = json!({"group": "wr1", "user": EXTERNAL, "text": "加微信 abc123"});
    let msgid = person.does("say", said).await.1["msgid"].as_str().unwrap().to_owned();
    assert!(msgid.ends_with("_external"));
    assert_eq!(person.does("recall", json!({"msgid": msgid})).await.0, 200);
    let said = json!({"group": "inner", "user": "lisi", "text": "@群卫 这是广告吗", "aibot": "aibFAKE"});
    assert_eq!(person.does("say", said).await.0, 200);
    let told = socket.next().await.unwrap().unwrap();
    let told: Value = serde_json::from_str(told.to_text().unwrap()).unwrap();
    assert_eq!(
        (&told["cmd"], &told["body"]["text"]["content"]),
        (&json!("aibot_msg_callback"), &json!("@群卫 这是广告吗"))
    );

    let mut keys = Keys::default();
    keys.add(1, &std::fs::read_to_string(key).unwrap()).unwrap();
    let access = Access { corp: "ww1".to_owned(), secret, ..Access::default() };
    let read = tokio::task::spawn_blocking(move || {
        let sdk = Sdk::init(Library::open(&library).unwrap(), &access).unwrap();
        Archive::new(sdk, 100).page(0, &keys).unwrap()
    });
    let read: Vec<Value> = read
        .await
        .unwrap()
        .messages
        .into_iter()
        .map(|one| serde_json::from_slice(&one.message.unwrap()).unwrap())
        .collect();
    let words: Vec<&str> = read.iter().map(|one| one["msgtype"].as_str().unwrap()).collect();
    assert_eq!(words, ["text", "revoke", "text"]);
    assert_eq!((&read[0]["from"], &read[1]["revoke"]["pre_msgid"]), (&json!(EXTERNAL), &json!(msgid)));
    stage.finish();
}
