//! Tasks that wait for a person: noted when their card is decided, sent again and put before others while nobody acts.

mod settle;

use std::sync::Arc;
use std::time::Duration;

pub use self::settle::PLATFORM;
pub(super) use self::settle::by_machine;
use super::Core;
use super::after::timer_input;
use super::message::admins;
use crate::domain::action::{Action, ActionId, Cause, Lane, What};
use crate::domain::case::ByWhom;
use crate::domain::change::Change;
use crate::domain::choice::Choice;
use crate::domain::event::Role;
use crate::domain::ids::{self, GroupKey, MemberKey};
use crate::domain::means::MINUTE;
use crate::domain::notices::Vars;
use crate::domain::penalty::date;
use crate::domain::policy::{Capability, Company, Mode, Policy, Severity};
use crate::domain::tasks::{Card, OpenTask, TaskKind};
use crate::domain::time::Timestamp;
use crate::domain::timer::{Timer, TimerKind};

/// More open tasks than this are not kept in a group: the oldest are not chased any more.
const MOST_OPEN: usize = 200;
/// Tasks that are sent again in a group in any minute; the others wait.
const CHASES_A_MINUTE: usize = 3;
/// A task may be put off so many times.
const MOST_PUT_OFF: u32 = 3;
/// A task that nobody acts on after others were asked too is not kept for ever.
const GIVEN_UP: Duration = Duration::from_secs(14 * 86_400);
/// A task of a group that only observes is looked at again after so long.
const OBSERVED: Duration = Duration::from_secs(3600);

/// Where a task is.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) platform: Arc<str>,
    pub(super) group: Arc<str>,
}

impl Place {
    pub(super) fn new(platform: &Arc<str>, group: &str) -> Self {
        Self { platform: platform.clone(), group: group.into() }
    }

    pub(super) fn key(&self) -> GroupKey {
        GroupKey::new(&self.platform, &self.group)
    }

    fn timer(&self, id: &ActionId, due: Timestamp) -> Timer {
        let (platform, group) = (self.platform.clone(), self.group.clone());
        Timer { due, group, id: format!("task:{id}").into(), platform, what: TimerKind::Task { task: id.clone() } }
    }
}

impl Core {
    /// Cards with buttons among the changes from `from` on are tasks that are open from here on.
    pub(super) fn open_tasks(&mut self, from: usize, now: Timestamp, out: &mut Vec<Change>) {
        let opens = |change: &Change| match change {
            Change::Act(action) => is_first_card(action).then(|| action.clone()),
            _ => None,
        };
        let new: Vec<Arc<Action>> = out.iter().skip(from).filter_map(opens).collect();
        for action in new {
            self.open_task(&action, now, out);
        }
    }

    fn open_task(&mut self, action: &Action, now: Timestamp, out: &mut Vec<Change>) {
        let What::Task { text, mentions, buttons, about } = &action.what else { return };
        let place = Place::new(&action.platform, &action.group);
        if self.task_of(&place, &action.id).is_some() {
            return; // what is decided again is the same task
        }
        let policy = self.settings.policy(&action.group).clone();
        let (kind, urgent) = self.how_soon(&policy, &action.cause);
        let mut task = OpenTask {
            id: action.id.clone(),
            cause: action.cause.clone(),
            buttons: buttons.clone(),
            text: text.clone(),
            about: about.clone(),
            since: now,
            kind,
            urgent,
            cards: vec![Card { id: action.id.clone(), users: mentions.clone(), end: None }],
            chased: 0,
            put_off: 0,
            put_off_by: None,
            waits: false,
            escalate: now.plus(policy.tasks.escalate_after.of(kind)),
            escalated: false,
            due: None,
            settled: None,
        };
        // What only tells is not chased.
        let due = next_due(&policy, &task, now).filter(|_| task.offers(Choice::Later));
        let due = due.unwrap_or_else(|| given_up(&task));
        self.set_due(&place, &mut task, Some(due), out);
        let tasks = &mut self.state.group(place.key()).tasks;
        tasks.push(task.clone());
        let oldest = (tasks.len() > MOST_OPEN).then(|| tasks.first().cloned()).flatten();
        keep(&place, task, out);
        if let Some(oldest) = oldest {
            self.close(&place, &oldest.id, out);
        }
    }

