//! What commands need of the store, read before the core carries them out.

use std::sync::Arc;

use super::{Counts, Engine, event_of};
use crate::domain::action::{Action, Outcome, What};
use crate::domain::change::MemberRef;
use crate::domain::command::{self, Asked, Command, Typed, Undo};
use crate::domain::core::{Loaded, quoted_case};
use crate::domain::event::{Event, Kind, Message};
use crate::domain::ids::GroupKey;
use crate::domain::time::Timestamp;
use crate::ports::{RowKind, StoreError, Unit};

/// How many of a group's last messages a changed word is tried on …
const TRIED: usize = 1000;
/// … among so many inputs of all groups, read in pieces of [`PIECE`].
const LOOKED_AT: u64 = 50_000;
const PIECE: usize = 2000;

impl Engine {
    /// A command reads the store, which must have what came before it: the batch so far is committed. What is left of its
    /// request follows in the next; should that fail, those events are there already when the request is sent again.
    pub(super) fn commit_early(&mut self, unit: &mut Unit) -> Result<(), StoreError> {
        if !unit.rows.is_empty() {
            self.batch.units.push(std::mem::take(unit));
            self.batch.jobs.push((None, Counts::default()));
        }
        self.early = self.commit()?;
        Ok(())
    }

    pub(super) fn may_command(&self, event: &Event) -> bool {
        match &event.kind {
            Kind::Message(message) => {
                let bot = self.bot(&event.platform);
                command::looks_like_command(message, bot) || command::is_false_alarm(message)
            }
            Kind::Private(_) => true,
            _ => false,
        }
    }

    fn bot(&self, platform: &str) -> Option<&str> {
        self.core.settings.platforms.get(platform)?.bot_user.as_deref()
    }

    /// Reads what the command in an event looks at, if there is one in it.
    pub(super) fn load_command(&mut self, event: &Event, now: Timestamp) -> Result<(), StoreError> {
        self.core.loaded = Loaded::default();
        if !self.may_command(event) {
            return Ok(());
        }
        let (platform, group) = (event.platform.clone(), &*event.group);
        let message = match &event.kind {
            Kind::Message(message) => message,
            Kind::Private(message) => {
                self.core.loaded.standings = self.store.standings_of(&platform, &message.sender.id)?;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let zone = self.core.settings.policy(group).timezone.clone();
        let bot = self.bot(&platform).map(str::to_owned);
        let quoted = message.quote.as_deref().and_then(|quote| quote.sender.as_deref());
        let asked = Asked { bot: bot.as_deref(), quoted, now: now.zoned(&zone) };
        let command = match command::parse(message, &asked) {
            Some(Typed::Command(command)) => command,
            Some(_) => return Ok(()),
            None if command::is_false_alarm(message) => return self.load_quoted(&platform, message, bot.as_deref()),
            None => return Ok(()),
        };
        for whom in command.whom() {
            self.load_member(&platform, group, &whom.user)?;
        }
        match command {
            Command::Case(no) | Command::Undo(Undo::Case(no)) => self.load_case(no)?,
            Command::Undo(Undo::Change(no)) => self.core.loaded.change = self.store.chat_change(no)?,
            Command::AddWords(_) | Command::DropWords(_) => {
                self.core.loaded.texts = self.last_messages(&platform, group)?;
            }
            Command::Stop => self.load_pending(&platform, group)?,
            Command::Status | Command::Resume => {
                let since = self.core.state.pause(GroupKey::new(&platform, group)).map(|pause| pause.at);
                if let Some(since) = since {
                    self.core.loaded.observed = self.store.observed_cases(&platform, group, since)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The case of the notice that is quoted: by the message it became, else by the number that it says.
    fn load_quoted(&mut self, platform: &str, message: &Message, bot: Option<&str>) -> Result<(), StoreError> {
        let Some(quote) = message.quote.as_deref() else { return Ok(()) };
        let by_id = match &quote.message {
            Some(id) => self.store.case_of_notice(platform, id)?,
            None => None,
        };
        match by_id.or_else(|| quoted_case(quote, bot)) {
            Some(no) => self.load_case(no),
            None => Ok(()),
        }
    }

    /// A case, and the others of its member that still count: one may be why a mute stays.
    fn load_case(&mut self, no: u64) -> Result<(), StoreError> {
        let Some(file) = self.store.case_file(no)? else { return Ok(()) };
        let member = MemberRef::new(&file.case.platform, &file.case.group, &file.case.user);
        self.load_group(&member.platform, &member.group)?;
        self.load_member(&member.platform, &member.group, &member.user)?;
        let standing = self.core.state.member(member.key()).standing().clone();
        for strike in standing.strikes.iter().filter(|strike| strike.case != no) {
            self.core.loaded.others.extend(self.store.case_file(strike.case)?);
        }
        self.load_told(&file.actions.iter().map(|one| one.action.clone()).collect::<Vec<_>>())?;
        self.core.loaded.case = Some(file);
        Ok(())
    }

    /// A mute or removal that was under way when it was cancelled may have been done all the same: the core must know.
    pub(super) fn load_cancelled(&mut self, action: &Action, outcome: &Outcome) -> Result<(), StoreError> {
        let deed = matches!(action.what, What::Mute { .. } | What::Remove { .. });
        let maybe = deed && matches!(outcome, Outcome::Done { .. } | Outcome::Uncertain { .. });
        self.core.loaded = Loaded { cancelled: maybe && self.store.is_cancelled(&action.id)?, ..Loaded::default() };
        Ok(())
    }

    fn load_pending(&mut self, platform: &Arc<str>, group: &str) -> Result<(), StoreError> {
        let pending = self.store.pending_in(platform, group)?;
        self.load_told(&pending)?;
        self.core.loaded.pending = pending;
        Ok(())
    }

    /// Those whom actions tell or touch: cancelling one changes what is held against them.
    fn load_told(&mut self, actions: &[Arc<Action>]) -> Result<(), StoreError> {
        for action in actions {
            for user in action.notifies.iter().map(|(user, _)| user).chain(action.what.user()) {
                self.load_member(&action.platform, &action.group, user)?;
            }
        }
        Ok(())
    }

    fn last_messages(&mut self, platform: &str, group: &str) -> Result<Vec<Message>, StoreError> {
        let (mut messages, mut before) = (Vec::new(), self.seq + 1);
        let end = before.saturating_sub(LOOKED_AT);
        while before > end && messages.len() < TRIED {
            let rows = self.store.journal_before(before, PIECE)?;
            let Some(last) = rows.last() else { break };
            before = last.seq;
            let of_platform = rows.iter().filter(|row| row.kind == RowKind::Event && *row.platform == *platform);
            // Only rows that name the group are worth reading.
            for row in of_platform.filter(|row| row.body.contains(group)) {
                match event_of(row) {
                    Ok(Event { group: of, kind: Kind::Message(message), .. }) if *of == *group => {
                        messages.push(message)
                    }
                    _ => {}
                }
            }
        }
        messages.truncate(TRIED);
        Ok(messages)
    }
}
