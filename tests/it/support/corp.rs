//! WeCom's callback addresses before a whole daemon, what WeCom posts to them, and a bot behind them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use qunwei::adapters::wecom::callback::robot::Robot;
use qunwei::adapters::wecom::callback::{Channel, Hint};
use qunwei::adapters::wecom::crypt::Crypt;
use qunwei::app::intake::Intake;
use qunwei::app::metrics::Metrics;
use qunwei::ports::Clock;
use qunwei::web::hooks::Switch;
use qunwei::web::wecom::{DoorIn, Forward, Limits, WecomState, beside};
use qunwei::web::{Looks, serve_looking};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{World, dump};
use crate::fake_wecom::{Address, Format, Manner, Outcome};

/// WeCom's sample key, which has bits beyond its end.
pub const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub const OTHER_KEY: &str = "kWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub const TOKEN: &str = "QDG6eK";
pub const CORP: &str = "wx5823bf96d3bd56c7";

pub const APP: &str = "corp/app/guard";
pub const CUSTOMER: &str = "corp/customer";
pub const ROBOT: &str = "corp/aibot/guard";

/// Each post once: tests see what is answered to it.
pub const ONCE: Manner =
    Manner { patience: Duration::from_secs(20), tries: 1, pause: Duration::ZERO, anew: false, at: None };

/// The addresses, on a port of their own, in front of the daemon of a [`World`], as its platform `example`.
pub struct Corp {
    pub world: World,
    pub state: Arc<WecomState>,
    pub metrics: Arc<Metrics>,
    pub hints: Arc<Mutex<Vec<Hint>>>,
    pub client: reqwest::Client,
    pub base: String,
}

impl Corp {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With each address changed like this.
    pub async fn with(change: impl Fn(&mut DoorIn)) -> Self {
        let world = World::new().await;
        let intake = world.running().intake();
        Self::before(world, intake, change).await
    }

