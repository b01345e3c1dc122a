//! WeCom's limits, with the outbox: nothing is lost or said twice, nobody holds others up, and what waits was not tried.

use std::collections::{BTreeMap, BTreeSet};

use qunwei::app::intake::Job;
use qunwei::app::outbox::{Due, Outbox, Pace};
use qunwei::domain::action::Outcome;
use tokio::task::JoinSet;

use super::*;

/// The outbox, turned as the daemon turns it, on a clock turned by hand.
struct Turner {
    outbox: Outbox,
    platform: Wecom,
    clock: Arc<HandClock>,
    attempts: JoinSet<(Arc<str>, Reply)>,
    /// Those that are recorded as about to be tried, until they have ended.
    recorded: BTreeSet<Arc<str>>,
    /// How each ended, and after how many seconds.
    ended: BTreeMap<Arc<str>, (Outcome, u64)>,
    /// How often each was tried.
    tried: BTreeMap<Arc<str>, usize>,
}

impl Turner {
    fn new(stage: &Stage, routes: Routes) -> Self {
        let pace = Pace { idempotent: false, per_second: 1000.0, per_group: None, pulls: false };
        Self {
            outbox: Outbox::new([("acme".into(), pace)], 10_000, MORNING),
            platform: Wecom::new(routes),
            clock: stage.clock.clone(),
            attempts: JoinSet::new(),
            recorded: BTreeSet::new(),
            ended: BTreeMap::new(),
            tried: BTreeMap::new(),
        }
    }

    /// Does all that can be done without turning the clock.
    async fn rest(&mut self) {
        loop {
            let now = self.clock.now();
            let platform = self.platform.clone();
            let due = self.outbox.step_with(now, &|action| platform.wait(action));
            let still = due.is_empty();
            for due in due {
                match due {
                    Due::Tell(job) => self.told(job),
                    Due::Perform { action, body } => {
                        *self.tried.entry(action.id.clone()).or_default() += 1;
                        let platform = self.platform.clone();
                        self.attempts.spawn(async move { (action.id.clone(), platform.perform(action, body).await) });
                    }
                }
            }
            match self.attempts.join_next().await {
                Some(attempt) => {
                    let (id, reply) = attempt.unwrap();
                    if let Some(job) = self.outbox.replied(&id, reply, self.clock.now()) {
                        self.told(job);
                    }
                }
                None if still => return,
                None => {}
            }
        }
    }

    fn told(&mut self, job: Job) {
        match job {
            Job::Attempt { action, body } => {
                self.recorded.insert(action.id.clone());
                self.outbox.recorded(&action.id, body);
            }
            Job::Untried { action } => drop(self.recorded.remove(&action.id)),
            Job::Outcome { action, outcome } => {
                self.recorded.remove(&action.id);
                let after = self.clock.now().since(MORNING).as_secs();
                let before = self.ended.insert(action.id.clone(), (outcome, after));
                assert!(before.is_none(), "{} ended twice", action.id);
                self.outbox.ended(&action.id);
            }
            _ => {}
        }
    }

    /// Until nothing is left, or so many seconds have passed.
    async fn run(&mut self, seconds: u64) {
        for _ in 0..seconds * 10 {
            self.rest().await;
            if self.outbox.is_empty() {
                return;
            }
            self.clock.turn(Duration::from_millis(100));
        }
    }

    fn all_done(&self, count: usize) {
        assert!(self.outbox.is_empty(), "{} are left", self.outbox.len());
        let failed: Vec<_> =
            self.ended.iter().filter(|(_, (outcome, _))| !matches!(outcome, Outcome::Done { .. })).collect();
        assert!(failed.is_empty() && self.ended.len() == count, "{} ended; {failed:?}", self.ended.len());
    }
}

/// How often each text of the form `〔…〕` was heard in the groups.
fn heard(stage: &Stage) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    for said in &stage.fake.model().said {
        assert!(matches!(said.to, To::Group(_)));
        for mark in said.text.split('〔').skip(1).filter_map(|after| after.split('〕').next()) {
            *heard.entry(mark.to_owned()).or_default() += 1;
        }
    }
    heard
}

