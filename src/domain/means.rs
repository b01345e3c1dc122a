//! By what means something is done on a platform: the actions themselves, and where the platform cannot, the nearest means
//! and a task for a person (product.md A). Nothing is silently dropped.

use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, ActionId, Button, Cause, Lane, NOTICE_DEADLINE, REMOVE_DEADLINE, UNMUTE_DEADLINE, What};
use super::change::Change;
use super::ids::action_id;
use super::notices::{Notices, Vars};
use super::policy::{Capabilities, Capability, Policy};
use super::standing::{Held, Ledger};
use super::time::Timestamp;
use super::timer::{Timer, TimerKind};

/// How long a notice counts towards the limit of group notices and alerts.
const MINUTE: Duration = Duration::from_secs(60);
/// Alerts to a group's admins in any minute.
const ALERTS_PER_MINUTE: usize = 6;
/// Admins who are told one by one where there is no task card.
const ADMINS_TOLD: usize = 5;
/// Members named in one merged notice.
const MERGED: usize = 20;

/// Makes actions for one cause in one group, numbering them so that each has its own id.
pub(super) struct Means<'a> {
    pub(super) policy: &'a Policy,
    pub(super) can: Capabilities,
    pub(super) platform: Arc<str>,
    pub(super) group: Arc<str>,
    /// Ids of owner and admins.
    pub(super) admins: Vec<Arc<str>>,
    pub(super) now: Timestamp,
    /// What caused it: an event's id or a timer's.
    pub(super) input: Arc<str>,
    pub(super) cause: Cause,
    pub(super) case: Option<u64>,
    pub(super) observe: bool,
    pub(super) ordinal: u32,
    /// Ids of the actions made so far.
    pub(super) made: Vec<ActionId>,
    pub(super) out: &'a mut Vec<Change>,
}

impl Means<'_> {
    pub(super) fn can(&self, capability: Capability) -> bool {
        self.can.has(capability)
    }

    pub(super) fn notices(&self) -> &Notices {
        &self.policy.notices
    }

    /// Decides an action.
    pub(super) fn act(&mut self, lane: Lane, what: What, notifies: Vec<(Arc<str>, u64)>) -> ActionId {
        let step = self.cause.step.clone().unwrap_or_default();
        let id = action_id(&self.platform, &self.group, &self.input, self.case, &step, self.ordinal);
        self.ordinal += 1;
        let id: ActionId = id.into();
        let deadline = match &what {
            What::Mute { until, .. } => *until,
            What::Unmute { .. } => self.now.plus(UNMUTE_DEADLINE),
            What::Remove { .. } | What::Task { .. } => self.now.plus(REMOVE_DEADLINE),
            What::Send { .. } | What::Private { .. } | What::Delete { .. } => self.now.plus(NOTICE_DEADLINE),
        };
        let action = Action {
            id: id.clone(),
            platform: self.platform.clone(),
            group: self.group.clone(),
            what,
            time: self.now,
            offset: self.now.zoned(&self.policy.timezone).offset().seconds(),
            cause: self.cause.clone(),
            lane,
            deadline,
            observe: self.observe,
            notifies,
        };
        self.out.push(Change::Act(Arc::new(action)));
        self.made.push(id.clone());
        id
    }

    /// Names a member in the group, at most so many notices a minute; what is beyond waits to be merged (then there is no
    /// id yet). `None` also when the platform has no way to speak in a group.
    pub(super) fn group_notice(
        &mut self,
        ledger: &mut Ledger,
        user: &Arc<str>,
        notice: &str,
        vars: &Vars,
    ) -> Option<ActionId> {
        let case = self.case.unwrap_or_default();
        if !self.observe {
            ledger.notices.retain(|sent| sent.plus(MINUTE) > self.now);
            if !ledger.held.is_empty() || ledger.notices.len() >= self.policy.notices_per_minute as usize {
                let line = self.notices().render("merged_item", vars);
                ledger.held.push(Held { user: user.clone(), case, line });
                self.set_merge_timer(ledger);
                return None;
            }
            ledger.notices.push(self.now);
        }
        let text = self.notices().render(notice, vars);
        let what = What::Send { text, mentions: vec![user.clone()] };
        Some(self.act(Lane::Penalty, what, vec![(user.clone(), case)]))
    }

    fn set_merge_timer(&mut self, ledger: &Ledger) {
        let due = ledger.notices.first().map_or(self.now, |first| first.plus(MINUTE)).max(self.now);
        self.out.push(Change::Timer(Timer {
            due,
            group: self.group.clone(),
            id: "merged".into(),
            platform: self.platform.clone(),
            what: TimerKind::MergedNotice,
        }));
    }

    /// Sends held notices as one. Gives the action and whom it tells of which case.
    pub(super) fn merged_notice(&mut self, ledger: &mut Ledger) -> Option<(ActionId, Vec<Held>)> {
        let merged: Vec<Held> = ledger.held.drain(..ledger.held.len().min(MERGED)).collect();
        if merged.is_empty() {
            return None;
        }
        ledger.notices.retain(|sent| sent.plus(MINUTE) > self.now);
        ledger.notices.push(self.now);
        let list: Vec<&str> = merged.iter().map(|held| held.line.as_str()).collect();
        let vars = Vars { list: list.join("；"), appeal: self.appeal(), ..Vars::default() };
        let text = self.notices().render("merged", &vars);
        let mentions = merged.iter().map(|held| held.user.clone()).collect();
        let notifies = merged.iter().map(|held| (held.user.clone(), held.case)).collect();
        let id = self.act(Lane::Penalty, What::Send { text, mentions }, notifies);
        if !ledger.held.is_empty() {
            self.set_merge_timer(ledger);
        }
        Some((id, merged))
    }

    /// Puts something before the admins: as a task card, else told one by one, else a word in the group that names nobody.
    pub(super) fn ask(&mut self, step: &str, notice: &str, vars: &Vars, buttons: &[(&str, &str)]) {
        let kept = self.cause.step.replace(step.into());
        let text = self.notices().render(notice, vars);
        if self.can(Capability::Task) {
            let button = |(choice, text): &(&str, &str)| Button { choice: (*choice).into(), text: (*text).into() };
            let buttons = buttons.iter().map(button).collect();
            let mentions = self.admins.clone();
            self.act(Lane::Penalty, What::Task { text, mentions, buttons }, Vec::new());
        } else if self.can(Capability::Private) && !self.admins.is_empty() {
            for user in self.admins.iter().take(ADMINS_TOLD).cloned().collect::<Vec<_>>() {
                self.act(Lane::Penalty, What::Private { user, text: text.clone() }, Vec::new());
            }
        } else if self.can(Capability::Send) {
            let text = self.notices().render("task_in_group", vars);
            let mentions = self.admins.clone();
            self.act(Lane::Penalty, What::Send { text, mentions }, Vec::new());
        }
        self.cause.step = kept;
    }

    /// Tells the admins, at most six times a minute; how many were not told is said with the next.
    pub(super) fn alert(&mut self, ledger: &mut Ledger, step: &str, notice: &str, mut vars: Vars) {
        if !self.observe {
            ledger.alerts.retain(|sent| sent.plus(MINUTE) > self.now);
            if ledger.alerts.len() >= ALERTS_PER_MINUTE {
                ledger.alerts_held += 1;
                return;
            }
            ledger.alerts.push(self.now);
            vars.more = std::mem::take(&mut ledger.alerts_held);
        }
        self.ask(step, notice, &vars, &[]);
    }

    pub(super) fn appeal(&self) -> String {
        self.notices().render("appeal", &Vars::default())
    }
}
