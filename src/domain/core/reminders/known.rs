//! What is known of groups and reminders before any of them is due: who can be reminded, since when, and what is forgotten.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::change::Change;
use crate::domain::core::Core;
use crate::domain::event::Event;
use crate::domain::ids::GroupKey;
use crate::domain::policy::Settings;
use crate::domain::reminder::{Known, MOST_KNOWN, Reminder, Rule, Since, chat_key, file_key};
use crate::domain::time::Timestamp;

/// One that was missed is shown in the chat for so long.
const SHOWN_MISSED: Duration = Duration::from_secs(2 * 86_400);

impl Core {
    /// Something came from a group.
    pub(in crate::domain::core) fn see(&mut self, event: &Event, now: Timestamp, out: &mut Vec<Change>) {
        let key = GroupKey::new(&event.platform, &event.group);
        let known = &mut self.state.reminders.known;
        let full = known.len() >= MOST_KNOWN;
        match known.get_mut(&key) {
            Some(known) if known.seen => return,
            Some(known) => {
                known.seen = true;
                out.push(Change::Known(known.clone()));
                return;
            }
            None if full => return,
            None => {}
        }
        let known = Known { platform: event.platform.clone(), group: (*event.group).into(), since: now, seen: true };
        out.push(Change::Known(known.clone()));
        // One that a file names was thought to be elsewhere.
        for platform in self.settings.platforms.keys().cloned().collect::<Vec<_>>() {
            let other = GroupKey::new(&platform, &event.group);
            if self.state.reminders.known.get(&other).is_some_and(|known| !known.seen) {
                self.state.reminders.known.remove(&other);
                out.push(Change::Unknown { platform, group: known.group.clone() });
            }
        }
        self.state.reminders.known.insert(key, known);
    }

    /// The bot is not in a group any more, which is not reminded.
    pub(in crate::domain::core) fn lose(&mut self, event: &Event, out: &mut Vec<Change>) {
        if let Some(known) = self.state.reminders.known.remove(&GroupKey::new(&event.platform, &event.group)) {
            out.push(Change::Unknown { platform: known.platform, group: known.group });
        }
    }

    /// Other settings are in force: reminders that are new begin now.
    pub fn sync_reminders(&mut self, now: Timestamp, out: &mut Vec<Change>) {
        let settings = self.settings.clone();
        let reminders = &mut self.state.reminders;
        for Reminder { name, written, .. } in &settings.reminders {
            if reminders.since.get(name).is_none_or(|since| since.written != *written) {
                let since = Since { name: name.clone(), written: written.clone(), since: now };
                reminders.since.insert(name.clone(), since.clone());
                out.push(Change::Schedule(since));
            }
        }
        let names: HashSet<&Arc<str>> = settings.reminders.iter().map(|reminder| &reminder.name).collect();
        let mut gone: Vec<Arc<str>> = reminders.since.keys().filter(|name| !names.contains(name)).cloned().collect();
        gone.sort();
        for name in gone {
            reminders.since.remove(&name);
            out.push(Change::ScheduleGone { name });
        }
        self.sync_known(&settings, now, out);
        self.forget_old(&settings, now, out);
        self.state.reminders.plan = Some(self.make_plan(now));
    }

    /// The groups that files name can be reminded too, where it is plain on which platform they are.
    fn sync_known(&mut self, settings: &Settings, now: Timestamp, out: &mut Vec<Change>) {
        let reminders = &mut self.state.reminders;
        let platform = settings.only_platform();
        let mut named: Vec<&Arc<str>> = settings.groups.keys().collect();
        named.extend(settings.reminders.iter().flat_map(|reminder| &reminder.to.groups));
        named.retain(|group| settings.looks_after(group));
        named.sort();
        named.dedup();
        let is_named =
            |known: &Known| named.binary_search(&&known.group).is_ok() && platform.as_ref() == Some(&known.platform);
        let unseen = reminders.known.values().filter(|known| !known.seen && !is_named(known));
        let mut gone: Vec<(Arc<str>, Arc<str>)> =
            unseen.map(|known| (known.group.clone(), known.platform.clone())).collect();
        gone.sort();
        for (group, platform) in gone {
            reminders.known.remove(&GroupKey::new(&platform, &group));
            out.push(Change::Unknown { platform, group });
        }
        let Some(platform) = platform else { return };
        let there: HashSet<Arc<str>> = reminders.known.values().map(|known| known.group.clone()).collect();
        for group in named.into_iter().filter(|group| !there.contains(*group)) {
            let known = Known { platform: platform.clone(), group: group.clone(), since: now, seen: false };
            reminders.known.insert(GroupKey::new(&platform, group), known.clone());
            out.push(Change::Known(known));
        }
    }

    fn forget_old(&mut self, settings: &Settings, now: Timestamp, out: &mut Vec<Change>) {
        self.forget_chat(now, out);
        let names: HashSet<Arc<str>> = settings.reminders.iter().map(|reminder| file_key(&reminder.name)).collect();
        let chat: HashSet<Arc<str>> = self.state.reminders.chat.keys().map(|no| chat_key(*no)).collect();
        for key in self.state.reminders.keys() {
            let is_there = names.contains(&key) || chat.contains(&key);
            if !is_there && self.state.reminders.forget_all(&key, now) {
                out.push(Change::ForgetKept { key, before: Timestamp(i64::MAX) });
            }
        }
    }

    /// Those set in the chat that nobody confirmed, or that were missed long ago, are over.
    pub(in crate::domain::core) fn forget_chat(&mut self, now: Timestamp, out: &mut Vec<Change>) {
        let chat = self.state.reminders.chat.values();
        let missed = |rule: &Rule| matches!(rule, Rule::At(at) if at.plus(SHOWN_MISSED) <= now);
        let over: Vec<u64> = chat.filter(|chat| chat.is_stale(now) || missed(&chat.rule)).map(|chat| chat.no).collect();
        for no in over {
            self.end_reminder(no, out);
        }
    }
}
