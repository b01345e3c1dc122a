//! Undoing a case: what was not sent is cancelled, what was done is inverted where the platform can, the strike is gone, and a
//! mute that would no longer be given ends (product.md C). Nothing is ever made harder by it.

use std::sync::Arc;
use std::time::Duration;

use super::Desk;
use crate::domain::action::{Action, ActionState, Cause, Lane, Outcome, StoredAction, What};
use crate::domain::case::{CaseFile, MACHINE};
use crate::domain::change::{Change, MemberRef};
use crate::domain::choice::Choice;
use crate::domain::core::Core;
use crate::domain::core::alerts::Alert;
use crate::domain::core::tasks::Place;
use crate::domain::ids::GroupKey;
use crate::domain::ladder;
use crate::domain::means::Means;
use crate::domain::notices::Vars;
use crate::domain::policy::{Capability, Policy, Severity, Step};
use crate::domain::standing::{HeldKind, Mute, Standing, Strike};
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;
use crate::domain::timer::TimerKind;

/// A message of ours is not taken back later: no platform is known to allow it (WeCom: 24 hours, document 94867).
const RECALLABLE: Duration = Duration::from_secs(24 * 3600);

/// What undoing a case came to, for the answer.
#[derive(Default)]
struct Taken {
    cancelled: u32,
    lifted: bool,
    shortened: Option<Timestamp>,
    /// The mute goes on for another case.
    goes_on: Option<(u64, Timestamp)>,
    /// The member may be out of the group: a person must invite them again.
    removed: bool,
    deleted: bool,
    /// Words of ours that told of it are taken back.
    recalled: u32,
    /// A person muted them on the platform, and must lift it there.
    muted_by_hand: bool,
}

impl Core {
    pub(super) fn undo_case(&mut self, desk: &mut Desk<'_, '_>, no: u64, out: &mut Vec<Change>) {
        let case = no.to_string();
        let here = desk.here;
        let ours = |file: &CaseFile| {
            file.case.no == no && file.case.platform == here.event.platform && *file.case.group == *here.event.group
        };
        let Some(file) = desk.loaded.case.take().filter(ours) else {
            desk.answer = desk.render("reply_no_case", &Vars { case, ..Vars::default() });
            return;
        };
        if let Some(undone) = &file.undone {
            let vars = Vars { case, by: undone.name.clone(), time: desk.date(undone.at), ..Vars::default() };
            desk.answer = desk.render("reply_undone_already", &vars);
            return;
        }
        let place = Place::new(&file.case.platform, &file.case.group);
        self.settle_case(&place, no, "已撤销", &desk.by(), out);
        let taken = if file.case.observe { Taken::default() } else { self.take_case_back(desk, &file, out) };
        let member = MemberRef::new(&file.case.platform, &file.case.group, &file.case.user);
        let forget = |standing: &mut Standing| {
            standing.strikes.retain(|strike| strike.case != no);
            if let Some(mute) = &mut standing.mute {
                mute.before.take_if(|before| before.case == no);
            }
        };
        self.change_standing(member, forget, out);
        out.push(Change::Undone { case: no, undone: desk.by() });
        self.learn_case(&file.case, false, out);
        let told = self.tell_undone(desk, &file, out);
        let name = self.harmless_name(here.policy, here.group_key(), &file.case.name, &file.case.user);
        desk.answer =
            desk.render("reply_undone", &Vars { case, name, list: self::done(desk, &taken, told), ..Vars::default() });
    }

    fn take_case_back(&mut self, desk: &mut Desk<'_, '_>, file: &CaseFile, out: &mut Vec<Change>) -> Taken {
        let here = desk.here;
        let mut taken = Taken::default();
        for stored in &file.actions {
            let happened = match &stored.state {
                // What takes something back is wanted all the more.
                ActionState::Pending if stored.action.lane == Lane::Undo => false,
                ActionState::Pending => {
                    self.cancel(&stored.action, here.now, out);
                    taken.cancelled += 1;
                    false
                }
                ActionState::Observed => false,
                ActionState::Ended { outcome, .. } => {
                    matches!(outcome, Outcome::Done { .. } | Outcome::Uncertain { .. })
                }
            };
            match &stored.action.what {
                What::Remove { .. } => taken.removed |= happened,
                What::Delete { .. } => taken.deleted |= happened,
                What::Mute { .. }
                | What::Send { .. }
                | What::Private { .. }
                | What::Unmute { .. }
                | What::Task { .. }
                | What::TaskDone { .. }
                | What::Announce { .. }
                | What::Image { .. } => {}
            }
        }
        let decided = |choice| file.decisions.iter().any(|one| Choice::parse(&one.choice) == Some(choice));
        taken.removed |= decided(Choice::Removed);
        taken.muted_by_hand = decided(Choice::Muted);
        let place = Place::new(&file.case.platform, &file.case.group);
        self.drop_held(&place, |held| held.case == file.case.no, here.now, out);
        self.mend_mute(desk, file, &mut taken, out);
        taken.recalled = self.recall(desk, file, out);
        if taken.removed {
            self.ask_to_invite(desk, file, out);
        }
        taken
    }

