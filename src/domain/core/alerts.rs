//! What is put before the admins of a group, and told at the company's place.

use std::sync::Arc;

use super::Core;
use super::after::timer_input;
use super::tasks::{Place, same_task};
use crate::domain::action::{Cause, Lane, What};
use crate::domain::alerts::{Alerts, HeldAlerts};
use crate::domain::change::Change;
use crate::domain::ids::{self, GroupKey};
use crate::domain::means::Means;
use crate::domain::notices::Vars;
use crate::domain::policy::{Capability, Company, Policy, Settings};
use crate::domain::subject::{Subject, group_name};
use crate::domain::tasks::OpenTask;
use crate::domain::time::Timestamp;
use crate::domain::timer::{Timer, TimerKind};

/// Something that the admins of a group should know.
pub(super) struct Alert<'a> {
    /// What caused it: an event's id, an action's.
    pub(super) input: Arc<str>,
    pub(super) cause: Cause,
    /// Only observed: it is recorded, and neither limited nor counted.
    pub(super) observe: bool,
    /// Its words: `review`, `review_name`, `alert`, `raid`.
    pub(super) notice: &'static str,
    /// The case, or whom it is about: a second one of the same words about the same within a minute is only counted.
    pub(super) about: &'a str,
    pub(super) vars: Vars,
    /// What it is about, as it is.
    pub(super) subject: Subject,
}

impl Alert<'_> {
    fn step(&self) -> &'static str {
        if self.notice.starts_with("review") || self.notice == "reported" { "review" } else { "alert" }
    }

    fn case(&self) -> Option<u64> {
        self.cause.case.as_ref().and_then(|no| no.parse().ok())
    }

    /// Where the ids of its actions come from: one event may give several alerts.
    fn input(&self) -> Arc<str> {
        [&*self.input, self.notice, self.about].join("\u{1f}").into()
    }

    fn same_cause(&self) -> [&str; 5] {
        [self.notice, &self.vars.rule, &self.vars.wanted, &self.vars.why, self.about]
    }
}

/// A word for the company's place.
struct Word<'a> {
    /// Whence, empty for what is about no group.
    group: &'a Arc<str>,
    /// What people call it.
    name: String,
    input: &'a str,
    cause: Cause,
    observe: bool,
    text: String,
    /// What it is about, for those who are told alone.
    subject: Subject,
    /// What it is called when it was held.
    kind: String,
    same_cause: u64,
    /// Those who are told privately there have it as a card.
    as_card: bool,
}

impl Core {
    /// Tells the admins of a group, and the company's place.
    pub(super) fn alert(
        &mut self,
        policy: &Policy,
        platform: &Arc<str>,
        group: &Arc<str>,
        alert: &Alert<'_>,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        self.alert_but(policy, platform, group, alert, None, now, out);
    }

    /// The same, but for one of the admins, whom it is about.
    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    pub(super) fn alert_but(
        &mut self,
        policy: &Policy,
        platform: &Arc<str>,
        group: &Arc<str>,
        alert: &Alert<'_>,
        except: Option<&str>,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let from = out.len();
        let mut ledger = self.state.group(GroupKey::new(platform, group)).ledger.clone();
        let mut means = self.means_later(policy, platform, group, now, out);
        means.input = alert.input();
        means.cause = alert.cause.clone();
        means.case = alert.case();
        means.subject = alert.subject.clone();
        means.observe = alert.observe;
        let others = means.admins.len();
        means.admins.retain(|admin| except != Some(&**admin));
        // Where it is about the only one, nobody in the group is asked.
        let nobody = means.admins.is_empty() && others > 0;
        let same_cause = ids::hash(&alert.same_cause()) as u64;
        if !nobody {
            means.alert(&mut ledger, alert.step(), alert.notice, same_cause, &alert.vars);
        }
        let name = group_name(policy, ledger.name.as_deref(), group);
        self.keep_ledger(platform, group, ledger, out);
        self.arm_timers(out, from);
        if self.settings.company.is_some() {
            let input = [&**platform, &**group, &*alert.input()].join("\u{1f}");
            let what = policy.notices.render(alert.notice, &alert.vars);
            let vars = Vars { group: name.clone(), what, ..Vars::default() };
            let word = Word {
                group,
                name,
                subject: alert.subject.clone(),
                input: &input,
                cause: alert.cause.clone(),
                observe: alert.observe,
                text: policy.notices.render("company_alert", &vars),
                kind: policy.notices.render(&format!("{}_kind", alert.notice), &alert.vars),
                same_cause: ids::hash(&[&[&**platform, &**group], &alert.same_cause()[..]].concat()) as u64,
                as_card: false,
            };
            self.tell_place(word, now, out);
        }
    }