    /// How soon somebody is to act on what a rule found, and whether at night too.
    fn how_soon(&self, policy: &Policy, cause: &Cause) -> (TaskKind, bool) {
        let Some(rule) = &cause.rule else {
            // What is about no case and no member is about the group.
            let group = cause.case.is_none() && cause.user.is_none();
            return (if group { TaskKind::Incident } else { TaskKind::Other }, false);
        };
        let at = self.settings.rules.infos().iter().position(|info| info.name == *rule);
        let info = at.and_then(|at| self.settings.rules.infos().get(at));
        let kind = info.map_or(TaskKind::Other, |info| TaskKind::of_rule(info.kind, &info.category));
        let severity = at.and_then(|at| policy.rules.get(at)).map(|setting| setting.severity);
        (kind, kind == TaskKind::Leak || severity == Some(Severity::Severe))
    }

    /// The time of a task's timer is over.
    pub(super) fn task_due(&mut self, timer: &Timer, id: &ActionId, now: Timestamp, out: &mut Vec<Change>) {
        let place = Place::new(&timer.platform, &timer.group);
        let Some(mut task) = self.task_of(&place, id) else { return };
        task.due = None;
        let settings = self.settings.clone();
        let over = !task.is_open() || (now >= given_up(&task) && !task.waits);
        if over || !settings.looks_after(&place.group) {
            return self.close(&place, id, out);
        }
        let policy = self.policy(&settings, &place.platform, &place.group);
        let due = if policy.mode != Mode::On {
            Some(now.plus(OBSERVED))
        } else if !task.urgent && by_day(&policy, now) > now {
            Some(by_day(&policy, now))
        } else if !self.may_chase(&place, now, out) {
            Some(now.plus(MINUTE))
        } else {
            self.act_on(&policy, timer, &mut task, now, out)
        };
        let due = due.unwrap_or_else(|| given_up(&task));
        self.set_due(&place, &mut task, Some(due), out);
        self.replace(&place, task, out);
    }

    /// Sends a task again, or asks others; says when to look at it next.
    fn act_on(
        &mut self,
        policy: &Policy,
        timer: &Timer,
        task: &mut OpenTask,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) -> Option<Timestamp> {
        let (chases, kind) = (policy.tasks.chases, task.kind);
        // One whose last card is on its way was not overlooked.
        let seen = task.cards.last().is_none_or(|card| card.end.is_some());
        let in_time = !policy.tasks.escalate || now < task.escalate;
        let more = !task.escalated && task.chased < chases && (in_time || task.chased == 0);
        if more && !seen && !task.waits && in_time {
            return next_due(policy, task, now);
        }
        let again = task.waits || (more && seen);
        if again {
            self.chase(policy, timer, task, now, out);
            if task.escalate <= now {
                // It was night, or we were not there: those who were asked get the rest of their time.
                let rest = policy.tasks.escalate_after.of(kind).saturating_sub(policy.tasks.chase_after.of(kind));
                task.escalate = now.plus(rest);
            }
            return next_due(policy, task, now);
        }
        if task.escalated || now < task.escalate || !policy.tasks.escalate {
            return next_due(policy, task, now);
        }
        self.escalate(policy, timer, task, now, out);
        None
    }

    /// Sends a task again to those who were asked last.
    fn chase(&mut self, policy: &Policy, timer: &Timer, task: &mut OpenTask, now: Timestamp, out: &mut Vec<Change>) {
        task.chased += u32::from(!task.waits);
        let vars = Vars {
            count: task.chased,
            by: task.put_off_by.clone().filter(|_| task.waits).unwrap_or_default(),
            ..about(policy, task, now)
        };
        task.waits = false;
        let users = task.cards.last().map(|card| card.users.clone()).unwrap_or_default();
        let text = policy.notices.render("task_again", &vars);
        self.card(policy, timer, task, text, users, now, out);
    }