    /// Takes back what told the member of the case, where the platform can do that with its own messages. A word that tells of
    /// other cases too stays.
    fn recall(&mut self, desk: &mut Desk<'_, '_>, file: &CaseFile, out: &mut Vec<Change>) -> u32 {
        let now = desk.here.now;
        let mut means = self.means_of(desk, "undo", Some(file.case.no), out);
        if !means.can(Capability::Recall) {
            return 0;
        }
        let mut recalled = 0;
        for StoredAction { action, state } in &file.actions {
            let ActionState::Ended { outcome, at } = state else { continue };
            if at.plus(RECALLABLE) > now
                && let Some(message) = to_recall(action, outcome, file.case.no)
            {
                means.act(Lane::Undo, What::Delete { message }, Vec::new());
                recalled += 1;
            }
        }
        desk.ordinal = means.ordinal;
        recalled
    }

    /// The mute that runs, as it would be had the case never been: lifted, made shorter, or left.
    fn mend_mute(&mut self, desk: &mut Desk<'_, '_>, file: &CaseFile, taken: &mut Taken, out: &mut Vec<Change>) {
        let here = desk.here;
        let member = MemberRef::new(&file.case.platform, &file.case.group, &file.case.user);
        let standing = self.state.member(member.key()).standing().clone();
        let Some(mute) = standing.mute.clone().filter(|mute| mute.until > here.now) else { return };
        let still = still_given(here.policy, &standing, file.case.no, &desk.loaded.others);
        let still = still.filter(|(_, until)| *until > here.now);
        if still.is_some_and(|(_, until)| until >= mute.until) {
            taken.goes_on = still;
            return;
        }
        if mute.enforced {
            let mut means = self.means_of(desk, "undo", Some(file.case.no), out);
            means.act(Lane::Undo, What::Unmute { user: member.user.clone() }, Vec::new());
            desk.ordinal = means.ordinal;
        }
        // Of the case whose mute it is: should it not be given, that one's is not recorded any more.
        if let Some((case, until)) = still {
            let from = out.len();
            let mut means = self.means_of(desk, "undo", Some(case), out);
            let unmute = TimerKind::Unmute { user: member.user.clone(), case };
            means.set_timer(until, &format!("unmute:{case}"), unmute);
            if mute.enforced {
                mute_anew(&mut means, &member.user, until);
            }
            desk.ordinal = means.ordinal;
            self.arm_timers(out, from);
        }
        taken.lifted = still.is_none();
        taken.shortened = still.map(|(_, until)| until);
        let rest = still.map(|(case, until)| Mute { case, until, own_end: None, before: None, ..mute });
        self.change_standing(member, |standing| standing.mute = rest, out);
    }

    /// No platform takes a removed member back by itself: the admins are asked to invite them.
    fn ask_to_invite(&mut self, desk: &mut Desk<'_, '_>, file: &CaseFile, out: &mut Vec<Change>) {
        let name = self.harmless_name(desk.here.policy, desk.here.group_key(), &file.case.name, &file.case.user);
        let mut ledger = self.state.group(desk.here.group_key()).ledger.clone();
        let vars = Vars { name, case: file.case.no.to_string(), ..Vars::default() };
        let mut means = self.means_of(desk, "task", Some(file.case.no), out);
        means.cause.user = Some(file.case.user.clone());
        means.subject = Subject::of(&file.case.user, &file.case.name, "");
        means.ask(&mut ledger, "task", "task_invite", &vars, &[Choice::Invited, Choice::Later, Choice::Keep]);
        desk.ordinal = means.ordinal;
        self.keep_ledger(&desk.here.event.platform, &desk.here.event.group, ledger, out);
    }