    /// Says something at the company's place that is about no single group, e.g. that the configuration changed. It counts
    /// towards the limit of alerts there, and the same text again within a minute is only counted. Without a place it is
    /// said nowhere.
    pub fn tell_company(&mut self, text: &str, now: Timestamp, out: &mut Vec<Change>) {
        let same_cause = ids::hash(&["company", text]);
        let word = Word {
            group: &Arc::default(),
            name: String::new(),
            subject: Subject::default(),
            input: &format!("company:{same_cause:x}@{}", now.0),
            cause: Cause::default(),
            observe: false,
            text: text.to_owned(),
            kind: text.to_owned(),
            same_cause: same_cause as u64,
            as_card: false,
        };
        self.tell_place(word, now, out);
    }

    fn tell_place(&mut self, word: Word<'_>, now: Timestamp, out: &mut Vec<Change>) {
        let settings = self.settings.clone();
        let Some(place) = &settings.company else { return };
        if !word.observe {
            let mut alerts = self.state.company.clone();
            let told = alerts.admit(word.same_cause, place.per_minute, now);
            if !told {
                let case = word.cause.case.as_ref().and_then(|no| no.parse().ok());
                alerts.hold(word.group, &word.name, word.kind, case);
            }
            let due = alerts.due(now);
            self.keep_company(alerts, out);
            if !told {
                self.set_company_timer(place, due, out);
                return;
            }
        }
        let Word { input, cause, observe, text, subject, as_card, .. } = word;
        let mut means = self.means_at_place(place, &settings, input.into(), cause, now, out);
        means.observe = observe;
        say(&mut means, place, &text, &subject, as_card);
    }

    /// Tells the company's place which alerts were held.
    pub(super) fn company_alerts(&mut self, timer: &Timer, now: Timestamp, out: &mut Vec<Change>) {
        let settings = self.settings.clone();
        let mut alerts = self.state.company.clone();
        let input = timer_input(timer);
        // Without a place any more, there is nobody to be told.
        let place = settings.company.as_ref().filter(|_| alerts.holds());
        if let Some(place) = place
            && !alerts.admit(ids::hash(&["held", &input]) as u64, place.per_minute, now)
        {
            self.set_company_timer(place, self.state.company.due(now), out); // others came first
            return;
        }
        let (held, more) = alerts.take_held();
        self.keep_company(alerts, out);
        let Some(place) = place else { return };
        let policy = settings.policy(&place.group);
        let means = self.means_without_admins(policy, &place.platform, &place.group, now, out);
        let mut lines: Vec<String> = Vec::new();
        let mut rest = held;
        while let Some(group) = rest.first().map(|held| held.group.clone()) {
            let (of_group, others): (Vec<HeldAlerts>, _) = rest.into_iter().partition(|held| held.group == group);
            rest = others;
            let list = means.alerts_in_words(&of_group);
            let known = of_group.iter().map(|held| &*held.name).find(|name| !name.is_empty());
            let vars = Vars { group: group_name(settings.policy(&group), known, &group), list, ..Vars::default() };
            lines.push(if group.is_empty() { vars.list } else { means.notices().render("company_held_item", &vars) });
        }
        let text = means.notices().render("company_held", &Vars { more, list: lines.join("\n"), ..Vars::default() });
        let mut means = self.means_at_place(place, &settings, input, Cause::default(), now, out);
        say(&mut means, place, &text, &Subject::default(), false);
    }

