//! A button of a task was pressed: what the person says was done is recorded, what they want done is done. Once for each task,
//! by whoever may give the command that comes to the same.

use std::sync::Arc;

use super::{Desk, may, refusal};
use crate::domain::action::{Action, ActionId, What};
use crate::domain::case::{Case, TaskDecision};
use crate::domain::change::{Change, MemberRef};
use crate::domain::choice::Choice;
use crate::domain::core::Core;
use crate::domain::core::message::{Here, on_trial};
use crate::domain::core::tasks::Place;
use crate::domain::notices::Vars;
use crate::domain::penalty::{self, Offender};
use crate::domain::policy::Step;
use crate::domain::subject::Subject;

/// What the record of commands calls it.
const BUTTON: &str = "button";

impl Core {
    /// Somebody pressed a button. One that no task has changes nothing and is not answered: there is nothing to say.
    pub(in crate::domain::core) fn pressed(&mut self, here: &Here<'_>, word: &str, out: &mut Vec<Change>) {
        let Some(choice) = Choice::parse(word) else {
            self.loaded = Default::default();
            self.record(here, BUTTON, "misused", out);
            return;
        };
        let known = self.known_role(here.policy, here.event, &here.message.sender.id);
        let mut desk = self.desk(here, on_trial(here, known).unwrap_or(known));
        desk.alone = true;
        if !self.may_press(here, choice) {
            desk.answer = refusal(here.policy, choice.command().info());
            self.record(here, BUTTON, "refused", out);
            return self.answer(desk, out);
        }
        let task = desk.loaded.task.take();
        let Some((task, text)) = task.and_then(|task| text_of(&task, here, word).map(|text| (task, text))) else {
            self.record(here, BUTTON, "misused", out);
            return;
        };
        let result = if self.is_decided(&mut desk, choice) {
            "again"
        } else if choice == Choice::Later {
            let waits = self.later(&mut desk, &task, out);
            if waits { "later" } else { "refused" }
        } else {
            let done = self.decide(&mut desk, &task, choice, &text, out);
            if done { "done" } else { "refused" }
        };
        self.record(here, BUTTON, result, out);
        self.answer(desk, out);
    }

    /// Whoever may give the command that comes to the same, whom the company has told privately, and who is on duty for the
    /// platform.
    pub(in crate::domain::core) fn may_press(&mut self, here: &Here<'_>, choice: Choice) -> bool {
        let user = &*here.message.sender.id;
        let known = self.known_role(here.policy, here.event, user);
        let role = on_trial(here, known).unwrap_or(known);
        let told =
            here.settings.company.as_ref().is_some_and(|place| {
                place.platform == here.event.platform && place.users.iter().any(|one| **one == *user)
            });
        let on_duty = here.settings.platforms.get(&here.event.platform);
        let on_duty = on_duty.is_some_and(|platform| platform.duty.iter().any(|one| **one == *user));
        told || on_duty || may(here.policy, role, choice.command().info())
    }

    /// Whether there is nothing to decide any more; says so.
    fn is_decided(&mut self, desk: &mut Desk<'_, '_>, choice: Choice) -> bool {
        if let Some(before) = desk.loaded.decided.take() {
            let vars = Vars {
                by: before.by.name.clone(),
                time: desk.date(before.by.at),
                text: before.text,
                ..Vars::default()
            };
            desk.answer = desk.render("reply_decided_already", &vars);
            return true;
        }
        let file = desk.loaded.case.as_ref().filter(|_| choice.is_penal());
        let Some((case, undone)) = file.and_then(|file| Some((file.case.no, file.undone.clone()?))) else {
            return false;
        };
        let vars = Vars { case: case.to_string(), by: undone.name, time: desk.date(undone.at), ..Vars::default() };
        desk.answer = desk.render("reply_undone_already", &vars);
        true
    }

    /// It has to wait; `false` when it has waited often enough, or nobody waits for it any more.
    fn later(&mut self, desk: &mut Desk<'_, '_>, task: &Action, out: &mut Vec<Change>) -> bool {
        let (here, by) = (desk.here, desk.by());
        let until = self.put_off(here.policy, &place(here), first_card(task), &by, out);
        desk.answer = match until {
            Some(until) => desk.render("reply_later", &Vars { time: desk.date(until), ..Vars::default() }),
            None => desk.render("reply_later_refused", &Vars::default()),
        };
        until.is_some()
    }

