//! WeCom as the platform that actions go to: which way each one takes, by its group and its kind.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::aibot::answers::{Answers, Unanswerable};
use super::api::Endpoint;
use super::app::{App, TaskCard};
use super::appchat::AppChats;
use super::robot::{self, Message, Robot, Say};
use super::roster::Called;
use super::{task, text};
use crate::domain::action::{Action, Button, What};
use crate::domain::image::{GONE, Image, Media};
use crate::domain::policy::Strangers;
use crate::domain::subject::Subject;
use crate::ports::{Platform, Reply, Way};

/// What an attempt comes to, later.
pub type Attempt = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// The longest Markdown that an intelligent bot pushes, in bytes (101463).
const PUSH_LIMIT: usize = 20_480;

/// An intelligent bot (智能机器人) that can say something in a chat unasked, over its long connection.
pub trait AibotPush: Send + Sync {
    /// Says Markdown in a chat: the chat id of a group, or a userid.
    fn push(&self, chat: Arc<str>, markdown: String) -> Attempt;

    /// Shows a picture in a chat.
    fn show(&self, chat: Arc<str>, media: Media, bytes: Arc<[u8]>) -> Attempt;

    /// How long until something more may be said in a chat; zero: now. It answers at once.
    fn wait(&self, _chat: &str) -> Duration {
        Duration::ZERO
    }
}

/// The ways of one group; those that are not there are not used.
#[derive(Clone, Default)]
pub struct GroupWays {
    /// Its robot: the first choice for what is said in it.
    pub robot: Option<Robot>,
    /// The app that created it, and its chat id there: the second choice, and the only one that removes members.
    pub chat: Option<(AppChats, Arc<str>)>,
    /// An intelligent bot in it, and its chat id there: the third choice. It cannot notify anybody.
    pub aibot: Option<(Arc<dyn AibotPush>, Arc<str>)>,
}

impl GroupWays {
    /// Whether something can be said in it unasked.
    fn speak(&self) -> bool {
        self.robot.is_some() || self.chat.is_some() || self.aibot.is_some()
    }

    /// How long a text had better wait, by the limits of the way that it will take.
    fn wait(&self, action: &Action, words: &str) -> Option<Duration> {
        match &self.robot {
            Some(robot) => robot.wait(action, robot::size(words)),
            None => self.wait_beside_robot(),
        }
    }

    /// The same for a picture.
    fn wait_to_show(&self) -> Option<Duration> {
        match &self.robot {
            Some(robot) => robot.wait_to_post(),
            None => self.wait_beside_robot(),
        }
    }

    fn wait_beside_robot(&self) -> Option<Duration> {
        match (&self.chat, &self.aibot) {
            (None, Some((aibot, chat))) => Some(aibot.wait(chat)).filter(|wait| !wait.is_zero()),
            (Some(_), _) | (None, None) => None,
        }
    }
}

/// How a corp's actions go out.
#[derive(Clone, Default)]
pub struct Routes {
    /// The ways of each group.
    pub groups: HashMap<Arc<str>, GroupWays>,
    /// The app that writes to employees and puts cards before them.
    pub app: Option<App>,
    /// Employees who are asked where a group has no admin who is one, by userid.
    pub duty: Vec<Arc<str>>,
    /// Whom no app can write to: external contacts, robots.
    pub strangers: Strangers,
    /// What groups are called.
    pub called: Called,
    /// The name of that app in the configuration, for operators.
    pub app_name: Arc<str>,
    /// What 智能机器人 heard by callback, or were told alone over a connection of ours, can be answered there: the last choice.
    pub answers: Option<(Answers, Endpoint)>,
}

impl Routes {
    /// Who is asked to do a task: the employees among those it names, else those on duty.
    fn asked<'a>(&'a self, mentions: &'a [Arc<str>]) -> Vec<Arc<str>> {
        let employees: Vec<Arc<str>> = mentions.iter().filter(|user| !self.strangers.has(user)).cloned().collect();
        if employees.is_empty() { self.duty.clone() } else { employees }
    }
}

