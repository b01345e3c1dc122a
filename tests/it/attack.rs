//! Those who type commands to do harm, and those who stop things at the worst moment.

use std::sync::Arc;
use std::time::Duration;

use qunwei::app::engine::Effects;
use qunwei::app::intake::{Inbound, Job};
use qunwei::domain::action::{Action, Outcome, What};
use qunwei::domain::case::{ByWhom, Halt};
use qunwei::domain::event::Event;
use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::engine::Bench;
use crate::support::faulty::Fault;
use crate::support::{MORNING, World};

const MINUTE: Duration = Duration::from_secs(60);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// An engine to which people speak.
struct Room {
    bench: Bench,
    now: Timestamp,
    events: usize,
}

impl Room {
    fn new() -> Self {
        Self { bench: Bench::new(), now: MORNING, events: 0 }
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
        self.bench.engine.step(jobs, self.now)
    }

    fn give(&mut self, event: Value) -> Effects {
        self.step(vec![events([event])])
    }

    fn commits(&self) -> u64 {
        let text = self.bench.metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix("qunwei_commit_inputs_count ")).unwrap();
        line.parse().unwrap()
    }
}

fn events(all: impl IntoIterator<Item = Value>) -> Job {
    let incoming = |raw: Value| {
        let mut event = Event::parse(&raw.to_string()).unwrap();
        event.platform = "example".into();
        Inbound { event, raw: raw.to_string().into(), given_time: None, glance: None }
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
    let mut room = Room::new();
    let mut all = Vec::new();
    for at in 0..50 {
        for text in ["/加词 大家 你好", "/停", "/案件 1", "/微笑", "/群规", "大家好"] {
            let event = room.message(&format!("u{at}"), text);
            all.extend([event.clone(), event]);
        }
        all.push(room.alone(&format!("u{at}"), "在吗"));
        all.push(room.alone(&format!("u{at}"), "我的记录"));
        let mut quoting = room.message(&format!("u{at}"), "误判");
        quoting["quote"] = json!({"message": "m-0", "sender": "7", "text": "案件 1"});
        all.push(quoting);
    }
    let before = room.commits();
    room.step(vec![events(all)]);
    assert_eq!(room.commits() - before, 1);
}

#[test]
fn who_writes_to_the_bot_alone_is_answered_six_times_a_minute() {
    let mut room = Room::new();
    let flood: Vec<Value> = (0..40).map(|at| room.alone("9", ["帮助", "群规", "我的记录", "/停"][at % 4])).collect();
    assert_eq!(room.step(vec![events(flood)]).acts.len(), 6);
    let other = room.alone("8", "帮助");
    assert_eq!(room.give(other).acts.len(), 1);
    room.now = room.now.plus(2 * MINUTE);
    let later = room.alone("9", "我的记录");
    assert!(texts(&room.give(later)).contains("没有违规记录"));
}

#[test]
fn a_mute_that_ends_in_the_batch_that_cancels_it_is_lifted() {
    let mut room = Room::new();
    let mute = room.about("/禁言 ", " 1小时");
    let effects = room.give(mute);
    let mute = effects.acts.iter().find(|action| matches!(action.what, What::Mute { .. })).unwrap();
    let undo = room.message("boss", "/撤销 1");
    let effects = room.step(vec![events([undo]), done(mute)]);
    let lifted = effects.acts.iter().filter(|action| matches!(action.what, What::Unmute { .. })).count();
    assert_eq!(lifted, 1, "{:?}", steps(&effects));
}

#[test]
fn what_is_cancelled_in_the_turn_that_decided_it_is_not_done() {
    let mut room = Room::new();
    room.bench.faults.set([Fault::Poison("\"bad\"".to_owned())]); // so that each request has a commit of its own
    let spam = room.message("9", SPAM);
    let mut bad = room.message("8", "大家好");
    bad["id"] = json!("bad");
    let stop = room.message("boss", "/停");
    let effects = room.step(vec![events([spam]), events([bad]), events([stop])]);
    assert_eq!(steps(&effects), ["command"]);
}

#[test]
fn an_operator_s_pause_cancels_what_is_not_sent() {
    let mut room = Room::new();
    let spam = room.message("9", SPAM);
    let unsent = room.give(spam);
    assert!(!unsent.acts.is_empty());
    let by = ByWhom { by: "operator".into(), name: "lili".into(), at: room.now };
    let (answer, mut answered) = oneshot::channel();
    let pause = Job::Pause { halt: Halt::Said { stop: true, by }, answer };
    let effects = room.step(vec![pause]);
    assert_eq!(answered.try_recv(), Ok(true));
    for action in &unsent.acts {
        assert!(effects.ended.contains(&action.id), "{action:?}");
    }
}

#[test]
fn a_pause_that_cannot_be_stored_says_so_and_cancels_nothing() {
    let mut room = Room::new();
    let spam = room.message("9", SPAM);
    assert!(!room.give(spam).acts.is_empty());
    room.bench.faults.set([Fault::Full]);
    let by = ByWhom { by: "operator".into(), name: "lili".into(), at: room.now };
    let (answer, mut answered) = oneshot::channel();
    let effects = room.step(vec![Job::Pause { halt: Halt::Said { stop: true, by }, answer }]);
    assert_eq!((answered.try_recv(), effects.ended.len()), (Ok(false), 0));
    room.bench.faults.set([]);
    room.now = room.now.plus(2 * MINUTE);
    let spam = room.message("8", SPAM);
    assert!(!room.give(spam).acts.is_empty(), "nothing is paused");
}

#[test]
fn who_was_removed_in_vain_is_invited_although_the_group_is_stopped() {
    let mut room = Room::new();
    let remove = room.about("/移出 ", " 确认");
    let effects = room.give(remove);
    let remove = effects.acts.iter().find(|action| matches!(action.what, What::Remove { .. })).unwrap();
    room.step(vec![done(remove)]);
    let undo = room.message("boss", "/撤销 1");
    let effects = room.give(undo);
    let invite = effects.acts.iter().find(|action| matches!(action.what, What::Task { .. })).unwrap().id.clone();
    let stop = room.message("boss", "/停");
    assert!(!room.give(stop).ended.contains(&invite));
}

#[test]
fn a_word_that_was_taken_out_is_not_said_to_count() {
    let mut room = Room::new();
    for text in ["/加词 内购房", "/删词 内购房"] {
        let command = room.message("boss", text);
        assert!(texts(&room.give(command)).contains("已生效"), "{text}");
    }
    let again = room.message("boss", "/加词 内购房");
    let answer = texts(&room.give(again));
    assert!(answer.contains("/撤销 改2") && !answer.contains("已生效"), "{answer}");
    let said = room.message("9", "内购房");
    assert!(room.give(said).acts.is_empty());
    let undo = room.message("boss", "/撤销 改2");
    room.give(undo);
    let said = room.message("9", "内购房");
    assert!(steps(&room.give(said)).contains(&"warn_private"));
}

#[test]
fn who_is_quoted_is_called_by_name_though_all_came_at_once() {
    let mut room = Room::new();
    let said = room.message("9", "大家好");
    let mut warn = room.message("boss", "/警告 刷屏");
    warn["quote"] = json!({"message": said["id"], "sender": "9", "text": "大家好"});
    assert!(texts(&room.step(vec![events([said, warn])])).contains("小9"));
}

#[test]
fn an_advertisement_is_no_word() {
    let mut room = Room::new();
    let long = room.message("boss", &format!("/加词 {}", "很".repeat(65)));
    assert!(texts(&room.give(long)).contains("太长"));
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
