//! Reminders set in the chat: read back, confirmed, listed, deleted.

use super::Desk;
use crate::domain::change::Change;
use crate::domain::command::Remind;
use crate::domain::core::{Core, time_vars};
use crate::domain::notices::Vars;
use crate::domain::policy::{Mode, Policy};
use crate::domain::reminder::{ChatReminder, MOST_SET, Rule};
use crate::domain::schedule::{Slot, Track};
use crate::domain::template::TimeVars;
use crate::domain::time::Timestamp;

/// So many of the next times are read back.
const READ_BACK: usize = 3;
/// So many reminders are listed.
const LISTED: usize = 30;
/// So much of a text is listed, in code points.
const SHOWN: usize = 40;

impl Core {
    pub(super) fn remind(&mut self, desk: &mut Desk<'_, '_>, remind: &Remind, out: &mut Vec<Change>) {
        match remind {
            Remind::Set { rule, words, text, mentions, punctual } => {
                let no = self.state.reminders.last + 1;
                let by = desk.by();
                let reminder = ChatReminder {
                    no,
                    platform: desk.here.event.platform.clone(),
                    group: (*desk.here.event.group).into(),
                    rule: rule.clone(),
                    words: words.clone(),
                    text: text.clone(),
                    mentions: mentions.clone(),
                    punctual: *punctual,
                    by: by.by,
                    by_name: by.name,
                    at: by.at,
                    since: None,
                };
                self.set_reminder(desk, reminder, out);
            }
            Remind::Confirm(no) => self.confirm_reminder(desk, *no, out),
            Remind::List => self.list_reminders(desk),
            Remind::Delete(no) => self.delete_reminder(desk, *no, out),
        }
    }

    /// Reads one back; it is set when it is confirmed.
    fn set_reminder(&mut self, desk: &mut Desk<'_, '_>, mut reminder: ChatReminder, out: &mut Vec<Change>) {
        let (policy, now) = (desk.here.policy, desk.here.now);
        self.forget_chat(now, out);
        let limit = policy.reminders.limit;
        let there = self.state.reminders.of_group(&reminder.platform, &reminder.group).count();
        if there >= limit as usize || self.state.reminders.chat.len() >= MOST_SET {
            desk.answer = desk.render("reply_reminders_full", &Vars { more: limit, ..Vars::default() });
            return;
        }
        // Who may not call everybody does not do so by a reminder.
        if !desk.role.is_admin() {
            reminder.text.retain(|c| !matches!(c, '@' | '＠'));
            reminder.mentions.clear();
        }
        let Some(time) = in_words(&reminder, policy, now) else {
            desk.answer = desk.render("reply_reminder_never", &Vars::default());
            return;
        };
        self.state.reminders.last = reminder.no;
        let vars = Vars { case: reminder.no.to_string(), time, text: reminder.text.clone(), ..Vars::default() };
        desk.answer = desk.render("reply_reminder_read", &vars);
        self.keep_reminder(reminder, now, out);
    }

    fn keep_reminder(&mut self, reminder: ChatReminder, now: Timestamp, out: &mut Vec<Change>) {
        let no = reminder.no;
        out.push(Change::Reminder(Box::new(reminder.clone())));
        self.state.reminders.chat.insert(no, reminder);
        self.plan_chat(no, now);
    }

    fn confirm_reminder(&mut self, desk: &mut Desk<'_, '_>, no: Option<u64>, out: &mut Vec<Change>) {
        let (policy, now) = (desk.here.policy, desk.here.now);
        let group = self.state.reminders.of_group(&desk.here.event.platform, &desk.here.event.group);
        let mine = |one: &&ChatReminder| *one.by == *desk.here.message.sender.id && one.since.is_none();
        let found = match no {
            Some(no) => group.filter(|one| one.no == no).last(),
            None => group.filter(mine).last(),
        };
        let case = no.map(|no| no.to_string()).unwrap_or_default();
        let Some(mut reminder) = found.cloned() else {
            let notice = if no.is_some() { "reply_no_reminder" } else { "reply_nothing_to_confirm" };
            desk.answer = desk.render(notice, &Vars { case, ..Vars::default() });
            return;
        };
        let case = reminder.no.to_string();
        let vars = Vars { case, text: reminder.text.clone(), ..Vars::default() };
        if reminder.since.is_some() {
            desk.answer = desk.render("reply_reminder_set_already", &vars);
            return;
        }
        let past = matches!(reminder.rule, Rule::At(at) if at <= now);
        let time = in_words(&reminder, policy, now).filter(|_| !past && !reminder.is_stale(now));
        let Some(time) = time else {
            desk.answer = desk.render("reply_reminder_stale", &vars);
            self.end_reminder(reminder.no, out);
            self.plan_chat(reminder.no, now);
            return;
        };
        reminder.since = Some(now);
        desk.answer = desk.render("reply_reminder_set", &Vars { time, ..vars });
        self.keep_reminder(reminder, now, out);
    }

