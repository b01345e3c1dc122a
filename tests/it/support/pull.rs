//! A bot that fetches its actions.

use std::time::Duration;

use qunwei::ports::Clock;
use serde_json::Value;

use super::{TOKEN, World};

/// A bridge whose bot fetches; with these capabilities and one rule that [`super::World::say`] breaks.
pub fn fetching(capabilities: &str) -> String {
    format!(
        r#"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
token_env = "QUNWEI_EXAMPLE_TOKEN"
capabilities = {capabilities}
[bridge.sent]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["send"]
[[rule]]
name = "ads.contact"
kind = "regex"
title = "广告"
patterns = ['加薇信']
hit = ["加薇信"]
"#
    )
}

/// A request of such a bot.
pub async fn ask(world: &World, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
    let url = format!("http://{}/hooks/bridge/{path}", world.running().listen);
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = world.http.request(method, url).body(body.to_owned());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = request.timeout(Duration::from_secs(70)).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
}

impl World {
    /// What a poll gets that does not wait.
    pub async fn fetch(&self) -> Vec<Value> {
        self.poll("wait=0").await
    }

    /// What a poll gets.
    pub async fn poll(&self, query: &str) -> Vec<Value> {
        let (status, answer) = ask(self, "GET", &format!("example/actions?{query}"), Some(TOKEN), "").await;
        assert_eq!(status, 200, "{answer}");
        answer["actions"].as_array().unwrap().clone()
    }

    /// Says what came of actions: accepted, ended, unknown.
    pub async fn ack(&self, body: &Value) -> (u64, u64, u64) {
        let (status, answer) = ask(self, "POST", "example/actions/ack", Some(TOKEN), &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        let count = |key: &str| answer[key].as_u64().unwrap();
        (count("accepted"), count("ended"), count("unknown"))
    }

    /// Fetches and does everything until nothing is left, however long it takes; the types, in order.
    pub async fn do_all(&self) -> Vec<String> {
        let mut done = Vec::new();
        for _ in 0..1000 {
            self.quiet().await;
            if self.running().is_idle(self.clock.now()) {
                return done;
            }
            let actions = self.fetch().await;
            let ids: Vec<&Value> = actions.iter().map(|action| &action["id"]).collect();
            if ids.is_empty() {
                self.turn(Duration::from_secs(1));
            } else {
                self.ack(&serde_json::json!({ "done": ids })).await;
            }
            done.extend(actions.iter().map(|action| action["type"].as_str().unwrap().to_owned()));
        }
        panic!("it does not end: {done:?}");
    }
}
