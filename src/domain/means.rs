//! By what means something is done on a platform: the actions themselves, and where the platform cannot, the nearest means
//! and a task for a person (product.md A). Nothing is silently dropped.

use std::sync::Arc;
use std::time::Duration;

use super::action::{
    Action, ActionId, Cause, Lane, NOTICE_DEADLINE, REMOVE_DEADLINE, TASK_DONE_DEADLINE, UNMUTE_DEADLINE, What,
};
use super::alerts::HeldAlerts;
use super::change::Change;
use super::choice::Choice;
use super::ids::{self, action_id};
use super::notices::{Notices, Vars};
use super::policy::{self, Capabilities, Capability, Policy, Strangers};
use super::rules::stands_for_everybody;
use super::standing::{Held, HeldKind, Ledger};
use super::subject::{Subject, group_name};
use super::time::Timestamp;
use super::timer::{Timer, TimerKind};

/// How long a notice counts towards the limit of group notices and alerts.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// Alerts to a group's admins in any minute.
const ALERTS_PER_MINUTE: u32 = 6;
/// Admins who are told one by one where there is no task card.
const ADMINS_TOLD: usize = 5;
/// Members named in one merged notice.
const MERGED: usize = 20;
/// Notices that wait to be merged; beyond them members are only counted. At [`MERGED`] a minute, who is further back would be
/// told minutes later of what everybody has forgotten.
const MOST_HELD: usize = 3 * MERGED;
/// Tasks that wait to be merged: they are not forgotten, and small.
const MOST_TASKS_HELD: usize = 500;

/// What became of something that was to be said in the group.
pub(super) enum Said {
    /// It is said.
    Now(ActionId),
    /// It waits to be merged with others.
    Held,
    /// Too many wait: it is only counted.
    Counted,
}

/// Makes actions for one cause in one group, numbering them so that each has its own id.
pub(super) struct Means<'a> {
    pub(super) policy: &'a Policy,
    pub(super) can: Capabilities,
    pub(super) strangers: Strangers,
    pub(super) platform: Arc<str>,
    pub(super) group: Arc<str>,
    /// Ids of owner and admins.
    pub(super) admins: Vec<Arc<str>>,
    pub(super) now: Timestamp,
    /// What caused it: an event's id or a timer's.
    pub(super) input: Arc<str>,
    pub(super) cause: Cause,
    pub(super) case: Option<u64>,
    /// What is put before the admins is about this.
    pub(super) subject: Subject,
    pub(super) observe: bool,
    /// It answers a message where one thing may be said in answer, though perhaps nothing unasked.
    pub(super) answers: bool,
    /// After this the actions are not done any more, where that is not what their kind says.
    pub(super) deadline: Option<Timestamp>,
    pub(super) ordinal: u32,
    /// Ids of the actions made so far.
    pub(super) made: Vec<ActionId>,
    pub(super) out: &'a mut Vec<Change>,
}

