//! Reminders: which are due, and what is said.
//!
//! What is due follows from the settings, what is remembered, and `now`: the last of a reminder's times that is not kept and
//! not over its grace. The plan only says when to look; it is made anew when the clock was put back or nobody knows it.

mod known;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Core;
use crate::domain::action::{Cause, Lane, What};
use crate::domain::change::Change;
use crate::domain::ids::GroupKey;
use crate::domain::image::Image;
use crate::domain::means::Means;
use crate::domain::notices::Vars;
use crate::domain::policy::{Capability, Mode, Policy, Settings};
use crate::domain::reminder::{Class, Kept, Known, Plan, Reminder, Rule, TrackId, chat_key, file_key};
use crate::domain::schedule::{Slot, Track};
use crate::domain::standing::Ledger;
use crate::domain::template::TimeVars;
use crate::domain::time::Timestamp;
use crate::domain::timer::Timer;

/// So many are sent in one commit: others wait for no more than that.
const MOST_AT_ONCE: usize = 500;
/// What is later than this says so.
const LATE: Duration = Duration::from_secs(120);

/// A reminder that is due in a group, or was missed there.
pub(super) struct Firing {
    slot: Slot,
    group: Arc<str>,
    key: Arc<str>,
    platform: Arc<str>,
    track: TrackId,
    missed: bool,
}

impl Firing {
    /// Timers and reminders fire ordered by (due, group, id).
    pub(super) fn is_before(&self, timer: &Timer) -> bool {
        (self.slot.due, &*self.group, &*self.key) < (timer.due, &*timer.group, &*timer.id)
    }

    fn order(&self) -> (Timestamp, Arc<str>, Arc<str>, Arc<str>) {
        (self.slot.due, self.group.clone(), self.key.clone(), self.platform.clone())
    }
}

impl Core {
    /// The clock may have been put back since reminders were last looked at: a group that comes to be known now is then to be
    /// reminded of times that were over. A fresh run of the journal has no other way to notice.
    pub(super) fn notice_clock(&mut self, now: Timestamp) {
        if self.state.reminders.plan.as_ref().is_some_and(|plan| plan.at > now) {
            self.state.reminders.plan = None;
        }
    }

    /// When a reminder is next to be looked at, as far as is known.
    pub fn next_reminder(&self) -> Option<Timestamp> {
        Some(self.state.reminders.plan.as_ref()?.next.first()?.0)
    }

    /// Whether a reminder is to be sent by `now`, or was missed.
    pub fn reminders_due(&mut self, now: Timestamp) -> bool {
        let mut plan = self.plan(now);
        let mut due = false;
        while let Some((at, track)) = plan.next.first().copied().filter(|(due, _)| *due <= now) {
            due = !self.firings(&plan, track, now).is_empty();
            if due {
                break;
            }
            self.look_again(&mut plan, (at, track), now);
        }
        self.state.reminders.plan = Some(plan);
        due
    }

    /// The reminders to be sent by `now`, and those that were missed, in order, as many as one commit may hold; whether there
    /// are more.
    pub(super) fn take_firings(&mut self, now: Timestamp) -> (Vec<Firing>, bool) {
        let mut plan = self.plan(now);
        let mut all = Vec::new();
        let due: Vec<_> = plan.next.iter().take_while(|(due, _)| *due <= now).copied().collect();
        for (_, track) in &due {
            all.extend(self.firings(&plan, *track, now));
        }
        all.sort_by_cached_key(Firing::order);
        let rest: HashSet<TrackId> = all.iter().skip(MOST_AT_ONCE).map(|firing| firing.track).collect();
        all.truncate(MOST_AT_ONCE);
        for at in due.into_iter().filter(|(_, track)| !rest.contains(track)) {
            self.look_again(&mut plan, at, now);
        }
        self.state.reminders.plan = Some(plan);
        (all, !rest.is_empty())
    }

    /// What is next, as of `now`.
    fn plan(&mut self, now: Timestamp) -> Plan {
        match self.state.reminders.plan.take() {
            Some(plan) if plan.at <= now => plan,
            _ => self.make_plan(now),
        }
    }