    /// Nobody acted within the deadline: the company's place is asked, else the owner.
    fn escalate(&mut self, policy: &Policy, timer: &Timer, task: &mut OpenTask, now: Timestamp, out: &mut Vec<Change>) {
        task.escalated = true;
        let settings = self.settings.clone();
        let text = policy.notices.render("task_escalated", &about(policy, task, now));
        let group = Place::new(&timer.platform, &timer.group);
        let Some(company) = &settings.company else {
            let owners = self.owners(policy, &group);
            return self.card(policy, timer, task, text, owners, now, out);
        };
        let card = self.takes_cards(company, &group);
        if card {
            self.card(policy, timer, task, text.clone(), company.users.to_vec(), now, out);
        }
        self.tell_escalated(policy, &group, task, text, card, now, out);
    }

    /// Whether those who are told privately at the company's place can be given a card of this group's.
    fn takes_cards(&self, company: &Company, group: &Place) -> bool {
        let can = self.settings.capabilities(&group.platform, &group.group).has(Capability::Task);
        can && company.platform == group.platform && !company.users.is_empty()
    }

    /// The owner; where nobody knows who that is, everybody who runs the group.
    fn owners(&mut self, policy: &Policy, place: &Place) -> Vec<Arc<str>> {
        let all = admins(policy, &self.state.group(place.key()).admins);
        let mut owners = all.clone();
        owners.retain(|user| {
            let known = self.state.member(MemberKey::new(&place.platform, &place.group, user)).role;
            known.or_else(|| policy.roles.get(&**user).copied()) == Some(Role::Owner)
        });
        if owners.is_empty() { all } else { owners }
    }

    /// One more card of a task, where the platform has cards.
    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    fn card(
        &mut self,
        policy: &Policy,
        timer: &Timer,
        task: &mut OpenTask,
        text: String,
        users: Vec<Arc<str>>,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let mut means = self.means_without_admins(policy, &timer.platform, &timer.group, now, out);
        if !means.can(Capability::Task) {
            return;
        }
        means.input = timer_input(timer);
        means.case = task.case();
        means.cause = Cause { task: Some(task.id.clone()), step: Some("task".into()), ..task.cause.clone() };
        let (buttons, about) = (task.buttons.clone(), task.about.clone());
        let what = What::Task { text, mentions: users.clone(), buttons, about };
        let id = means.act(Lane::Penalty, what, Vec::new());
        task.cards.push(Card { id, users, end: None });
    }

    /// Whether one more task may be sent again now; if so it is counted.
    fn may_chase(&mut self, place: &Place, now: Timestamp, out: &mut Vec<Change>) -> bool {
        let mut ledger = self.state.group(place.key()).ledger.clone();
        ledger.chases.retain(|at| at.plus(MINUTE) > now);
        let may = ledger.chases.len() < CHASES_A_MINUTE;
        if may {
            ledger.chases.push(now);
            self.keep_ledger(&place.platform, &place.group, ledger, out);
        }
        may
    }

    /// Somebody says that a task has to wait. Gives when it is sent again; `None` when it was put off too often, or is not
    /// waited for any more.
    pub(super) fn put_off(
        &mut self,
        policy: &Policy,
        place: &Place,
        id: &ActionId,
        by: &ByWhom,
        out: &mut Vec<Change>,
    ) -> Option<Timestamp> {
        let mut task = self.task_of(place, id).filter(|task| task.is_open() && task.put_off < MOST_PUT_OFF)?;
        let waits = by.at.plus(policy.tasks.later);
        let until = if task.urgent { waits } else { by_day(policy, waits) };
        let rest = policy.tasks.escalate_after.of(task.kind).saturating_sub(policy.tasks.chase_after.of(task.kind));
        task.escalate = task.escalate.max(until.plus(rest));
        task.put_off += 1;
        task.put_off_by = Some(by.name.clone());
        task.waits = true;
        self.set_due(place, &mut task, Some(until), out);
        self.replace(place, task, out);
        Some(until)
    }

    /// The bot is out of the group: nobody is asked about it any more.
    pub(super) fn drop_tasks(&mut self, place: &Place, out: &mut Vec<Change>) {
        for task in self.open_in(place, |_| true) {
            self.close(place, &task.id, out);
        }
    }

