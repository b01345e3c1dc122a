//! What follows later: timers that are due, and how actions ended.

use std::sync::Arc;

use super::Core;
use super::alerts::Alert;
use super::message::admins;
use super::tasks::Place;
use crate::domain::action::{Action, Cause, Lane, Outcome, What};
use crate::domain::change::{Change, MemberRef};
use crate::domain::ids::GroupKey;
use crate::domain::image::GONE;
use crate::domain::means::Means;
use crate::domain::notices::Vars;
use crate::domain::policy::Policy;
use crate::domain::standing::{Held, HeldKind, Ledger, Standing, Strike};
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;
use crate::domain::timer::{Timer, TimerKind};

/// So many timers fire in one turn, the rest in the next: whatever came due while the daemon was down, what one turn looks at is
/// little beside what memory holds ([`crate::domain::state::Limits`]), so that nothing of it is shed before it is recorded.
pub const TIMERS_AT_ONCE: usize = 64;

impl Core {
    /// Fires the timers that are due, ordered by (due, group, id), at most [`TIMERS_AT_ONCE`].
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Change>) {
        let begin = out.len();
        let (firings, more) = self.take_firings(now);
        let mut firings = firings.into_iter().peekable();
        let mut left = TIMERS_AT_ONCE;
        loop {
            let timer = self.state.timers.first().filter(|timer| timer.due <= now && left > 0).cloned();
            let firing = firings.next_if(|one| timer.as_ref().is_none_or(|timer| one.is_before(timer)));
            if let Some(firing) = firing {
                self.fire(&firing, now, out);
                continue;
            }
            // Where what comes before it is not all sent, it waits for the next turn.
            let waits = more && firings.peek().is_none();
            let Some(timer) = timer.filter(|_| !waits) else { break };
            left -= 1;
            self.state.timers.remove(&timer);
            out.push(Change::TimerDone(timer.clone()));
            let from = out.len();
            match &timer.what {
                TimerKind::Unmute { user, case } => self.unmute(&timer, user, *case, now, out),
                TimerKind::MergedNotice => self.merged_notices(&timer, now, out),
                TimerKind::HeldAlerts => self.held_alerts(&timer, now, out),
                TimerKind::CompanyAlerts => self.company_alerts(&timer, now, out),
                TimerKind::Welcome => self.welcome(&timer, now, out),
                TimerKind::Task { task } => self.task_due(&timer, task, now, out),
            }
            self.arm_timers(out, from);
        }
        self.open_tasks(begin, now, out);
    }

    /// Takes in how an action ended.
    pub fn outcome(&mut self, action: &Action, outcome: &Outcome, now: Timestamp, out: &mut Vec<Change>) {
        let from = out.len();
        out.push(Change::Ended { id: action.id.clone(), outcome: outcome.clone(), at: now });
        let policy = self.settings.policy(&action.group).clone();
        for (user, case) in &action.notifies {
            let change = |standing: &mut Standing| {
                // A notice that never arrived ends the burst too: nobody's violations are joined to one case for ever.
                let told = |strike: &Strike| strike.case == *case && strike.notice.as_ref() == Some(&action.id);
                if standing.strikes.iter().any(told) {
                    standing.end_burst(*case, now.plus(policy.burst));
                }
                let mute = standing.mute.as_mut().filter(|mute| mute.notice.as_ref() == Some(&action.id));
                if let (Some(mute), Outcome::Done { .. }) = (mute, outcome) {
                    mute.told = Some(now);
                }
            };
            self.change_standing(MemberRef::new(&action.platform, &action.group, user), change, out);
        }
        if std::mem::take(&mut self.loaded.cancelled) {
            self.done_in_vain(action, outcome, now, out);
            self.arm_timers(out, from);
            self.open_tasks(from, now, out);
            return;
        }
        match outcome {
            Outcome::Done { .. } => self.removed(action, now, out),
            Outcome::Cancelled => {}
            Outcome::Failed { .. } | Outcome::Uncertain { .. } | Outcome::Expired => {
                self.take_back(&policy, action, outcome, now, out);
                self.tell_admins(&policy, action, outcome, now, out);
            }
        }
        self.card_ended(action, outcome, now, out);
        self.arm_timers(out, from);
        self.open_tasks(from, now, out);
    }

    /// A mute or removal that was not done, or may not have been: nobody is told that it was.
    pub(super) fn take_back(
        &mut self,
        policy: &Policy,
        action: &Action,
        outcome: &Outcome,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let (What::Mute { user, .. } | What::Remove { user }) = &action.what else { return };
        let Some(case) = action.cause.case.as_ref().and_then(|no| no.parse::<u64>().ok()) else { return };
        if let Some(notice) = &action.told_by {
            let outcome =
                Outcome::Failed { error: "not sent: what it tells of is not known to have been done".to_owned() };
            out.push(Change::Ended { id: notice.clone(), outcome, at: now });
        }
        let place = Place::new(&action.platform, &action.group);
        self.drop_held(&place, |held| held.case == case && held.kind != HeldKind::Task, now, out);
        let change = |standing: &mut Standing| {
            let silent =
                |strike: &Strike| strike.case == case && (strike.notice.is_none() || strike.notice == action.told_by);
            if standing.strikes.iter().any(silent) {
                standing.end_burst(case, now.plus(policy.burst));
            }
            // One that may have been done is still ended at its time.
            if !matches!(outcome, Outcome::Uncertain { .. }) {
                let ended = standing.mute.take_if(|mute| mute.case == case);
                let before = ended.and_then(|mute| mute.before).filter(|before| before.until > now);
                standing.mute = standing.mute.take().or(before.map(|before| *before));
            }
        };
        self.change_standing(MemberRef::new(&action.platform, &action.group, user), change, out);
    }

    fn unmute(&mut self, timer: &Timer, user: &Arc<str>, case: u64, now: Timestamp, out: &mut Vec<Change>) {
        let member = MemberRef::new(&timer.platform, &timer.group, user);
        // A later mute keeps the member silent: its own timer will end it.
        let over = |standing: &Standing| standing.mute.as_ref().is_some_and(|mute| mute.until <= now);
        if !over(self.state.member(member.key()).standing()) {
            return;
        }
        let mut ended = None;
        self.change_standing(member, |standing| ended = standing.mute.take(), out);
        if ended.is_some_and(|mute| mute.enforced) {
            let policy = self.settings.policy(&timer.group).clone();
            let cause = Cause { case: Some(case.to_string()), step: Some("unmute".into()), ..Cause::default() };
            let mut means = self.means_later(&policy, &timer.platform, &timer.group, now, out);
            means.input = timer_input(timer);
            means.case = Some(case);
            means.cause = cause;
            means.act(Lane::Undo, What::Unmute { user: user.clone() }, Vec::new());
        }
    }

    fn merged_notices(&mut self, timer: &Timer, now: Timestamp, out: &mut Vec<Change>) {
        let policy = self.settings.policy(&timer.group).clone();
        let key = GroupKey::new(&timer.platform, &timer.group);
        // Where somebody stopped the group while notices were held, nobody is named any more.
        let stopped = self.state.pause(key).is_some();
        if stopped {
            self.drop_held(&Place::new(&timer.platform, &timer.group), |held| held.kind != HeldKind::Task, now, out);
        }
        let mut ledger = self.state.group(key).ledger.clone();
        ledger.held_more.retain(|kind, _| !stopped || *kind == HeldKind::Task);
        let mut means = self.means_later(&policy, &timer.platform, &timer.group, now, out);
        means.input = timer_input(timer);
        means.cause.step = Some("notice".into());
        let sent = means.merged_notices(&mut ledger);
        self.keep_ledger(&timer.platform, &timer.group, ledger, out);
        for (id, merged) in sent {
            for (user, case) in merged.into_iter().filter_map(|held| Some((held.user?, held.case))) {
                let change = |standing: &mut Standing| {
                    let silent = |strike: &&mut Strike| strike.case == case && strike.notice.is_none();
                    for strike in standing.strikes.iter_mut().filter(silent) {
                        strike.notice = Some(id.clone());
                    }
                    if let Some(mute) = standing.mute.as_mut().filter(|mute| mute.case == case) {
                        mute.notice = Some(id.clone());
                    }
                };
                self.change_standing(MemberRef::new(&timer.platform, &timer.group, &user), change, out);
            }
        }
    }

    /// Held notices that are not wanted any more. No notice will end the bursts of their cases, so those end now.
    pub(super) fn drop_held(
        &mut self,
        place: &Place,
        which: impl Fn(&Held) -> bool,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let burst = self.settings.policy(&place.group).burst;
        let mut ledger = self.state.group(place.key()).ledger.clone();
        let dropped: Vec<Held> = ledger.held.extract_if(.., |held| which(held)).collect();
        self.keep_ledger(&place.platform, &place.group, ledger, out);
        for (user, case) in dropped.into_iter().filter_map(|held| Some((held.user?, held.case))) {
            let end = |standing: &mut Standing| standing.end_burst(case, now.plus(burst));
            self.change_standing(MemberRef::new(&place.platform, &place.group, &user), end, out);
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
        match action.cause.step.as_deref() {
            // What tells the admins must not itself be told of, or one broken bridge would talk to itself for ever.
            Some("alert" | "review" | "task") => return,
            // Nobody misses a welcome or an answer that would have come too late.
            Some("welcome" | "reply") if !matches!(outcome, Outcome::Failed { .. }) => return,
            // A word that could not be taken back was said to be taken back, not promised.
            Some("undo") if matches!(action.what, What::Delete { .. }) => return,
            // A private word in no group has no admins.
            _ if action.group.is_empty() => return,
            _ => {}
        }
        let why = match outcome {
            Outcome::Failed { error } if error == GONE => "图片已不在设置里，或者文件没有了、坏了",
            Outcome::Failed { .. } => "平台拒绝了这个操作",
            Outcome::Uncertain { .. } => "不确定平台是否已执行",
            Outcome::Expired | Outcome::Cancelled | Outcome::Done { .. } => "已过时限，未再执行",
        };
        let case = action.cause.case.clone().unwrap_or_default();
        let wanted = in_words(&action.what).to_owned();
        let user = action.what.user().or(action.notifies.first().map(|(user, _)| user));
        let about = std::mem::take(&mut self.loaded.about);
        let key = GroupKey::new(&action.platform, &action.group);
        let name = user.map(|user| self.harmless_name(policy, key, &about.name, user)).unwrap_or_default();
        let alert = Alert {
            // What is known later of one that was uncertain is another alert.
            input: format!("{}:{}", action.id, outcome.state()).into(),
            cause: Cause { event: None, ..action.cause.clone() },
            observe: false,
            notice: "alert",
            about: &case,
            vars: Vars { wanted, name, why: why.to_owned(), case: case.clone(), ..Vars::default() },
            subject: about,
        };
        self.alert(policy, &action.platform, &action.group, &alert, now, out);
    }

    pub(super) fn means_later<'a>(
        &mut self,
        policy: &'a Policy,
        platform: &Arc<str>,
        group: &Arc<str>,
        now: Timestamp,
        out: &'a mut Vec<Change>,
    ) -> Means<'a> {
        let admins = admins(policy, &self.state.group(GroupKey::new(platform, group)).admins);
        Means { admins, ..self.means_without_admins(policy, platform, group, now, out) }
    }

    /// For a group that need not be loaded.
    pub(super) fn means_without_admins<'a>(
        &self,
        policy: &'a Policy,
        platform: &Arc<str>,
        group: &Arc<str>,
        now: Timestamp,
        out: &'a mut Vec<Change>,
    ) -> Means<'a> {
        Means {
            policy,
            can: self.settings.capabilities(platform, group),
            strangers: self.settings.strangers(platform),
            platform: platform.clone(),
            group: group.clone(),
            admins: Vec::new(),
            now,
            input: Arc::default(),
            cause: Cause::default(),
            case: None,
            subject: Subject::default(),
            observe: false,
            answers: false,
            deadline: None,
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
                let same = |a: &Timer, b: &Timer| a.id == b.id && a.group == b.group && a.platform == b.platform;
                self.state.timers.retain(|other| !same(other, timer));
                self.state.timers.insert(timer.clone());
            }
        }
    }
}

/// What stands for a timer where an event's id would: unique for each firing, the same after a restart.
pub(super) fn timer_input(timer: &Timer) -> Arc<str> {
    format!("{}@{}", timer.id, timer.due.0).into()
}

/// What an action does, for an alert.
pub(super) fn in_words(what: &What) -> &'static str {
    match what {
        What::Send { .. } => "群内通知",
        What::Private { .. } => "私信通知",
        What::Mute { .. } => "禁言",
        What::Unmute { .. } => "解除禁言",
        What::Remove { .. } => "移出本群",
        What::Delete { .. } => "删除消息",
        What::Task { .. } => "任务卡片",
        What::Announce { .. } => "群公告",
        What::Image { .. } => "图片",
        What::TaskDone { .. } => "更新任务卡片",
    }
}