    fn make_plan(&self, now: Timestamp) -> Plan {
        let (settings, reminders) = (&self.settings, &self.state.reminders);
        let mut plan = Plan { at: now, ..Plan::default() };
        plan.classes = settings.reminders.iter().map(|reminder| classes(reminder, settings)).collect();
        plan.times = reminders.chat.values().filter_map(|chat| Some((chat.no, chat.rule.times()?))).collect();
        let of_files = plan.classes.iter().enumerate();
        let of_files = of_files.flat_map(|(at, classes)| (0..classes.len()).map(move |class| TrackId::File(at, class)));
        let tracks: Vec<TrackId> = of_files.chain(reminders.chat.keys().map(|no| TrackId::Chat(*no))).collect();
        for track in tracks {
            self.look_at(&mut plan, track, now);
        }
        plan
    }

    /// Looks at a track when it is due next: at once if something is to be done.
    fn look_at(&self, plan: &mut Plan, track: TrackId, now: Timestamp) {
        let due = match self.firings(plan, track, now).is_empty() {
            true => self.track(plan, track).and_then(|track| track.next(now)),
            false => Some(now),
        };
        plan.next.extend(due.map(|due| (due, track)));
    }

    /// What was to be done for a track by `now` is done.
    fn look_again(&self, plan: &mut Plan, (at, track): (Timestamp, TrackId), now: Timestamp) {
        plan.next.remove(&(at, track));
        plan.at = plan.at.max(now);
        let due = self.track(plan, track).and_then(|track| track.next(now));
        plan.next.extend(due.map(|due| (due, track)));
    }

    fn track<'a>(&'a self, plan: &'a Plan, track: TrackId) -> Option<Track<'a>> {
        match track {
            TrackId::File(at, class) => Some(self.settings.reminders.get(at)?.track(plan.classes.get(at)?.get(class)?)),
            TrackId::Chat(no) => {
                let chat = self.state.reminders.chat.get(&no).filter(|chat| chat.since.is_some())?;
                Some(chat.track(plan.times.get(&no)?, self.settings.policy(&chat.group)))
            }
        }
    }

    /// What is to be done for a track by `now`.
    fn firings(&self, plan: &Plan, id: TrackId, now: Timestamp) -> Vec<Firing> {
        let found = self.track(plan, id).and_then(|track| track.last(now));
        let Some(slot) = found else { return Vec::new() };
        let reminders = &self.state.reminders;
        let missed = now > slot.deadline;
        let firing = |key: &Arc<str>, platform: &Arc<str>, group: &Arc<str>| {
            let kept = reminders.kept(key, slot.at, GroupKey::new(platform, group));
            let open = match kept {
                None => true,
                // What was missed only because the clock was ahead for a while.
                Some(false) => !missed,
                Some(true) => false,
            };
            open.then(|| Firing {
                slot,
                group: group.clone(),
                key: key.clone(),
                platform: platform.clone(),
                track: id,
                missed,
            })
        };
        let looks_after =
            |group: &str| self.settings.looks_after(group) && self.settings.policy(group).mode != Mode::Off;
        match id {
            TrackId::Chat(no) => {
                let chat = reminders.chat.get(&no).filter(|chat| chat.since.is_some_and(|since| slot.at > since));
                let chat = chat.filter(|chat| looks_after(&chat.group));
                chat.and_then(|chat| firing(&chat_key(no), &chat.platform, &chat.group)).into_iter().collect()
            }
            TrackId::File(at, class) => {
                let reminder = self.settings.reminders.get(at);
                let class = plan.classes.get(at).and_then(|classes| classes.get(class));
                let (Some(reminder), Some(class)) = (reminder, class) else { return Vec::new() };
                let since = reminders.since.get(&reminder.name).map(|since| since.since);
                if since.is_none_or(|since| slot.at < since) {
                    return Vec::new();
                }
                let key = file_key(&reminder.name);
                let is_for = |known: &&Known| {
                    let policy = self.settings.policy(&known.group);
                    known.is_told(slot.at)
                        && looks_after(&known.group)
                        && reminder.to.has(&known.group, policy)
                        && reminder.class(policy) == *class
                };
                let known = reminders.known.values().filter(is_for);
                known.filter_map(|known| firing(&key, &known.platform, &known.group)).collect()
            }
        }
    }

