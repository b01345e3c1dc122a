//! From the store into memory: what an input needs before the core runs, and everything at a start.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Batch, Engine, MARK_ROWS};
use crate::domain::change::MemberRef;
use crate::domain::chat::{ChatChange, ChatWords};
use crate::domain::command::looks_like_command;
use crate::domain::core::{Glance, PlainNames, may_follow_its_edit, message_key};
use crate::domain::event::{Event, Kind, Malformed};
use crate::domain::ids::{GroupKey, MemberKey};
use crate::domain::newcomers::Newcomers;
use crate::domain::policy::Settings;
use crate::domain::recent::Recent;
use crate::domain::reminder::Reminders;
use crate::domain::rules::Scratch;
use crate::domain::standing::Standing;
use crate::domain::state::{Group, Joined, Member, Memo, State};
use crate::domain::time::Timestamp;
use crate::ports::{Row, RowKind, StoreError, StoredPause};

impl Engine {
    /// Loads what the core will look at.
    pub(super) fn load(&mut self, event: &Event, now: Timestamp) -> Result<(), StoreError> {
        if let Kind::Private(message) = &event.kind {
            return self.load_member(&event.platform, "", &message.sender.id);
        }
        if event.group.is_empty() || !self.core.settings.looks_after(&event.group) {
            return Ok(());
        }
        let (platform, group) = (&event.platform, &*event.group);
        let people = match &event.kind {
            Kind::Message(message) => {
                if event.time.is_some_and(|time| may_follow_its_edit(time, now)) {
                    self.load_memo(platform, group, &event.id)?;
                }
                std::slice::from_ref(&message.sender)
            }
            Kind::Edited { message: id, now: message } => {
                self.load_memo(platform, group, id)?;
                std::slice::from_ref(&message.sender)
            }
            Kind::Picture { message: id, read, .. } => {
                self.load_memo(platform, group, id)?;
                std::slice::from_ref(&read.sender)
            }
            Kind::Joined { members, .. } | Kind::Left { members, .. } => members,
            Kind::Renamed { member } => std::slice::from_ref(member),
            Kind::JoinRequest { .. } | Kind::GroupUpdated { .. } => return self.load_group(platform, group),
            Kind::Button { user, .. } => {
                self.load_group(platform, group)?;
                return self.load_member(platform, group, user);
            }
            _ => return Ok(()),
        };
        self.load_group(platform, group)?;
        for person in people {
            self.load_member(platform, group, &person.id)?;
        }
        Ok(())
    }

    /// Loads who may have typed a command: what admins type is in no window.
    fn load_commander(&mut self, event: &Event) -> Result<(), StoreError> {
        let Kind::Message(message) = &event.kind else { return Ok(()) };
        let bot = self.core.settings.platforms.get(&event.platform).and_then(|platform| platform.bot_user.as_deref());
        if !looks_like_command(message, bot) {
            return Ok(());
        }
        self.load_member(&event.platform, &event.group, &message.sender.id)
    }

    /// Loads which case a message is in, if it is in one.
    fn load_memo(&mut self, platform: &Arc<str>, group: &str, id: &str) -> Result<(), StoreError> {
        let key = message_key(platform, group, id);
        if !self.core.state.has_message(key) {
            // Most are in none, and are not asked about again.
            if let Some(case) = self.store.case_of(platform, group, id)? {
                self.core.state.load_message(key, Memo::new(case.no, case.observe, &case.findings));
            }
        }
        Ok(())
    }

    pub(super) fn load_group(&mut self, platform: &Arc<str>, group: &str) -> Result<(), StoreError> {
        let key = GroupKey::new(platform, group);
        if !self.core.state.has_group(key) {
            let stored = self.store.group(platform, group)?;
            let newcomers = (stored.newcomers != Newcomers::default()).then(|| Box::new(stored.newcomers));
            self.core.state.load_group(
                key,
                Group { ledger: stored.ledger, admins: stored.admins, newcomers, tasks: stored.tasks },
            );
        }
        Ok(())
    }