    /// Tells the member, by the way the case was told: nobody is named in the group who was not named there before.
    fn tell_undone(&mut self, desk: &mut Desk<'_, '_>, file: &CaseFile, out: &mut Vec<Change>) -> bool {
        let name = self.harmless_name(desk.here.policy, desk.here.group_key(), &file.case.name, &file.case.user);
        let mut means = self.means_of(desk, "undo", Some(file.case.no), out);
        let told = Told::of(file, |_| true);
        let what = word_of_undo(&means, file, told, desk.loaded.gone, &name);
        let told = what.is_some();
        if let Some(what) = what {
            means.act(Lane::Undo, what, Vec::new());
        }
        desk.ordinal = means.ordinal;
        told
    }

    /// An action that is not to be done any more. One that is under way may still be done: its end is then looked at
    /// ([`Core::outcome`]).
    pub(in crate::domain::core) fn cancel(&mut self, action: &Action, now: Timestamp, out: &mut Vec<Change>) {
        out.push(Change::Ended { id: action.id.clone(), outcome: Outcome::Cancelled, at: now });
        let policy = self.settings.policy(&action.group).clone();
        self.take_back(&policy, action, &Outcome::Cancelled, now, out);
        for (user, case) in &action.notifies {
            let member = MemberRef::new(&action.platform, &action.group, user);
            self.change_standing(member, |standing| standing.end_burst(*case, now.plus(policy.burst)), out);
        }
        // What is not done is not told of, whichever of the case's actions it is.
        let case = action.cause.case.as_ref().and_then(|no| no.parse::<u64>().ok());
        let place = Place::new(&action.platform, &action.group);
        self.drop_held(&place, |held| Some(held.case) == case && held.kind != HeldKind::Task, now, out);
    }

    /// A notice of a case was under way when the case was undone, and arrived all the same: the member learns of the undoing as
    /// though it had arrived before.
    fn told_in_vain(&mut self, action: &Action, outcome: &Outcome, now: Timestamp, out: &mut Vec<Change>) {
        let gone = self.loaded.gone;
        let Some(file) = self.loaded.case.take() else { return };
        let Some(undone) = &file.undone else { return };
        let (policy, no) = (self.settings.policy(&action.group).clone(), file.case.no);
        let key = GroupKey::new(&action.platform, &action.group);
        let name = self.harmless_name(&policy, key, &file.case.name, &file.case.user);
        let mut means = self.means_later(&policy, &action.platform, &action.group, now, out);
        means.input = action.id.clone();
        means.case = Some(no);
        means.cause = Cause { case: Some(no.to_string()), step: Some("undo".into()), ..Cause::default() };
        if let Some(message) = to_recall(action, outcome, no).filter(|_| means.can(Capability::Recall)) {
            means.act(Lane::Undo, What::Delete { message }, Vec::new());
        }
        let before = Told::of(&file, |at| at <= undone.at);
        let word = |told| word_of_undo(&means, &file, told, gone, &name);
        // What the undoing told them already is not told twice.
        let what = word(before.and(action, &file.case.user)).filter(|what| word(before).as_ref() != Some(what));
        if let Some(what) = what {
            means.act(Lane::Undo, what, Vec::new());
        }
    }

    /// What was under way when it was cancelled was done all the same, or may have been: a mute is lifted and one that stays
    /// given anew, a removed member is to be invited again, and who was told of a case is told that it is undone.
    pub(in crate::domain::core) fn done_in_vain(
        &mut self,
        action: &Action,
        outcome: &Outcome,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        if matches!(action.what, What::Send { .. } | What::Private { .. }) {
            return self.told_in_vain(action, outcome, now, out);
        }
        let policy = self.settings.policy(&action.group).clone();
        let case = action.cause.case.clone().unwrap_or_default();
        let mut ledger = self.state.group(GroupKey::new(&action.platform, &action.group)).ledger.clone();
        let about = std::mem::take(&mut self.loaded.about);
        let key = GroupKey::new(&action.platform, &action.group);
        let running = action.what.user().and_then(|user| self.running_mute(action, user, now));
        let called = action.what.user().map(|user| self.harmless_name(&policy, key, &about.name, user));
        let mut means = self.means_later(&policy, &action.platform, &action.group, now, out);
        means.input = action.id.clone();
        means.subject = about;
        means.case = case.parse().ok();
        means.cause = Cause { event: None, step: Some("undo".into()), ..action.cause.clone() };
        match &action.what {
            What::Mute { user, .. } => {
                means.act(Lane::Undo, What::Unmute { user: user.clone() }, Vec::new());
                // That lifts whatever mute there is, the one that stays too.
                if let Some(mute) = running {
                    means.case = Some(mute.case);
                    let (case, step) = (Some(mute.case.to_string()), Some("undo".into()));
                    means.cause = Cause { case, step, ..Cause::default() };
                    mute_anew(&mut means, user, mute.until);
                }
            }
            What::Remove { user } if matches!(outcome, Outcome::Done { .. }) => {
                let vars = Vars { name: called.unwrap_or_default(), case, ..Vars::default() };
                means.cause.user = Some(user.clone());
                means.ask(&mut ledger, "task", "task_invite", &vars, &[Choice::Invited, Choice::Later, Choice::Keep]);
            }
            _ => {}
        }
        self.keep_ledger(&action.platform, &action.group, ledger, out);
        if matches!(outcome, Outcome::Done { .. }) {
            self.removed(action, now, out);
        }
    }