/// One corp. Clones share its ways.
#[derive(Clone)]
pub struct Wecom {
    routes: Arc<Routes>,
}

impl Wecom {
    /// A corp whose actions go out so.
    pub fn new(routes: Routes) -> Self {
        Self { routes: Arc::new(routes) }
    }
}

impl Platform for Wecom {
    fn perform(&self, action: Arc<Action>, _body: Arc<str>) -> Attempt {
        let routes = self.routes.clone();
        Box::pin(async move {
            match &action.what {
                What::Send { text, mentions } => routes.say(&action, text, mentions).await,
                What::Private { user, text } => routes.tell(&action, user, text).await,
                What::Remove { user } => routes.remove(&action.group, user).await,
                What::Task { text, mentions, buttons, about } => {
                    routes.ask(&action, text, mentions, buttons, about).await
                }
                What::Delete { message } => routes.recall(message).await,
                What::TaskDone { message, users, text, .. } => routes.settle(message, users, text).await,
                What::Mute { .. } | What::Unmute { .. } => refused("WeCom has no interface to mute a member"),
                What::Image { image } => routes.show(&action.group, image).await,
                What::Announce { .. } => refused("WeCom has no interface to set a group's announcement"),
            }
        })
    }

    fn way(&self, action: &Action) -> Option<Way> {
        Some(match &action.what {
            What::Private { .. } | What::Task { .. } | What::TaskDone { .. } | What::Delete { .. } => {
                let name: Arc<str> = match &self.routes.app {
                    Some(_) => format!("app.{}", self.routes.app_name).into(),
                    None => "answers".into(),
                };
                Way { called: name.clone(), name }
            }
            What::Send { .. }
            | What::Remove { .. }
            | What::Mute { .. }
            | What::Unmute { .. }
            | What::Image { .. }
            | What::Announce { .. } => Way {
                name: format!("group.{}", action.group).into(),
                called: self.routes.called.name(&action.group).unwrap_or_else(|| action.group.clone()),
            },
        })
    }

    fn wait(&self, action: &Action) -> Option<Duration> {
        let routes = &self.routes;
        match &action.what {
            What::Send { text, .. } => routes.groups.get(&action.group)?.wait(action, text),
            What::Private { user, .. } => routes.app.as_ref()?.wait(&action.id, std::slice::from_ref(user)),
            What::Task { mentions, .. } => routes.app.as_ref()?.wait(&action.id, &routes.asked(mentions)),
            What::Image { .. } => routes.groups.get(&action.group)?.wait_to_show(),
            What::Mute { .. }
            | What::Unmute { .. }
            | What::Remove { .. }
            | What::Delete { .. }
            | What::TaskDone { .. }
            | What::Announce { .. } => None,
        }
    }
}

impl Routes {
    async fn say(&self, action: &Action, words: &str, mentions: &[Arc<str>]) -> Reply {
        let Some(ways) = self.groups.get(&action.group).filter(|ways| ways.speak()) else {
            return match self.answer(action, None, words).await {
                Ok(reply) => reply,
                Err(why) => refused(&format!("this group has neither a robot nor another way to speak in it; {why}")),
            };
        };
        // An external contact cannot be notified by these ways; the text names him.
        let mentions: Vec<Arc<str>> = mentions.iter().filter(|user| !self.strangers.has(user)).cloned().collect();
        let say = Say::of(action, words, &mentions);
        if let Some(robot) = &ways.robot {
            return robot.say(say).await;
        }
        if let Some((chats, chat)) = &ways.chat {
            return chats.say(chat, say).await;
        }
        if let Some((aibot, chat)) = &ways.aibot {
            let markdown = text::shorten(&text::neutral_markdown(words), PUSH_LIMIT);
            return aibot.push(chat.clone(), markdown).await;
        }
        refused("this group has neither a robot nor another way to speak in it")
    }