    pub(super) fn delete_reminder(&mut self, desk: &mut Desk<'_, '_>, no: u64, out: &mut Vec<Change>) {
        let here = desk.here;
        let group = self.state.reminders.of_group(&here.event.platform, &here.event.group);
        let case = no.to_string();
        let Some(reminder) = group.filter(|one| one.no == no).last().cloned() else {
            desk.answer = desk.render("reply_no_reminder", &Vars { case, ..Vars::default() });
            return;
        };
        self.end_reminder(no, out);
        self.plan_chat(no, here.now);
        let punctual = if reminder.punctual { "准时 " } else { "" };
        let list = format!("{} {punctual}{}", reminder.words, reminder.text);
        desk.answer = desk.render("reply_reminder_deleted", &Vars { case, list, ..Vars::default() });
    }

    /// Those of the group, by what comes next: set here, and of the files.
    fn list_reminders(&mut self, desk: &mut Desk<'_, '_>) {
        let (policy, now, event) = (desk.here.policy, desk.here.now, desk.here.event);
        let mut lines: Vec<(Option<Timestamp>, String)> = Vec::new();
        for one in self.state.reminders.of_group(&event.platform, &event.group) {
            let Some(times) = one.rule.times() else { continue };
            let (no, words, text) = (one.no, &one.words, clip(&one.text));
            if one.is_stale(now) {
                continue;
            }
            let track = one.track(&times, policy);
            let waits = track.waiting(now).filter(|slot| one.since.is_some_and(|since| slot.at > since));
            let next = waits.or_else(|| track.next_slot(now)).map(|slot| slot.due);
            let state = match (one.since, next) {
                (None, _) => format!("（还没确认，请发：/确认 {no}）"),
                (Some(_), None) => "（错过了）".to_owned(),
                (Some(_), Some(next)) if times.repeats() => format!("（下次 {}）", moment(next, policy)),
                (Some(_), Some(_)) => String::new(),
            };
            lines.push((next, format!("{no}  {words}  {text}{state}")));
        }
        let reminders = &self.state.reminders;
        let known = reminders.known.get(&desk.here.group_key());
        for one in self.settings.reminders.iter().filter(|one| one.to.has(&event.group, policy)) {
            let class = one.class(policy);
            let track = one.track(&class);
            let since = reminders.since.get(&one.name).map(|since| since.since);
            let counts = |at| since.is_some_and(|since| at >= since) && known.is_some_and(|known| known.is_told(at));
            let waits = track.waiting(now).filter(|slot| counts(slot.at));
            let next = waits.or_else(|| track.next_slot(now)).map(|slot| slot.due);
            if let (Some(next), true) = (next, one.mode != Mode::Off) {
                lines.push((Some(next), format!("文件  {}（下次 {}）", one.name, moment(next, policy))));
            }
        }
        lines.sort();
        let more = u32::try_from(lines.len().saturating_sub(LISTED)).unwrap_or(u32::MAX);
        let list: Vec<String> = lines.into_iter().take(LISTED).map(|(_, line)| line).collect();
        desk.answer = desk.render("reply_reminders", &Vars { list: list.join("\n"), more, ..Vars::default() });
    }
}

fn clip(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    let mut clipped: String = line.chars().take(SHOWN).collect();
    if line.chars().count() > SHOWN {
        clipped.push('…');
    }
    // What everybody is called by in a reminder is not called by its list.
    clipped.replace(['@', '＠'], "")
}

/// 2026年11月26日（周四）09:00
fn moment(time: Timestamp, policy: &Policy) -> String {
    let TimeVars { time: clock, weekday, .. } = time_vars(time, &policy.timezone);
    let zoned = time.zoned(&policy.timezone);
    let seconds = if zoned.second() == 0 { String::new() } else { format!(":{:02}", zoned.second()) };
    format!("{}（{weekday}）{clock}{seconds}", zoned.strftime("%Y年%-m月%-d日"))
}

/// When one is said, for people to look at; `None` when never.
fn in_words(reminder: &ChatReminder, policy: &Policy, now: Timestamp) -> Option<String> {
    let times = reminder.rule.times()?;
    let track: Track<'_> = reminder.track(&times, policy);
    let next: Vec<Slot> = track.firings(now).take(READ_BACK).collect();
    let first = *next.first()?;
    let zone = policy.timezone.iana_name().unwrap_or("UTC");
    let mut words = if times.repeats() {
        let moments: Vec<String> = next.iter().map(|slot| moment(slot.due, policy)).collect();
        format!("{}（{zone}），接下来是 {}", reminder.words, moments.join("、"))
    } else {
        format!("{}（{zone}），只说一次", moment(first.at, policy))
    };
    if first.due != first.at {
        let due = moment(first.due, policy);
        words += &format!("。这个时间在安静时间里，会等到 {due} 才说；要准时说，请在时间后面写上“准时”");
    }
    Some(words)
}
