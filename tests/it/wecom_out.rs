//! What goes out to WeCom, over HTTP to a fake that keeps its own state and limits.

use std::sync::Arc;
use std::time::Duration;

use qunwei::adapters::wecom::api::{Api, Endpoint};
use qunwei::adapters::wecom::app::App;
use qunwei::adapters::wecom::appchat::AppChats;
use qunwei::adapters::wecom::platform::{AibotPush, Attempt, GroupWays, Routes, Wecom};
use qunwei::adapters::wecom::robot::Robot;
use qunwei::adapters::wecom::token::Tokens;
use qunwei::domain::action::{Action, Button, Cause, Lane, NOTICE_DEADLINE, What};
use qunwei::domain::image::Media;
use qunwei::domain::policy::Strangers;
use qunwei::domain::secret::Hidden;
use qunwei::ports::{Clock, Platform, Reply};

use crate::support::MORNING;
use crate::support::clock::HandClock;
use crate::support::fake_wecom::Fake;
use crate::support::fake_wecom::faults::{Fault, Wrong};
use crate::support::fake_wecom::model::{Kind, Permission, To};

mod faults;
mod kinds;
mod limits;
mod reading;
mod rehearsal;
mod robots;

pub const AGENT: i64 = 1_000_002;
pub const EXTERNAL: &str = "wmAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A corp, and Qunwei's ways into it.
pub struct Stage {
    pub fake: Fake,
    pub clock: Arc<HandClock>,
    pub endpoint: Endpoint,
}

impl Stage {
    pub async fn new() -> Self {
        let clock = Arc::new(HandClock::new(MORNING));
        let shown = clock.clone();
        let fake = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(move || shown.now().0)).await.unwrap();
        {
            let mut model = fake.model();
            for (user, name) in [("zhangsan", "张三"), ("lisi", "李四"), ("wangwu", "王五"), ("boss", "老板")] {
                model.hire(user, name);
            }
            model.externals.insert(EXTERNAL.to_owned(), "小王".to_owned());
            model.app(AGENT, "app-secret", Permission::App);
            model.app(0, "customer-secret", Permission::Customer);
            model.app(0, "archive-secret", Permission::Archive);
            model.group("wr1", Kind::Customer, "客户一群", &["zhangsan", "lisi", EXTERNAL]);
            model.group("chat1", Kind::App(AGENT), "应用群", &["zhangsan", "lisi", "wangwu"]);
            model.group("inner", Kind::Internal, "内部群", &["zhangsan", "lisi"]);
            model.robot("key-1", "wr1");
        }
        let endpoint = Endpoint::new(&fake.url(), Duration::from_secs(10)).unwrap();
        Self { fake, clock, endpoint }
    }

    pub fn api(&self, secret: &str) -> Api {
        let corp = self.fake.model().corp.clone();
        let tokens = Tokens::new(self.endpoint.clone(), &corp, Hidden::new(secret), self.clock.clone());
        Api::new(self.endpoint.clone(), Arc::new(tokens))
    }

    pub fn app(&self) -> App {
        App::new(self.api("app-secret"), AGENT, 30, self.clock.clone())
    }

    pub fn robot(&self, key: &str) -> Robot {
        Robot::new(self.endpoint.clone(), Hidden::new(key), 20, self.clock.clone())
    }

    /// Its three groups and the app.
    pub fn routes(&self) -> Routes {
        let strangers = Strangers::new([("wm", 20), ("wo", 20)]);
        let mut routes = Routes { app: Some(self.app()), duty: vec!["boss".into()], strangers, ..Routes::default() };
        let robot = GroupWays { robot: Some(self.robot("key-1")), ..GroupWays::default() };
        let chat = AppChats::new(self.api("app-secret"));
        let chat = GroupWays { chat: Some((chat, "chat1".into())), ..GroupWays::default() };
        let aibot = GroupWays { aibot: Some((Arc::new(Echo), "inner".into())), ..GroupWays::default() };
        routes.groups.extend([("wr1".into(), robot), ("chat1".into(), chat), ("inner".into(), aibot)]);
        routes
    }

    pub fn platform(&self) -> Wecom {
        Wecom::new(self.routes())
    }

    pub fn fault(&self, path: &str, wrong: Wrong, times: usize) {
        self.fake.model().faults.push(Fault::next(path, wrong, times));
    }

    /// Nothing was called that WeCom does not have, and nobody's messages were dropped.
    pub fn finish(self) {
        let model = self.fake.model();
        assert_eq!(model.unexpected, Vec::<String>::new());
        assert!(model.dropped.is_empty(), "{:?}", model.dropped);
    }
}

/// An aibot that says what it was told in its answer.
struct Echo;

impl AibotPush for Echo {
    fn push(&self, chat: Arc<str>, markdown: String) -> Attempt {
        Box::pin(async move { Reply::Done { message: Some(format!("{chat}: {markdown}")) } })
    }

    fn show(&self, chat: Arc<str>, media: Media, bytes: Arc<[u8]>) -> Attempt {
        Box::pin(async move { Reply::Done { message: Some(format!("{chat}: {} {}", media.as_str(), bytes.len())) } })
    }
}

pub fn action(id: &str, group: &str, what: What) -> Arc<Action> {
    Arc::new(Action {
        id: id.into(),
        platform: "acme".into(),
        group: group.into(),
        what,
        time: MORNING,
        offset: 28_800,
        cause: Cause::default(),
        lane: Lane::Notice,
        deadline: MORNING.plus(NOTICE_DEADLINE),
        observe: false,
        notifies: Vec::new(),
        inverse: None,
        told_by: None,
    })
}

pub fn send(text: &str, mentions: &[&str]) -> What {
    What::Send { text: text.to_owned(), mentions: mentions.iter().map(|user| Arc::from(*user)).collect() }
}

pub fn private(user: &str, text: &str) -> What {
    What::Private { user: user.into(), text: text.to_owned() }
}

pub fn task(text: &str, mentions: &[&str], buttons: &[(&str, &str)]) -> What {
    let button = |(choice, text): &(&str, &str)| Button { choice: (*choice).to_owned(), text: (*text).to_owned() };
    What::Task {
        text: text.to_owned(),
        mentions: mentions.iter().map(|user| Arc::from(*user)).collect(),
        buttons: buttons.iter().map(button).collect(),
        about: Default::default(),
    }
}

pub async fn perform(platform: &Wecom, id: &str, group: &str, what: What) -> Reply {
    let action = action(id, group, what);
    let body = action.to_json().into();
    platform.perform(action, body).await
}

pub const DONE: Reply = Reply::Done { message: None };

pub fn refused(reply: &Reply) -> bool {
    matches!(reply, Reply::Refused { .. })
}