    /// The groups, by platform and id, in which the next turn asks a person to do what a reminder cannot: they must be loaded.
    pub fn asked_by_reminders(&mut self, now: Timestamp) -> Vec<(Arc<str>, Arc<str>)> {
        let plan = self.plan(now);
        let due = plan.next.iter().take_while(|(due, _)| *due <= now);
        let firings = due.flat_map(|(_, track)| self.firings(&plan, *track, now));
        let mut asked: Vec<Firing> = firings.filter(|firing| !firing.missed && self.asks(firing)).collect();
        asked.sort_by_cached_key(Firing::order);
        self.state.reminders.plan = Some(plan);
        asked.into_iter().take(MOST_AT_ONCE).map(|firing| (firing.platform, firing.group)).collect()
    }

    /// Whether a person is asked to say it, or to show its image.
    fn asks(&self, firing: &Firing) -> bool {
        let can = self.settings.capabilities(&firing.platform, &firing.group);
        let image = match firing.track {
            TrackId::File(at, _) => self.settings.reminders.get(at).is_some_and(|reminder| reminder.image.is_some()),
            TrackId::Chat(_) => false,
        };
        let speaks = can.has(Capability::Send) || can.has(Capability::Announce);
        !speaks || (image && can.has(Capability::Task) && !can.has(Capability::Image))
    }

    /// Says what is due, or remembers that it was missed.
    pub(super) fn fire(&mut self, firing: &Firing, now: Timestamp, out: &mut Vec<Change>) {
        let settings = self.settings.clone();
        let policy = self.policy(&settings, &firing.platform, &firing.group);
        let kept = Kept {
            key: firing.key.clone(),
            slot: firing.slot.at,
            platform: firing.platform.clone(),
            group: firing.group.clone(),
            sent: !firing.missed,
        };
        let first = self.state.reminders.keep(&kept);
        out.push(Change::Kept(kept));
        if first && let Some(before) = self.state.reminders.forget(&firing.key, now) {
            out.push(Change::ForgetKept { key: firing.key.clone(), before });
        }
        if firing.missed {
            return;
        }
        let said = match firing.track {
            TrackId::File(at, _) => settings.reminders.get(at).map(|reminder| of_file(reminder, firing, &policy)),
            TrackId::Chat(no) => self.of_chat(no, firing, &policy, out),
        };
        let Some(said) = said else { return };
        // Only where somebody is asked is the group loaded; its ledger says what it is called.
        let asks = self.asks(firing);
        let key = GroupKey::new(&firing.platform, &firing.group);
        let mut ledger = if asks { self.state.group(key).ledger.clone() } else { Ledger::default() };
        let mut means = match asks {
            true => self.means_later(&policy, &firing.platform, &firing.group, now, out),
            false => self.means_without_admins(&policy, &firing.platform, &firing.group, now, out),
        };
        means.input = format!("{}@{}", firing.key, firing.slot.at.0).into();
        means.cause = Cause { step: Some("reminder".into()), reminder: Some(said.name), ..Cause::default() };
        means.observe = said.mode.max(policy.mode) == Mode::Observe;
        means.deadline = Some(firing.slot.deadline);
        if let Some(mut text) = said.text {
            if now.since(firing.slot.due) >= LATE {
                let time = crate::domain::penalty::date(firing.slot.due, &policy, now);
                text = policy.notices.render("reminder_late", &Vars { text, time, ..Vars::default() });
            }
            say(&mut means, &mut ledger, text, said.mentions, said.announce);
        }
        if let Some(image) = said.image {
            show(&mut means, &mut ledger, image);
        }
    }

    /// What one set in the chat says; one that is said once is over then.
    fn of_chat(&mut self, no: u64, firing: &Firing, policy: &Policy, out: &mut Vec<Change>) -> Option<Said> {
        let chat = self.state.reminders.chat.get(&no)?;
        let vars = Vars { text: chat.text.clone(), ..Vars::default() };
        let text = policy.notices.render("reminder", &vars);
        let (mentions, once) = (chat.mentions.clone(), matches!(chat.rule, Rule::At(_)));
        if once {
            self.end_reminder(no, out);
        }
        debug_assert_eq!(*firing.key, *chat_key(no));
        let (name, text) = (no.to_string().into(), Some(text));
        Some(Said { name, text, image: None, mentions, mode: Mode::On, announce: false })
    }