    /// The mute of a member that the platform keeps now.
    fn running_mute(&mut self, action: &Action, user: &str, now: Timestamp) -> Option<Mute> {
        let member = MemberRef::new(&action.platform, &action.group, user);
        self.state.member(member.key()).standing().mute.clone().filter(|mute| mute.enforced && mute.until > now)
    }

    /// A member says that a case is a false alarm: the admins are asked to look.
    pub(super) fn appeal(&mut self, desk: &mut Desk<'_, '_>, no: u64, out: &mut Vec<Change>) {
        let (here, case) = (desk.here, no.to_string());
        let ours = |file: &CaseFile| file.case.platform == here.event.platform && *file.case.group == *here.event.group;
        let Some(file) = desk.loaded.case.take().filter(ours) else { return };
        if let Some(undone) = &file.undone {
            let vars = Vars { case, by: undone.name.clone(), time: desk.date(undone.at), ..Vars::default() };
            desk.answer = desk.render("reply_undone_already", &vars);
            return;
        }
        let vars = Vars {
            name: self.shown_name(here.policy, here.group_key(), &here.message.sender),
            case: case.clone(),
            ..Vars::default()
        };
        let alert = Alert {
            input: (*here.event.id).into(),
            cause: Cause {
                event: Some((*here.event.id).into()),
                case: Some(case.as_str().into()),
                step: Some("alert".into()),
                user: Some((*here.message.sender.id).into()),
                ..Cause::default()
            },
            observe: false,
            notice: "appealed",
            about: &case,
            vars: vars.clone(),
            subject: Subject::of(&file.case.user, &file.case.name, &file.case.text),
        };
        self.alert(here.policy, &here.event.platform, &(*here.event.group).into(), &alert, here.now, out);
        desk.answer = desk.render("reply_appealed", &vars);
    }
}

/// The ways by which a case was told to its member.
#[derive(Clone, Copy, Default)]
struct Told {
    alone: bool,
    named: bool,
}

impl Told {
    /// By what arrived when that says so, as far as is known.
    fn of(file: &CaseFile, when: impl Fn(Timestamp) -> bool) -> Self {
        let arrived = file.actions.iter().filter(|one| happened(&one.state).is_some_and(&when));
        arrived.fold(Self::default(), |told, one| told.and(&one.action, &file.case.user))
    }

    /// And by this.
    fn and(self, action: &Action, user: &str) -> Self {
        let theirs = action.notifies.iter().any(|(told, _)| **told == *user);
        Self {
            alone: self.alone || theirs && matches!(action.what, What::Private { .. }),
            named: self.named || theirs && matches!(action.what, What::Send { .. }),
        }
    }
}

/// When an action was done, or may have been.
fn happened(state: &ActionState) -> Option<Timestamp> {
    match state {
        ActionState::Ended { outcome: Outcome::Done { .. } | Outcome::Uncertain { .. }, at } => Some(*at),
        ActionState::Ended { .. } | ActionState::Pending | ActionState::Observed => None,
    }
}

/// How a member is told that a case of theirs is undone: by the way by which the case was told, for nobody is named in the
/// group who was not named there before.
fn word_of_undo(means: &Means<'_>, file: &CaseFile, told: Told, gone: bool, name: &str) -> Option<What> {
    let vars = Vars { name: name.to_owned(), case: file.case.no.to_string(), ..Vars::default() };
    let (user, text) = (file.case.user.clone(), means.notices().render("undone", &vars));
    // Who is out of the group does not read what is said there.
    let removed = |one: &StoredAction| matches!(one.action.what, What::Remove { .. }) && happened(&one.state).is_some();
    let gone = gone || file.actions.iter().any(removed);
    if told.named && !gone && means.can(Capability::Send) {
        Some(What::Send { text, mentions: vec![user] })
    } else if (told.alone || told.named) && means.can_tell(&user) {
        Some(What::Private { user, text })
    } else {
        None
    }
}

