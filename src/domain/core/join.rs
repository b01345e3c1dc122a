//! Newcomers: one welcome for those who come within a window, none in a raid, none that would be late (product.md D).

use std::sync::Arc;

use super::Core;
use super::alerts::Alert;
use super::tasks::{Place, by_machine};
use crate::domain::action::{Action, Cause, Lane, WELCOME_DEADLINE, What};
use crate::domain::change::Change;
use crate::domain::event::{Event, Person, Role};
use crate::domain::ids::{GroupKey, MemberKey};
use crate::domain::ladder;
use crate::domain::means::Means;
use crate::domain::newcomers::{Newcomer, Newcomers};
use crate::domain::notices::Vars;
use crate::domain::penalty::date;
use crate::domain::policy::{Capability, Mode, Policy};
use crate::domain::subject::Subject;
use crate::domain::time::Timestamp;
use crate::domain::timer::{Timer, TimerKind};

/// Newcomers who are welcomed one by one, where the platform cannot speak in the group.
const TOLD_ALONE: usize = 20;

impl Core {
    /// Members came into a group.
    pub(super) fn came(
        &mut self,
        policy: &Policy,
        event: &Event,
        members: &[Person],
        channel: Option<&str>,
        now: Timestamp,
        out: &mut Vec<Change>,
    ) {
        if policy.mode == Mode::Off {
            return;
        }
        // No platform knows who will come.
        let time = event.time.unwrap_or(now).min(now);
        let mut people = Vec::new();
        for person in members {
            if self.is_newcomer(policy, event, person) {
                let (user, name) = (
                    (*person.id).into(),
                    self.shown_name(policy, GroupKey::new(&event.platform, &event.group), person),
                );
                people.push(Newcomer { user, name, channel: channel.map(Into::into), time });
            }
        }
        let mut newcomers = self.newcomers(&event.platform, &event.group);
        let came = newcomers.come(people, &event.id, &policy.welcome, now);
        self.keep_newcomers(&event.platform, &event.group, newcomers, out);
        let group: Arc<str> = (*event.group).into();
        if came.opened {
            let (platform, due) = (event.platform.clone(), now.plus(policy.welcome.window));
            let from = out.len();
            let what = TimerKind::Welcome;
            out.push(Change::Timer(Timer { due, group: group.clone(), id: "welcome".into(), platform, what }));
            self.arm_timers(out, from);
        }
        if let Some(count) = came.raid {
            let (time, seconds) = (date(time, policy, now), policy.welcome.window.as_secs());
            let event_id = Some((*event.id).into());
            let alert = Alert {
                input: (*event.id).into(),
                cause: Cause { event: event_id, step: Some("alert".into()), ..Cause::default() },
                observe: policy.mode == Mode::Observe,
                notice: "raid",
                about: "",
                vars: Vars { time, seconds, count, ..Vars::default() },
                subject: Subject::default(),
            };
            self.alert(policy, &event.platform, &group, &alert, now, out);
        }
    }

    /// Who runs the group, and programs, are not welcomed.
    fn is_newcomer(&mut self, policy: &Policy, event: &Event, person: &Person) -> bool {
        let known = self.state.member(MemberKey::new(&event.platform, &event.group, &person.id)).role;
        let named = policy.roles.get(&person.id).copied();
        let platform = self.settings.platforms.get(&event.platform);
        let own = platform.and_then(|platform| platform.bot_user.as_deref()) == Some(&*person.id);
        !own && ![known, named].into_iter().flatten().any(|role: Role| ladder::is_protected(role))
    }

    /// Members are no longer in a group.
    pub(super) fn left(&mut self, event: &Event, members: &[Person], out: &mut Vec<Change>) {
        let mut newcomers = self.newcomers(&event.platform, &event.group);
        members.iter().for_each(|person| newcomers.leave(&person.id));
        self.keep_newcomers(&event.platform, &event.group, newcomers, out);
    }

    /// Who was removed is gone, whether or not the platform says so in an event.
    pub(super) fn removed(&mut self, action: &Action, now: Timestamp, out: &mut Vec<Change>) {
        if let What::Remove { user } = &action.what {
            self.is_out(&action.platform, &action.group, user, out);
            let place = Place::new(&action.platform, &action.group);
            self.settle_gone(&place, user, false, &by_machine(now), out);
        }
    }

    /// Somebody is not in a group any more: nobody welcomes them.
    pub(super) fn is_out(&mut self, platform: &Arc<str>, group: &str, user: &str, out: &mut Vec<Change>) {
        let mut newcomers = self.newcomers(platform, group);
        newcomers.leave(user);
        self.keep_newcomers(platform, group, newcomers, out);
    }