    /// Robots take pictures as they are; apps and intelligent bots want them uploaded first.
    async fn show(&self, group: &Arc<str>, image: &Image) -> Reply {
        let Some(ways) = self.groups.get(group).filter(|ways| ways.speak()) else {
            return refused("this group has neither a robot nor another way to show pictures in it");
        };
        let Some(bytes) = &image.bytes else { return refused(GONE) };
        if let Some(robot) = &ways.robot {
            return robot.post(&Message::Image(bytes.clone())).await;
        }
        if let Some((chats, chat)) = &ways.chat {
            return chats.show(chat, image.media, bytes).await;
        }
        match &ways.aibot {
            Some((aibot, chat)) => aibot.show(chat.clone(), image.media, bytes.clone()).await,
            None => refused("this group has no way to show pictures in it"),
        }
    }

    /// Answers the message that an action is about, where it was said.
    async fn answer(&self, action: &Action, alone: Option<&str>, words: &str) -> Result<Reply, Unanswerable> {
        match (&self.answers, &action.cause.event) {
            (Some((answers, endpoint)), Some(event)) => answers.say(endpoint, event, alone, words).await,
            (None, _) | (_, None) => Err(Unanswerable::Unasked),
        }
    }

    async fn tell(&self, action: &Action, user: &Arc<str>, words: &str) -> Reply {
        // Who wrote to a bot alone is answered there.
        let answered = self.answer(action, Some(user), words).await;
        if let Ok(reply) = answered {
            return reply;
        }
        if self.strangers.has(user) {
            return refused("an external contact cannot be written to in private");
        }
        match &self.app {
            Some(app) => app.tell(&action.id, std::slice::from_ref(user), words).await,
            None => {
                let why = answered.err().map(|why| format!("; {why}")).unwrap_or_default();
                refused(&format!("no app is configured that can write to employees{why}"))
            }
        }
    }

    async fn remove(&self, group: &Arc<str>, user: &Arc<str>) -> Reply {
        match self.groups.get(group).and_then(|ways| ways.chat.as_ref()) {
            Some((chats, chat)) => chats.remove(chat, user).await,
            None => refused("only members of groups that an app created can be removed"),
        }
    }

    /// A card with buttons; without buttons, or with what a card cannot carry, a text.
    async fn ask(
        &self,
        action: &Action,
        words: &str,
        mentions: &[Arc<str>],
        buttons: &[Button],
        about: &Subject,
    ) -> Reply {
        let Some(app) = &self.app else {
            return refused("no app is configured that can put a card before an employee");
        };
        let asked = self.asked(mentions);
        if asked.is_empty() {
            return refused("there is no employee to ask: the group has no such admin, and nobody is on duty");
        }
        let name = task::name(&action.id, &action.group).into();
        let about = Subject {
            // Only an employee's name leads to who they are.
            user: Some(about.user.clone()).filter(|user| !self.strangers.has(user)).unwrap_or_default(),
            ..about.clone()
        };
        match TaskCard::of(&name, words, buttons, action.cause.case.as_deref(), about) {
            Some(card) => app.ask(&action.id, &asked, card).await,
            None => app.tell(&action.id, &asked, words).await,
        }
    }

    /// Shows everybody who was asked what came of it.
    async fn settle(&self, response_code: &str, users: &[Arc<str>], words: &str) -> Reply {
        match &self.app {
            Some(app) => app.settle(response_code, &self.asked(users), words).await,
            None => refused("no app is configured that can change a card"),
        }
    }

    async fn recall(&self, message: &str) -> Reply {
        let recalled = match &self.app {
            Some(app) => app.recall_told(message).await,
            None => None,
        };
        recalled.unwrap_or_else(|| refused("WeCom has no interface to take back this message"))
    }
}

fn refused(why: &str) -> Reply {
    Reply::Refused { error: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_go_to_employees_and_else_to_those_on_duty() {
        let strangers = Strangers::new([("wm", 20)]);
        let routes = Routes { duty: vec!["boss".into()], strangers, ..Routes::default() };
        let external: Arc<str> = "wmAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
        assert_eq!(routes.asked(&["wming".into(), external.clone()]), ["wming".into()]);
        assert_eq!(routes.asked(&[external]), ["boss".into()]);
    }
}