/// The message that a notice of this case alone became, where the platform said which.
fn to_recall(action: &Action, outcome: &Outcome, case: u64) -> Option<Arc<str>> {
    let alone = matches!(&action.notifies[..], [(_, of)] if *of == case);
    match (&action.what, outcome) {
        (What::Send { .. } | What::Private { .. }, Outcome::Done { message: Some(message) }) if alone => {
            Some(message.as_str().into())
        }
        _ => None,
    }
}

/// Gives a mute again behind an unmute: platforms let the later end win, so a shorter one needs the longer one out of the way
/// first.
fn mute_anew(means: &mut Means<'_>, user: &Arc<str>, until: Timestamp) {
    let seconds = until.since(means.now).as_secs();
    means.act(Lane::Penalty, What::Mute { user: user.clone(), seconds, until }, Vec::new());
}

/// The case and the end of the longest mute that the other live strikes still give when one case is taken out: each is
/// judged again on the strikes that are left before it. What a person decided stands.
fn still_given(policy: &Policy, standing: &Standing, out: u64, others: &[CaseFile]) -> Option<(u64, Timestamp)> {
    let mut longest: Option<(u64, Timestamp)> = None;
    let rest: Vec<_> = standing.strikes.iter().filter(|strike| strike.case != out && !strike.observe).collect();
    for strike in &rest {
        let Some(file) = others.iter().find(|file| file.case.no == strike.case && file.undone.is_none()) else {
            continue;
        };
        let Some(until) = muted_until(file) else { continue };
        // The case that is taken out may be what made this one's mute longer than it was to be.
        let lengthened =
            |mute: &&Mute| mute.case == file.case.no && mute.before.as_ref().is_some_and(|one| one.case == out);
        let until = standing.mute.as_ref().filter(lengthened).and_then(|mute| mute.own_end).unwrap_or(until);
        let live = |other: &&&Strike| {
            other.time <= strike.time && other.case <= strike.case && other.time.plus(policy.strike_life) > strike.time
        };
        let severity = file.case.findings.first().map_or(Severity::Minor, |finding| finding.severity);
        let step = ladder::step(policy, rest.iter().filter(live).count() + severity.offset());
        let given = *file.case.decided_by != *MACHINE || matches!(step, Step::Mute(_) | Step::Remove);
        if given && longest.is_none_or(|(_, end)| until > end) {
            longest = Some((file.case.no, until));
        }
    }
    longest
}

/// Until when a case muted its member, as far as it was done.
fn muted_until(file: &CaseFile) -> Option<Timestamp> {
    // By itself: a longer one that ran beside it made the action's end later.
    let until = |action: &Action| match &action.what {
        What::Mute { until, seconds, .. } => Some(action.time.plus(Duration::from_secs(*seconds)).min(*until)),
        _ => None,
    };
    let counts = |state: &ActionState| match state {
        ActionState::Pending => true,
        ActionState::Observed => false,
        ActionState::Ended { outcome, .. } => matches!(outcome, Outcome::Done { .. } | Outcome::Uncertain { .. }),
    };
    file.actions.iter().filter(|one| counts(&one.state)).filter_map(|one| until(&one.action)).max()
}

/// What was taken back and what cannot be, in words.
fn done(desk: &Desk<'_, '_>, taken: &Taken, told: bool) -> String {
    let mut parts = vec!["这次违规不再记".to_owned()];
    if taken.cancelled > 0 {
        parts.push(format!("{} 个还没送出的动作取消", taken.cancelled));
    }
    if taken.recalled > 0 {
        parts.push("发给他的提醒正在撤回".to_owned());
    }
    if taken.lifted {
        parts.push("禁言解除".to_owned());
    }
    if let Some(until) = taken.shortened {
        parts.push(format!("禁言缩短到 {}", desk.date(until)));
    }
    if let Some((case, until)) = taken.goes_on {
        parts.push(format!("但案件 {case} 的禁言还在，到 {}", desk.date(until)));
    }
    if told {
        parts.push("已告诉本人".to_owned());
    }
    if taken.removed {
        parts.push("已移出的人要请管理员重新邀请".to_owned());
    }
    if taken.muted_by_hand {
        parts.push("有人在平台上禁了言，请在那里解除".to_owned());
    }
    if taken.deleted {
        parts.push("已删除的消息不能恢复".to_owned());
    }
    parts.join("，")
}
