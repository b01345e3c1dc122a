//! What commands need of the store, read before the core carries them out.

use std::sync::Arc;

use super::{Counts, Engine, event_of};
use crate::domain::action::Action;
use crate::domain::change::{Change, MemberRef};
use crate::domain::command::{self, Command, Undo, Unmet};
use crate::domain::core::{Loaded, Wanted, quoted_cases};
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
    /// A command that reads the store must find there what came before it: the batch so far is committed. What is left of
    /// its request follows in the next; should that fail, those events are there already when the request is sent again.
    fn commit_early(&mut self, unit: &mut Unit) -> Result<(), StoreError> {
        if !unit.rows.is_empty() {
            self.batch.units.push(std::mem::take(unit));
            self.batch.jobs.push((None, Counts::default()));
        }
        self.early = self.commit()?;
        Ok(())
    }

    /// Reads what the command in an event looks at, if there is one in it. Commits first what it would miss, and only then:
    /// commits are what costs, and anybody can type commands.
    pub(super) fn load_command(
        &mut self,
        event: &Event,
        unmet: Option<Unmet>,
        now: Timestamp,
        unit: &mut Unit,
    ) -> Result<(), StoreError> {
        self.core.loaded = Loaded { unmet, ..Loaded::default() };
        let Some(wanted) = self.core.wanted(event, now) else { return Ok(()) };
        if self.batch.units.iter().chain([&*unit]).any(|unit| misses(&wanted, event, unit)) {
            self.commit_early(unit)?;
        }
        let (platform, group) = (event.platform.clone(), &*event.group);
        let (command, message) = match (wanted, &event.kind) {
            (Wanted::Standings, Kind::Private(message)) => {
                let standings = self.store.standings_of(&platform, &message.sender.id)?;
                for (group, _) in &standings {
                    self.load_group(&platform, group)?; // what it is called
                }
                self.core.loaded.standings = standings;
                return Ok(());
            }
            (Wanted::Task(id), Kind::Button { user, .. }) => return self.load_task(&platform, group, &id, user),
            (Wanted::Inviter(user), _) => {
                let name = self.store.member_name(&MemberRef::new(&platform, group, &user))?;
                self.core.loaded.presser = name.map(|name| (*name).into()).unwrap_or_default();
                return Ok(());
            }
            (Wanted::Of(command), Kind::Message(message)) => (Some(command), message),
            (Wanted::Quoted, Kind::Message(message)) => (None, message),
            _ => return Ok(()),
        };
        let Some(command) = command else {
            let bot = self.core.settings.platforms.get(&platform).and_then(|platform| platform.bot_user.clone());
            return self.load_quoted(&platform, message, bot.as_deref());
        };
        for whom in command.whom() {
            self.load_member(&platform, group, &whom.user)?;
        }
        if let Some(nameless) = command.whom().iter().find(|one| one.name.is_empty()) {
            // A quote says who wrote it, not what they are called.
            // Everybody may report, which must not cost much.
            let (report, user) = (matches!(command, Command::Report { .. }), &nameless.user);
            let member = MemberRef::new(&platform, group, user);
            let known = if report { self.store.member_name(&member)? } else { None };
            if let Some(name) = known {
                self.core.loaded.quoted_name = (*name).into();
                return Ok(());
            }
            let looked_at = if report { PIECE as u64 } else { LOOKED_AT };
            let messages = self.last_messages(&platform, group, looked_at)?.into_iter().map(|message| message.sender);
            let mut theirs = messages.filter(|sender| *sender.id == *nameless.user && !sender.name.is_empty());
            self.core.loaded.quoted_name = theirs.next().map(|sender| sender.name).unwrap_or_default();
        }
        match command {
            Command::Case(no) | Command::Undo(Undo::Case(no)) => self.load_case(no)?,
            Command::Undo(Undo::Change(no)) => self.core.loaded.change = self.store.chat_change(no)?,
            Command::AddWords(_) | Command::DropWords(_) => {
                self.core.loaded.texts = self.last_messages(&platform, group, LOOKED_AT)?;
            }
            Command::Stop => self.load_pending(Some((&platform, group)))?,
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

    /// The case of the notice that is quoted: by the message it became, else by the number that it says, if it says one.
    fn load_quoted(&mut self, platform: &str, message: &Message, bot: Option<&str>) -> Result<(), StoreError> {
        let Some(quote) = message.quote.as_deref() else { return Ok(()) };
        let by_id = match &quote.message {
            Some(id) => self.store.case_of_notice(platform, id)?,
            None => None,
        };
        if let Some(no) = by_id {
            return self.load_case(no);
        }
        match quoted_cases(quote, bot)[..] {
            [no] => self.load_case(no),
            ref several => {
                self.core.loaded.quoted = several.to_vec();
                Ok(())
            }
        }
    }

    /// A task, what it is about, and what somebody answered to it before.
    fn load_task(&mut self, platform: &Arc<str>, group: &str, id: &str, user: &str) -> Result<(), StoreError> {
        let Some(task) = self.store.action(id)?.map(|stored| stored.action) else { return Ok(()) };
        if task.platform != *platform || *task.group != *group {
            return Ok(());
        }
        if let Some(no) = task.cause.case.as_ref().and_then(|no| no.parse().ok()) {
            self.load_case(no)?;
        }
        let named = task.cause.user.as_ref().map(|user| MemberRef::new(platform, group, user));
        let named = named.map(|member| self.store.member_name(&member)).transpose()?.flatten();
        self.core.loaded.named = named.map(|name| (*name).into()).unwrap_or_default();
        // A card that was sent again is of the same task.
        self.core.loaded.decided = self.store.decision(task.cause.task.as_deref().unwrap_or(id))?;
        self.core.loaded.task = Some(task);
        let name = self.store.member_name(&MemberRef::new(platform, group, user))?;
        self.core.loaded.presser = name.map(|name| (*name).into()).unwrap_or_default();
        Ok(())
    }

    /// A case, and the others of its member that still count: one may be why a mute stays.
    fn load_case(&mut self, no: u64) -> Result<(), StoreError> {
        let Some(file) = self.store.case_file(no)? else { return Ok(()) };
        let member = MemberRef::new(&file.case.platform, &file.case.group, &file.case.user);
        self.load_group(&member.platform, &member.group)?;
        self.load_member(&member.platform, &member.group, &member.user)?;
        let standing = self.core.state.member(member.key()).standing().clone();
        // What was only observed gave no mute.
        for strike in standing.strikes.iter().filter(|strike| strike.case != no && !strike.observe) {
            self.core.loaded.others.extend(self.store.case_file(strike.case)?);
        }
        self.load_told(&file.actions.iter().map(|one| one.action.clone()).collect::<Vec<_>>())?;
        self.core.loaded.gone = self.has_left(&file.case)?;
        self.core.loaded.case = Some(file);
        Ok(())
    }

    /// What is not sent, of one group or of all.
    pub(super) fn load_pending(&mut self, of: Option<(&str, &str)>) -> Result<(), StoreError> {
        let pending = self.store.pending_of(of)?;
        self.load_told(&pending)?;
        self.core.loaded.pending = pending;
        Ok(())
    }

    /// Those whom actions tell or touch, and those whom a held notice of their cases would tell: cancelling one changes what is
    /// held against them.
    fn load_told(&mut self, actions: &[Arc<Action>]) -> Result<(), StoreError> {
        for action in actions {
            self.load_group(&action.platform, &action.group)?;
            let case = action.cause.case.as_ref().and_then(|no| no.parse::<u64>().ok());
            let held = &self.core.state.group(GroupKey::new(&action.platform, &action.group)).ledger.held;
            let held = held.iter().filter(|held| Some(held.case) == case).filter_map(|held| held.user.clone());
            let held: Vec<Arc<str>> = held.collect();
            for user in action.notifies.iter().map(|(user, _)| user).chain(action.what.user()).chain(&held) {
                self.load_member(&action.platform, &action.group, user)?;
            }
        }
        Ok(())
    }

    /// Among so many inputs of all groups.
    fn last_messages(&mut self, platform: &str, group: &str, looked_at: u64) -> Result<Vec<Message>, StoreError> {
        let bot = self.core.settings.platforms.get(platform).and_then(|platform| platform.bot_user.clone());
        let (mut messages, mut before) = (Vec::new(), self.seq + 1);
        let end = before.saturating_sub(looked_at);
        while before > end && messages.len() < TRIED {
            let rows = self.store.journal_before(before, PIECE)?;
            let Some(last) = rows.last() else { break };
            before = last.seq;
            let of_platform = rows.iter().filter(|row| row.kind == RowKind::Event && *row.platform == *platform);
            // Only rows that name the group are worth reading.
            for row in of_platform.filter(|row| row.body.contains(group)) {
                // What was typed to the bot about a word says nothing about the group.
                let said = |message: &Message| !command::looks_like_command(message, bot.as_deref());
                match event_of(row) {
                    Ok(Event { group: of, kind: Kind::Message(message), .. }) if *of == *group && said(&message) => {
                        messages.push(message);
                    }
                    _ => {}
                }
            }
        }
        messages.truncate(TRIED);
        Ok(messages)
    }
}

/// Whether a unit that is not committed holds what a command reads of the store.
fn misses(wanted: &Wanted, event: &Event, unit: &Unit) -> bool {
    let of_case = |change: &Change| match change {
        Change::Case(_)
        | Change::Evidence(_)
        | Change::Undone { .. }
        | Change::Ended { .. }
        | Change::Decided(_)
        | Change::Membership { left: Some(_), .. } => true,
        Change::Act(action) => action.cause.case.is_some(),
        _ => false,
    };
    let of_words = |change: &Change| matches!(change, Change::Chat(_) | Change::ChatUndone { .. });
    let pending = |change: &Change| matches!(change, Change::Act(_) | Change::Ended { .. });
    let changes = &unit.changes;
    match wanted {
        Wanted::Standings => {
            let Kind::Private(Message { sender, .. }) = &event.kind else { return false };
            let theirs = |member: &MemberRef| *member.user == *sender.id && member.platform == event.platform;
            changes.iter().any(|change| matches!(change, Change::Standing { member, .. } if theirs(member)))
        }
        Wanted::Task(id) => {
            let of_task = |change: &Change| match change {
                Change::Act(action) => *action.id == **id,
                Change::Decided(decision) => *decision.task == **id,
                Change::Membership { .. } => true, // what they are called
                change => of_case(change),
            };
            changes.iter().any(of_task)
        }
        Wanted::Inviter(_) => changes.iter().any(|change| matches!(change, Change::Membership { .. })),
        Wanted::Quoted | Wanted::Of(Command::Case(_) | Command::Undo(Undo::Case(_))) => changes.iter().any(of_case),
        Wanted::Of(Command::Undo(Undo::Change(_))) => changes.iter().any(of_words),
        Wanted::Of(Command::AddWords(_) | Command::DropWords(_)) => !unit.rows.is_empty(),
        Wanted::Of(Command::Stop) => changes.iter().any(pending),
        Wanted::Of(Command::Status | Command::Resume) => {
            changes.iter().any(|change| matches!(change, Change::Case(_) | Change::Undone { .. }))
        }
        // A quote says who wrote it, not what they are called: their last message does.
        Wanted::Of(command) => command.whom().iter().any(|one| one.name.is_empty()) && !unit.rows.is_empty(),
    }
}