/// Groups `wr-0` … with robots by these keys, and so many notices in each.
fn crowd(stage: &Stage, groups: usize, key: impl Fn(usize) -> String) -> Routes {
    let mut routes = Routes::default();
    let mut robots: BTreeMap<String, Robot> = BTreeMap::new();
    let mut model = stage.fake.model();
    for at in 0..groups {
        let (group, key) = (format!("wr-{at}"), key(at));
        model.group(&group, Kind::Customer, &group, &["zhangsan"]);
        if !model.robots.contains_key(&key) {
            model.robot(&key, &group);
        }
        drop(std::mem::take(&mut model.calls));
        let robot = robots
            .entry(key.clone())
            .or_insert_with(|| Robot::new(stage.endpoint.clone(), Hidden::new(&key), 20, stage.clock.clone()));
        let ways = GroupWays { robot: Some(robot.clone()), ..GroupWays::default() };
        routes.groups.insert(group.into(), ways);
    }
    routes
}

fn notice(group: usize, number: usize, length: usize) -> Arc<Action> {
    let id = format!("a-{group}-{number}");
    action(&id, &format!("wr-{group}"), send(&format!("〔{id}〕{}", "提".repeat(length)), &["zhangsan"]))
}

/// No call was refused for its pace, nothing is lost, nothing is said twice.
fn each_once(stage: &Stage, turner: &Turner, count: usize) {
    turner.all_done(count);
    let heard = heard(stage);
    assert_eq!(heard.len(), count);
    assert!(heard.values().all(|times| *times == 1), "{heard:?}");
    let model = stage.fake.model();
    let calls = model.calls.iter().filter(|call| call.ends_with("webhook/send")).count();
    assert_eq!(calls, model.said.len(), "no message was refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_groups_on_one_robots_limit_lose_no_notice() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, crowd(&stage, 40, |_| "one-key".to_owned()));
    for number in 0..12 {
        for group in 0..40 {
            turner.outbox.push(notice(group, number, 40));
        }
    }
    turner.run(600).await;
    each_once(&stage, &turner, 480);
    let messages = stage.fake.model().said.len();
    assert!(messages <= 80, "what waits together goes together: {messages} messages");
    assert!(turner.tried.values().all(|times| *times == 1), "none had to be tried again");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_robots_each_keep_to_their_limit() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, crowd(&stage, 40, |at| format!("key-of-{at}")));
    // Too long for two in one message: each takes one of the twenty.
    for number in 0..25 {
        for group in 0..40 {
            turner.outbox.push(notice(group, number, 500));
        }
    }
    turner.run(300).await;
    each_once(&stage, &turner, 1000);
    let late = turner.ended.values().filter(|(_, after)| *after >= 59).count();
    assert_eq!(late, 200, "twenty in the first minute, five in the next");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_robot_at_its_limit_holds_nobody_up_and_what_waits_for_it_was_not_tried() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, crowd(&stage, 2, |at| format!("key-of-{at}")));
    for number in 0..200 {
        turner.outbox.push(notice(0, number, 600));
    }
    turner.outbox.push(notice(1, 0, 600));
    turner.run(1).await;
    assert_eq!(turner.ended.get("a-1-0").map(|(_, after)| *after), Some(0), "at once");
    assert_eq!(turner.ended.len(), 21);
    assert_eq!(turner.recorded, BTreeSet::new(), "a restart now would make none of them uncertain");
    assert_eq!(turner.tried.len(), 21);
    turner.run(1200).await;
    each_once(&stage, &turner, 201);
    assert!(turner.tried.values().all(|times| *times == 1), "none had to be tried again");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_robot_that_others_use_too_pauses_for_a_minute() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, crowd(&stage, 1, |at| format!("key-of-{at}")));
    stage.fault("webhook/send", Wrong::Code(45009), 1);
    turner.outbox.push(notice(0, 0, 10));
    turner.run(59).await;
    turner.outbox.push(notice(0, 1, 10));
    turner.rest().await;
    assert_eq!(stage.fake.model().calls.len(), 1, "nothing more within the minute");
    turner.run(30).await;
    turner.all_done(2);
    assert_eq!(heard(&stage).len(), 2);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_gets_no_more_than_wecom_delivers() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, stage.routes());
    for at in 0..70 {
        let what = task(&format!("请处理 {at}"), &[], &[("handled", "已处理")]);
        turner.outbox.push(action(&format!("a-{at}"), "wr1", what));
    }
    turner.outbox.push(action("a-lisi", "wr1", private("lisi", "您好")));
    turner.run(1).await;
    assert!(turner.ended.contains_key("a-lisi"));
    assert_eq!((turner.ended.len(), turner.recorded.len()), (31, 0));
    turner.run(300).await;
    turner.all_done(71);
    assert_eq!(stage.fake.model().texts_to("boss").len(), 70);
    stage.finish(); // the fake has dropped none
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_wecom_calls_too_fast_pauses_for_a_minute() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, stage.routes());
    stage.fault("message/send", Wrong::Code(45009), 1);
    turner.outbox.push(action("a-1", "wr1", private("lisi", "一")));
    turner.run(50).await;
    turner.outbox.push(action("a-2", "wr1", private("wangwu", "二")));
    turner.run(9).await;
    let sent = |stage: &Stage| stage.fake.model().calls.iter().filter(|call| call.ends_with("message/send")).count();
    assert_eq!(
        (sent(&stage), turner.recorded.len()),
        (1, 0),
        "nothing more within the minute, and a restart would make none of them uncertain"
    );
    turner.run(30).await;
    turner.all_done(2);
    assert_eq!(sent(&stage), 3);
    stage.finish();
}

