//! WeCom of a simulation: what its server interface answers, call by call. Only connections are left out: the calls are made by the
//! daemon's own adapters, which read the answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use qunwei::adapters::wecom::api::{ApiError, Carried, Carrier};
use qunwei::domain::action::Action;
use qunwei::ports::{Platform, Reply, Way};
use reqwest::{Request, Url};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::bot::{Bots, Mood};

/// Messages that WeCom takes from one robot in a minute.
const ROBOT_A_MINUTE: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// A call that is under way.
pub struct Call {
    path: String,
    query: HashMap<String, String>,
    body: Value,
    answer: oneshot::Sender<Result<(u16, Vec<u8>), ApiError>>,
}

impl Call {
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// A card that somebody got, and may press.
pub struct Card {
    pub task: String,
    pub choices: Vec<String>,
    pub code: String,
}

/// WeCom. Clones share it.
#[derive(Clone, Default)]
pub struct Office(Arc<Mutex<Desk>>);

/// What WeCom knows.
#[derive(Default)]
pub struct Desk {
    /// Calls that wait for their answers, in the order they came.
    pub calls: Vec<Call>,
    pub cards: Vec<Card>,
    /// How often each call was answered with each code.
    pub answered: BTreeMap<(String, i64), u64>,
    pub faults: Vec<String>,
    token: u64,
    told: u64,
    /// What each robot has said, by WeCom's own clock.
    robots: HashMap<String, Vec<Instant>>,
    /// Where something was said in answer.
    used: BTreeSet<String>,
    /// Cards by what they are called: each comes once, whatever is tried again.
    put: BTreeSet<String>,
}

impl Office {
    pub fn lock(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap()
    }
}

impl Carrier for Office {
    fn carry(&self, request: Request) -> Carried {
        let (answer, answered) = oneshot::channel();
        let url: &Url = request.url();
        let path = url.path().trim_start_matches("/cgi-bin/").to_owned();
        let query = url.query_pairs().into_owned().collect();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or_default();
        self.lock().calls.push(Call { path, query, body, answer });
        Box::pin(async move {
            match answered.await {
                Ok(answered) => answered,
                Err(_) => std::future::pending().await, // the daemon that asked is not there any more
            }
        })
    }
}

impl Desk {
    /// Answers a call as the mood is; `coin` is drawn for it.
    pub fn answer(&mut self, call: Call, mood: Mood, coin: u64) {
        let Call { path, query, body, answer } = call;
        let unknown = || Err(ApiError::Unanswered(format!("{mood:?}")));
        let coded = |code: i64| Ok((200, json!({"errcode": code, "errmsg": "no"}).to_string().into_bytes()));
        if coin.is_multiple_of(41) {
            self.token += 1; // revoked, and whoever has one does not know
        }
        let reply = match mood {
            Mood::Well => self.carry_out(&path, &query, &body),
            // More than ten seconds are waited for by nobody.
            Mood::Slow => self.carry_out(&path, &query, &body).and_then(|done| match coin % 20_000 {
                0..2_000 => Ok(done),
                _ => unknown(),
            }),
            Mood::Lies if path == "gettoken" => self.carry_out(&path, &query, &body),
            Mood::Lies => coded(0),
            Mood::Down if coin.is_multiple_of(2) => Err(ApiError::NotSent("no connection".to_owned())),
            Mood::Down => Ok((503, b"<html>".to_vec())),
            Mood::TooMany => coded(45009),
            Mood::Resets if coin.is_multiple_of(2) => self.carry_out(&path, &query, &body).and_then(|_| unknown()),
            Mood::Resets if coin.is_multiple_of(3) => Ok((502, Vec::new())),
            Mood::Resets => unknown(),
            Mood::Broken => coded([93000, 60020, 50003, 48002][(coin % 4) as usize]),
            Mood::Refuses => coded([40058, 81013, 40003, 123_456][(coin % 4) as usize]),
            Mood::Gone => coded(-1),
        };
        if let Ok((200, body)) = &reply {
            let body: Value = serde_json::from_slice(body).unwrap();
            *self.answered.entry((path, body["errcode"].as_i64().unwrap())).or_default() += 1;
        }
        answer.send(reply).ok(); // the daemon may be gone
    }