    /// A member has another name.
    pub(super) fn renamed(&mut self, policy: &Policy, event: &Event, member: &Person, out: &mut Vec<Change>) {
        let mut newcomers = self.newcomers(&event.platform, &event.group);
        if !newcomers.waiting.is_empty() {
            newcomers
                .rename(&member.id, &self.shown_name(policy, GroupKey::new(&event.platform, &event.group), member));
            self.keep_newcomers(&event.platform, &event.group, newcomers, out);
        }
    }

    /// The window is over: who came in it is welcomed.
    pub(super) fn welcome(&mut self, timer: &Timer, now: Timestamp, out: &mut Vec<Change>) {
        let settings = self.settings.clone();
        let policy = self.policy(&settings, &timer.platform, &timer.group); // somebody may have stopped the group meanwhile
        let mut newcomers = self.newcomers(&timer.platform, &timer.group);
        let (opened_by, people) = newcomers.end_window(now);
        let welcomes = policy.welcome.on && policy.mode != Mode::Off;
        let oldest = people.iter().map(|person| person.time).min().filter(|_| welcomes);
        if oldest.is_some() {
            newcomers.was_welcomed(&people, now);
        }
        self.keep_newcomers(&timer.platform, &timer.group, newcomers, out);
        let Some(oldest) = oldest else { return };
        let mut means = self.means_later(&policy, &timer.platform, &timer.group, now, out);
        means.input = opened_by.clone();
        means.cause = Cause { event: Some(opened_by), step: Some("welcome".into()), ..Cause::default() };
        means.observe = policy.mode == Mode::Observe;
        means.deadline = Some(oldest.plus(WELCOME_DEADLINE));
        if means.can(Capability::Send) {
            let text = in_group(&policy, &people);
            let mentions = people.iter().map(|person| person.user.clone()).collect();
            means.act(Lane::Welcome, What::Send { text, mentions }, Vec::new());
        } else if means.can(Capability::Private) {
            let reached: Vec<_> =
                people.iter().filter(|person| means.can_tell(&person.user)).take(TOLD_ALONE).collect();
            reached.into_iter().for_each(|person| tell(&mut means, person));
        }
    }

    fn newcomers(&mut self, platform: &Arc<str>, group: &str) -> Newcomers {
        self.state.group(GroupKey::new(platform, group)).newcomers.as_deref().cloned().unwrap_or_default()
    }

    fn keep_newcomers(&mut self, platform: &Arc<str>, group: &str, newcomers: Newcomers, out: &mut Vec<Change>) {
        let kept = &mut self.state.group(GroupKey::new(platform, group)).newcomers;
        if kept.as_deref().cloned().unwrap_or_default() != newcomers {
            *kept = (newcomers != Newcomers::default()).then(|| Box::new(newcomers.clone()));
            out.push(Change::Newcomers { platform: platform.clone(), group: group.into(), newcomers });
        }
    }
}

/// One welcome for all of them.
fn in_group(policy: &Policy, people: &[Newcomer]) -> String {
    let channel = channels(policy, people);
    policy.notices.render("welcome", &Vars { channel, ..listed(policy, people.iter()) })
}

/// Names, as many as are listed, and how many there are.
fn listed<'a>(policy: &Policy, people: impl Iterator<Item = &'a Newcomer> + Clone) -> Vars {
    let names = policy.welcome.names as usize;
    let item = |person: &Newcomer| {
        policy.notices.render("welcome_item", &Vars { name: person.name.clone(), ..Vars::default() })
    };
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let all = people.clone().count();
    let list = people.take(names).map(item).collect::<Vec<_>>().join("、");
    let (more, count) = (number(all.saturating_sub(names)), number(all));
    Vars { list, more, count, short_rules: policy.rules_text.short.to_string(), ..Vars::default() }
}

/// What is said to those who came by a join channel that has a text of its own; by name, unless it is said to all.
fn channels(policy: &Policy, people: &[Newcomer]) -> String {
    let mut said: Vec<&str> = Vec::new();
    let mut all: Vec<String> = Vec::new();
    for channel in people.iter().filter_map(|person| person.channel.as_deref()) {
        let Some(text) = policy.welcome.channels.get(channel).filter(|_| !said.contains(&channel)) else { continue };
        said.push(channel);
        let of_channel = || people.iter().filter(|person| person.channel.as_deref() == Some(channel));
        let vars = if of_channel().count() == people.len() { Vars::default() } else { listed(policy, of_channel()) };
        all.push(policy.notices.render("welcome_channel", &Vars { channel: text.to_string(), ..vars }));
    }
    all.join(" ")
}

fn tell(means: &mut Means<'_>, person: &Newcomer) {
    let vars = Vars {
        name: person.name.clone(),
        channel: channels(means.policy, std::slice::from_ref(person)),
        short_rules: means.policy.rules_text.short.to_string(),
        ..Vars::default()
    };
    let text = means.notices().render("welcome_private", &vars);
    means.act(Lane::Welcome, What::Private { user: person.user.clone(), text }, Vec::new());
}