    /// A task that nobody acted on is told at the company's place.
    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    pub(super) fn tell_escalated(
        &mut self,
        policy: &Policy,
        place: &Place,
        task: &OpenTask,
        what: String,
        as_card: bool,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        let known = self.state.name_of(place.key());
        let name = group_name(policy, known.as_deref(), &place.group);
        let vars = Vars { group: name.clone(), what, ..Vars::default() };
        let word = Word {
            group: &place.group,
            name,
            subject: task.about.clone(),
            input: &format!("escalated:{}", task.id),
            cause: Cause { task: Some(task.id.clone()), ..task.cause.clone() },
            observe: false,
            text: policy.notices.render("company_alert", &vars),
            kind: policy.notices.render("task_escalated_kind", &Vars::default()),
            same_cause: same_task(task),
            as_card,
        };
        self.tell_place(word, now, out);
    }

    fn means_at_place<'a>(
        &self,
        place: &Company,
        settings: &'a Settings,
        input: Arc<str>,
        cause: Cause,
        now: Timestamp,
        out: &'a mut Vec<Change>,
    ) -> Means<'a> {
        let policy = settings.policy(&place.group);
        let cause = Cause { step: Some("alert".into()), ..cause };
        Means { input, cause, ..self.means_without_admins(policy, &place.platform, &place.group, now, out) }
    }

    fn keep_company(&mut self, alerts: Alerts, out: &mut Vec<Change>) {
        if self.state.company != alerts {
            self.state.company = alerts.clone();
            out.push(Change::CompanyAlerts(alerts));
        }
    }

    fn set_company_timer(&mut self, place: &Company, due: Timestamp, out: &mut Vec<Change>) {
        let (platform, group) = (place.platform.clone(), place.group.clone());
        let from = out.len();
        out.push(Change::Timer(Timer { due, group, id: "company".into(), platform, what: TimerKind::CompanyAlerts }));
        self.arm_timers(out, from);
    }

    /// Tells the admins of a group which alerts were held.
    pub(super) fn held_alerts(&mut self, timer: &Timer, now: Timestamp, out: &mut Vec<Change>) {
        let policy = self.settings.policy(&timer.group).clone();
        let mut ledger = self.state.group(GroupKey::new(&timer.platform, &timer.group)).ledger.clone();
        let mut means = self.means_later(&policy, &timer.platform, &timer.group, now, out);
        means.input = timer_input(timer);
        means.held_alerts(&mut ledger);
        self.keep_ledger(&timer.platform, &timer.group, ledger, out);
    }
}

/// In the group there; and privately to those who are to be told so, who else are mentioned. Not those who have a card.
fn say(means: &mut Means<'_>, place: &Company, text: &str, subject: &Subject, as_card: bool) {
    let told = place.users.iter().filter(|_| !as_card).cloned();
    let (alone, mentions): (Vec<_>, Vec<_>) = told.partition(|user| means.can_tell(user));
    if means.can(Capability::Send) {
        means.act(Lane::Notice, What::Send { text: text.to_owned(), mentions }, Vec::new());
    } else if means.can(Capability::Task) {
        let (text, buttons) = (text.to_owned(), Vec::new());
        means.act(Lane::Notice, What::Task { text, mentions, buttons, about: subject.clone() }, Vec::new());
    }
    // The text names the group.
    let told = means.told_alone(text, &Subject { group: String::new(), ..subject.clone() });
    for user in alone {
        means.act(Lane::Notice, What::Private { user, text: told.clone() }, Vec::new());
    }
}