    fn carry_out(
        &mut self,
        path: &str,
        query: &HashMap<String, String>,
        body: &Value,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let answer = self.done(path, query, body).unwrap_or_else(|code| json!({"errcode": code, "errmsg": "no"}));
        Ok((200, answer.to_string().into_bytes()))
    }

    /// Does what is asked, or says by which code it is not.
    fn done(&mut self, path: &str, query: &HashMap<String, String>, body: &Value) -> Result<Value, i64> {
        let part = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let by_token = !matches!(path, "gettoken" | "webhook/send" | "aibot/response");
        if by_token && part("access_token") != format!("token-{}", self.token) {
            return Err(if self.token.is_multiple_of(2) { 40014 } else { 42001 });
        }
        let fine = json!({"errcode": 0, "errmsg": "ok"});
        match path {
            "gettoken" if part("corpsecret").is_empty() => Err(40001),
            "gettoken" => {
                Ok(json!({"errcode": 0, "access_token": format!("token-{}", self.token), "expires_in": 7200}))
            }
            "webhook/send" => {
                let said = self.robots.entry(part("key").to_owned()).or_default();
                said.retain(|at| at.elapsed() < MINUTE);
                if said.len() >= ROBOT_A_MINUTE {
                    return Err(45009);
                }
                said.push(Instant::now());
                let length = body["text"]["content"].as_str().map_or(0, str::len);
                if length == 0 || length > 2048 {
                    self.faults.push(format!("a robot is to say {length} bytes"));
                }
                Ok(fine)
            }
            "message/send" => {
                self.told += 1;
                let (message, code) = (format!("m-{}", self.told), format!("r-{}", self.told));
                if body["touser"].as_str().is_none_or(|users| users.is_empty() || users.contains('@')) {
                    self.faults.push(format!("{} are to be told something", body["touser"]));
                }
                if body["msgtype"] == "template_card" {
                    self.put(&body["template_card"], &code);
                }
                Ok(json!({"errcode": 0, "msgid": message, "response_code": code}))
            }
            "message/update_template_card" => self.once(body["response_code"].as_str()).map(|()| fine),
            "aibot/response" => self.once(query.get("response_code").map(String::as_str)).map(|()| fine),
            "message/recall" | "appchat/send" | "appchat/update" => Ok(fine),
            "appchat/get" => {
                Ok(json!({"errcode": 0, "chat_info": {"chatid": part("chatid"), "name": "小组", "owner": "boss",
                "userlist": ["boss", "u0", "u1", "u2", "u3", "u4"]}}))
            }
            path => {
                self.faults.push(format!("nobody knows {path}"));
                Err(-1)
            }
        }
    }

    fn put(&mut self, card: &Value, code: &str) {
        let task = card["task_id"].as_str().unwrap_or_default().to_owned();
        let keys = card["button_list"].as_array().into_iter().flatten().filter_map(|button| button["key"].as_str());
        let choices: Vec<String> = keys.map(str::to_owned).collect();
        if !self.put.insert(task.clone()) {
            self.faults.push(format!("the card {task} was put before people twice"));
        }
        self.cards.push(Card { task, choices, code: code.to_owned() });
    }

    /// What can be done once with a code.
    fn once(&mut self, code: Option<&str>) -> Result<(), i64> {
        match code {
            Some(code) if self.used.insert(code.to_owned()) => Ok(()),
            _ => Err(40058),
        }
    }
}

/// The daemon's own platform, watched: what is tried, and what it says came of it.
pub struct Watched {
    pub inner: Arc<dyn Platform>,
    pub bots: Bots,
}

impl Platform for Watched {
    fn perform(&self, action: Arc<Action>, body: Arc<str>) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        let mut model = self.bots.lock();
        model.came(&action, &body);
        model.begun.push(action.clone());
        drop(model);
        let (attempt, bots) = (self.inner.perform(action.clone(), body), self.bots.clone());
        Box::pin(async move {
            let reply = attempt.await;
            bots.lock().heard(&action, &reply);
            reply
        })
    }

    fn way(&self, action: &Action) -> Option<Way> {
        self.inner.way(action)
    }

    fn wait(&self, action: &Action) -> Option<Duration> {
        self.inner.wait(action)
    }
}
