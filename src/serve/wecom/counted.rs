//! What robots, apps and 智能机器人 have sent lately, kept through changes of the configuration: WeCom counts on, whatever ours says.
//!
//! A restart forgets it. Nothing is lost by that: WeCom refuses what is too much (45009), nothing more is sent for a minute, and
//! what was refused goes then. To know it before would cost a commit for each message sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::adapters::wecom::aibot::answers::Answers;
use crate::adapters::wecom::aibot::speaker::{Limits, Speaker};
use crate::adapters::wecom::api::{Api, Endpoint};
use crate::adapters::wecom::app::{App, PER_PERSON};
use crate::adapters::wecom::robot::{PER_MINUTE, Robot};
use crate::domain::secret::Hidden;
use crate::ports::Clock;

/// More senders than this are not remembered: all of them are forgotten then, as by a restart.
const MOST: usize = 50_000;

/// Who has sent. Clones share it.
#[derive(Clone, Default)]
pub(in crate::serve) struct Counted(Arc<Mutex<Senders>>);

#[derive(Default)]
struct Senders {
    robots: HashMap<String, Robot>,
    apps: HashMap<(Arc<str>, i64), App>,
    speakers: HashMap<Arc<str>, Speaker>,
    answers: HashMap<Arc<str>, Answers>,
}

impl Counted {
    /// The robot with this key; one that is known counts on.
    pub(super) fn robot(&self, endpoint: Endpoint, key: &Hidden, clock: Arc<dyn Clock>) -> Robot {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let robot = match senders.robots.get(key.reveal()) {
            Some(known) => known.through(endpoint),
            None => Robot::new(endpoint, key.clone(), PER_MINUTE, clock),
        };
        remember(&mut senders.robots, key.reveal().to_owned(), robot.clone());
        robot
    }

    /// The app of a corp with this agent id; one that is known counts on.
    pub(super) fn app(&self, corp: &Arc<str>, api: Api, agent_id: i64, clock: Arc<dyn Clock>) -> App {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let app = match senders.apps.get(&(corp.clone(), agent_id)) {
            Some(known) => known.through(api),
            None => App::new(api, agent_id, PER_PERSON, clock),
        };
        remember(&mut senders.apps, (corp.clone(), agent_id), app.clone());
        app
    }

    /// What the bots of a corp heard and can be answered; what is known stays known.
    pub(super) fn answers(&self, corp: &Arc<str>, clock: Arc<dyn Clock>) -> Answers {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = senders.answers.get(corp).cloned().unwrap_or_else(|| Answers::new(clock));
        remember(&mut senders.answers, corp.clone(), answers.clone());
        answers
    }

    /// What speaks for the 智能机器人 with this id; one that is known, within the same limits, counts on.
    pub(super) fn speaker(&self, bot: &Arc<str>, limits: Limits, clock: Arc<dyn Clock>) -> Speaker {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = senders.speakers.get(bot).and_then(|known| known.anew(limits));
        let speaker = known.unwrap_or_else(|| Speaker::new(limits, clock));
        remember(&mut senders.speakers, bot.clone(), speaker.clone());
        speaker
    }
}

fn remember<K: std::hash::Hash + Eq, V>(senders: &mut HashMap<K, V>, key: K, sender: V) {
    if senders.len() >= MOST && !senders.contains_key(&key) {
        senders.clear();
    }
    senders.insert(key, sender);
}