/// What was sent in the last minute is forgotten by a restart, as is WeCom's pause: it is learnt anew by one refusal, and
/// nothing is lost or said twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_the_limit_is_learnt_anew_by_one_refusal() {
    let stage = Stage::new().await;
    let mut turner = Turner::new(&stage, crowd(&stage, 1, |at| format!("key-of-{at}")));
    for number in 0..20 {
        turner.outbox.push(notice(0, number, 600));
    }
    turner.run(1).await;
    assert_eq!(turner.ended.len(), 20);
    let robot = Robot::new(stage.endpoint.clone(), Hidden::new("key-of-0"), 20, stage.clock.clone());
    let mut routes = Routes::default();
    routes.groups.insert("wr-0".into(), GroupWays { robot: Some(robot), ..GroupWays::default() });
    let mut after = Turner::new(&stage, routes);
    for number in 20..23 {
        after.outbox.push(notice(0, number, 600));
    }
    after.run(120).await;
    after.all_done(3);
    let heard = heard(&stage);
    assert!(heard.len() == 23 && heard.values().all(|times| *times == 1), "{heard:?}");
    let calls = stage.fake.model().calls.iter().filter(|call| call.ends_with("webhook/send")).count();
    assert_eq!(calls - stage.fake.model().said.len(), 1, "one was refused, and no more was asked within the minute");
    stage.finish();
}

/// Another configuration does not make WeCom forget what a robot and an app have sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_configuration_counts_on() {
    let stage = Stage::new().await;
    let robot = stage.robot("key-1");
    let app = stage.app();
    let mut routes = Routes { app: Some(app.clone()), duty: vec!["boss".into()], ..Routes::default() };
    routes.groups.insert("wr-0".into(), GroupWays { robot: Some(robot.clone()), ..GroupWays::default() });
    let mut turner = Turner::new(&stage, routes);
    for at in 0..20 {
        turner.outbox.push(notice(0, at, 600));
    }
    for at in 0..30 {
        turner.outbox.push(action(&format!("a-p{at}"), "wr-0", private("lisi", "您好")));
    }
    turner.run(1).await;
    assert_eq!(turner.ended.len(), 50);
    let (robot, app) = (robot.through(stage.endpoint.clone()), app.through(stage.api("app-secret")));
    let next = action("a-next", "wr-0", send("再说一句", &[]));
    assert!(robot.wait(&next, 12).is_some_and(|wait| wait > Duration::from_secs(50)));
    assert!(app.wait(&next.id, &["lisi".into()]).is_some_and(|wait| wait > Duration::from_secs(50)));
    assert!(app.wait(&next.id, &["wangwu".into()]).is_none());
    stage.finish();
}
