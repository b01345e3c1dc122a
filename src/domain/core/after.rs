//! What follows later: timers that are due, and how actions ended.

use std::sync::Arc;

use super::Core;
use super::message::admins;
use crate::domain::action::{Action, Cause, Lane, Outcome, What};
use crate::domain::change::{Change, MemberRef};
use crate::domain::ids::{GroupKey, MemberKey};
use crate::domain::means::Means;
use crate::domain::notices::Vars;
use crate::domain::policy::Policy;
use crate::domain::standing::Ledger;
use crate::domain::time::Timestamp;
use crate::domain::timer::{Timer, TimerKind};

impl Core {
    /// Fires the timers that are due, ordered by (due, group, id).
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Change>) {
        while let Some(timer) = self.state.timers.first().filter(|timer| timer.due <= now).cloned() {
            self.state.timers.remove(&timer);
            out.push(Change::TimerDone(timer.clone()));
            let from = out.len();
            match &timer.what {
                TimerKind::Unmute { user, case } => self.unmute(&timer, user, *case, now, out),
                TimerKind::MergedNotice => self.merged_notice(&timer, now, out),
            }
            self.arm_timers(out, from);
        }
    }

    /// Takes in how an action ended.
    pub fn outcome(&mut self, action: &Action, outcome: &Outcome, now: Timestamp, out: &mut Vec<Change>) {
        out.push(Change::Ended { id: action.id.clone(), outcome: outcome.clone(), at: now });
        let policy = self.settings.policy(&action.group).clone();
        for (user, case) in &action.notifies {
            let standing = self.state.member(MemberKey::new(&action.platform, &action.group, user)).standing();
            // A notice that never arrived ends the burst too: nobody's violations may be joined to one case for ever.
            for strike in standing.strikes.iter_mut().filter(|strike| strike.case == *case) {
                if strike.notice.as_ref() == Some(&action.id) {
                    strike.burst_end.get_or_insert(now.plus(policy.burst));
                }
            }
            let mute = standing.mute.as_mut().filter(|mute| mute.notice.as_ref() == Some(&action.id));
            if let (Some(mute), Outcome::Done { .. }) = (mute, outcome) {
                mute.told = Some(now);
            }
            let standing = standing.clone();
            let (platform, group) = (action.platform.clone(), action.group.clone());
            out.push(Change::Standing { member: MemberRef { platform, group, user: user.clone() }, standing });
        }
        if matches!(outcome, Outcome::Failed { .. } | Outcome::Uncertain { .. } | Outcome::Expired) {
            self.tell_admins(&policy, action, outcome, now, out);
        }
    }

    fn unmute(&mut self, timer: &Timer, user: &Arc<str>, case: u64, now: Timestamp, out: &mut Vec<Change>) {
        let standing = self.state.member(MemberKey::new(&timer.platform, &timer.group, user)).standing();
        // A later mute keeps the member silent: its own timer will end it.
        let Some(mute) = standing.mute.take_if(|mute| mute.until <= now) else { return };
        let standing = standing.clone();
        let (platform, group) = (timer.platform.clone(), timer.group.clone());
        out.push(Change::Standing { member: MemberRef { platform, group, user: user.clone() }, standing });
        if mute.enforced {
            let policy = self.settings.policy(&timer.group).clone();
            let step = Cause { case: Some(case.to_string()), step: Some("unmute".into()), ..Cause::default() };
            let mut means = self.means_later(&policy, &timer.platform, &timer.group, now, out);
            means.input = timer_input(timer);
            means.case = Some(case);
            means.cause = step;
            means.act(Lane::Undo, What::Unmute { user: user.clone() }, Vec::new());
        }
    }

    fn merged_notice(&mut self, timer: &Timer, now: Timestamp, out: &mut Vec<Change>) {
        let policy = self.settings.policy(&timer.group).clone();
        let mut ledger = self.state.group(GroupKey::new(&timer.platform, &timer.group)).ledger.clone();
        let mut means = self.means_later(&policy, &timer.platform, &timer.group, now, out);
        means.input = timer_input(timer);
        means.cause.step = Some("notice".into());
        let Some((id, merged)) = means.merged_notice(&mut ledger) else { return };
        self.keep_ledger(&timer.platform, &timer.group, ledger, out);
        for held in merged {
            let standing = self.state.member(MemberKey::new(&timer.platform, &timer.group, &held.user)).standing();
            for strike in standing.strikes.iter_mut().filter(|strike| strike.case == held.case) {
                strike.notice = Some(id.clone());
            }
            if let Some(mute) = standing.mute.as_mut().filter(|mute| mute.case == held.case) {
                mute.notice = Some(id.clone());
            }
            let standing = standing.clone();
            let (platform, group) = (timer.platform.clone(), timer.group.clone());
            out.push(Change::Standing { member: MemberRef { platform, group, user: held.user }, standing });
        }
    }

    fn tell_admins(
        &mut self,
        policy: &Policy,
        action: &Action,
        outcome: &Outcome,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        // What tells the admins must not itself be told of, or one broken bridge would talk to itself for ever.
        if matches!(action.cause.step.as_deref(), Some("alert" | "review" | "task")) {
            return;
        }
        let why = match outcome {
            Outcome::Failed { .. } => "平台拒绝了这个操作",
            Outcome::Uncertain { .. } => "不确定平台是否已执行",
            Outcome::Expired | Outcome::Done { .. } => "已过时限，未再执行",
        };
        let case = action.cause.case.clone().unwrap_or_default();
        let vars = Vars { wanted: in_words(&action.what).to_owned(), why: why.to_owned(), case, ..Vars::default() };
        let mut ledger = self.state.group(GroupKey::new(&action.platform, &action.group)).ledger.clone();
        let mut means = self.means_later(policy, &action.platform, &action.group, now, out);
        means.input = action.id.clone();
        means.case = action.cause.case.as_ref().and_then(|no| no.parse().ok());
        means.cause = Cause { event: None, ..action.cause.clone() };
        means.alert(&mut ledger, "alert", "alert", vars);
        self.keep_ledger(&action.platform, &action.group, ledger, out);
    }

    fn means_later<'a>(
        &mut self,
        policy: &'a Policy,
        platform: &Arc<str>,
        group: &Arc<str>,
        now: Timestamp,
        out: &'a mut Vec<Change>,
    ) -> Means<'a> {
        Means {
            policy,
            can: self.settings.capabilities(platform),
            platform: platform.clone(),
            group: group.clone(),
            admins: admins(policy, &self.state.group(GroupKey::new(platform, group)).admins),
            now,
            input: Arc::default(),
            cause: Cause::default(),
            case: None,
            observe: false,
            ordinal: 0,
            made: Vec::new(),
            out,
        }
    }

    /// Keeps a group's ledger when it has changed.
    pub(super) fn keep_ledger(&mut self, platform: &Arc<str>, group: &str, ledger: Ledger, out: &mut Vec<Change>) {
        let kept = &mut self.state.group(GroupKey::new(platform, group)).ledger;
        if *kept != ledger {
            *kept = ledger.clone();
            out.push(Change::Ledger { platform: platform.clone(), group: group.into(), ledger });
        }
    }

    /// Timers set by the changes from index `from` on are in force at once; one with the same id is replaced.
    pub(super) fn arm_timers(&mut self, out: &[Change], from: usize) {
        for change in out.iter().skip(from) {
            if let Change::Timer(timer) = change {
                let id = |timer: &Timer| (timer.platform.clone(), timer.group.clone(), timer.id.clone());
                self.state.timers.retain(|other| id(other) != id(timer));
                self.state.timers.insert(timer.clone());
            }
        }
    }
}

/// What stands for a timer where an event's id would: unique for each firing, the same after a restart.
fn timer_input(timer: &Timer) -> Arc<str> {
    format!("{}@{}", timer.id, timer.due.0).into()
}

/// What an action does, for an alert.
fn in_words(what: &What) -> &'static str {
    match what {
        What::Send { .. } => "群内通知",
        What::Private { .. } => "私信通知",
        What::Mute { .. } => "禁言",
        What::Unmute { .. } => "解除禁言",
        What::Remove { .. } => "移出本群",
        What::Delete { .. } => "删除消息",
        What::Task { .. } => "任务卡片",
    }
}