    /// With what comes in going there.
    pub async fn before(world: World, intake: Intake, change: impl Fn(&mut DoorIn)) -> Self {
        let (metrics, hints) = (Arc::new(Metrics::new()), Arc::<Mutex<Vec<Hint>>>::default());
        let state = WecomState::new(intake, world.clock.clone(), metrics.clone(), CancellationToken::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let others = hyper_util::service::TowerToHyperService::new(axum::Router::new());
        let looks = Looks { callers: state.asking(), ..Looks::default() };
        tokio::spawn(serve_looking(listener, beside(state.clone(), others), looks, std::future::pending()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let corp = Self { world, state, metrics, hints, client, base };
        corp.replace(change);
        corp
    }

    /// The addresses anew, each changed like this.
    pub fn replace(&self, change: impl Fn(&mut DoorIn)) {
        let doors = [APP, CUSTOMER, ROBOT].map(|name| {
            let mut door = self.door(name);
            change(&mut door);
            (name.to_owned(), door)
        });
        self.state.replace(HashMap::from(doors));
    }

    fn door(&self, name: &str) -> DoorIn {
        let hints = self.hints.clone();
        let robot = Robot { name: Some("群卫".into()), user: Some("guard".into()), ..Robot::default() };
        let (channel, receiveid) = match name {
            APP => (Channel::App, CORP),
            CUSTOMER => (Channel::Customer, CORP),
            _ => (Channel::Robot(robot), ""),
        };
        DoorIn {
            platform: "example".into(),
            keys: vec![Crypt::new(TOKEN, KEY, receiveid).unwrap()],
            channel,
            // Its callbacks are signed by the machine's clock, and the daemon's stands still.
            limits: Limits { window: None, ..Limits::default() },
            sources: None,
            forward: None,
            on_hint: Arc::new(move |hint| hints.lock().unwrap().push(hint)),
            answers: None,
            state: Switch::On,
        }
    }

    /// Where WeCom posts to.
    pub fn address(&self, name: &str) -> Address {
        let (receiveid, format) = if name == ROBOT { ("", Format::RobotJson) } else { (CORP, Format::Xml) };
        Address {
            url: format!("{}/hooks/wecom/{name}", self.base),
            token: TOKEN.to_owned(),
            aes_key: KEY.to_owned(),
            receiveid: receiveid.to_owned(),
            format,
        }
    }

    /// Posts a message to an address once; the status and the body of the answer.
    pub async fn post(&self, name: &str, plaintext: &str) -> (u16, String) {
        let outcome = self.deliver(name, ONCE, plaintext).await;
        (outcome.statuses()[0], outcome.body().to_owned())
    }

    /// Posts a message to an address.
    pub async fn deliver(&self, name: &str, manner: Manner, plaintext: &str) -> Outcome {
        self.address(name).post(&self.client, manner, plaintext).await
    }

    /// The events in the journal.
    pub fn journal(&self) -> Vec<Value> {
        let rows = dump::journal(self.world.data.path());
        let events = rows.iter().map(|row| row.splitn(6, " | ").collect::<Vec<_>>()).filter(|row| row[2] == "0");
        events.map(|row| serde_json::from_str(row[5]).unwrap_or_else(|why| panic!("{why}: {row:?}"))).collect()
    }

    /// The ids of the events in the journal.
    pub fn ids(&self) -> Vec<String> {
        self.journal().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Seconds since 1970, as WeCom says it.
    pub fn seconds(&self) -> i64 {
        self.world.clock.now().0 / 1000
    }

    /// Somebody speaks to the robot in a group.
    pub fn spoken(&self, id: &str, text: &str) -> String {
        json!({"msgid": id, "aibotid": "AIB", "chatid": "g1", "chattype": "group", "from": {"userid": "9"}, "msgtype": "text",
               "text": {"content": format!("@群卫 {text}")}})
        .to_string()
    }

    /// Somebody writes to the app.
    pub fn written(&self, id: u64, text: &str) -> String {
        format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[9]]></FromUserName><CreateTime>{}\
             </CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content><MsgId>{id}</MsgId>\
             <AgentID>1000002</AgentID></xml>",
            self.seconds()
        )
    }
}

/// How the bot behind an address answers.
#[derive(Clone, Debug)]
pub enum Says {
    /// This status and body.
    Body(u16, String),
    /// Nothing, ever.
    Nothing,
}

/// A bot as it was before Qunwei came: it keeps what it got.
#[derive(Clone)]
pub struct Behind {
    pub url: String,
    shared: Arc<Mutex<(Vec<Got>, Says)>>,
}

/// One request as it arrived there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub method: Method,
    pub query: String,
    pub kind: String,
    pub body: String,
}

impl Behind {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new((Vec::new(), Says::Body(200, String::new()))));
        let bot = Self { url, shared };
        let router = axum::Router::new().fallback(answer).with_state(bot.clone());
        let service = hyper_util::service::TowerToHyperService::new(router);
        tokio::spawn(qunwei::web::serve_by(listener, service, std::future::pending()));
        bot
    }

    pub fn says(&self, says: Says) {
        self.shared.lock().unwrap().1 = says;
    }

    pub fn got(&self) -> Vec<Got> {
        self.shared.lock().unwrap().0.clone()
    }

    /// The way to it.
    pub fn forward(&self, within: Duration) -> Forward {
        Forward::new(&self.url, within, 1 << 20).unwrap()
    }
}

async fn answer(
    State(bot): State<Behind>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let says = {
        let mut shared = bot.shared.lock().unwrap();
        shared.0.push(Got { method, query: query.unwrap_or_default(), kind, body });
        shared.1.clone()
    };
    match says {
        Says::Body(status, body) => {
            (StatusCode::from_u16(status).unwrap(), [("content-type", "text/xml; charset=gbk")], body).into_response()
        }
        Says::Nothing => std::future::pending().await,
    }
}