impl Means<'_> {
    pub(super) fn can(&self, capability: Capability) -> bool {
        self.can.has(capability)
    }

    /// Whether this can be said in the group: because anything can, or because it answers what was said there.
    pub(super) fn can_speak(&self) -> bool {
        self.can(Capability::Send) || self.answers
    }

    /// Whether something can be told to this person alone.
    pub(super) fn can_tell(&self, user: &str) -> bool {
        policy::can_tell(self.can, &self.strangers, user)
    }

    pub(super) fn notices(&self) -> &Notices {
        &self.policy.notices
    }

    /// Decides an action.
    pub(super) fn act(&mut self, lane: Lane, mut what: What, notifies: Vec<(Arc<str>, u64)>) -> ActionId {
        let step = self.cause.step.clone().unwrap_or_default();
        if let What::Send { mentions, .. } | What::Task { mentions, .. } = &mut what
            && self.cause.reminder.is_none()
        {
            mentions.retain(|user| !stands_for_everybody(user)); // some bots have such ids; admins may mean it in a reminder
        }
        let id = action_id(&self.platform, &self.group, &self.input, self.case, &step, self.ordinal);
        self.ordinal += 1;
        let id: ActionId = id.into();
        let by_kind = match &what {
            What::Mute { until, .. } => *until,
            What::Unmute { .. } => self.now.plus(UNMUTE_DEADLINE),
            What::Remove { .. } | What::Task { .. } => self.now.plus(REMOVE_DEADLINE),
            What::TaskDone { .. } => self.now.plus(TASK_DONE_DEADLINE),
            What::Send { .. }
            | What::Private { .. }
            | What::Delete { .. }
            | What::Announce { .. }
            | What::Image { .. } => self.now.plus(NOTICE_DEADLINE),
        };
        let action = Action {
            inverse: what.inverse(),
            id: id.clone(),
            platform: self.platform.clone(),
            group: self.group.clone(),
            what,
            time: self.now,
            offset: self.now.zoned(&self.policy.timezone).offset().seconds(),
            cause: self.cause.clone(),
            lane,
            deadline: self.deadline.unwrap_or(by_kind),
            observe: self.observe,
            notifies,
            told_by: None,
        };
        self.out.push(Change::Act(Arc::new(action)));
        self.made.push(id.clone());
        id
    }

    /// A notice tells of a deed as done: when the deed fails, the notice is not sent.
    pub(super) fn tells_of(&mut self, deed: &ActionId, notice: Option<ActionId>) {
        for change in self.out.iter_mut().rev() {
            if let Change::Act(action) = change
                && action.id == *deed
            {
                Arc::make_mut(action).told_by = notice;
                return;
            }
        }
    }

    /// Answers somebody: in the group, or alone where nothing can be said in the group, or where it is for them `alone`. Who
    /// wrote to the bot alone is answered there.
    pub(super) fn answer(&mut self, user: Arc<str>, text: String, alone: bool) {
        let (aloud, privately) = (self.can_speak() && !self.group.is_empty(), self.can_tell(&user));
        if privately && (alone || !aloud) || self.group.is_empty() && self.answers {
            self.act(Lane::Reply, What::Private { user, text }, Vec::new());
        } else if aloud {
            self.act(Lane::Reply, What::Send { text, mentions: vec![user] }, Vec::new());
        }
    }

    /// Names a member in the group.
    pub(super) fn group_notice(&mut self, ledger: &mut Ledger, user: &Arc<str>, notice: &str, vars: &Vars) -> Said {
        let neutral = notice == "warn_neutral";
        let (kind, item) =
            if neutral { (HeldKind::Neutral, "merged_neutral_item") } else { (HeldKind::Named, "merged_item") };
        let line = self.notices().render(item, vars);
        let held = Held { kind, user: Some(user.clone()), case: self.case.unwrap_or_default(), line };
        let text = self.notices().render(notice, vars);
        self.say(ledger, held, text, vec![user.clone()])
    }

    /// Says something in the group, at most so many times a minute; what is beyond is held, to be merged.
    fn say(&mut self, ledger: &mut Ledger, held: Held, text: String, mentions: Vec<Arc<str>>) -> Said {
        if !self.observe {
            ledger.notices.retain(|sent| sent.plus(MINUTE) > self.now);
            if !ledger.held.is_empty() || ledger.notices.len() >= self.policy.notices_per_minute as usize {
                // What can only be said in answer cannot be said later.
                if !self.can(Capability::Send) {
                    return Said::Counted;
                }
                let most = if held.kind == HeldKind::Task { MOST_TASKS_HELD } else { MOST_HELD };
                if ledger.held.iter().filter(|other| other.kind == held.kind).count() >= most {
                    *ledger.held_more.entry(held.kind).or_default() += 1;
                    return Said::Counted;
                }
                ledger.held.push(held);
                self.set_merge_timer(ledger);
                return Said::Held;
            }
            ledger.notices.push(self.now);
        }
        let notifies = held.user.map(|user| (user, held.case)).into_iter().collect();
        Said::Now(self.act(Lane::Penalty, What::Send { text, mentions }, notifies))
    }

    fn set_merge_timer(&mut self, ledger: &Ledger) {
        let due = ledger.notices.first().map_or(self.now, |first| first.plus(MINUTE)).max(self.now);
        self.set_timer(due, "merged", TimerKind::MergedNotice);
    }

    pub(super) fn set_timer(&mut self, due: Timestamp, id: &str, what: TimerKind) {
        let (platform, group) = (self.platform.clone(), self.group.clone());
        self.out.push(Change::Timer(Timer { due, group, id: id.into(), platform, what }));
    }

    /// Sends held notices, those of a kind as one, as many as there is room for in the minute. The kind goes first of which one
    /// waits the longest, so that none waits for ever behind the others. Gives each action and what it tells of.
    pub(super) fn merged_notices(&mut self, ledger: &mut Ledger) -> Vec<(ActionId, Vec<Held>)> {
        ledger.notices.retain(|sent| sent.plus(MINUTE) > self.now);
        let mut sent = Vec::new();
        let mut kinds =
            [(HeldKind::Named, "merged"), (HeldKind::Neutral, "merged_neutral"), (HeldKind::Task, "task_in_group")];
        kinds.sort_by_key(|(kind, _)| ledger.held.iter().position(|held| held.kind == *kind).unwrap_or(usize::MAX));
        for (kind, notice) in kinds {
            if ledger.notices.len() >= self.policy.notices_per_minute as usize {
                break;
            }
            let merged: Vec<Held> = ledger.held.extract_if(.., |held| held.kind == kind).take(MERGED).collect();
            if merged.is_empty() {
                continue;
            }
            ledger.notices.push(self.now);
            let lines: Vec<&str> =
                merged.iter().map(|held| held.line.as_str()).filter(|line| !line.is_empty()).collect();
            let (list, case) = (lines.join("；"), lines.join("、"));
            let more = ledger.held_more.remove(&kind).unwrap_or_default();
            let vars = Vars { list, case, more, appeal: self.appeal(), ..Vars::default() };
            let text = self.notices().render(notice, &vars);
            let notifies: Vec<_> = merged.iter().filter_map(|held| Some((held.user.clone()?, held.case))).collect();
            let mentions = match kind {
                HeldKind::Task => self.admins.clone(),
                HeldKind::Named | HeldKind::Neutral => notifies.iter().map(|(user, _)| user.clone()).collect(),
            };
            sent.push((self.act(Lane::Penalty, What::Send { text, mentions }, notifies), merged));
        }
        if !ledger.held.is_empty() {
            self.set_merge_timer(ledger);
        }
        sent
    }

    /// Puts something before the admins: as a task card, else told one by one, else a word in the group that names nobody.
    pub(super) fn ask(&mut self, ledger: &mut Ledger, step: &str, notice: &str, vars: &Vars, buttons: &[Choice]) {
        let kept = self.cause.step.replace(step.into());
        let text = self.notices().render(notice, vars);
        let group = group_name(self.policy, ledger.name.as_deref(), &self.group);
        let about = Subject { group, ..self.subject.clone() };
        if self.can(Capability::Task) {
            let buttons = buttons.iter().map(|choice| choice.button()).collect();
            let mentions = self.admins.clone();
            self.act(Lane::Penalty, What::Task { text, mentions, buttons, about }, Vec::new());
            self.cause.step = kept;
            return;
        }
        let told: Vec<_> = self.admins.iter().filter(|user| self.can_tell(user)).take(ADMINS_TOLD).cloned().collect();
        if !told.is_empty() {
            let text = self.told_alone(&text, &about);
            for user in told {
                self.act(Lane::Penalty, What::Private { user, text: text.clone() }, Vec::new());
            }
        } else if self.can(Capability::Send) {
            let text = self.notices().render("task_in_group", vars);
            let case = self.case.unwrap_or_default();
            let held = Held { kind: HeldKind::Task, user: None, case, line: vars.case.clone() };
            self.say(ledger, held, text, self.admins.clone());
        }
        self.cause.step = kept;
    }

    /// What somebody who runs groups reads alone: the text, and what it is about as it is.
    pub(super) fn told_alone(&self, text: &str, about: &Subject) -> String {
        let Subject { group, name, text: original, .. } = about.clone();
        let name = if text.contains(&name) { String::new() } else { name };
        let original = if text.contains(&original) { String::new() } else { original };
        self.notices().render("task_alone", &Vars { text: text.to_owned(), group, name, original, ..Vars::default() })
    }

    /// Tells the admins, at most six times a minute and once of the same `cause`; what was not told is counted, and said when
    /// the minute is over.
    pub(super) fn alert(&mut self, ledger: &mut Ledger, step: &str, notice: &str, cause: u64, vars: &Vars) {
        if !self.observe && !ledger.alerts.admit(cause, ALERTS_PER_MINUTE, self.now) {
            let what = self.kind_in_words(notice, vars);
            ledger.alerts.hold(&self.group.clone(), "", what, self.case);
            self.set_timer(ledger.alerts.due(self.now), "alerts", TimerKind::HeldAlerts);
            return;
        }
        let buttons: &[Choice] = match notice {
            "appealed" => &[Choice::Undo, Choice::Uphold, Choice::Later],
            "reported" => &[Choice::Handled, Choice::Keep, Choice::Later],
            "join_request" => &[Choice::Admitted, Choice::Declined, Choice::Later],
            _ => &[Choice::Handled, Choice::Later],
        };
        self.ask(ledger, step, notice, vars, buttons);
    }

    /// What kind of alert it is, for a list of those that were held.
    pub(super) fn kind_in_words(&self, notice: &str, vars: &Vars) -> String {
        self.notices().render(&format!("{notice}_kind"), vars)
    }

    /// Tells the admins which alerts were held, and how often.
    pub(super) fn held_alerts(&mut self, ledger: &mut Ledger) {
        if !ledger.alerts.holds() {
            return;
        }
        if !ledger.alerts.admit(ids::hash(&["held", &self.input]) as u64, ALERTS_PER_MINUTE, self.now) {
            self.set_timer(ledger.alerts.due(self.now), "alerts", TimerKind::HeldAlerts);
            return;
        }
        let (held, more) = ledger.alerts.take_held();
        let list = self.alerts_in_words(&held);
        self.ask(ledger, "alert", "alerts_held", &Vars { more, list, ..Vars::default() }, &[Choice::Handled]);
    }

    /// Held alerts as a list.
    pub(super) fn alerts_in_words(&self, held: &[HeldAlerts]) -> String {
        let item = |held: &HeldAlerts| {
            let cases: Vec<String> = held.cases.iter().map(u64::to_string).collect();
            let (what, count, case) = (held.what.clone(), held.count, cases.join("、"));
            self.notices().render("alerts_held_item", &Vars { what, count, case, ..Vars::default() })
        };
        held.iter().map(item).collect::<Vec<_>>().join("；")
    }

    pub(super) fn appeal(&self) -> String {
        self.notices().render("appeal", &Vars::default())
    }
}
