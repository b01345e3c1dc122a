//! Those who type commands to do harm, and those who stop things at the worst moment.

use std::sync::Arc;
use std::time::Duration;

use qunwei::app::engine::{Effects, Engine};
use qunwei::app::intake::{Incoming, Job};
use qunwei::app::metrics::Metrics;
use qunwei::domain::action::{Action, Outcome, What};
use qunwei::domain::case::ByWhom;
use qunwei::domain::event::Event;
use qunwei::domain::state::Limits;
use qunwei::domain::time::Timestamp;
use qunwei::serve::open_store;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::faulty::{Fault, Faults, FaultyStore};
use crate::support::{MORNING, World};

const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// One engine driven by hand.
struct Bench {
    engine: Engine,
    faults: Faults,
    metrics: Arc<Metrics>,
    now: Timestamp,
    events: usize,
    _data: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let store = Box::new(FaultyStore::new(open_store(data.path()).unwrap(), faults.clone()));
        let config = qunwei::config::load(&crate::support::root().join("config"), &|_| None).unwrap();
        let metrics = Arc::new(Metrics::new());
        let engine = Engine::new(config.settings, store, metrics.clone(), Limits::default(), MORNING).unwrap();
        Self { engine, faults, metrics, now: MORNING, events: 0, _data: data }
    }

    fn message(&mut self, user: &str, text: &str) -> Value {
        self.events += 1;
        let role = if user == "boss" { "admin" } else { "member" };
        json!({"id": format!("m-{}", self.events), "type": "message", "group": "g1", "time": self.now.to_string(),
               "sender": {"id": user, "name": format!("小{user}"), "role": role}, "text": text})
    }

    /// A command that mentions the member 9.
    fn about(&mut self, text: &str, more: &str) -> Value {
        let mut event = self.message("boss", "");
        event.as_object_mut().unwrap().remove("text");
        event["content"] = json!([{"type": "text", "text": text}, {"type": "mention", "user": "9", "name": "小9"},
                                  {"type": "text", "text": more}]);
        event
    }

    fn alone(&mut self, user: &str, text: &str) -> Value {
        self.events += 1;
        json!({"id": format!("p-{}", self.events), "type": "private_message", "time": self.now.to_string(),
               "sender": {"id": user}, "text": text})
    }

    fn step(&mut self, jobs: Vec<Job>) -> Effects {
        self.engine.step(jobs, self.now)
    }

    fn give(&mut self, event: Value) -> Effects {
        self.step(vec![events([event])])
    }

    fn commits(&self) -> u64 {
        let text = self.metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix("qunwei_commit_inputs_count ")).unwrap();
        line.parse().unwrap()
    }
}

fn events(all: impl IntoIterator<Item = Value>) -> Job {
    let incoming = |raw: Value| {
        let mut event = Event::parse(&raw.to_string()).unwrap();
        event.platform = "example".into();
        Incoming { event, raw: raw.to_string().into(), given_time: None }
    };
    Job::Events { events: all.into_iter().map(incoming).collect(), answer: oneshot::channel().0 }
}

fn done(action: &Arc<Action>) -> Job {
    Job::Outcome { action: action.clone(), outcome: Outcome::Done { message: None } }
}

fn steps(effects: &Effects) -> Vec<&str> {
    effects.acts.iter().map(|action| action.cause.step.as_deref().unwrap_or_default()).collect()
}

