//! What the daemon decided, done to the group.

use std::sync::Arc;

use serde_json::Value;

use super::{Chat, Message, Private, Task};
use crate::adapters::playground::people::{BOT, Refusal};
use crate::domain::action::{Action, What};
use crate::domain::event::Role;
use crate::domain::time::Timestamp;
use crate::ports::Reply;

/// More actions than this are not remembered; a repetition that comes so late is done again.
const MOST_DONE: usize = 10_000;

impl Chat {
    /// Does what the daemon decided; with it the event that follows from it on a platform.
    pub(in crate::adapters::playground) fn carry_out(
        &mut self,
        action: &Action,
        now: Timestamp,
    ) -> (Reply, Option<Value>) {
        if let Some(reply) = self.done.get(&action.id) {
            return (reply.clone(), None);
        }
        let (reply, event) = self.carry_out_once(action, now);
        if self.done.len() >= MOST_DONE {
            self.done.clear();
        }
        self.done.insert(action.id.clone(), reply.clone());
        (reply, event)
    }

    fn carry_out_once(&mut self, action: &Action, now: Timestamp) -> (Reply, Option<Value>) {
        const DONE: Reply = Reply::Done { message: None };
        let refused = |error: &str| (Reply::Refused { error: error.to_owned() }, None);
        if !action.group.is_empty() && action.group != self.group {
            return refused("this group is not there any more");
        }
        let case = action.cause.case.clone();
        match &action.what {
            What::Send { text, mentions } => return self.speak(text.clone(), mentions.clone(), case, now),
            What::Announce { text } => return self.speak(format!("【群公告】{text}"), Vec::new(), case, now),
            What::Image { image } => {
                return self.speak(format!("[图片 {}]", image.shown()), Vec::new(), case, now);
            }
            What::Private { user, text } => {
                if self.person(user).is_err() {
                    return refused("there is nobody of this id");
                }
                let n = self.number();
                let id = self.id("b", n);
                let private = Private { n, user, by_bot: true, at: now, text, case: case.as_deref() };
                self.board.put("private", &id, &private);
                return (Reply::Done { message: Some(id) }, None);
            }
            What::Mute { user, until, .. } => match self.silence(user, Some(*until)) {
                Ok(()) => self.line(now, "muted", &[user.to_string()], Some(*until)),
                Err(_) => return refused("they are not in the group"),
            },
            What::Unmute { user } => {
                if self.person(user).is_ok_and(|person| person.muted_until.is_some())
                    && self.silence(user, None).is_ok()
                {
                    self.line(now, "unmuted", &[user.to_string()], None);
                }
            }
            What::Remove { user } => {
                if self.person(user).is_ok_and(|person| person.here) {
                    let event = self.gone(user, "removed", "removed", now);
                    return (DONE, Some(event));
                }
            }
            What::Delete { message } => match self.messages.get_mut(&**message) {
                Some(said) => {
                    said.withdrawn.get_or_insert("bot");
                    let said = said.clone();
                    self.board.put("message", message, &said);
                }
                None => return refused("there is no such message"),
            },
            What::Task { text, mentions, buttons, .. } => {
                let n = self.number();
                let (text, mentions, buttons) = (text.clone(), mentions.clone(), buttons.clone());
                let card = Task { n, at: now, text, mentions, buttons, case, pressed: None, done: None };
                self.board.put("task", &action.id, &card);
                self.tasks.insert(action.id.to_string(), card);
            }
            What::TaskDone { task, text, .. } => match self.tasks.get_mut(&**task) {
                Some(card) => {
                    card.done = Some(text.clone());
                    self.board.put("task", task, card);
                }
                None => return refused("there is no such card"),
            },
        }
        (DONE, None)
    }

    /// The bot says something in the group.
    fn speak(
        &mut self,
        text: String,
        mentions: Vec<Arc<str>>,
        case: Option<String>,
        now: Timestamp,
    ) -> (Reply, Option<Value>) {
        let n = self.number();
        let id = self.id("b", n);
        let (user, name) = (BOT.to_owned(), self.name_of(BOT).to_owned());
        let (role, quote, withdrawn, edited) = (Role::Bot, None, None, false);
        let said = Message { n, user, name, role, at: now, text, quote, mentions, withdrawn, edited, case };
        self.keep(id.clone(), said);
        (Reply::Done { message: Some(id) }, None)
    }

    fn silence(&mut self, user: &str, until: Option<Timestamp>) -> Result<(), Refusal> {
        let at = self.find(user)?;
        match self.people.get_mut(at) {
            Some(person) if person.here => person.muted_until = until,
            _ => return Err(Refusal::NotHere),
        }
        self.show_person(at);
        Ok(())
    }
}
