//! What people do in a simulation: events as a bot would send them, drawn from the seed.

use std::sync::Arc;

use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use super::callers::Door;
use super::rules::{GROUPS, PLATFORMS};
use crate::fake_wecom::Sealed;
use crate::support::dice::Dice;

/// What one request brings.
#[derive(Clone)]
pub struct Parcel {
    pub number: u64,
    pub platform: &'static str,
    pub events: Vec<Value>,
    pub way: Way,
}

/// How it comes in.
#[derive(Clone)]
pub enum Way {
    /// Signed by a bot.
    Bridge,
    /// Sealed by WeCom, which asks so often and no oftener.
    Callback { door: Door, plain: String, tries: u32, sealed: Option<Sealed> },
}

impl Parcel {
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|event| event["id"].as_str().unwrap())
    }

    pub fn body(&self) -> String {
        if let Way::Callback { plain, .. } = &self.way {
            return plain.clone();
        }
        if let [one] = &self.events[..] { one.to_string() } else { Value::Array(self.events.clone()).to_string() }
    }
}

const INNOCENT: [&str; 6] =
    ["今天天气不错", "大家早上好", "有人一起拼车吗", "收到，谢谢", "孩子几点放学", "风筝断了线"];
const SPAM: [&str; 5] = [
    "兼职刷单日结，加薇信 abc12345",
    "有意加 V X：xiaomei520",
    "看看 http://www.lingjiang-88.top/?id=3",
    "加 微 信 abc12399 领红包",
    "兼职日结，加威❤ qqww1122",
];
const COMMANDS: [&str; 22] = [
    "/警告 @ 刷屏",
    "/禁言 @ 10分钟",
    "/禁言 @ 到明天早上8点",
    "/解禁 @",
    "/移出 @ 确认",
    "/案件 #",
    "/撤销 #",
    "/撤销 #",
    "/撤销 #",
    "/撤销 改1",
    "/加词 内部认购 学区房",
    "/删词 加微信",
    "/词表",
    "/试 兼职刷单",
    "/停",
    "/恢复",
    "/恢复",
    "/状态",
    "/重载",
    "/提醒 半小时后 开会",
    "/确认 1",
    "/帮助",
];

/// Something harmless.
pub fn innocent(dice: &mut Dice) -> &'static str {
    INNOCENT[dice.below(6) as usize]
}

/// Something that is none.
pub fn spam(dice: &mut Dice) -> &'static str {
    SPAM[dice.below(5) as usize]
}

/// The people, and the numbers of what they did.
#[derive(Default)]
pub struct People {
    events: u64,
    /// How often anything was done.
    pub parcels: u64,
    /// The last messages: platform, group, id, sender.
    said: Vec<(&'static str, Arc<str>, String, String)>,
}

/// Where somebody does something.
struct Spot {
    platform: &'static str,
    group: Arc<str>,
    time: String,
}

impl People {
    /// Somebody does something, now.
    pub fn act(&mut self, dice: &mut Dice, now: Timestamp, tasks: &[super::bot::Task]) -> Parcel {
        let platform = PLATFORMS[dice.below(4) as usize];
        let group = if dice.percent(80) { GROUPS[dice.below(4) as usize].into() } else { elsewhere(dice) };
        let spot = Spot { platform, group, time: now.to_string() };
        let events = match dice.below(100) {
            0..30 => vec![self.message(&spot, &user(dice), INNOCENT[dice.below(6) as usize], "member")],
            30..55 => vec![self.message(&spot, &user(dice), SPAM[dice.below(5) as usize], "member")],
            55..60 => {
                let flooder = user(dice);
                (0..9).map(|at| self.message(&spot, &flooder, &format!("第 {at} 句"), "member")).collect()
            }
            60..66 => vec![self.joined(&spot, 1 + dice.below(3))],
            66 => (0..4).map(|_| self.joined(&spot, 3)).collect(),
            67..70 => {
                vec![self.about(&spot, "member_left", json!({"members": [{"id": user(dice)}], "reason": "quit"}))]
            }
            70..73 => {
                let name = if dice.percent(50) { "加微信 abc12345" } else { "小六" };
                vec![self.about(&spot, "member_renamed", json!({"member": {"id": user(dice), "name": name}}))]
            }
            73..79 => vec![self.edited(&spot, dice)],
            79..91 => vec![self.command(&spot, dice)],
            91..94 => vec![self.private(&spot, &user(dice))],
            94..97 => self.pressed(&spot, dice, tasks).into_iter().collect(),
            _ => (0..2 + dice.below(4))
                .map(|_| self.message(&spot, &user(dice), SPAM[dice.below(5) as usize], "member"))
                .collect(),
        };
        let events = if events.is_empty() { vec![self.private(&spot, "u1")] } else { events };
        self.parcels += 1;
        Parcel { number: self.parcels, platform, events, way: Way::Bridge }
    }

