//! Tasks are settled: by whoever pressed a button, by what the platform says happened, by the case's end. Every card says so.

use std::sync::Arc;
use std::time::Duration;

use super::Place;
use crate::domain::action::{Action, ActionId, Cause, Lane, Outcome, What};
use crate::domain::case::{ByWhom, MACHINE, TaskDecision};
use crate::domain::change::Change;
use crate::domain::choice::Choice;
use crate::domain::core::Core;
use crate::domain::event::Person;
use crate::domain::notices::Vars;
use crate::domain::penalty::date;
use crate::domain::policy::{Capability, Policy};
use crate::domain::tasks::{Card, CardEnd, OpenTask};
use crate::domain::time::Timestamp;

/// When the end of a settled task's last card is not waited for any more: no card is tried for longer.
const CARDS_END: Duration = Duration::from_secs(25 * 3600);

/// What decisions are recorded under that no person took: the platform said what happened.
pub const PLATFORM: &str = "platform";

impl Core {
    /// A task is decided: it is not chased any more, and its cards say so.
    pub(in crate::domain::core) fn settle(
        &mut self,
        place: &Place,
        id: &ActionId,
        text: &str,
        by: &ByWhom,
        out: &mut Vec<Change>,
    ) {
        let Some(mut task) = self.task_of(place, id).filter(OpenTask::is_open) else { return };
        let (policy, now) = (self.settings.policy(&place.group).clone(), by.at);
        let vars = Vars {
            text: text.to_owned(),
            by: by.name.clone(),
            time: date(now, &policy, now),
            case: task.cause.case.clone().unwrap_or_default(),
            ..Vars::default()
        };
        let text = policy.notices.render("task_done", &vars);
        for card in &task.cards {
            match &card.end {
                // One that is under way may still arrive: it is brought up to date then.
                None => out.push(Change::Ended { id: card.id.clone(), outcome: Outcome::Cancelled, at: now }),
                Some(CardEnd::Arrived(message)) => {
                    self.say_done(&policy, place, &task.id, card, message.clone(), &text, now, out);
                }
                Some(CardEnd::Lost) => {}
            }
        }
        task.settled = Some(text);
        if task.is_over() {
            return self.close(place, id, out);
        }
        self.set_due(place, &mut task, Some(now.plus(CARDS_END)), out);
        self.replace(place, task, out);
    }

    /// A card says from here on what came of its task, where the platform can do that.
    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    fn say_done(
        &mut self,
        policy: &Policy,
        place: &Place,
        task: &ActionId,
        card: &Card,
        message: Arc<str>,
        text: &str,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let mut means = self.means_without_admins(policy, &place.platform, &place.group, now, out);
        if !means.can(Capability::TaskDone) {
            return;
        }
        means.input = format!("done:{}", card.id).into(); // once for each card
        means.cause = Cause { task: Some(task.clone()), step: Some("task".into()), ..Cause::default() };
        let (task, users, text) = (card.id.clone(), card.users.clone(), text.to_owned());
        means.act(Lane::Reply, What::TaskDone { task, message, users, text }, Vec::new());
    }

    /// A card of a task has come to its end.
    pub(in crate::domain::core) fn card_ended(
        &mut self,
        action: &Action,
        outcome: &Outcome,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let What::Task { .. } = &action.what else { return };
        let place = Place::new(&action.platform, &action.group);
        let root = action.cause.task.as_ref().unwrap_or(&action.id);
        let Some(mut task) = self.task_of(&place, root) else { return };
        let Some(card) = task.cards.iter_mut().find(|card| card.id == action.id) else { return };
        card.end = Some(match outcome {
            Outcome::Done { message } => CardEnd::Arrived(message.as_deref().unwrap_or_default().into()),
            Outcome::Uncertain { .. } => CardEnd::Arrived("".into()),
            Outcome::Failed { .. } | Outcome::Expired | Outcome::Cancelled => CardEnd::Lost,
        });
        if let (Some(text), Some(CardEnd::Arrived(message))) = (&task.settled, &card.end) {
            let policy = self.settings.policy(&place.group).clone();
            let (card, message, text) = (card.clone(), message.clone(), text.clone());
            self.say_done(&policy, &place, root, &card, message, &text, now, out);
        }
        if task.is_over() { self.close(&place, root, out) } else { self.replace(&place, task, out) }
    }

    /// Everything that was asked about a case is settled.
    pub(in crate::domain::core) fn settle_case(
        &mut self,
        place: &Place,
        case: u64,
        text: &str,
        by: &ByWhom,
        out: &mut Vec<Change>,
    ) {
        for task in self.open_in(place, |task| task.case() == Some(case)) {
            self.settle(place, &task.id, text, by, out);
        }
    }

    /// Members are out of the group: what was to be done to them is done, or cannot be done any more.
    pub(in crate::domain::core) fn settle_gone(
        &mut self,
        place: &Place,
        user: &str,
        by_themselves: bool,
        by: &ByWhom,
        out: &mut Vec<Change>,
    ) {
        for task in self.open_in(place, |task| task.is_about(user) && task.needs_member()) {
            let (choice, text) = match (task.is_removal(), by_themselves) {
                (true, false) => ("removed", "已移出"),
                (_, true) => ("left", "成员已自行退群"),
                (false, false) => ("left", "成员已不在群里"),
            };
            self.settle_by_fact(place, &task, choice, text, by, out);
        }
    }

    /// The platform says that members left.
    pub(in crate::domain::core) fn settle_left(
        &mut self,
        place: &Place,
        members: &[Person],
        reason: Option<&str>,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        for person in members {
            self.settle_gone(place, &person.id, reason == Some("quit"), &by_platform(now), out);
        }
    }

    /// The platform says that members came: those who were to be let in or invited again are in.
    pub(in crate::domain::core) fn settle_came(
        &mut self,
        place: &Place,
        members: &[Person],
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        for person in members {
            for choice in [Choice::Admitted, Choice::Invited] {
                let button = choice.button();
                for task in self.open_in(place, |task| task.is_about(&person.id) && task.offers(choice)) {
                    self.settle_by_fact(place, &task, &button.choice, &button.text, &by_platform(now), out);
                }
            }
        }
    }

    fn settle_by_fact(
        &mut self,
        place: &Place,
        task: &OpenTask,
        choice: &str,
        text: &str,
        by: &ByWhom,
        out: &mut Vec<Change>,
    ) {
        let decision = TaskDecision {
            task: task.id.clone(),
            case: task.case(),
            choice: choice.to_owned(),
            text: text.to_owned(),
            by: by.clone(),
        };
        out.push(Change::Decided(Box::new(decision)));
        self.settle(place, &task.id, text, by, out);
    }
}

/// Whoever decides when a platform says what happened.
fn by_platform(now: Timestamp) -> ByWhom {
    ByWhom { by: PLATFORM.into(), name: "平台".to_owned(), at: now }
}

/// Whoever decides when the daemon did it.
pub(in crate::domain::core) fn by_machine(now: Timestamp) -> ByWhom {
    ByWhom { by: MACHINE.into(), name: "群卫".to_owned(), at: now }
}