    pub(super) fn load_member(&mut self, platform: &Arc<str>, group: &str, user: &str) -> Result<(), StoreError> {
        let key = MemberKey::new(platform, group, user);
        if !self.core.state.has_member(key) {
            let member = MemberRef { platform: platform.clone(), group: group.into(), user: user.into() };
            let stored = self.store.member(&member)?;
            let clean = stored.standing == Standing::default();
            let standing = (!clean).then(|| Box::new(stored.standing));
            let joined = stored.joined.and_then(Joined::at);
            self.core.state.load_member(key, Member { role: stored.role, standing, joined });
        }
        Ok(())
    }

    /// Throws away what is in memory and loads it as the store has it.
    pub(super) fn reload(&mut self) -> Result<(), StoreError> {
        self.batch = Batch::default();
        self.forget_rules();
        let start = self.store.start()?;
        let mut said = None;
        let mut state = State::new(self.limits);
        let (mut after, windows) = start.windows.unwrap_or_default();
        match Recent::restore(&windows) {
            Some(recent) => state.recent = recent,
            // Windows of another version: the journal that is still there has to do.
            None => after = 0,
        }
        let written = after;
        after = after.max(start.seq.saturating_sub(2 * MARK_ROWS));
        state.timers = start.timers.into_iter().collect();
        state.last_case = start.case;
        state.last_change = start.change;
        let mut changes: HashMap<GroupKey, Vec<ChatChange>> = HashMap::new();
        for change in start.chat {
            changes.entry(GroupKey::new(&change.platform, &change.group)).or_default().push(change);
        }
        state.chat = changes.into_iter().map(|(group, changes)| (group, ChatWords::new(changes))).collect();
        for StoredPause { platform, group, by } in start.pauses {
            if platform.is_empty() && group.is_empty() {
                state.paused_all = Some(by);
            } else {
                state.paused.insert(GroupKey::new(&platform, &group), by);
            }
        }
        state.company = start.company;
        state.reminders = Reminders::new(start.reminders);
        start.lessons.into_iter().for_each(|(no, lesson)| state.lessons.restore(no, lesson));
        self.core.state = state;
        self.seq = start.seq;
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let mut memories: Vec<Memory> = (0..cores).map(|_| Memory::default()).collect();
        loop {
            let rows = self.store.journal(after, 5000)?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            said = rows.iter().rfind(|row| row.kind == RowKind::Rules).map(|row| row.body.clone()).or(said);
            for (event, at, glance) in read(&rows, &self.core.settings, &mut memories) {
                self.load_commander(&event)?;
                self.core.glance = glance.map(Arc::new);
                self.core.warm(&event, at);
            }
        }
        self.unsure = said.is_some_and(|version| version != self.core.settings.version);
        self.mark.0 = written;
        self.written.clear(); // their places are of other windows
        self.reloaded = true;
        Ok(())
    }
}

/// Where one thread looks at messages.
type Memory = (PlainNames, Scratch);

/// A start reads what came last by so many threads at most.
const MOST_THREADS: usize = 4;

/// The events among the rows that can be read, when they were judged, and what is in them by themselves: that is what takes time.
fn read(rows: &[Row], settings: &Arc<Settings>, memories: &mut [Memory]) -> Vec<(Event, Timestamp, Option<Glance>)> {
    let each = rows.len().div_ceil(memories.len().max(1)).max(1);
    let wanted = !settings.rules.needs().heats.is_zero();
    let look = |rows: &[Row], (names, scratch): &mut Memory| -> Vec<_> {
        let events = rows.iter().filter(|row| row.kind == RowKind::Event);
        let events = events.filter_map(|row| Some((event_of(row).ok()?, row.at)));
        events
            .map(|(event, at)| {
                let glance = if wanted { Glance::at(&event, settings, (names, scratch)) } else { None };
                (event, at, glance)
            })
            .collect()
    };
    std::thread::scope(|scope| {
        let parts = rows.chunks(each).zip(memories);
        let parts: Vec<_> = parts.map(|(rows, memory)| scope.spawn(move || look(rows, memory))).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// The event of a journal row, with the time it was given.
///
/// # Errors
/// The row is not an event this version can read.
pub fn event_of(row: &Row) -> Result<Event, Malformed> {
    let mut event = Event::parse(&row.body)?;
    event.platform = row.platform.clone();
    event.time = row.time.or(event.time);
    Ok(event)
}
