//! What a command looks at in the store, known before it is carried out. Whoever may not give a command is only told so:
//! nothing is read for them, and nobody waits for it.

use super::may;
use crate::domain::choice::Choice;
use crate::domain::command::{self, Asked, Command, Typed};
use crate::domain::core::Core;
use crate::domain::core::message::{About, Here};
use crate::domain::event::{Event, Kind, Message, Person};
use crate::domain::time::Timestamp;

/// What an event's command looks at besides the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// What is held against the sender, in every group.
    Standings,
    /// The case whose notice is quoted.
    Quoted,
    /// The task of this id, whose button was pressed.
    Task(Box<str>),
    /// What this member is called, who invited somebody that asks to be let in.
    Inviter(Box<str>),
    /// What this command is about.
    Of(Command),
}

impl Core {
    /// What the command in an event looks at, if there is one in it that its sender may give. The sender must be loaded.
    pub fn wanted(&mut self, event: &Event, now: Timestamp) -> Option<Wanted> {
        let time = event.time.unwrap_or(now);
        let settings = self.settings.clone();
        if time.plus(settings.dedupe) < now {
            return None;
        }
        let bot = self.bot(&event.platform);
        let message = match &event.kind {
            Kind::Private(message) => {
                let zone = &settings.policy(&event.group).timezone;
                let asked = Asked { bot, quoted: None, unmet: None, now: now.zoned(zone) };
                let record = command::parse_private(message, &asked) == Some(Typed::Command(Command::Record));
                return record.then_some(Wanted::Standings);
            }
            Kind::Message(message) => message,
            Kind::Button { user, task, choice } => {
                let sender = Person { id: user.clone(), ..Person::default() };
                let message = &Message { sender, ..Message::default() };
                let (settings, policy, message_id) = (&*settings, &**settings.policy(&event.group), &*event.id);
                let here = Here {
                    settings,
                    policy,
                    event,
                    message,
                    message_id,
                    about: About::Message,
                    glance: None,
                    time,
                    now,
                };
                let looked_after = !event.group.is_empty() && settings.looks_after(&event.group);
                let choice = Choice::parse(choice).filter(|_| looked_after)?;
                return self.may_press(&here, choice).then(|| Wanted::Task(task.clone()));
            }
            Kind::JoinRequest { inviter, .. } => {
                let looked_after = !event.group.is_empty() && settings.looks_after(&event.group);
                return inviter.clone().filter(|_| looked_after).map(Wanted::Inviter);
            }
            _ => return None,
        };
        let quotes = command::is_false_alarm(message);
        let looked_after = !event.group.is_empty() && settings.looks_after(&event.group);
        if !(quotes || command::looks_like_command(message, bot)) || !looked_after || self.is_own(event, message) {
            return None;
        }
        let (settings, policy, message_id) = (&*settings, &**settings.policy(&event.group), &*event.id);
        let here =
            Here { settings, policy, event, message, message_id, about: About::Message, glance: None, time, now };
        match self.typed(&here) {
            // Everybody may report, so what is not put before anybody reads nothing.
            Some(Typed::Command(Command::Report { .. })) if !self.is_new_report(&here) => None,
            Some(Typed::Command(command)) => {
                let role = self.role_here(&here);
                may(policy, role, command.name().info()).then_some(Wanted::Of(command))
            }
            Some(_) => None,
            None => quotes.then_some(Wanted::Quoted),
        }
    }
}