    /// One that was set in the chat is over.
    pub(super) fn end_reminder(&mut self, no: u64, out: &mut Vec<Change>) {
        self.state.reminders.chat.remove(&no);
        out.push(Change::ReminderOver { no });
    }

    /// One was set in the chat, or is set no more.
    pub(super) fn plan_chat(&mut self, no: u64, now: Timestamp) {
        let mut plan = self.plan(now);
        plan.next.retain(|(_, track)| *track != TrackId::Chat(no));
        plan.times.remove(&no);
        if let Some(chat) = self.state.reminders.chat.get(&no) {
            plan.times.extend(chat.rule.times().map(|times| (no, times)));
            plan.at = plan.at.max(now);
            self.look_at(&mut plan, TrackId::Chat(no), now);
        }
        self.state.reminders.plan = Some(plan);
    }
}

/// What is said.
struct Said {
    name: Arc<str>,
    text: Option<String>,
    /// What is shown after it.
    image: Option<Image>,
    mentions: Vec<Arc<str>>,
    mode: Mode,
    announce: bool,
}

/// Says a reminder's text, as a notice where that is wanted or all that can be said; else a person is asked to say it.
fn say(means: &mut Means<'_>, ledger: &mut Ledger, text: String, mentions: Vec<Arc<str>>, announce: bool) {
    if means.can(Capability::Announce) && (announce || !means.can(Capability::Send)) {
        means.act(Lane::Notice, What::Announce { text }, Vec::new());
    } else if means.can(Capability::Send) {
        means.act(Lane::Notice, What::Send { text, mentions }, Vec::new());
    } else {
        let vars = Vars { text, ..Vars::default() };
        means.ask(ledger, "reminder", "reminder_task", &vars, &[]);
    }
}

/// Shows its image. Where that cannot be done an operator is told, and with a card a person is asked to; what is said in the group
/// to the admins would disturb everybody each time.
fn show(means: &mut Means<'_>, ledger: &mut Ledger, image: Image) {
    if means.can(Capability::Image) {
        means.act(Lane::Notice, What::Image { image }, Vec::new());
        return;
    }
    let reminder = means.cause.reminder.clone().unwrap_or_default();
    if means.can(Capability::Task) {
        let vars = Vars { text: reminder.to_string(), what: image.shown().to_owned(), ..Vars::default() };
        means.ask(ledger, "alert", "reminder_image", &vars, &[]);
    }
    if !means.observe {
        let (platform, group) = (means.platform.clone(), means.group.clone());
        means.out.push(Change::ImageUnsent { platform, group, reminder });
    }
}

fn of_file(reminder: &Reminder, firing: &Firing, policy: &Policy) -> Said {
    let zone = reminder.timezone.as_ref().unwrap_or(&policy.timezone);
    let vars =
        TimeVars { group: policy.name.as_deref().unwrap_or_default().to_owned(), ..time_vars(firing.slot.due, zone) };
    let mut text = reminder.text.as_ref().map(|text| text.render(&vars));
    let image = reminder.image.as_ref().map(Image::named);
    if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        // All it names is a group's name, and there is none.
        text = if image.is_some() { None } else { Some(reminder.name.to_string()) };
    }
    let (name, mode, announce) = (reminder.name.clone(), reminder.mode, reminder.announce);
    Said { name, text, image, mentions: Vec::new(), mode, announce }
}

/// A time for the texts of reminders.
pub fn time_vars(time: Timestamp, zone: &jiff::tz::TimeZone) -> TimeVars {
    let zoned = time.zoned(zone);
    let days = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    let weekday = usize::try_from(zoned.weekday().to_monday_zero_offset()).ok().and_then(|day| days.get(day));
    TimeVars {
        date: zoned.strftime("%-m月%-d日").to_string(),
        time: zoned.strftime("%H:%M").to_string(),
        weekday: (*weekday.unwrap_or(&"")).to_owned(),
        group: String::new(),
    }
}

/// What a reminder's times mean in the groups there may be.
fn classes(reminder: &Reminder, settings: &Settings) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    if reminder.mode == Mode::Off {
        return classes;
    }
    for policy in settings.groups.values().chain([&settings.default_policy]) {
        let class = reminder.class(policy);
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    classes
}