    /// Does what is wanted and records who wanted it; `false` when it cannot be.
    fn decide(
        &mut self,
        desk: &mut Desk<'_, '_>,
        task: &Action,
        choice: Choice,
        text: &str,
        out: &mut Vec<Change>,
    ) -> bool {
        let by = desk.by();
        let case = desk.loaded.case.as_ref().map(|file| file.case.clone());
        let no = case.as_ref().map(|case| case.no);
        let vars = Vars {
            by: by.name.clone(),
            text: text.to_owned(),
            case: no.map(|no| no.to_string()).unwrap_or_default(),
            ..Vars::default()
        };
        desk.answer = desk.render("reply_decided", &vars);
        match (choice, &case) {
            (Choice::Removed, Some(case)) => {
                self.settle(&place(desk.here), first_card(task), text, &by, out);
                self.is_out(&case.platform, &case.group, &case.user, out);
                self.settle_gone(&place(desk.here), &case.user, false, &by, out);
            }
            (Choice::Remove, Some(case)) => {
                if !self.punish_for(desk, case, Step::Remove, out) {
                    return false;
                }
            }
            (Choice::Mute(length), Some(case)) => {
                if !self.punish_for(desk, case, Step::Mute(length), out) {
                    return false;
                }
            }
            (Choice::Undo, Some(case)) => {
                self.settle(&place(desk.here), first_card(task), text, &by, out);
                self.undo_case(desk, case.no, out);
            }
            (Choice::Uphold, Some(case)) => self.tell_upheld(desk, case, task, out),
            (
                Choice::Muted
                | Choice::Told
                | Choice::Invited
                | Choice::Admitted
                | Choice::Declined
                | Choice::Handled
                | Choice::Keep
                | Choice::Later,
                _,
            ) => {}
            // Such a task is always about a case.
            (Choice::Removed | Choice::Remove | Choice::Mute(_) | Choice::Undo | Choice::Uphold, None) => return false,
        }
        let confirms =
            matches!(choice, Choice::Removed | Choice::Remove | Choice::Muted | Choice::Mute(_) | Choice::Uphold);
        if let Some(case) = case.as_ref().filter(|_| confirms) {
            self.learn_case(case, true, out);
        }
        let (id, choice) = (first_card(task).clone(), choice.button().choice);
        self.settle(&place(desk.here), &id, text, &by, out);
        out.push(Change::Decided(Box::new(TaskDecision { task: id, case: no, choice, text: text.to_owned(), by })));
        true
    }

    /// Carries out what a case had to wait with for a person; `false` for somebody who runs the group by now.
    fn punish_for(&mut self, desk: &mut Desk<'_, '_>, case: &Case, step: Step, out: &mut Vec<Change>) -> bool {
        let here = desk.here;
        let name = self.harmless_name(here.policy, here.group_key(), &case.name, &case.user);
        if self.is_protected(desk, &case.user) {
            desk.answer = desk.render("reply_protected", &Vars { list: name, ..Vars::default() });
            return false;
        }
        let member = MemberRef::new(&case.platform, &case.group, &case.user);
        let standing = self.state.member(member.key()).standing().clone();
        let strikes = standing.live(here.time, here.policy.strike_life, false).count();
        let rule = case.findings.first().map(|finding| self.title(finding)).unwrap_or_default();
        let vars = Vars {
            name,
            rule: if case.reason.is_empty() { rule } else { case.reason.clone() },
            case: case.no.to_string(),
            next: penalty::next_in_words(here.policy, strikes),
            time: desk.date(case.time),
            appeal: desk.appeal(),
            days: here.policy.strike_life.as_secs() / 86_400,
            ..Vars::default()
        };
        let (user, case_no, mute) = (&case.user, case.no, standing.mute);
        let offender = Offender {
            user,
            case: case_no,
            mute,
            by_broken_mute: false,
            by_hand: true,
            by_name: case.message.is_empty(),
        };
        let mut ledger = self.state.group(here.group_key()).ledger.clone();
        let from = out.len();
        let mut means = self.means_of(desk, step.name(), Some(case.no), out);
        means.subject = Subject::of(&case.user, &case.name, &case.text);
        let carried = penalty::carry_out(&mut means, &mut ledger, &offender, step, &vars);
        desk.ordinal = means.ordinal;
        self.arm_timers(out, from);
        self.keep_ledger(&here.event.platform, &here.event.group, ledger, out);
        if carried.mute.is_some() {
            self.change_standing(member, |standing| standing.mute = carried.mute, out);
        }
        true
    }

    /// The member who said that it is a false alarm is told, alone. Appeals of older versions do not name them: most are of
    /// the case's member.
    fn tell_upheld(&mut self, desk: &mut Desk<'_, '_>, case: &Case, task: &Action, out: &mut Vec<Change>) {
        let user = task.cause.user.as_ref().unwrap_or(&case.user);
        let called = if *user == case.user { &*case.name } else { &*desk.loaded.named };
        let name = self.harmless_name(desk.here.policy, desk.here.group_key(), called, user);
        let text = desk.render("upheld", &Vars { name, case: case.no.to_string(), ..Vars::default() });
        let mut means = self.means_of(desk, "reply", Some(case.no), out);
        if means.can_tell(user) {
            means.answer(user.clone(), text, true);
        }
        desk.ordinal = means.ordinal;
    }
}

/// The task that a card is of: its first card's id.
fn first_card(card: &Action) -> &ActionId {
    card.cause.task.as_ref().unwrap_or(&card.id)
}

fn place(here: &Here<'_>) -> Place {
    Place::new(&here.event.platform, &here.event.group)
}

/// What people read on the button of a task of this group.
fn text_of(task: &Arc<Action>, here: &Here<'_>, choice: &str) -> Option<String> {
    let ours = task.platform == here.event.platform && *task.group == *here.event.group && !task.observe;
    match &task.what {
        What::Task { buttons, .. } if ours => {
            buttons.iter().find(|button| button.choice == choice).map(|button| button.text.clone())
        }
        _ => None,
    }
}
