//! The bots of a simulation: each does what it is asked to, or not, and says so, or not. They know what must never happen to
//! them, and write down what did.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use qunwei::domain::action::{Action, Lane, What};
use qunwei::ports::{Platform, Reply};
use tokio::sync::oneshot;

use super::rules::{CORP, ONCE, PLAIN};

/// How the attempts of a platform go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// 503.
    Down,
    /// Answers after half a minute.
    Slow,
    /// 429, with a time to wait.
    TooMany,
    /// The connection breaks, before or after the deed.
    Resets,
    /// 200, and nothing is done.
    Lies,
    /// 404: an operator must look.
    Broken,
    /// 400.
    Refuses,
    /// 410.
    Gone,
}

pub const MOODS: [Mood; 9] = [
    Mood::Well,
    Mood::Down,
    Mood::Slow,
    Mood::TooMany,
    Mood::Resets,
    Mood::Lies,
    Mood::Broken,
    Mood::Refuses,
    Mood::Gone,
];

/// An attempt that is under way.
pub struct Flight {
    pub action: Arc<Action>,
    pub answer: oneshot::Sender<Reply>,
}

/// A card with buttons that came.
pub struct Task {
    pub platform: Arc<str>,
    pub group: Arc<str>,
    pub task: Arc<str>,
    pub choices: Vec<String>,
}

/// What the bots of all platforms share. Clones share it.
#[derive(Clone, Default)]
pub struct Bots(Arc<Mutex<Model>>);

/// What the bots know.
#[derive(Default)]
pub struct Model {
    /// Attempts that wait for their answers, in the order they came.
    pub flying: Vec<Flight>,
    /// Attempts that have just begun elsewhere.
    pub begun: Vec<Arc<Action>>,
    pub attempts: u64,
    /// How often each action was done.
    pub done: BTreeMap<Arc<str>, u32>,
    /// Actions that were said to be done.
    pub said: BTreeSet<Arc<str>>,
    pub tasks: Vec<Task>,
    bodies: HashMap<Arc<str>, Arc<str>>,
    pub faults: Vec<String>,
}

impl Bots {
    pub fn lock(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap()
    }
}

impl Platform for Bots {
    fn perform(&self, action: Arc<Action>, body: Arc<str>) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
        let (answer, answered) = oneshot::channel();
        let mut model = self.lock();
        model.came(&action, &body);
        model.flying.push(Flight { action, answer });
        Box::pin(async move {
            match answered.await {
                Ok(reply) => reply,
                Err(_) => std::future::pending().await, // the bot is waiting for a daemon that is not there any more
            }
        })
    }
}

/// Whether an action may come again although it may have been done.
fn repeatable(action: &Action) -> bool {
    !matches!(&*action.platform, ONCE | PLAIN | CORP)
        || matches!(action.what, What::Unmute { .. })
        || action.lane == Lane::Undo
}

impl Model {
    /// An action came, by whatever way.
    pub fn came(&mut self, action: &Action, body: &Arc<str>) {
        self.attempts += 1;
        let id = &action.id;
        let first = self.bodies.entry(id.clone()).or_insert_with(|| body.clone());
        if first != body {
            self.faults.push(format!("the body of {id} changed: {first} and {body}"));
        }
        if !repeatable(action) && self.done.contains_key(id) {
            self.faults.push(format!("{id} came again after it may have been done: {body}"));
        }
    }

    /// Whether an action ever came.
    pub fn was_tried(&self, id: &str) -> bool {
        self.bodies.contains_key(id)
    }

    /// Does it.
    pub fn carry_out(&mut self, action: &Action) {
        let times = self.done.entry(action.id.clone()).or_default();
        *times += 1;
        if *times == 1
            && let What::Task { buttons, .. } = &action.what
            && !buttons.is_empty()
        {
            let choices = buttons.iter().map(|button| button.choice.clone()).collect();
            let task = action.cause.task.clone().unwrap_or_else(|| action.id.clone());
            let (platform, group) = (action.platform.clone(), action.group.clone());
            self.tasks.push(Task { platform, group, task, choices });
        }
    }

    /// What a platform of the daemon's own made of an attempt.
    pub fn heard(&mut self, action: &Action, reply: &Reply) {
        if matches!(reply, Reply::Done { .. } | Reply::Unknown { .. }) {
            *self.done.entry(action.id.clone()).or_default() += 1;
        }
        if matches!(reply, Reply::Done { .. }) {
            self.said.insert(action.id.clone());
        }
    }

    /// Answers an attempt as the mood is; `coin` is drawn for it.
    pub fn answer(&mut self, flight: Flight, mood: Mood, coin: u64) {
        let Flight { action, answer, .. } = flight;
        let after = |seconds| Some(Duration::from_secs(seconds));
        let error = || format!("{mood:?}");
        let reply = match mood {
            Mood::Well | Mood::Slow => {
                self.carry_out(&action);
                self.said(&action)
            }
            Mood::Lies => self.said(&action),
            Mood::Resets if coin.is_multiple_of(2) => {
                self.carry_out(&action);
                Reply::Unknown { error: error() }
            }
            Mood::Resets if coin.is_multiple_of(3) => Reply::Retry { after: None, error: error() },
            Mood::Resets => Reply::Unknown { error: error() },
            Mood::Down => Reply::Retry { after: None, error: error() },
            Mood::TooMany => Reply::Retry { after: after(coin % 90), error: error() },
            Mood::Broken => Reply::Broken { error: error() },
            Mood::Refuses => Reply::Refused { error: error() },
            Mood::Gone => Reply::Disabled,
        };
        answer.send(reply).ok(); // the daemon may be gone
    }

    pub fn said(&mut self, action: &Action) -> Reply {
        self.said.insert(action.id.clone());
        Reply::Done { message: Some(format!("n-{}", action.id)) }
    }
}

/// How long an answer takes in this mood.
pub fn takes(mood: Mood, coin: u64) -> Duration {
    match mood {
        Mood::Slow => Duration::from_millis(10_000 + coin % 20_000),
        _ => Duration::from_millis(coin % 400),
    }
}
