//! A daemon with a playground in this process: real store, real HTTP, a clock turned by hand beneath the page's own.

use std::sync::Arc;
use std::time::Duration;

use qunwei::ports::Clock;
use qunwei::serve::open_store;
use qunwei::serve::playground::{Demo, Playing, start};
use qunwei::store::Keyring;
use serde_json::{Value, json};

use super::clock::HandClock;
use super::daemon::{Home, client};
use super::{LIMIT, MORNING};

/// The playground and who uses it.
pub struct Play {
    pub demo: Demo,
    pub home: Home,
    pub http: reqwest::Client,
}

impl Play {
    /// With the shipped configuration and a clock that stands still at [`MORNING`].
    pub async fn start() -> Self {
        Self::start_with(None, Arc::new(HandClock::new(MORNING))).await
    }

    pub async fn start_with(token: Option<&str>, clock: Arc<dyn Clock>) -> Self {
        let http = client();
        let home = Home::new();
        let (config, seen) = qunwei::config::load_with(&home.config(), &|_| None);
        let mut config = config.unwrap();
        config.daemon.listen = ([127, 0, 0, 1], 0).into();
        config.daemon.admin_listen = ([127, 0, 0, 1], 0).into();
        let store = open_store(&home.data(), &Keyring::none()).unwrap();
        let playing = Playing {
            listen: ([127, 0, 0, 1], 0).into(),
            token: token.map(str::to_owned),
            dir: home.config(),
            env: Arc::new(|_| None),
        };
        let demo = start(config, seen, None, store, clock, playing).await.unwrap();
        Self { demo, home, http }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.demo.listen)
    }

    /// What the page does: the status and the answer.
    pub async fn call(&self, what: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(self.url(&format!("/api/{what}"))).header("x-qunwei", "1").body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// Somebody says something in the group; its id.
    pub async fn say(&self, user: &str, text: &str) -> String {
        let (status, answer) = self.call("act", json!({"do": "say", "user": user, "text": text, "quote": null})).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Moves the clock as the page's buttons do.
    pub async fn forward(&self, seconds: u64) {
        assert_eq!(self.call("clock", json!({ "seconds": seconds })).await.0, 200);
    }

    /// The stream from its beginning.
    pub async fn feed(&self) -> Feed {
        self.feed_since(None).await
    }

    /// The stream from where a page was cut off.
    pub async fn feed_since(&self, id: Option<&str>) -> Feed {
        let mut request = self.http.get(self.url("/api/feed"));
        if let Some(id) = id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        Feed { response, bytes: Vec::new(), read: String::new(), last: String::new(), hello: Value::Null }
    }

    pub async fn stop(self) {
        self.demo.stop().await;
    }
}

/// A page's stream.
pub struct Feed {
    response: reqwest::Response,
    /// What came of a character that is not there whole.
    bytes: Vec<u8>,
    read: String,
    /// The id of the last event.
    pub last: String,
    /// What it was greeted with last.
    pub hello: Value,
}

impl Feed {
    /// The next item that fits; those before it are passed over.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let reading = async {
            loop {
                while let Some(end) = self.read.find("\n\n") {
                    let event: String = self.read.drain(..end + 2).collect();
                    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                    let Ok(data) = serde_json::from_str::<Value>(field("data: ")) else { continue };
                    if field("event: ") == "hello" {
                        self.hello = data;
                        continue;
                    }
                    field("id: ").clone_into(&mut self.last);
                    if fits(&data) {
                        return data;
                    }
                }
                let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
                self.bytes.extend_from_slice(&chunk);
                let whole = std::str::from_utf8(&self.bytes).map_or_else(|error| error.valid_up_to(), str::len);
                let text: Vec<u8> = self.bytes.drain(..whole).collect();
                self.read.push_str(std::str::from_utf8(&text).unwrap());
            }
        };
        tokio::time::timeout(LIMIT, reading).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
    }

    /// The explanation of a message, once all its actions have come to their end.
    pub async fn verdict(&mut self, message: &str) -> Value {
        let ended =
            |item: &Value| item["data"]["actions"].as_array().unwrap().iter().all(|one| one["state"] != "pending");
        let fits = |item: &Value| item["kind"] == "verdict" && item["data"]["message"] == message && ended(item);
        self.until("the verdict", fits).await["data"].clone()
    }

    /// Whether the stream has ended.
    pub async fn ends(mut self) -> bool {
        let reading = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        tokio::time::timeout(Duration::from_secs(5), reading).await.is_ok()
    }
}