    fn about(&mut self, spot: &Spot, kind: &str, rest: Value) -> Value {
        self.events += 1;
        let mut event =
            json!({"id": format!("e-{}", self.events), "type": kind, "group": *spot.group, "time": spot.time});
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    }

    fn message(&mut self, spot: &Spot, user: &str, text: &str, role: &str) -> Value {
        let sender = json!({"id": user, "name": format!("小{user}"), "role": role});
        let event = self.about(spot, "message", json!({"sender": sender, "text": text}));
        let id = event["id"].as_str().unwrap().to_owned();
        self.said.push((spot.platform, spot.group.clone(), id, user.to_owned()));
        event
    }

    fn joined(&mut self, spot: &Spot, count: u64) -> Value {
        let number = self.events;
        let member = |at| json!({"id": format!("n{number}-{at}"), "name": "新人"});
        let members: Vec<Value> = (0..count).map(member).collect();
        self.about(spot, "member_joined", json!({"members": members}))
    }

    fn edited(&mut self, spot: &Spot, dice: &mut Dice) -> Value {
        let Some((_, group, message, user)) = self.recent(spot.platform, dice) else {
            return self.message(spot, "u1", "早", "member");
        };
        let text = if dice.percent(60) { SPAM[dice.below(5) as usize] } else { INNOCENT[dice.below(6) as usize] };
        let spot = Spot { group, time: spot.time.clone(), ..*spot };
        self.about(&spot, "message_edited", json!({"message": message, "sender": {"id": user}, "text": text}))
    }

    /// One of the last messages of a platform.
    fn recent(&self, platform: &str, dice: &mut Dice) -> Option<(&'static str, Arc<str>, String, String)> {
        let said: Vec<_> = self.said.iter().rev().filter(|said| said.0 == platform).take(20).collect();
        if said.is_empty() { None } else { Some(said[dice.below(said.len() as u64) as usize].clone()) }
    }

    fn command(&mut self, spot: &Spot, dice: &mut Dice) -> Value {
        if dice.percent(10)
            && let Some((_, group, message, user)) = self.recent(spot.platform, dice)
        {
            let spot = Spot { group, time: spot.time.clone(), ..*spot };
            let mut event = self.message(&spot, "u3", "/举报 广告", "member");
            event["quote"] = json!({"message": message, "sender": user, "text": SPAM[0]});
            return event;
        }
        let text = COMMANDS[dice.below(22) as usize].replace('#', &(1 + dice.below(30)).to_string());
        let user = user(dice);
        let mut event = self.message(spot, "boss", &text, "admin");
        if let Some((before, after)) = text.split_once('@') {
            let mention = json!({"type": "mention", "user": user, "name": format!("小{user}")});
            let text = |text: &str| json!({"type": "text", "text": text});
            event.as_object_mut().unwrap().remove("text");
            event["content"] = json!([text(before), mention, text(after)]);
        }
        event
    }

    fn private(&mut self, spot: &Spot, user: &str) -> Value {
        let mut event = self.about(spot, "private_message", json!({"sender": {"id": user}, "text": "我的记录"}));
        event.as_object_mut().unwrap().remove("group");
        event
    }

    fn pressed(&mut self, spot: &Spot, dice: &mut Dice, tasks: &[super::bot::Task]) -> Option<Value> {
        let tasks: Vec<_> = tasks.iter().rev().filter(|task| *task.platform == *spot.platform).take(8).collect();
        let task = tasks.get(dice.below(8) as usize)?;
        let choice = &task.choices[dice.below(task.choices.len() as u64) as usize];
        let spot = Spot { group: task.group.clone(), time: spot.time.clone(), ..*spot };
        Some(self.about(&spot, "button", json!({"user": "boss", "task": *task.task, "choice": choice})))
    }
}

/// One of many groups in which little happens: they are shed from memory and loaded again.
fn elsewhere(dice: &mut Dice) -> Arc<str> {
    format!("x{}", dice.below(60)).into()
}

fn user(dice: &mut Dice) -> String {
    format!("u{}", dice.below(9))
}