    /// Whether a member's request to be let in waits already.
    pub(super) fn asks_already(&mut self, place: &Place, user: &str) -> bool {
        !self.open_in(place, |task| task.is_about(user) && task.offers(Choice::Admitted)).is_empty()
    }

    fn open_in(&mut self, place: &Place, which: impl Fn(&OpenTask) -> bool) -> Vec<OpenTask> {
        let tasks = &self.state.group(place.key()).tasks;
        tasks.iter().filter(|task| task.is_open() && which(task)).cloned().collect()
    }

    fn task_of(&mut self, place: &Place, id: &str) -> Option<OpenTask> {
        self.state.group(place.key()).tasks.iter().find(|task| *task.id == *id).cloned()
    }

    fn replace(&mut self, place: &Place, task: OpenTask, out: &mut Vec<Change>) {
        let tasks = &mut self.state.group(place.key()).tasks;
        if let Some(kept) = tasks.iter_mut().find(|kept| kept.id == task.id) {
            *kept = task.clone();
            keep(place, task, out);
        }
    }

    fn close(&mut self, place: &Place, id: &ActionId, out: &mut Vec<Change>) {
        let Some(mut task) = self.task_of(place, id) else { return };
        self.set_due(place, &mut task, None, out);
        self.state.group(place.key()).tasks.retain(|task| task.id != *id);
        out.push(Change::TaskClosed { id: id.clone() });
    }

    /// Sets the timer of a task, in place of the one that it has.
    fn set_due(&mut self, place: &Place, task: &mut OpenTask, due: Option<Timestamp>, out: &mut Vec<Change>) {
        if let Some(due) = task.due.take() {
            let timer = place.timer(&task.id, due);
            if self.state.timers.remove(&timer) {
                out.push(Change::TimerDone(timer));
            }
        }
        task.due = due;
        if let Some(due) = due {
            let timer = place.timer(&task.id, due);
            self.state.timers.insert(timer.clone());
            out.push(Change::Timer(timer));
        }
    }
}

fn keep(place: &Place, task: OpenTask, out: &mut Vec<Change>) {
    let (platform, group) = (place.platform.clone(), place.group.clone());
    out.push(Change::Task { platform, group, task: Box::new(task) });
}

/// A card with buttons that nobody was sent before.
fn is_first_card(action: &Action) -> bool {
    let asks = matches!(&action.what, What::Task { buttons, .. } if !buttons.is_empty());
    asks && !action.observe && action.cause.task.is_none()
}

/// When a task is to be looked at next; `None` when nothing is to happen any more.
fn next_due(policy: &Policy, task: &OpenTask, now: Timestamp) -> Option<Timestamp> {
    if task.escalated {
        return None;
    }
    let again = (task.chased < policy.tasks.chases).then(|| now.plus(policy.tasks.chase_after.of(task.kind)));
    let others = policy.tasks.escalate.then_some(task.escalate);
    let due = match (again, others) {
        (Some(again), Some(others)) => again.min(others),
        (again, others) => again.or(others)?,
    };
    let due = due.max(now);
    Some(if task.urgent { due } else { by_day(policy, due) })
}

/// When a task that nobody acted on is not kept any more.
fn given_up(task: &OpenTask) -> Timestamp {
    task.since.plus(GIVEN_UP)
}

/// A time, or when it lies in quiet hours their end.
fn by_day(policy: &Policy, time: Timestamp) -> Timestamp {
    let quiet = policy.reminders.quiet_hours.filter(|quiet| quiet.contains(time, &policy.timezone));
    quiet.map_or(time, |quiet| quiet.end(time, &policy.timezone))
}

/// What a card that is sent again says of its task.
fn about(policy: &Policy, task: &OpenTask, now: Timestamp) -> Vars {
    Vars {
        text: task.text.clone(),
        case: task.cause.case.clone().unwrap_or_default(),
        time: date(task.since, policy, now),
        ..Vars::default()
    }
}

/// For the company's place: one hash for each task.
pub(super) fn same_task(task: &OpenTask) -> u64 {
    ids::hash(&["task", &task.id]) as u64
}