fn texts(effects: &Effects) -> String {
    let text = |action: &Arc<Action>| match &action.what {
        What::Send { text, .. } | What::Private { text, .. } => Some(text.clone()),
        _ => None,
    };
    effects.acts.iter().filter_map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn whoever_types_commands_costs_nobody_a_commit() {
    let mut bench = Bench::new();
    let mut all = Vec::new();
    for at in 0..50 {
        for text in ["/加词 大家 你好", "/停", "/案件 1", "/微笑", "/群规", "大家好"] {
            let event = bench.message(&format!("u{at}"), text);
            all.extend([event.clone(), event]);
        }
        all.push(bench.alone(&format!("u{at}"), "在吗"));
        all.push(bench.alone(&format!("u{at}"), "我的记录"));
        let mut quoting = bench.message(&format!("u{at}"), "误判");
        quoting["quote"] = json!({"message": "m-0", "sender": "7", "text": "案件 1"});
        all.push(quoting);
    }
    let before = bench.commits();
    bench.step(vec![events(all)]);
    assert_eq!(bench.commits() - before, 1);
}

#[test]
fn who_writes_to_the_bot_alone_is_answered_six_times_a_minute() {
    let mut bench = Bench::new();
    let flood: Vec<Value> = (0..40).map(|at| bench.alone("9", ["帮助", "群规", "我的记录", "/停"][at % 4])).collect();
    assert_eq!(bench.step(vec![events(flood)]).acts.len(), 6);
    let other = bench.alone("8", "帮助");
    assert_eq!(bench.give(other).acts.len(), 1);
    bench.now = bench.now.plus(2 * MINUTE);
    let later = bench.alone("9", "我的记录");
    assert!(texts(&bench.give(later)).contains("没有违规记录"));
}

#[test]
fn a_mute_that_ends_in_the_batch_that_cancels_it_is_lifted() {
    let mut bench = Bench::new();
    let mute = bench.about("/禁言 ", " 1小时");
    let effects = bench.give(mute);
    let mute = effects.acts.iter().find(|action| matches!(action.what, What::Mute { .. })).unwrap();
    let undo = bench.message("boss", "/撤销 1");
    let effects = bench.step(vec![events([undo]), done(mute)]);
    let lifted = effects.acts.iter().filter(|action| matches!(action.what, What::Unmute { .. })).count();
    assert_eq!(lifted, 1, "{:?}", steps(&effects));
}

#[test]
fn what_is_cancelled_in_the_turn_that_decided_it_is_not_done() {
    let mut bench = Bench::new();
    bench.faults.set([Fault::Poison("\"bad\"".to_owned())]); // so that each request has a commit of its own
    let spam = bench.message("9", SPAM);
    let mut bad = bench.message("8", "大家好");
    bad["id"] = json!("bad");
    let stop = bench.message("boss", "/停");
    let effects = bench.step(vec![events([spam]), events([bad]), events([stop])]);
    assert_eq!(steps(&effects), ["command"]);
}

#[test]
fn an_operator_s_pause_cancels_what_is_not_sent() {
    let mut bench = Bench::new();
    let spam = bench.message("9", SPAM);
    let unsent = bench.give(spam);
    assert!(!unsent.acts.is_empty());
    let by = ByWhom { by: "operator".into(), name: "lili".into(), at: bench.now };
    let (answer, mut answered) = oneshot::channel();
    let pause = Job::Pause { pause: Some(by), answer };
    let effects = bench.step(vec![pause]);
    assert_eq!(answered.try_recv(), Ok(true));
    for action in &unsent.acts {
        assert!(effects.ended.contains(&action.id), "{action:?}");
    }
}

#[test]
fn a_pause_that_cannot_be_stored_says_so_and_cancels_nothing() {
    let mut bench = Bench::new();
    let spam = bench.message("9", SPAM);
    assert!(!bench.give(spam).acts.is_empty());
    bench.faults.set([Fault::Full]);
    let by = ByWhom { by: "operator".into(), name: "lili".into(), at: bench.now };
    let (answer, mut answered) = oneshot::channel();
    let effects = bench.step(vec![Job::Pause { pause: Some(by), answer }]);
    assert_eq!((answered.try_recv(), effects.ended.len()), (Ok(false), 0));
    bench.faults.set([]);
    bench.now = bench.now.plus(2 * MINUTE);
    let spam = bench.message("8", SPAM);
    assert!(!bench.give(spam).acts.is_empty(), "nothing is paused");
}

#[test]
fn who_was_removed_in_vain_is_invited_although_the_group_is_stopped() {
    let mut bench = Bench::new();
    let remove = bench.about("/移出 ", " 确认");
    let effects = bench.give(remove);
    let remove = effects.acts.iter().find(|action| matches!(action.what, What::Remove { .. })).unwrap();
    bench.step(vec![done(remove)]);
    let undo = bench.message("boss", "/撤销 1");
    let effects = bench.give(undo);
    let invite = effects.acts.iter().find(|action| matches!(action.what, What::Task { .. })).unwrap().id.clone();
    let stop = bench.message("boss", "/停");
    assert!(!bench.give(stop).ended.contains(&invite));
}

#[test]
fn a_word_that_was_taken_out_is_not_said_to_count() {
    let mut bench = Bench::new();
    for text in ["/加词 内购房", "/删词 内购房"] {
        let command = bench.message("boss", text);
        assert!(texts(&bench.give(command)).contains("已生效"), "{text}");
    }
    let again = bench.message("boss", "/加词 内购房");
    let answer = texts(&bench.give(again));
    assert!(answer.contains("/撤销 改2") && !answer.contains("已生效"), "{answer}");
    let said = bench.message("9", "内购房");
    assert!(bench.give(said).acts.is_empty());
    let undo = bench.message("boss", "/撤销 改2");
    bench.give(undo);
    let said = bench.message("9", "内购房");
    assert!(steps(&bench.give(said)).contains(&"warn_private"));
}

#[test]
fn who_is_quoted_is_called_by_name_though_all_came_at_once() {
    let mut bench = Bench::new();
    let said = bench.message("9", "大家好");
    let mut warn = bench.message("boss", "/警告 刷屏");
    warn["quote"] = json!({"message": said["id"], "sender": "9", "text": "大家好"});
    assert!(texts(&bench.step(vec![events([said, warn])])).contains("小9"));
}

#[test]
fn an_advertisement_is_no_word() {
    let mut bench = Bench::new();
    let long = bench.message("boss", &format!("/加词 {}", "很".repeat(65)));
    assert!(texts(&bench.give(long)).contains("太长"));
}

#[tokio::test]
async fn nobody_is_named_after_the_group_was_stopped() {
    let mut world =
        World::with("[group.g1]\nprofile = \"p\"\nadmins = [\"boss\"]\n[profile.p]\nladder = [\"warn_public\"]\n")
            .await;
    for user in 20..30 {
        world.say(&user.to_string(), SPAM).await;
    }
    world.settled().await;
    world.say("boss", "/停").await;
    world.settled().await;
    let mut named = 0;
    while let Some(action) = world.bot.read() {
        named += usize::from(action["type"] == "send" && action["cause"]["step"] == "warn_public");
    }
    assert_eq!(named, 6, "the others are held");
    world.turn(2 * MINUTE);
    world.quiet().await;
    world.finish().await;
}
